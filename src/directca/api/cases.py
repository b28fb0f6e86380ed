"""Cases before the registration authority: parse, call the verb, render. Who may do what is decided by the verbs."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from directca.api import background, bodies, case_docs, case_views, limits
from directca.api.addresses import serve
from directca.api.answers import json_of
from directca.api.case_models import Decision, FactChanges, NewCase, Submission, Words
from directca.api.context import Api
from directca.api.plain import PlainRouter
from directca.oauth import scopes
from directca.oauth.bearer import check_scope
from directca.revocation import lost_categories
from directca.vetting import actors, applying, case_page, deciding
from directca.vetting.case_model import Actor, CaseKind, CaseState, Side, VettingCase
from directca.vetting.context import Registration

_PATH = "/api/case"


def router(api: Api) -> PlainRouter:
    """The functions, with and without a trailing slash."""
    routes = PlainRouter("Applications")
    cases = Cases(api)
    serve(routes, "GET", _PATH, cases.list, case_docs.CASES)
    serve(routes, "POST", _PATH, cases.open, case_docs.OPEN)
    serve(routes, "GET", _PATH + "/queue", cases.queue, case_docs.QUEUE)
    serve(routes, "POST", _PATH + "/{id}/submit", cases.submit, case_docs.SUBMIT)
    serve(routes, "POST", _PATH + "/{id}/revise", cases.revise, case_docs.REVISE)
    serve(routes, "POST", _PATH + "/{id}/appeal", cases.appeal, case_docs.APPEAL)
    serve(routes, "POST", _PATH + "/{id}/withdraw", cases.withdraw, case_docs.WITHDRAW)
    serve(routes, "POST", _PATH + "/{id}/note", cases.note, case_docs.NOTE)
    serve(routes, "POST", _PATH + "/{id}/ask", cases.ask, case_docs.ASK)
    serve(routes, "POST", _PATH + "/{id}/decide", cases.decide, case_docs.DECIDE)
    serve(routes, "GET", _PATH + "/{id}", cases.show, case_docs.CASE)
    serve(routes, "PATCH", _PATH + "/{id}", cases.edit, case_docs.EDIT)
    return routes


class Caller:
    """Who asks, and what every function of the registration authority answers with."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self.desk: Registration = api.registration

    def actor(self, request: Request, scope: str) -> Actor:
        """The person behind the token, if it covers the function. Raises BearerRefused, InsufficientScope."""
        return self._actor(request, scope)[0]

    def looking(self, request: Request) -> Actor:
        """Who looks at what waits for a second officer: one who may act on it, or who reads."""
        return self._actor(request, scopes.AUTHORITY_REVOKE, scopes.AUTHORITY_READ)[0]

    def reader(self, request: Request) -> tuple[Actor, bool]:
        """The person, and whether they ask as an officer does, which the verb looks at."""
        actor, held = self._actor(request, scopes.ACCOUNT_READ, scopes.AUTHORITY_READ)
        return actor, scopes.allows(held, scopes.AUTHORITY_READ)

    def _actor(self, request: Request, scope: str, *others: str) -> tuple[Actor, tuple[str, ...]]:
        api = self._api
        principal = limits.principal(api.rates, api.database, api.clock, request)
        if not any(scopes.allows(principal.scopes, other) for other in others):
            check_scope(principal, scope)
        via = f"client:{principal.client_id}"
        who = actors.person(self.desk, principal.account_id, principal.person_id, via, principal.shown_at)
        return who, principal.scopes

    def case(self, actor: Actor, made: VettingCase, *, officer: bool = False) -> Response:
        """The case as it is now."""
        return json_of(case_views.case(case_page.case_page(self.desk, actor, made.id, officer=officer), self.desk.rules))


