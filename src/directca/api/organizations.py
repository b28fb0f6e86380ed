"""Organizations and their people: parse, call the verb, render. Who may do what is decided by the verbs."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from directca.api import background, bodies, case_docs, case_views
from directca.api.addresses import serve
from directca.api.answers import json_of
from directca.api.case_models import Acceptance, AgentProofing, NewOrganization, NewPerson, Words
from directca.api.cases import Caller, parsed
from directca.api.context import Api
from directca.api.plain import PlainRouter
from directca.oauth import scopes
from directca.revocation import ordering
from directca.revocation.model import Requester
from directca.vetting import agreement, applying, case_page, deciding, trusted_agents
from directca.vetting.case_model import Actor
from directca.vetting.case_policy import reason
from directca.vetting.context import Registration
from directca.vetting.model import Organization
from directca.vetting.proposal_model import Proposal

_PATH, _PEOPLE = "/api/organization", "/api/representative"


def router(api: Api) -> PlainRouter:
    """The functions, with and without a trailing slash."""
    routes = PlainRouter("Applications")
    of = Organizations(api)
    serve(routes, "GET", _PATH, of.list, case_docs.ORGANIZATIONS)
    serve(routes, "POST", _PATH, of.apply, case_docs.APPLY)
    serve(routes, "POST", _PATH + "/{id}/agreement", of.accept, case_docs.ACCEPT)
    serve(routes, "POST", _PATH + "/{id}/suspend", of.suspend, case_docs.SUSPEND)
    serve(routes, "POST", _PATH + "/{id}/reinstate", of.reinstate, case_docs.REINSTATE)
    serve(routes, "POST", _PATH + "/{id}/end", of.end, case_docs.END)
    serve(routes, "GET", _PATH + "/{id}", of.show, case_docs.ORGANIZATION)
    people = People(api)
    serve(routes, "GET", _PEOPLE, people.list, case_docs.PEOPLE)
    serve(routes, "POST", _PEOPLE, people.propose, case_docs.PROPOSE)
    serve(routes, "POST", _PEOPLE + "/{id}/withdraw", people.unpropose, case_docs.UNPROPOSE)
    serve(routes, "POST", _PEOPLE + "/{id}/proof", people.proof, case_docs.PROOF)
    serve(routes, "POST", _PEOPLE + "/{id}/end", people.retire, case_docs.RETIRE)
    serve(routes, "GET", _PEOPLE + "/{id}", people.show, case_docs.PERSON)
    return routes


class Organizations:
    """The handlers about organizations."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._caller = Caller(api)
        self._desk = api.registration

    async def list(self, request: Request) -> Response:
        """The account's organizations."""

        def work() -> Response:
            actor = self._caller.actor(request, scopes.ACCOUNT_READ)
            bodies.no_parameters(request)
            found = case_page.organizations_of(self._desk, actor)
            return json_of({"organizations": [case_views.organization(one, self._desk.rules) for one in found]})

        return await self._api.work.do("list_organizations", request, work)

    async def show(self, request: Request) -> Response:
        """An organization."""

        def work() -> Response:
            actor, officer = self._caller.reader(request)
            bodies.no_parameters(request)
            return self._shown(actor, request.path_params["id"], officer=officer)

        return await self._api.work.do("show_organization", request, work)

    async def apply(self, request: Request) -> Response:
        """An application for a new organization."""
        body = await bodies.read(request)

        def work() -> Response:
            actor = self._caller.actor(request, scopes.ORGANIZATION_APPLY)
            said: NewOrganization = parsed(request, body, NewOrganization)
            return self._caller.case(actor, applying.apply(self._desk, actor, said.facts()))

        return await self._api.work.do("open_case", request, work)

    async def accept(self, request: Request) -> Response:
        """The subscriber agreement is accepted for it."""
        body = await bodies.read(request)

        def work() -> Response:
            actor = self._caller.actor(request, scopes.ORGANIZATION_APPLY)
            said: Acceptance = parsed(request, body, Acceptance)
            done = agreement.accept(self._desk, actor, request.path_params["id"], said.version)
            return self._shown(actor, done.organization_id, officer=False)

        return await self._api.work.do("accept_agreement", request, work)

    async def suspend(self, request: Request) -> Response:
        """Nothing more is issued to it."""
        return await self._suspension(request, deciding.suspend)

    async def reinstate(self, request: Request) -> Response:
        """A suspension is lifted."""
        return await self._suspension(request, deciding.reinstate)

    async def _suspension(self, request: Request, verb: Callable[[Registration, Actor, str, str], Organization]) -> Response:
        body = await bodies.read(request)

        def work() -> Response:
            actor = self._caller.actor(request, scopes.AUTHORITY_VET)
            said: Words = parsed(request, body, Words)
            done = verb(self._desk, actor, request.path_params["id"], said.text)
            return self._shown(actor, done.id, officer=True)

        return await self._api.work.do("suspend_organization", request, work)

    async def end(self, request: Request) -> Response:
        """It is closed for good and its certificates are revoked."""
        body = await bodies.read(request)

        def work() -> Response:
            actor = self._caller.actor(request, scopes.AUTHORITY_VET)
            said: Words = parsed(request, body, Words)
            known = deciding.check_may_end(self._desk, actor, request.path_params["id"])
            requester = Requester(actor.journalled, actor.account_id or "", officer=True, shown_at=actor.shown_at)
            done = ordering.end(self._api.revocation, self._desk, actor, requester, known.id, reason(said.text))
            if isinstance(done, Proposal):
                names = int(done.plan["names"])
                return json_of(_ending(known, names) | {"proposal": done.id})
            if done.job is not None:
                background.begin(self._api.revocation, done.job.id)
            job = None if done.job is None else done.job.id
            return json_of(_ending(done.organization, len(done.names)) | {"revocation": job})

        return await self._api.work.do("end_organization", request, work)

    def _shown(self, actor: Actor, organization_id: str, *, officer: bool) -> Response:
        page = case_page.organization_page(self._desk, actor, organization_id, officer=officer)
        return json_of(case_views.organization(page, self._desk.rules))


