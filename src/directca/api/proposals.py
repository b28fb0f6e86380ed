"""Officers' functions: what waits for a second officer, and what that one says. Who may do what is decided by the verbs."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from directca.api import background, bodies, proposal_views
from directca.api.addresses import serve
from directca.api.answers import json_of
from directca.api.cases import Caller, parsed
from directca.api.certificate_docs import Described
from directca.api.context import Api
from directca.api.plain import PlainRouter
from directca.api.proposal_models import Confirmation, ProposalAnswer, ProposalsAnswer, Refusal
from directca.oauth import scopes
from directca.revocation import carrying_out
from directca.vetting import proposals
from directca.vetting.case_model import Actor
from directca.vetting.proposal_model import Answer, Proposal, ProposalKind, ProposalState
from directca.vetting.proposals import Saying

_PATH = "/api/proposal"
_SCOPE = scopes.AUTHORITY_REVOKE
_ID: dict[str, Any] = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The proposal, by the identifier that the order was answered with.",
    "schema": {"type": "string", "maxLength": 64},
}

_CURSOR: dict[str, Any] = {
    "name": "cursor",
    "in": "query",
    "required": False,
    "description": "Where the page begins: the `cursor` of the page before.",
    "schema": {"type": "string", "maxLength": 80},
}


def _one(name: str, summary: str, text: str, model: Any = None) -> Described:
    if model is None:
        return Described(name, summary, text, ProposalAnswer, _SCOPE, (_ID,))
    return Described(name, summary, text, ProposalAnswer, _SCOPE, (_ID,), body=True, model=model)


LIST = Described(
    "proposals",
    "List proposals",
    "What waits for a second officer, 50 on a page. For officers.",
    ProposalsAnswer,
    _SCOPE,
    (_CURSOR,),
)
SHOW = _one("proposal", "Show a proposal", "What is proposed, and what was said of it. For officers.")
CONFIRM = _one(
    "confirm_proposal",
    "Confirm a proposal",
    "Say that it be done, exactly as it is proposed. For another officer than who proposed it, of no account that it touches.",
    Confirmation,
)
REFUSE = _one("refuse_proposal", "Refuse a proposal", "Say that it must not be. For officers, as to confirm.", Refusal)
WITHDRAW = _one("withdraw_proposal", "Withdraw a proposal", "Take back what one has proposed.", Refusal)


def router(api: Api) -> PlainRouter:
    """The functions, with and without a trailing slash."""
    routes = PlainRouter("Officers")
    of = Proposals(api)
    serve(routes, "GET", _PATH, of.list, LIST)
    serve(routes, "POST", _PATH + "/{id}/confirm", of.confirm, CONFIRM)
    serve(routes, "POST", _PATH + "/{id}/refuse", of.refuse, REFUSE)
    serve(routes, "POST", _PATH + "/{id}/withdraw", of.withdraw, WITHDRAW)
    serve(routes, "GET", _PATH + "/{id}", of.show, SHOW)
    return routes


class Proposals:
    """The handlers."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._caller = Caller(api)
        self._desk = api.registration

    async def list(self, request: Request) -> Response:
        """What waits for a second officer."""

        def work() -> Response:
            actor = self._caller.looking(request)
            bodies.no_parameters(request, "cursor")
            cursor = request.query_params.get("cursor")
            after = None if cursor is None else proposal_views.place(cursor)
            return json_of(proposal_views.waiting(proposals.waiting(self._desk, actor, after)))

        return await self._api.work.do("list_proposals", request, work)

    async def show(self, request: Request) -> Response:
        """One proposal."""

        def work() -> Response:
            actor = self._caller.looking(request)
            bodies.no_parameters(request)
            return json_of(proposal_views.proposal(proposals.show(self._desk, actor, request.path_params["id"])))

        return await self._api.work.do("show_proposal", request, work)

    async def confirm(self, request: Request) -> Response:
        """A second officer wants it too."""

        def run(actor: Actor, said: Confirmation) -> Proposal:
            return self._decide(request, actor, Saying(Answer.CONFIRM, said.reason, said.digest))

        return await self._say(request, run, Confirmation)

    async def refuse(self, request: Request) -> Response:
        """A second officer does not want it."""
        return await self._say(request, lambda actor, said: self._decide(request, actor, Saying(Answer.REFUSE, said.reason)))

    async def withdraw(self, request: Request) -> Response:
        """Its author wants it no longer."""

        def run(actor: Actor, said: Refusal) -> Proposal:
            return proposals.withdraw(self._desk, actor, request.path_params["id"], said.reason)

        return await self._say(request, run)

    def _decide(self, request: Request, actor: Actor, saying: Saying) -> Proposal:
        ca = self._api.revocation
        done = carrying_out.decide(ca, self._desk, actor, request.path_params["id"], saying)
        if done.state is ProposalState.DONE and done.result is not None and done.kind is not ProposalKind.AUTHORITY:
            background.begin(ca, done.result)
        return done

    async def _say(self, request: Request, run: Callable[[Actor, Any], Proposal], model: Any = Refusal) -> Response:
        body = await bodies.read(request)

        def work() -> Response:
            actor = self._caller.actor(request, _SCOPE)
            return json_of(proposal_views.proposal(run(actor, parsed(request, body, model))))

        return await self._api.work.do("decide_proposal", request, work)
