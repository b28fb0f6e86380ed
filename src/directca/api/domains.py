"""The functions about domains: claim, check now, enter a code, withdraw, look. Parse, call the verb, render; nothing is decided
here. What waits for name and mail servers has threads of its own, a few: it holds up no certificate."""

from collections.abc import Callable
from typing import Any

from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response

from directca.api import bodies, domain_records, limits
from directca.api.addresses import serve
from directca.api.answers import json_of
from directca.api.context import Api
from directca.api.domain_models import ATTEMPTS, CHECK, CLAIM, CONFIRM, LIST, SHOW, WITHDRAW, CodeRequest, DomainRequest
from directca.api.plain import PlainRouter
from directca.oauth import scopes
from directca.oauth.bearer import check_scope
from directca.vetting import domain_views
from directca.vetting.domain_check import check
from directca.vetting.domain_claim import claim
from directca.vetting.domain_confirm import confirm
from directca.vetting.domain_context import Domains
from directca.vetting.domain_errors import DomainLooksBusy
from directca.vetting.domain_model import Claimant
from directca.vetting.domain_withdraw import withdraw

_PATH = "/api/domain"
_AT_ONCE, _WAITING = 4, 12


def router(api: Api, domains: Domains) -> PlainRouter:
    """The routes, with and without a trailing slash."""
    routes = PlainRouter("Domains")
    functions = DomainFunctions(api, domains)
    serve(routes, "POST", f"{_PATH}/", functions.claim, CLAIM)
    serve(routes, "GET", f"{_PATH}/", functions.list, LIST)
    serve(routes, "GET", _PATH + "/{id}", functions.show, SHOW)
    serve(routes, "POST", _PATH + "/{id}/check", functions.check, CHECK)
    serve(routes, "POST", _PATH + "/{id}/confirm", functions.confirm, CONFIRM)
    serve(routes, "POST", _PATH + "/{id}/withdraw", functions.withdraw, WITHDRAW)
    serve(routes, "GET", _PATH + "/{id}/attempts", functions.attempts, ATTEMPTS)
    return routes


class DomainFunctions:
    """The handlers."""

    def __init__(self, api: Api, domains: Domains) -> None:
        self._api = api
        self._domains = domains
        self._apart: CapacityLimiter | None = None

    async def claim(self, request: Request) -> Response:
        """Claim a domain."""
        body = await bodies.read(request)

        def work() -> Response:
            who = self._claimant(request, scopes.TUSER_ACCOUNT)
            values = bodies.as_object(body, request.headers.get("content-type"), required=True)
            made = claim(self._domains, who, bodies.parsed(DomainRequest, values).wanted())
            return self._record(who, made.id)

        return await self._api.work.do("claim_domain", request, work, apart=self._places())

    async def check(self, request: Request) -> Response:
        """Look for the record now."""
        await bodies.read(request)  # none is expected

        def work() -> Response:
            who = self._claimant(request, scopes.TUSER_ACCOUNT)
            check(self._domains, who, _id(request))
            return self._record(who, _id(request))

        return await self._api.work.do("check_domain", request, work, apart=self._places())

    async def confirm(self, request: Request) -> Response:
        """Enter the code."""
        body = await bodies.read(request)

        def work() -> Response:
            who = self._claimant(request, scopes.TUSER_ACCOUNT)
            values = bodies.as_object(body, request.headers.get("content-type"), required=True)
            confirm(self._domains, who, _id(request), bodies.parsed(CodeRequest, values).code)
            return self._record(who, _id(request))

        return await self._api.work.do("confirm_domain", request, work)

    async def withdraw(self, request: Request) -> Response:
        """Give the claim up."""
        await bodies.read(request)  # none is expected

        def work() -> Response:
            who = self._claimant(request, scopes.TUSER_ACCOUNT)
            withdraw(self._domains, who, _id(request))
            return self._record(who, _id(request))

        return await self._api.work.do("withdraw_domain", request, work)

    async def list(self, request: Request) -> Response:
        """The account's claims."""

        def look(who: Claimant) -> dict[str, Any]:
            tries = self._domains.rules.domains.code_tries
            return {"domains": [domain_records.shown(one, tries) for one in domain_views.views(self._domains, who)]}

        return await self._seen(request, look)

    async def show(self, request: Request) -> Response:
        """One claim."""
        return await self._seen(request, lambda who: self._shown(who, _id(request)))

    async def attempts(self, request: Request) -> Response:
        """What was tried for a claim."""

        def look(who: Claimant) -> dict[str, Any]:
            found = domain_views.attempts(self._domains, who, _id(request))
            return {"attempts": [domain_records.attempted(one) for one in found]}

        return await self._seen(request, look)

    async def _seen(self, request: Request, look: Callable[[Claimant], dict[str, Any]]) -> Response:
        def work() -> Response:
            return json_of(look(self._claimant(request, scopes.ACCOUNT_READ)))

        return await self._api.work.do("show_domain", request, work)

    def _places(self) -> CapacityLimiter:
        """The threads for what waits for others. Raises DomainLooksBusy when too many wait for one already."""
        if self._apart is None:
            self._apart = CapacityLimiter(_AT_ONCE)  # here, where there is an event loop
        if self._apart.statistics().tasks_waiting >= _WAITING:
            raise DomainLooksBusy("Many domains are being looked at. Wait ten seconds, then try again.", retry_after=10)
        return self._apart

    def _claimant(self, request: Request, scope: str) -> Claimant:
        principal = limits.principal(self._api.rates, self._api.database, self._api.clock, request)
        bodies.no_parameters(request)
        check_scope(principal, scope)
        return Claimant(principal.actor, principal.account_id)

    def _record(self, who: Claimant, challenge_id: str) -> Response:
        return json_of(self._shown(who, challenge_id))

    def _shown(self, who: Claimant, challenge_id: str) -> dict[str, Any]:
        found = domain_views.view(self._domains, who, challenge_id)
        return domain_records.shown(found, self._domains.rules.domains.code_tries)


def _id(request: Request) -> str:
    found: str = request.path_params["id"]
    return found
