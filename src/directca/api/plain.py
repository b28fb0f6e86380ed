"""Routes that software calls often: FastAPI describes them in OpenAPI and takes no part in answering them.

Its layers (parameters, exit stacks, middleware) are not used by these handlers and take a third of a millisecond of a core for
each request, which an issue needs for its signatures.
"""

from collections.abc import Callable, Coroutine, Iterable
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from directca.errors import DirectCAError

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
ErrorAnswer = Callable[[Request, Exception], Coroutine[Any, Any, Response]]


class PlainRoute(APIRoute):
    """A route whose handler takes the request and answers it by itself."""

    def get_route_handler(self) -> Handler:
        """The handler as it is."""
        handler: Handler = self.endpoint
        return handler


class PlainRoutes:
    """Answers the plain routes of some routers; any other address or method goes on to the whole application."""

    def __init__(self, routers: Iterable[APIRouter], otherwise: ASGIApp, error_answer: ErrorAnswer) -> None:
        routes = [route for router in routers for route in router.routes if isinstance(route, PlainRoute)]
        self._exact = {(method, route.path): route for route in routes if "{" not in route.path for method in route.methods or ()}
        self._routes = [route for route in routes if "{" in route.path]
        self._otherwise = otherwise
        self._error_answer = error_answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request. What nobody foresaw is raised: the frame around everything tells the operator and answers."""
        route = self._route(scope)
        if route is None:
            await self._otherwise(scope, receive, send)
            return
        request = Request(scope, receive, send)
        try:
            response = await route.endpoint(request)
        except (DirectCAError, HTTPException) as error:
            response = await self._error_answer(request, error)
        await response(scope, receive, send)

    def _route(self, scope: Scope) -> PlainRoute | None:
        if scope["type"] != "http":
            return None
        if (known := self._exact.get((scope["method"], scope["path"]))) is not None:
            scope.update(endpoint=known.endpoint, path_params={}, route=known)
            return known
        for route in self._routes:
            match, found = route.matches(scope)
            if match is Match.FULL:
                scope.update(found)
                return route
        return None
