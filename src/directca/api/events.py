"""The feed of events: fetch, acknowledge. Parse, call the verb, render; nothing is decided here."""

from starlette.requests import Request
from starlette.responses import Response

from directca.api import bodies, limits
from directca.api.addresses import serve
from directca.api.answers import json_of
from directca.api.context import Api
from directca.api.event_models import ACKNOWLEDGE, FETCH, LAST_POSITION, Acknowledgement, feed_answer
from directca.api.plain import PlainRouter
from directca.api.query_parameters import whole_number
from directca.notices.context import Notices
from directca.notices.feed import LIMIT, MOST, acknowledge, fetch
from directca.notices.model import Subscriber
from directca.oauth import scopes
from directca.oauth.bearer import check_scope

_PATH = "/api/event"


def router(api: Api, notices: Notices) -> PlainRouter:
    """The routes, with and without a trailing slash."""
    routes = PlainRouter("Events")
    functions = EventFunctions(api, notices)
    serve(routes, "GET", _PATH, functions.fetch, FETCH)
    serve(routes, "POST", _PATH, functions.acknowledge, ACKNOWLEDGE)
    return routes


def subscriber(api: Api, request: Request, scope: str) -> Subscriber:
    """Who asks, if the token covers the function. Raises BearerRefused, InsufficientScope, TooManyCalls."""
    principal = limits.principal(api.rates, api.database, api.clock, request)
    check_scope(principal, scope)
    return Subscriber(principal.actor, principal.account_id, principal.client_id)


class EventFunctions:
    """The handlers."""

    def __init__(self, api: Api, notices: Notices) -> None:
        self._api = api
        self._notices = notices

    async def fetch(self, request: Request) -> Response:
        """What happened."""

        def work() -> Response:
            who = subscriber(self._api, request, scopes.ACCOUNT_READ)
            bodies.no_parameters(request, "after", "limit")
            asked = request.query_params
            after = whole_number(asked, "after", 0, 0, LAST_POSITION) if "after" in asked else None
            limit = whole_number(asked, "limit", LIMIT, 1, MOST)
            return json_of(feed_answer(fetch(self._notices, who, after, limit)))

        return await self._api.work.do("fetch_events", request, work)

    async def acknowledge(self, request: Request) -> Response:
        """Up to where the application has everything."""
        body = await bodies.read(request)

        def work() -> Response:
            who = subscriber(self._api, request, scopes.ACCOUNT_READ)
            bodies.no_parameters(request)
            values = bodies.as_object(body, request.headers.get("content-type"), required=True)
            said = bodies.parsed(Acknowledgement, values)
            return json_of(feed_answer(acknowledge(self._notices, who, said.position)))

        return await self._api.work.do("acknowledge_events", request, work)
