"""What surrounds every request: patience with senders, the last resort, and one log line."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from directca.api import frame
from directca.api.frame import Frame

SECRET = "a-password-in-an-exception"


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """What is logged meanwhile."""
    with structlog.testing.capture_logs() as found:
        monkeypatch.setattr(frame, "_LOG", structlog.get_logger("frame"))  # one that was used before keeps its old way
        yield found


class Asked:
    """One request to a framed application, and what came back."""

    def __init__(self, app: Any, *pieces: bytes, pause: float = 0.0, seconds: float = 0.3, path: str = "/a") -> None:
        self.observed: list[tuple[str, str, int, float]] = []
        self.sent: list[dict[str, Any]] = []
        self.scope: dict[str, Any] = {
            "type": "http",
            "method": "POST",
            "path": path,
            "headers": [],
            "query_string": b"code=secret",
        }
        framed = Frame(app, seconds=seconds, observed=lambda *seen: self.observed.append(seen), always=[("X-Common", "1")])
        messages = self._messages(pieces, pause)

        async def receive() -> Any:
            return await anext(messages)

        async def send(message: Any) -> None:
            self.sent.append(message)

        asyncio.run(framed(self.scope, receive, send))

    @property
    def status(self) -> int:
        status: int = self.sent[0]["status"]
        return status

    @property
    def headers(self) -> dict[bytes, bytes]:
        return dict(self.sent[0]["headers"])

    @property
    def body(self) -> dict[str, str]:
        content: dict[str, str] = json.loads(self.sent[1]["body"])
        return content

    @staticmethod
    async def _messages(pieces: tuple[bytes, ...], pause: float) -> AsyncIterator[dict[str, Any]]:
        for piece in pieces:
            await asyncio.sleep(pause)
            yield {"type": "http.request", "body": piece, "more_body": True}
        await asyncio.sleep(pause)
        yield {"type": "http.request", "body": b"", "more_body": False}
        await asyncio.sleep(60)


async def reads(scope: Scope, receive: Receive, send: Send) -> None:
    try:
        body = await Request(scope, receive).body()
    except HTTPException as error:
        await PlainTextResponse("late", error.status_code, error.headers)(scope, receive, send)
    else:
        await PlainTextResponse(body)(scope, receive, send)


async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
    raise RuntimeError(SECRET)


async def breaks_late(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "http.response.start", "status": 200, "headers": []})
    raise RuntimeError(SECRET)


async def loses_its_reader(scope: Scope, receive: Receive, send: Send) -> None:
    raise ClientDisconnect


def test_a_client_that_left_a_moment_ago_is_no_failure(lines: list[Any]) -> None:
    async def gone(_: Any) -> None:
        raise RuntimeError("unable to perform operation on <TCPTransport closed=True>; the handler is closed")

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    framed = Frame(reads, seconds=1, observed=lambda *_: None)
    asyncio.run(framed({"type": "http", "method": "GET", "path": "/a", "headers": [], "query_string": b""}, receive, gone))
    assert [line["log_level"] for line in lines] == ["info"]


def test_a_body_in_pieces_is_whole() -> None:
    assert Asked(reads, b"a", b"b").sent[1]["body"] == b"ab"


def test_a_sender_that_falls_silent_is_given_up() -> None:
    asked = Asked(reads, b"a", pause=1.0)
    assert (asked.status, asked.headers[b"connection"]) == (408, b"close")


def test_a_sender_of_drops_is_given_up_as_well() -> None:
    # Each piece comes in time, all of them together do not.
    asked = Asked(reads, *[b"x"] * 50, pause=0.1)
    assert asked.status == 408
    assert asked.observed[0][3] < 1.5


def test_a_failure_shows_its_request_id_and_nothing_else(lines: list[Any]) -> None:
    asked = Asked(breaks)
    assert asked.status == 500
    assert set(asked.body) == {"error", "description", "request_id"}
    assert asked.body["error"] == "internal_error"
    assert asked.body["request_id"].encode() == asked.headers[b"x-request-id"]
    assert SECRET not in json.dumps(asked.body)
    assert [line["request_id"] for line in lines if line["log_level"] == "error"] == [asked.body["request_id"]]


def test_no_two_requests_have_the_same_id() -> None:
    seen = set()

    async def nothing(scope: Scope, receive: Receive, send: Send) -> None:
        seen.add(scope["state"]["request_id"])

    async def never(*_: Any) -> Any:
        raise AssertionError("nothing is read or sent")

    async def story() -> None:
        framed = Frame(nothing, seconds=1, observed=lambda *_: None)
        for _ in range(600):
            await framed({"type": "http", "method": "GET", "path": "/a"}, never, never)

    asyncio.run(story())
    assert len(seen) == 600
    assert all(re.fullmatch(r"[0-9a-f]{16}", one) for one in seen)


def test_an_answer_that_was_begun_gets_no_second_one() -> None:
    assert [message["type"] for message in Asked(breaks_late).sent] == ["http.response.start"]


def test_a_reader_who_left_is_no_failure(lines: list[Any]) -> None:
    assert Asked(loses_its_reader).sent == []
    assert [line for line in lines if line["log_level"] == "error"] == []


def test_the_log_line_has_the_path_and_never_the_query(lines: list[Any]) -> None:
    Asked(reads, path="/" + "p" * 1000)
    (line,) = lines
    assert line["path"] == "/" + "p" * 199
    assert "secret" not in str(line)


def test_what_strangers_ask_for_does_not_name_metrics() -> None:
    assert Asked(reads, path="/made-up-by-a-stranger").observed[0][:3] == ("POST", "none", 200)


async def says_it_itself(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("ok", headers={"x-Common": "2"})(scope, receive, send)


def test_every_answer_has_the_common_headers_once() -> None:
    for app, value in ((reads, b"1"), (breaks, b"1"), (says_it_itself, b"2")):
        sent = Asked(app).sent[0]["headers"]
        assert [found for name, found in sent if name.lower() == b"x-common"] == [value]
