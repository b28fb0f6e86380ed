"""A client of an application that runs it in the caller's thread: a request takes half of what Starlette's own client needs,
which hands each message of it to another thread and waits for that.

    InOneThread(app, base_url="http://127.0.0.1:8000")

What the application does in threads, it does in threads here too. The answer is there once it is complete; a life span is not
begun: who needs one, or an answer piece by piece, takes Starlette's.
"""

import asyncio

import httpx2
from starlette.testclient import TestClient
from starlette.types import ASGIApp


class _Transport(httpx2.BaseTransport):
    """A request is run to its end in a loop of its own."""

    def __init__(self, inner: httpx2.ASGITransport) -> None:
        self._inner = inner

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        with asyncio.Runner() as loop:
            return loop.run(self._answer(request))

    async def _answer(self, request: httpx2.Request) -> httpx2.Response:
        answer = await self._inner.handle_async_request(request)
        return httpx2.Response(answer.status_code, headers=answer.headers, stream=httpx2.ByteStream(await answer.aread()))


class InOneThread(TestClient):
    """Starlette's client but for how it carries a request; it follows no redirect by itself."""

    def __init__(self, app: ASGIApp, base_url: str, *, raise_server_exceptions: bool = True) -> None:
        super().__init__(app, base_url=base_url, follow_redirects=False, raise_server_exceptions=raise_server_exceptions)
        inner = httpx2.ASGITransport(self.app, raise_app_exceptions=raise_server_exceptions, client=("testclient", 50000))
        self._transport = _Transport(inner)
