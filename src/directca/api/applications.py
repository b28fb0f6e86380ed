"""The functions about an account's own applications: parse, call the verb, render. Nothing is decided here."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts.member import Member
from directca.api import application_models as models
from directca.api import bodies, limits
from directca.api.addresses import serve
from directca.api.answers import json_of
from directca.api.context import Api
from directca.api.plain import PlainRouter
from directca.clock import rfc3339
from directca.oauth import own_applications, scopes
from directca.oauth.applications import Registered
from directca.oauth.bearer import check_scope
from directca.oauth.context import OAuth
from directca.oauth.model import Client
from directca.oauth.own_applications import Changes

_PATH = "/api/application"


def router(api: Api, oauth: OAuth) -> PlainRouter:
    """The routes, with and without a trailing slash."""
    routes = PlainRouter("Accounts")
    functions = ApplicationFunctions(api, oauth)
    serve(routes, "GET", _PATH, functions.list, models.LIST)
    serve(routes, "POST", _PATH, functions.create, models.CREATE)
    serve(routes, "GET", _PATH + "/{client_id}", functions.show, models.SHOW)
    serve(routes, "PATCH", _PATH + "/{client_id}", functions.change, models.CHANGE)
    serve(routes, "POST", _PATH + "/{client_id}/secret", functions.rotate, models.ROTATE)
    serve(routes, "POST", _PATH + "/{client_id}/disable", functions.disable, models.DISABLE)
    serve(routes, "POST", _PATH + "/{client_id}/enable", functions.enable, models.ENABLE)
    return routes


def member(api: Api, request: Request, scope: str, *parameters: str) -> Member:
    """Who asks, if the token covers the function and the address has no other parameters."""
    principal = limits.principal(api.rates, api.database, api.clock, request)
    bodies.no_parameters(request, *parameters)
    check_scope(principal, scope)
    return Member(principal.account_id, principal.person_id, f"client:{principal.client_id}")


class ApplicationFunctions:
    """The handlers."""

    def __init__(self, api: Api, oauth: OAuth) -> None:
        self._api = api
        self._oauth = oauth

    async def list(self, request: Request) -> Response:
        """The account's applications."""

        def work() -> Response:
            found = own_applications.of_account(self._oauth, self._reader(request))
            return json_of({"applications": [self._shown(one) for one in found]})

        return await self._api.work.do("show_application", request, work)

    async def show(self, request: Request) -> Response:
        """One of them."""

        def work() -> Response:
            return json_of(self._shown(own_applications.one(self._oauth, self._reader(request), _id(request))))

        return await self._api.work.do("show_application", request, work)

    async def create(self, request: Request) -> Response:
        """Register one."""

        def run(who: Member, said: models.NewApplicationBody) -> Client | Registered:
            return own_applications.create(self._oauth, who, said.wanted())

        return await self._step(request, "create_application", run, models.NewApplicationBody)

    async def change(self, request: Request) -> Response:
        """Another name, other redirect URIs."""

        def run(who: Member, said: models.ApplicationChanges) -> Client | Registered:
            uris = None if said.redirect_uris is None else tuple(said.redirect_uris)
            return own_applications.change(self._oauth, who, _id(request), Changes(said.name, uris))

        return await self._step(request, "change_application", run, models.ApplicationChanges)

    async def rotate(self, request: Request) -> Response:
        """A new secret."""

        def run(who: Member, said: models.Rotation) -> Client | Registered:
            return own_applications.rotate(self._oauth, who, _id(request), timedelta(hours=said.overlap_hours))

        return await self._step(request, "rotate_secret", run, models.Rotation)

    async def disable(self, request: Request) -> Response:
        """Stop it."""

        def run(who: Member, _said: models.Nothing) -> Client | Registered:
            return own_applications.disable(self._oauth, who, _id(request))

        return await self._step(request, "change_application", run, models.Nothing)

    async def enable(self, request: Request) -> Response:
        """Let it go on."""

        def run(who: Member, _said: models.Nothing) -> Client | Registered:
            return own_applications.enable(self._oauth, who, _id(request))

        return await self._step(request, "change_application", run, models.Nothing)

    async def _step(
        self, request: Request, verb: str, run: Callable[[Member, Any], Client | Registered], model: type[models.Strict]
    ) -> Response:
        body = await bodies.read(request)

        def work() -> Response:
            who = member(self._api, request, scopes.ACCOUNT_MANAGE)
            values = bodies.as_object(body, request.headers.get("content-type"), required=model.needed)
            done = run(who, bodies.parsed(model, values))
            if isinstance(done, Client):
                return json_of(self._shown(done))
            secret = {} if done.secret is None else {"client_secret": done.secret}
            return json_of(self._shown(done.client) | secret)

        return await self._api.work.do(verb, request, work)

    def _reader(self, request: Request) -> Member:
        return member(self._api, request, scopes.ACCOUNT_READ)

    def _shown(self, client: Client) -> dict[str, Any]:
        return shown(client, self._oauth)


def shown(client: Client, oauth: OAuth) -> dict[str, Any]:
    """An application; its secrets are not among what can be shown."""
    ends = client.previous_ends_at
    overlaps = ends is not None and oauth.clock.now() < ends
    return {
        "client_id": client.client_id,
        "name": client.name,
        "kind": "confidential" if client.confidential else "public",
        "native": client.native,
        "redirect_uris": list(client.redirect_uris),
        "scopes": list(client.scopes),
        "status": client.status.value,
        "disabled_by": None if client.disabled_by is None else client.disabled_by.value,
        "old_secret_ends_ts": rfc3339(ends) if ends is not None and overlaps else None,
        "created_ts": rfc3339(client.created_at),
    }


def _id(request: Request) -> str:
    found: str = request.path_params["client_id"]
    return found
