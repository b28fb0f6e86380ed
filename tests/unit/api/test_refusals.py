"""What is refused before it is a request: answered in the API's form, with an id that also stands in the log, and hung up on."""

import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from directca.api import refusal
from directca.api.protocol import LARGEST_HEAD
from tests.unit.api.on_a_socket import listening

BODY = b"x" * 300_000


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers everything that gets so far; waits for a body at /read alone."""
    if scope["path"] == "/read":
        await Request(scope, receive).body()
    await PlainTextResponse("ok")(scope, receive, send)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The protocol on a socket."""
    with listening(app) as found:
        yield found


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What is logged meanwhile."""
    with structlog.testing.capture_logs() as found:
        monkeypatch.setattr(refusal, "_LOG", structlog.get_logger("connection"))  # one that was used before keeps its old way
        yield found


def exchange(port: int, *pieces: bytes) -> bytes:
    """Send, and read until the server hangs up; one that does not is a failure, by the socket's time-out."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        for piece in pieces:
            connection.sendall(piece)
            time.sleep(0.05)
        got = b""
        while piece := connection.recv(65_536):
            got += piece
    return got


def head(size: int, end: bytes = b"Connection: close\r\n\r\n") -> bytes:
    """A head of exactly so many bytes."""
    begin = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nX: " % len(BODY)
    return begin + b"y" * (size - len(begin) - len(end) - 2) + b"\r\n" + end


@pytest.mark.parametrize(
    ("sent", "status", "asked"),
    [
        (b"nonsense\r\n\r\n", 400, {}),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, {}),
        (b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 400, {}),
        (head(70_000), 431, {}),
        (b"GET /a?code=secret HTTP/1.1\r\n\r\n", 400, {"method": "GET", "path": "/a"}),
        (b"GET /a\r\n\r\n", 400, {"method": "GET", "path": "/a"}),
        (b"GET /a HTTP/0.9\r\nHost: a\r\n\r\n", 400, {"method": "GET", "path": "/a"}),
        (b"GET /a HTTP/2.0\r\nHost: a\r\n\r\n", 400, {"method": "GET", "path": "/a"}),
    ],
    ids=["no request line", "a space", "CONNECT", "large head", "no host", "0.9 without a version", "0.9", "2.0"],
)
def test_a_refusal_has_an_id_that_the_log_has_too(
    port: int, lines: list[Any], sent: bytes, status: int, asked: dict[str, str]
) -> None:
    start, _, body = exchange(port, sent).partition(b"\r\n\r\n")
    assert start.startswith(b"HTTP/1.1 %d " % status)
    said = json.loads(body)
    assert said["error"] == "bad_request"
    assert b"\r\nx-request-id: " + said["request_id"].encode() in start
    assert b"\r\nconnection: close" in start
    (line,) = lines
    assert line == {
        "event": "request",
        "log_level": "info",
        "request_id": said["request_id"],
        "status": status,
        "error": "bad_request",
        **asked,
    }


@pytest.mark.parametrize("pieces", [1, 2])
def test_a_head_is_bounded_to_the_byte_however_it_arrives(port: int, pieces: int) -> None:
    for size, status in ((LARGEST_HEAD, 200), (LARGEST_HEAD + 1, 431)):
        whole = head(size)
        cut = len(whole) if pieces == 1 else len(whole) - 2
        assert exchange(port, whole[:cut], whole[cut:]).startswith(b"HTTP/1.1 %d " % status)


def test_a_body_that_comes_along_with_its_head_is_not_counted_as_head(port: int) -> None:
    whole = head(LARGEST_HEAD - 4).replace(b"/ ", b"/read ") + BODY
    assert exchange(port, whole).startswith(b"HTTP/1.1 200 ")
    together = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 6000
    got = exchange(port, together + b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert got.count(b"HTTP/1.1 200 ") == 6001
