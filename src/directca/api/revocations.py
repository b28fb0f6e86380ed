"""Officers' functions: revoke many certificates at once, of whichever account, and see how far it has come."""

from starlette.requests import Request
from starlette.responses import Response

from directca.api import background, bodies, limits, proposal_views, revocation_views
from directca.api.addresses import serve
from directca.api.answers import json_of
from directca.api.certificate_docs import Described
from directca.api.context import Api
from directca.api.plain import PlainRouter
from directca.api.proposal_models import ProposalAnswer
from directca.api.revocation_models import RevocationJob, RevocationOrder, RevocationPlan
from directca.oauth import scopes
from directca.oauth.bearer import check_scope, speaks_for_officer
from directca.revocation import bulk, ordering, policy
from directca.revocation.model import Requester
from directca.vetting import actors
from directca.vetting.case_model import Actor
from directca.vetting.proposal_model import Proposal

_PATH = "/api/revocation"
_ID = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The revocation, by the id that the order was answered with.",
    "schema": {"type": "string", "maxLength": 64},
}

ORDER = Described(
    name="revoke_many",
    summary="Revoke many",
    text="Revoke, suspend or release many pairs at once. For officers of the authority. The same order again, while it is under "
    "way, is answered with the same revocation. Where the settings want a second officer, it is answered with a proposal.",
    answer=RevocationJob | RevocationPlan | ProposalAnswer,
    scope=scopes.AUTHORITY_REVOKE,
    body=True,
    model=RevocationOrder,
)
SHOW = Described(
    name="revocation",
    summary="Show a revocation",
    text="How far a revocation of many pairs has come. For officers of the authority.",
    answer=RevocationJob,
    scope=scopes.AUTHORITY_REVOKE,
    parameters=(_ID,),
)


def router(api: Api) -> PlainRouter:
    """The two functions, with and without a trailing slash."""
    routes = PlainRouter("Officers")
    functions = Revocations(api)
    serve(routes, "POST", _PATH, functions.order, ORDER)
    serve(routes, "GET", _PATH + "/{id}", functions.show, SHOW)
    return routes


class Revocations:
    """The handlers."""

    def __init__(self, api: Api) -> None:
        self._api = api

    async def order(self, request: Request) -> Response:
        """Order a revocation, or say what would become of it."""
        body = await bodies.read(request)

        def work() -> Response:
            actor, requester = self._officer(request)
            bodies.no_parameters(request)
            values = bodies.as_object(body, request.headers.get("content-type"), required=True)
            asked = bodies.parsed(RevocationOrder, values)
            ca = self._api.revocation
            if asked.dry_run:
                return json_of(revocation_views.planned(bulk.plan(ca, requester, asked.wanted()), ca.clock.now()))
            done = ordering.revoke_many(ca, self._api.registration, actor, requester, asked.wanted())
            if isinstance(done, Proposal):
                return json_of(proposal_views.proposal(done))
            background.begin(ca, done.id)
            return json_of(revocation_views.shown(done))

        return await self._api.work.do("revoke_many", request, work)

    async def show(self, request: Request) -> Response:
        """How far a revocation has come."""

        def work() -> Response:
            self._officer(request)
            bodies.no_parameters(request)
            return json_of(revocation_views.shown(bulk.show(self._api.revocation, request.path_params["id"])))

        return await self._api.work.do("show_revocation", request, work)

    def _officer(self, request: Request) -> tuple[Actor, Requester]:
        """Who asks. Nobody else learns even whether a revocation exists."""
        principal = limits.principal(self._api.rates, self._api.database, self._api.clock, request)
        check_scope(principal, scopes.AUTHORITY_REVOKE)
        officer = speaks_for_officer(self._api.database, principal)
        requester = Requester(principal.actor, principal.account_id, officer=officer, shown_at=principal.shown_at)
        policy.authorise_bulk(requester)
        via = f"client:{principal.client_id}"
        desk = self._api.registration
        return actors.person(desk, principal.account_id, principal.person_id, via, principal.shown_at), requester
