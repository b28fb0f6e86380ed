"""Routes that software calls often: FastAPI describes them in OpenAPI and takes no part in answering them.

Its layers (parameters, exit stacks, middleware) are not used by these handlers and take a third of a millisecond of a core for
each request, which an issue needs for its signatures. What it knows of a route takes it five milliseconds to work out, so it is
told of these when somebody asks for the document, and not by each process that starts (`openapi.py`).
"""

from collections.abc import Callable, Coroutine, Iterable, Mapping
from typing import Any

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match, Route
from starlette.types import ASGIApp, Receive, Scope, Send

from directca.errors import DirectCAError

Handler = Callable[[Request], Coroutine[Any, Any, Response]]
ErrorAnswer = Callable[[Request, Exception], Coroutine[Any, Any, Response]]


Description = Callable[[], Mapping[str, Any]]
"""What OpenAPI says of a route, in FastAPI's words."""


class PlainRoute(Route):
    """A route whose handler takes the request and answers it by itself; one without a description is in no documentation."""

    def __init__(self, methods: Iterable[str], path: str, handler: Handler, description: Description | None) -> None:
        super().__init__(path, handler)
        self.methods = set(methods)  # and no HEAD with each GET
        self.description = description


class PlainRouter:
    """Plain routes, under one heading in the documentation."""

    def __init__(self, heading: str) -> None:
        self.routes: list[PlainRoute] = []
        self._heading = heading

    def add(self, methods: Iterable[str], path: str, handler: Handler, description: Description | None = None) -> None:
        """Another route."""
        self.routes.append(PlainRoute(methods, path, handler, description))

    def described(self) -> APIRouter:
        """Those that are documented, as FastAPI describes them."""
        made = APIRouter(tags=[self._heading])
        for route in self.routes:
            if route.description is not None:
                made.add_api_route(route.path, route.endpoint, methods=sorted(route.methods or ()), **route.description())
        return made


class PlainRoutes:
    """Answers the plain routes of some routers; any other address or method goes on to the whole application."""

    def __init__(self, routers: Iterable[PlainRouter], otherwise: ASGIApp, error_answer: ErrorAnswer) -> None:
        routes = [route for router in routers for route in router.routes]
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
