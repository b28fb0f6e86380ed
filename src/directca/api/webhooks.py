"""The functions about webhooks. Parse, call the verb, render; nothing is decided here. A challenge waits for strangers in threads
of its own."""

from collections.abc import Callable
from typing import Any

from anyio import CapacityLimiter
from starlette.requests import Request
from starlette.responses import Response

from directca.api import bodies
from directca.api.addresses import serve
from directca.api.answers import json_of
from directca.api.context import Api
from directca.api.events import subscriber
from directca.api.plain import PlainRouter
from directca.api.query_parameters import whole_number
from directca.api.webhook_models import (
    CHANGE,
    CREATE,
    DELETE,
    DELIVERIES,
    DELIVERY,
    DISABLE,
    LIST,
    REPLAY,
    ROTATE,
    SHOW,
    TEST,
    VERIFY,
    NewWebhook,
    WebhookChanges,
    delivery_detail,
    delivery_record,
    webhook_record,
)
from directca.notices import webhook_log, webhooks
from directca.notices.context import Webhooks
from directca.notices.model import Subscriber
from directca.notices.webhook_errors import WebhooksBusy
from directca.notices.webhook_model import DeliveryState
from directca.notices.webhook_verify import verify
from directca.oauth import scopes

_PATH = "/api/webhook"
_AT_ONCE, _WAITING = 4, 12


def router(api: Api, hooks: Webhooks) -> PlainRouter:
    """The routes, with and without a trailing slash."""
    routes = PlainRouter("Webhooks")
    functions = WebhookFunctions(api, hooks)
    one, log = _PATH + "/{id}", _PATH + "/{id}/delivery"
    serve(routes, "GET", _PATH, functions.list, LIST)
    serve(routes, "POST", _PATH, functions.create, CREATE)
    serve(routes, "GET", one, functions.show, SHOW)
    serve(routes, "PATCH", one, functions.change, CHANGE)
    serve(routes, "DELETE", one, functions.delete, DELETE)
    serve(routes, "POST", one + "/verify", functions.verify, VERIFY)
    serve(routes, "POST", one + "/rotate", functions.rotate, ROTATE)
    serve(routes, "POST", one + "/disable", functions.disable, DISABLE)
    serve(routes, "POST", one + "/test", functions.test, TEST)
    serve(routes, "GET", log, functions.deliveries, DELIVERIES)
    serve(routes, "GET", log + "/{delivery}", functions.delivery, DELIVERY)
    serve(routes, "POST", log + "/{delivery}/replay", functions.replay, REPLAY)
    return routes