class Cases:
    """The handlers."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._caller = Caller(api)
        self._desk = api.registration

    async def list(self, request: Request) -> Response:
        """The account's cases."""

        def work() -> Response:
            actor = self._caller.actor(request, scopes.ACCOUNT_READ)
            bodies.no_parameters(request)
            found = case_page.of_account(self._desk, actor)
            return json_of({"cases": [case_views.case(one, self._desk.rules) for one in found]})

        return await self._api.work.do("list_cases", request, work)

    async def queue(self, request: Request) -> Response:
        """What waits for the authority."""

        def work() -> Response:
            actor = self._caller.actor(request, scopes.AUTHORITY_READ)
            bodies.no_parameters(request)
            return json_of(case_views.queue(case_page.queue(self._desk, actor), self._desk.rules))

        return await self._api.work.do("list_queue", request, work)

    async def show(self, request: Request) -> Response:
        """A case."""

        def work() -> Response:
            actor, officer = self._caller.reader(request)
            bodies.no_parameters(request)
            page = case_page.case_page(self._desk, actor, _id(request), officer=officer)
            return json_of(case_views.case(page, self._desk.rules))

        return await self._api.work.do("show_case", request, work)

    async def open(self, request: Request) -> Response:
        """A case about an organization that is approved."""

        def run(actor: Actor, body: NewCase) -> VettingCase:
            return applying.reopen(self._desk, actor, body.kind, body.organization)

        return await self._step(request, "open_case", run, NewCase)

    async def edit(self, request: Request) -> Response:
        """Other facts in a draft."""

        def run(actor: Actor, body: FactChanges) -> VettingCase:
            return applying.edit(self._desk, actor, _id(request), body.changes(), body.revision)

        return await self._step(request, "edit_case", run, FactChanges)

    async def submit(self, request: Request) -> Response:
        """Bring a draft before the authority."""

        def run(actor: Actor, body: Submission) -> VettingCase:
            return applying.submit(self._desk, actor, _id(request), body.revision)

        return await self._step(request, "submit_case", run, Submission)

    async def revise(self, request: Request) -> Response:
        """A draft again."""
        return await self._step(request, "edit_case", lambda actor, _: applying.revise(self._desk, actor, _id(request)))

    async def withdraw(self, request: Request) -> Response:
        """No longer wanted."""
        return await self._step(request, "withdraw_case", lambda actor, _: applying.withdraw(self._desk, actor, _id(request)))

    async def appeal(self, request: Request) -> Response:
        """Somebody else is to decide."""

        def run(actor: Actor, body: Words) -> VettingCase:
            return applying.appeal(self._desk, actor, _id(request), body.text)

        return await self._step(request, "appeal_case", run, Words)

    async def note(self, request: Request) -> Response:
        """The applicant's words to the authority."""

        def run(actor: Actor, body: Words) -> VettingCase:
            return deciding.note(self._desk, actor, _id(request), body.text, Side.APPLICANT)

        return await self._step(request, "note_case", run, Words)

    async def ask(self, request: Request) -> Response:
        """The authority's words to the applicant."""

        def run(actor: Actor, body: Words) -> VettingCase:
            return deciding.note(self._desk, actor, _id(request), body.text, Side.AUTHORITY)

        return await self._step(request, "note_case", run, Words, scope=scopes.AUTHORITY_VET)

    async def decide(self, request: Request) -> Response:
        """Approve, reject or send back."""

        def run(actor: Actor, body: Decision) -> VettingCase:
            done = deciding.decide(self._desk, actor, _id(request), body.said())
            if done.kind is CaseKind.MODIFICATION and done.state is CaseState.APPROVED:
                lost = lost_categories.revoke_lost(self._api.revocation, done.organization_id, actor=actor.journalled)
                if lost is not None:
                    background.begin(self._api.revocation, lost.id)
            return done

        return await self._step(request, "decide_case", run, Decision, scope=scopes.AUTHORITY_VET)

    async def _step(
        self,
        request: Request,
        verb: str,
        run: Callable[[Actor, Any], VettingCase],
        model: Any = Submission,
        *,
        scope: str = scopes.ORGANIZATION_APPLY,
    ) -> Response:
        body = await bodies.read(request)

        def work() -> Response:
            actor = self._caller.actor(request, scope)
            said = parsed(request, body, model)
            return self._caller.case(actor, run(actor, said), officer=scope == scopes.AUTHORITY_VET)

        return await self._api.work.do(verb, request, work)


def parsed(request: Request, body: bytes, model: Any) -> Any:
    """The body as a model; where everything may be left out, so may the body. Raises BadJson and its like, BadParameter."""
    bodies.no_parameters(request)
    values = bodies.as_object(body, request.headers.get("content-type"), required=model is not Submission)
    return bodies.parsed(model, values)


def _id(request: Request) -> str:
    found: str = request.path_params["id"]
    return found