def _ending(organization: Organization, names: int) -> dict[str, str | int | None]:
    return {"id": organization.id, "status": organization.status.value, "names": names, "revocation": None, "proposal": None}


class People:
    """The handlers about people of organizations."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._caller = Caller(api)
        self._desk = api.registration

    async def list(self, request: Request) -> Response:
        """The people of the account's organizations."""

        def work() -> Response:
            actor = self._caller.actor(request, scopes.ACCOUNT_READ)
            bodies.no_parameters(request)
            return json_of({"representatives": case_views.people(case_page.people_of(self._desk, actor), self._desk.rules)})

        return await self._api.work.do("list_organizations", request, work)

    async def show(self, request: Request) -> Response:
        """Somebody of an organization."""

        def work() -> Response:
            actor, officer = self._caller.reader(request)
            bodies.no_parameters(request)
            found = case_page.person(self._desk, actor, request.path_params["id"], officer=officer)
            return json_of(case_views.person(found, self._desk.rules))

        return await self._api.work.do("show_organization", request, work)

    async def propose(self, request: Request) -> Response:
        """Somebody is named in a draft."""
        body = await bodies.read(request)

        def work() -> Response:
            actor = self._caller.actor(request, scopes.ORGANIZATION_APPLY)
            said: NewPerson = parsed(request, body, NewPerson)
            return json_of(case_views.person(applying.propose(self._desk, actor, said.case, said.said()), self._desk.rules))

        return await self._api.work.do("edit_case", request, work)

    async def unpropose(self, request: Request) -> Response:
        """Somebody is taken out of a draft."""
        body = await bodies.read(request)

        def work() -> Response:
            actor = self._caller.actor(request, scopes.ORGANIZATION_APPLY)
            bodies.no_parameters(request)
            bodies.as_object(body, request.headers.get("content-type"), required=False)
            return self._caller.case(actor, applying.unpropose(self._desk, actor, request.path_params["id"]))

        return await self._api.work.do("edit_case", request, work)

    async def proof(self, request: Request) -> Response:
        """A trusted agent has proofed somebody."""
        body = await bodies.read(request)

        def work() -> Response:
            actor = self._caller.actor(request, scopes.AUTHORITY_PROOF)
            said: AgentProofing = parsed(request, body, AgentProofing)
            done = trusted_agents.record(self._desk, actor, request.path_params["id"], said.said())
            return json_of(case_views.person(done, self._desk.rules))

        return await self._api.work.do("edit_case", request, work)

    async def retire(self, request: Request) -> Response:
        """Somebody counts no longer."""
        body = await bodies.read(request)

        def work() -> Response:
            actor = self._caller.actor(request, scopes.ORGANIZATION_APPLY)
            said: Words = parsed(request, body, Words)
            done = applying.retire(self._desk, actor, request.path_params["id"], said.text)
            return json_of(case_views.person(done, self._desk.rules))

        return await self._api.work.do("edit_case", request, work)