class WebhookFunctions:
    """The handlers."""

    def __init__(self, api: Api, hooks: Webhooks) -> None:
        self._api = api
        self._hooks = hooks
        self._notices = hooks.notices
        self._apart: CapacityLimiter | None = None

    async def list(self, request: Request) -> Response:
        """The account's webhooks."""

        def look(who: Subscriber) -> dict[str, Any]:
            return {"webhooks": [webhook_record(one) for one in webhooks.listed(self._notices, who)]}

        return await self._seen(request, look)

    async def show(self, request: Request) -> Response:
        """One webhook."""
        return await self._seen(request, lambda who: webhook_record(webhooks.shown(self._notices, who, _id(request))))

    async def create(self, request: Request) -> Response:
        """A new webhook."""
        body = await bodies.read(request)

        def run(who: Subscriber) -> dict[str, Any]:
            values = bodies.as_object(body, request.headers.get("content-type"), required=True)
            said = bodies.parsed(NewWebhook, values)
            made = webhooks.create(self._hooks, who, said.url, tuple(said.types))
            return webhook_record(made.webhook, made.secret)

        return await self._done(request, run)

    async def change(self, request: Request) -> Response:
        """Other types, or another address."""
        body = await bodies.read(request)

        def run(who: Subscriber) -> dict[str, Any]:
            values = bodies.as_object(body, request.headers.get("content-type"), required=True)
            said = bodies.parsed(WebhookChanges, values)
            kinds = None if said.types is None else tuple(said.types)
            return webhook_record(webhooks.change(self._hooks, who, _id(request), url=said.url, kinds=kinds))

        return await self._done(request, run)

    async def verify(self, request: Request) -> Response:
        """The challenge."""
        return await self._step(request, lambda who: webhook_record(verify(self._hooks, who, _id(request))), apart=self._places())

    async def rotate(self, request: Request) -> Response:
        """Another secret."""

        def run(who: Subscriber) -> dict[str, Any]:
            made = webhooks.rotate(self._hooks, who, _id(request))
            return webhook_record(made.webhook, made.secret)

        return await self._step(request, run)

    async def disable(self, request: Request) -> Response:
        """Nothing more is sent."""
        return await self._step(request, lambda who: webhook_record(webhooks.switch_off(self._notices, who, _id(request))))

    async def test(self, request: Request) -> Response:
        """An event that means nothing."""

        def run(who: Subscriber) -> dict[str, Any]:
            made = webhook_log.try_out(self._notices, who, _id(request))
            return delivery_detail(webhook_log.DeliveryPage(made, ()))

        return await self._step(request, run)

    async def delete(self, request: Request) -> Response:
        """No webhook any more."""

        def run(who: Subscriber) -> dict[str, Any]:
            webhooks.delete(self._notices, who, _id(request))
            return {"id": _id(request), "deleted": True}

        return await self._step(request, run)

    async def deliveries(self, request: Request) -> Response:
        """What was sent."""

        def look(who: Subscriber) -> dict[str, Any]:
            asked = request.query_params
            found = webhook_log.deliveries(
                self._notices,
                who,
                _id(request),
                state=_state(asked.get("stateIs")),
                before=asked.get("before"),
                limit=whole_number(asked, "limit", webhook_log.LIMIT, 1, webhook_log.MOST),
            )
            return {"deliveries": [delivery_record(one) for one in found]}

        return await self._seen(request, look, "stateIs", "before", "limit")

    async def delivery(self, request: Request) -> Response:
        """One delivery."""
        return await self._seen(request, lambda who: self._detail(who, request))

    async def replay(self, request: Request) -> Response:
        """Once more."""

        def run(who: Subscriber) -> dict[str, Any]:
            webhook_log.replay(self._notices, who, _id(request), _id(request, "delivery"))
            return self._detail(who, request)

        return await self._step(request, run)

    def _detail(self, who: Subscriber, request: Request) -> dict[str, Any]:
        return delivery_detail(webhook_log.delivery(self._notices, who, _id(request), _id(request, "delivery")))

    async def _seen(self, request: Request, look: Callable[[Subscriber], dict[str, Any]], *known: str) -> Response:
        def work() -> Response:
            who = subscriber(self._api, request, scopes.ACCOUNT_READ)
            bodies.no_parameters(request, *known)
            return json_of(look(who))

        return await self._api.work.do("show_webhook", request, work)

    async def _step(
        self, request: Request, run: Callable[[Subscriber], dict[str, Any]], *, apart: CapacityLimiter | None = None
    ) -> Response:
        await bodies.read(request)  # none is expected
        return await self._done(request, run, apart=apart)

    async def _done(
        self, request: Request, run: Callable[[Subscriber], dict[str, Any]], *, apart: CapacityLimiter | None = None
    ) -> Response:
        def work() -> Response:
            who = subscriber(self._api, request, scopes.TUSER_ACCOUNT)
            bodies.no_parameters(request)
            return json_of(run(who))

        return await self._api.work.do("change_webhook", request, work, apart=apart)

    def _places(self) -> CapacityLimiter:
        """The threads for what waits for strangers. Raises WebhooksBusy when too many wait for one already."""
        if self._apart is None:
            self._apart = CapacityLimiter(_AT_ONCE)  # here, where there is an event loop
        if self._apart.statistics().tasks_waiting >= _WAITING:
            raise WebhooksBusy("Many webhooks are being challenged. Wait ten seconds, then try again.", retry_after=10)
        return self._apart


def _id(request: Request, name: str = "id") -> str:
    found: str = request.path_params[name]
    return found


def _state(word: str | None) -> DeliveryState | None:
    if word is None:
        return None
    try:
        return DeliveryState(word)
    except ValueError as error:
        words = ", ".join(one.value for one in DeliveryState)
        raise bodies.BadParameter(f"stateIs must be one of: {words}.", field="stateIs") from error
