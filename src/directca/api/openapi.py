"""The OpenAPI document: worked out when it is first asked for, and then kept, since it does not change while a process runs."""

import threading
from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from directca.api.plain import PlainRouter
from directca.oauth import scopes

InThread = Callable[[Request, Callable[[], Response]], Awaitable[Response]]
"""Makes an answer where it keeps nobody waiting."""


class Document:
    """The document of some routers. It takes FastAPI half a second, so a handler asks for it in a thread. Thread-safe."""

    def __init__(self, version: str, public_url: str, routers: Iterable[PlainRouter]) -> None:
        self._version = version
        self._public_url = public_url
        self._routers = tuple(routers)
        self._lock = threading.Lock()
        self._made: dict[str, Any] | None = None

    def __call__(self) -> dict[str, Any]:
        """Every function of the routers, with the one security scheme that they share."""
        with self._lock:
            if self._made is None:
                self._made = self._make()
            return self._made

    def _make(self) -> dict[str, Any]:
        described = FastAPI(
            title="Direct CA API",
            version=f"3.0+directca.{self._version}",
            description="Certificates for Direct addresses and domains, and the authorization server before them.",
            servers=[{"url": self._public_url}],
        )
        for router in self._routers:
            described.include_router(router.described())
        made = described.openapi()
        made.setdefault("components", {}).setdefault("securitySchemes", {})["oauth2"] = {
            "type": "oauth2",
            "flows": {
                "authorizationCode": {
                    "authorizationUrl": f"{self._public_url}/oauth/authorize",
                    "tokenUrl": f"{self._public_url}/oauth/token",
                    "refreshUrl": f"{self._public_url}/oauth/token",
                    "scopes": {name: text.format(account="the account") for name, text in scopes.SENTENCES.items()},
                }
            },
        }
        return made


def route(document: Document, in_thread: InThread) -> Route:
    """Where the document is to be had."""

    async def answer(request: Request) -> Response:
        return await in_thread(request, lambda: JSONResponse(document()))

    return Route("/openapi.json", answer)
