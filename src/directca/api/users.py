"""The functions about an account's users and invitations: parse, call the verb, render. Nothing is decided here."""

from collections.abc import Callable
from typing import Any

from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response

from directca.accounts import invitations, members
from directca.accounts.joining import Joining
from directca.accounts.member import Member
from directca.api import bodies, user_models, user_views
from directca.api.addresses import serve
from directca.api.answers import json_of
from directca.api.application_models import Strict
from directca.api.applications import member
from directca.api.context import Api
from directca.api.plain import PlainRouter
from directca.oauth import person_access, scopes
from directca.oauth.context import OAuth

_PATH = "/api/account"
_AT_ONCE = 4


def router(api: Api, joining: Joining, oauth: OAuth) -> PlainRouter:
    """The routes, with and without a trailing slash."""
    routes = PlainRouter("Accounts")
    functions = UserFunctions(api, joining, oauth)
    serve(routes, "GET", _PATH + "/user", functions.users, user_models.USERS)
    serve(routes, "PATCH", _PATH + "/user/{id}", functions.change, user_models.CHANGE_USER)
    serve(routes, "POST", _PATH + "/user/{id}/remove", functions.remove, user_models.REMOVE_USER)
    serve(routes, "GET", _PATH + "/invitation", functions.invitations, user_models.INVITATIONS)
    serve(routes, "POST", _PATH + "/invitation", functions.invite, user_models.INVITE)
    serve(routes, "POST", _PATH + "/invitation/{id}/withdraw", functions.withdraw, user_models.WITHDRAW)
    return routes


class UserFunctions:
    """The handlers."""

    def __init__(self, api: Api, joining: Joining, oauth: OAuth) -> None:
        self._api = api
        self._joining = joining
        self._oauth = oauth
        self._apart: CapacityLimiter | None = None

    async def users(self, request: Request) -> Response:
        """Everybody of the account."""

        def work() -> Response:
            return json_of(self._users(member(self._api, request, scopes.ACCOUNT_READ)))

        return await self._api.work.do("show_user", request, work)

    async def change(self, request: Request) -> Response:
        """An administrator, or no longer."""

        def run(who: Member, said: Any) -> dict[str, Any]:
            person = members.appoint(self._joining.people, who, _id(request), administrator=said.administrator)
            found: list[dict[str, Any]] = self._users(who)["users"]
            return next(one for one in found if one["id"] == person.id)

        return await self._step(request, "change_user", run, user_models.UserChange)

    async def remove(self, request: Request) -> Response:
        """End somebody's access."""
        await bodies.read(request)  # none is expected

        def work() -> Response:
            who = member(self._api, request, scopes.ACCOUNT_MANAGE)
            gone = person_access.remove(self._oauth, self._joining.people, who, _id(request))
            return json_of({"users": []} if gone.id == who.person_id else self._users(who))

        return await self._api.work.do("remove_user", request, work)

    async def invitations(self, request: Request) -> Response:
        """The account's invitations."""

        def work() -> Response:
            return json_of(self._invitations(member(self._api, request, scopes.ACCOUNT_READ)))

        return await self._api.work.do("show_invitation", request, work)

    async def invite(self, request: Request) -> Response:
        """Let an address in. What waits for the mail server has threads of its own, a few."""

        def run(who: Member, said: Any) -> dict[str, Any]:
            return user_views.invitation(invitations.invite(self._joining, who, said.email, administrator=said.administrator))

        if self._apart is None:
            self._apart = CapacityLimiter(_AT_ONCE)  # here, where there is an event loop
        return await self._step(request, "invite", run, user_models.InvitationBody, self._apart)

    async def withdraw(self, request: Request) -> Response:
        """Let it in no more."""
        await bodies.read(request)  # none is expected

        def work() -> Response:
            who = member(self._api, request, scopes.ACCOUNT_MANAGE)
            invitations.withdraw(self._joining, who, _id(request))
            return json_of(self._invitations(who))

        return await self._api.work.do("withdraw_invitation", request, work)

    async def _step(
        self,
        request: Request,
        verb: str,
        run: Callable[[Member, Any], dict[str, Any]],
        model: type[Strict],
        apart: CapacityLimiter | None = None,
    ) -> Response:
        body = await bodies.read(request)

        def work() -> Response:
            who = member(self._api, request, scopes.ACCOUNT_MANAGE)
            values = bodies.as_object(body, request.headers.get("content-type"), required=True)
            return json_of(run(who, bodies.parsed(model, values)))

        return await self._api.work.do(verb, request, work, apart=apart)

    def _users(self, who: Member) -> dict[str, Any]:
        return {"users": [user_views.user(one, email) for one, email in members.of_account(self._joining.people, who)]}

    def _invitations(self, who: Member) -> dict[str, Any]:
        return {"invitations": [user_views.invitation(one) for one in invitations.of_account(self._joining, who)]}


def _id(request: Request) -> str:
    found: str = request.path_params["id"]
    return found
