"""What a connection is told in place of the application's answer: with a request id, and one line in the log, as every answer."""

import json
import secrets
from http import HTTPStatus

import structlog
from starlette.types import Receive, Scope, Send

_LOG = structlog.get_logger("directca.connection")


class Refusal:
    """One answer, after which the connection ends: to a request, as an ASGI application, or to bytes that are none."""

    def __init__(self, status: int, slug: str, description: str, *headers: tuple[bytes, bytes]) -> None:
        self._status = status
        self._slug = slug
        self._description = description
        plain = ((b"content-type", b"application/json"), (b"cache-control", b"no-store"), (b"connection", b"close"))
        self._plain = (*plain, *headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say it, whatever was asked."""
        headers, body = self._made(method=scope["method"], path=scope["path"][:200])
        await send({"type": "http.response.start", "status": self._status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def octets(self) -> bytes:
        """The whole answer to what never became a request."""
        headers, body = self._made()
        status = b"HTTP/1.1 %d %s" % (self._status, HTTPStatus(self._status).phrase.encode())
        return b"\r\n".join((status, *(name + b": " + value for name, value in headers), b"", body))

    def _made(self, **asked: str) -> tuple[list[tuple[bytes, bytes]], bytes]:
        request_id = secrets.token_hex(8)
        _LOG.info("request", request_id=request_id, **asked, status=self._status, error=self._slug)
        content = {"error": self._slug, "description": self._description, "request_id": request_id}
        body = json.dumps(content).encode()
        length, name = str(len(body)).encode(), request_id.encode()
        return [*self._plain, (b"content-length", length), (b"x-request-id", name)], body


CROWDED = Refusal(503, "unavailable", "Too many connections are open; try again.", (b"retry-after", b"1"))
NOT_HTTP = Refusal(400, "bad_request", "This is not a request of HTTP/1.1.")
OTHER_VERSION = Refusal(400, "bad_request", "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
NO_HOST = Refusal(400, "bad_request", "A request of HTTP/1.1 has exactly one Host header.")
HEAD_TOO_LARGE = Refusal(431, "bad_request", "Request line and headers are more than 64 KiB; send fewer or shorter headers.")
