"""The functions about addresses: authorize, withdraw, list, bring a file. Parse, call the verb, render: no decisions."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from directca.api import background, bodies, mailbox_records
from directca.api.addresses import serve
from directca.api.answers import json_of
from directca.api.bodies import BadContentType, BadParameter
from directca.api.cases import Caller
from directca.api.context import Api
from directca.api.mailbox_models import (
    AUTHORIZE,
    CSV,
    LIST,
    LONGEST_LOCAL_PART,
    LONGEST_NAME,
    MOST_LISTED,
    SHOW_UPLOAD,
    UPLOAD,
    UPLOADS,
    WITHDRAW,
    WRONG,
    AddressRequest,
)
from directca.api.moments import moment
from directca.api.plain import PlainRouter
from directca.oauth import scopes
from directca.vetting import address_upload, addresses
from directca.vetting.address_model import LARGEST_FILE, AddressFilter
from directca.vetting.case_model import Actor
from directca.vetting.policy import one_address

_PATH = "/api/address"
_UNASKED = 100


def router(api: Api) -> PlainRouter:
    """The routes, with and without a trailing slash."""
    routes = PlainRouter("Addresses")
    functions = Mailboxes(api)
    serve(routes, "POST", f"{_PATH}/", functions.authorize, AUTHORIZE)
    serve(routes, "GET", f"{_PATH}/", functions.list, LIST)
    serve(routes, "POST", f"{_PATH}/upload", functions.upload, UPLOAD)
    serve(routes, "GET", f"{_PATH}/upload", functions.uploads, UPLOADS)
    serve(routes, "GET", _PATH + "/upload/{id}", functions.show_upload, SHOW_UPLOAD)
    serve(routes, "GET", _PATH + "/upload/{id}/rows", functions.rows, WRONG)
    serve(routes, "POST", _PATH + "/{address}/withdraw", functions.withdraw, WITHDRAW)
    return routes


class Mailboxes:
    """The handlers."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._desk = api.registration
        self._caller = Caller(api)

    async def authorize(self, request: Request) -> Response:
        """Give authority over an address."""
        body = await bodies.read(request)

        def work() -> Response:
            actor = self._actor(request, scopes.TUSER_ACCOUNT)
            values = bodies.as_object(body, request.headers.get("content-type"), required=True)
            said = bodies.parsed(AddressRequest, values)
            until = moment(said.until, field="until")
            made = addresses.authorize(self._desk, actor, said.organization, said.address, until)
            return json_of(mailbox_records.address(made, self._desk.clock.now()))

        return await self._api.work.do("authorize_address", request, work)

    async def withdraw(self, request: Request) -> Response:
        """Take it back."""
        await bodies.read(request)  # none is expected

        def work() -> Response:
            actor = self._actor(request, scopes.TUSER_ACCOUNT, "organization")
            domain, mailbox = one_address(request.path_params["address"])
            about = addresses.withdraw(self._desk, actor, _organization(request), f"{mailbox}@{domain}")
            return json_of({"address": f"{mailbox}@{domain}", "organization": about.id})

        return await self._api.work.do("withdraw_address", request, work)

    async def list(self, request: Request) -> Response:
        """The addresses over which there is authority."""

        def look() -> dict[str, Any]:
            actor = self._actor(request, scopes.ACCOUNT_READ, "organization", "domain", "begins", "after", "limit")
            after = _text(request, "after")
            wanted = AddressFilter(
                domain=_lower(_text(request, "domain")),
                begins=_lower(_text(request, "begins", LONGEST_LOCAL_PART)),
                after=None if after is None else one_address(after, field="after"),
                limit=_number(request, "limit", _UNASKED, at_least=1, at_most=MOST_LISTED),
            )
            page = addresses.listed(self._desk, actor, _organization(request), wanted)
            return mailbox_records.page(page, self._desk.clock.now())

        return await self._seen(request, look)

    async def upload(self, request: Request) -> Response:
        """Bring a file, which is looked at in the background."""
        octets = await bodies.read(request, most=LARGEST_FILE)

        def work() -> Response:
            actor = self._actor(request, scopes.TUSER_ACCOUNT, "organization")
            if request.headers.get("content-type", "").partition(";")[0].strip().lower() != CSV:
                raise BadContentType(f"Send the file as Content-Type: {CSV}.")
            made = address_upload.bring(self._desk, actor, _organization(request), octets)
            background.look_at_addresses(self._desk, made.id)
            return json_of(mailbox_records.upload(made))

        return await self._api.work.do("upload_addresses", request, work)

    async def uploads(self, request: Request) -> Response:
        """The last files."""

        def look() -> dict[str, Any]:
            actor = self._actor(request, scopes.ACCOUNT_READ, "organization")
            found = address_upload.uploads(self._desk, actor, _organization(request))
            return {"uploads": [mailbox_records.upload(one) for one in found]}

        return await self._seen(request, look)

    async def show_upload(self, request: Request) -> Response:
        """How far a file has come."""

        def look() -> dict[str, Any]:
            actor = self._actor(request, scopes.ACCOUNT_READ)
            return mailbox_records.upload(address_upload.show(self._desk, actor, request.path_params["id"]))

        return await self._seen(request, look)

    async def rows(self, request: Request) -> Response:
        """Rows that cannot be taken."""

        def look() -> dict[str, Any]:
            actor = self._actor(request, scopes.ACCOUNT_READ, "after", "limit")
            limit = _number(request, "limit", MOST_LISTED, at_least=1, at_most=MOST_LISTED)
            after = _number(request, "after", 0, at_least=0, at_most=10**9)
            known = address_upload.show(self._desk, actor, request.path_params["id"])
            found = address_upload.wrong_rows(self._desk, actor, known.id, after, limit)
            return mailbox_records.wrong(known.wrong, found, limit=limit)

        return await self._seen(request, look)

    async def _seen(self, request: Request, look: Callable[[], dict[str, Any]]) -> Response:
        return await self._api.work.do("show_addresses", request, lambda: json_of(look()))

    def _actor(self, request: Request, scope: str, *parameters: str) -> Actor:
        actor = self._caller.actor(request, scope)
        bodies.no_parameters(request, *parameters)
        return actor


def _organization(request: Request) -> str | None:
    return _text(request, "organization")


def _text(request: Request, name: str, most: int = LONGEST_NAME) -> str | None:
    text = request.query_params.get(name)
    if text is not None and len(text) > most:
        raise BadParameter(f"{name} has at most {most} characters.", field=name)
    return text


def _lower(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _number(request: Request, name: str, default: int, *, at_least: int, at_most: int) -> int:
    text = request.query_params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit() and len(text) <= 10 and at_least <= int(text) <= at_most):
        raise BadParameter(f"{name} must be a whole number from {at_least} to {at_most}.", field=name)
    return int(text)
