"""What surrounds every request: an id, a bound on slow senders, one log line, and the last resort when something breaks.

Plain ASGI, outermost: it sees every answer, also those that the framework makes by itself.
"""

import asyncio
import json
import secrets
import time
from collections.abc import Callable, Iterable
from typing import Any

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from directca.api.traces import Traces
from directca.watch import STORY

_LOG = structlog.get_logger("directca.request")

Headers = Iterable[tuple[str, str]]

Observed = Callable[[str, str, int, float], None]
"""Told of every answer: method, route, status, seconds."""


ARRIVED = "request_arrived"
"""The key in a request's state by which the protocol says that all of its body is here."""

_ID_OCTETS = 8
_IDS_AT_ONCE = 256


class SenderTooSlowError(HTTPException):
    """The rest of the request did not arrive in time."""

    def __init__(self) -> None:
        super().__init__(408, headers={"Connection": "close"})


class Frame:
    """Wraps the whole application. `always` are headers of every answer that does not say them itself."""

    def __init__(
        self, app: ASGIApp, *, seconds: float, observed: Observed, always: Headers = (), traces: Traces | None = None
    ) -> None:
        self._app = app
        self._seconds = seconds
        self._observed = observed
        self._traces = traces
        self._always = tuple((name.lower().encode(), value.encode()) for name, value in always)
        self._ids: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; anything but HTTP passes through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, self._new_id(), self._always)
        scope.setdefault("state", {})["request_id"] = answer.request_id
        if self._traces is None or (trace := self._traces(scope["method"], answer.request_id)) is None:
            await self._answer(scope, receive, answer)
            return
        following = STORY.set(trace)
        try:
            await self._answer(scope, receive, answer)
        finally:
            STORY.reset(following)
            trace.answered(_route(scope), answer.status)

    def _new_id(self) -> str:
        if not self._ids:
            # Many at a time: while the system is asked, another thread begins to run, and this one waits until it pauses.
            drawn = secrets.token_hex(_ID_OCTETS * _IDS_AT_ONCE)
            self._ids = [drawn[at : at + 2 * _ID_OCTETS] for at in range(0, len(drawn), 2 * _ID_OCTETS)]
        return self._ids.pop()

    async def _answer(self, scope: Scope, receive: Receive, answer: "_Answer") -> None:
        began = time.perf_counter()
        try:
            # Whose request is whole has nobody to be patient with.
            await self._app(scope, receive if ARRIVED in scope["state"] else self._patient(receive), answer.send)
        except ClientDisconnect:
            pass  # nobody is left to answer
        except Exception:  # noqa: BLE001  (the last resort is for what nobody foresaw)
            # The only place where what happened is told, and to the operator's log alone (invariant 21).
            _LOG.exception("request failed", request_id=answer.request_id, method=scope["method"], path=_path(scope))
            await answer.last_resort(500, "internal_error", "Something went wrong on our side.")
        self._tell(scope, answer, time.perf_counter() - began)

    def _patient(self, receive: Receive) -> Receive:
        """Wait for the whole body, and not for ever. Once it has arrived, waiting is for a disconnect and has no bound."""
        complete = False
        deadline = asyncio.get_running_loop().time() + self._seconds  # one for all pieces: a sender of drops is slow too

        async def next_message() -> Message:
            nonlocal complete
            if complete:
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError as error:
                raise SenderTooSlowError from error
            complete = message["type"] != "http.request" or not message.get("more_body", False)
            return message

        return next_message

    def _tell(self, scope: Scope, answer: "_Answer", seconds: float) -> None:
        self._observed(scope["method"], _route(scope), answer.status, seconds)
        _LOG.info(
            "request",
            request_id=answer.request_id,
            method=scope["method"],
            path=_path(scope),
            status=answer.status,
            milliseconds=round(seconds * 1000, 1),
        )


class _Answer:
    """Notes the status and adds the request's id and the common headers on the way out."""

    def __init__(self, send: Send, request_id: str, always: tuple[tuple[bytes, bytes], ...]) -> None:
        self._send = send
        self._always = always
        self.request_id = request_id
        self.status = 0

    async def send(self, message: Message) -> None:
        """Pass on one message of the answer."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = message.setdefault("headers", [])
            said = {name.lower() for name, _ in headers}
            headers.extend(pair for pair in self._always if pair[0] not in said)
            headers.append((b"x-request-id", self.request_id.encode()))
        try:
            await self._send(message)
        except RuntimeError as error:
            if "the handler is closed" in str(error):  # uvloop's word for a client that left a moment ago
                raise ClientDisconnect from error
            raise

    async def last_resort(self, status: int, slug: str, description: str) -> None:
        """An answer without any help from the application, unless one was begun."""
        if self.status:
            return
        content: dict[str, Any] = {"error": slug, "description": description, "request_id": self.request_id}
        body = json.dumps(content).encode()
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"connection", b"close"),
        ]
        await self.send({"type": "http.response.start", "status": status, "headers": headers})
        await self.send({"type": "http.response.body", "body": body})


def _route(scope: Scope) -> str:
    """What the metrics call the request: a bounded set, whatever strangers ask for."""
    if "endpoint" not in scope:
        return "none"
    route = scope.get("route")
    return str(route.path) if route is not None else "/" + _path(scope).split("/")[1]


def _path(scope: Scope) -> str:
    # Without the query: it may carry an authorization code.
    path: str = scope["path"]
    return path[:200]
