"""Answers that are ready are written by the protocol; everything out of the ordinary reaches the application, whole."""

from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from directca.api.ready import Ready
from tests.unit.api.on_a_socket import listening
from tests.unit.api.test_protocol import OFFER, exchange, post

HEAD = b'content-length: 7\r\netag: "x"\r\n'
asked: list[tuple[bytes, bytes, bytes]] = []


async def ordinary(scope: Scope, receive: Receive, send: Send) -> None:
    """Says what came, and that it came here."""
    request = Request(scope, receive)
    body = await request.body()
    await PlainTextResponse(f"application {request.method} {request.url.path} {len(body)} {body[:9].decode()}]")(
        scope, receive, send
    )


def find(method: bytes, target: bytes, body: bytes) -> tuple[bytes, ...] | None:
    """Knows one answer."""
    asked.append((method, target, body))
    return (HEAD, b"[ready", b"]") if body == b"known" or target == b"/kept/known" else None


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with listening(ordinary, Ready(b"/kept", find)) as found:
        yield found


@pytest.fixture(autouse=True)
def nothing_asked() -> None:
    asked.clear()


def ask(body: bytes = b"known", more: bytes = b"", path: bytes = b"/kept") -> bytes:
    return post(body, path, more)


def test_what_is_ready_is_given(port: int) -> None:
    got = exchange(port, ask())
    head, body = got.split(b"\r\n\r\n")
    assert (head.startswith(b"HTTP/1.1 200 OK\r\n"), head.endswith(HEAD.rstrip()), b"\r\ndate: " in head, body) == (
        True,
        True,
        True,
        b"[ready]",
    )


def test_by_get_too(port: int) -> None:
    assert exchange(port, b"GET /kept/known HTTP/1.1\r\nHost: a\r\n\r\n").endswith(b"[ready]")


def test_what_is_not_goes_the_usual_way_whole(port: int) -> None:
    assert exchange(port, ask(b"unknown")).endswith(b"application POST /kept 7 unknown]")
    assert asked == [(b"POST", b"/kept", b"unknown")]


def test_other_targets_are_not_looked_for(port: int) -> None:
    assert exchange(port, ask(path=b"/other")).endswith(b"application POST /other 5 known]")
    assert asked == []


def test_several_in_one_packet_keep_their_order(port: int) -> None:
    got = exchange(port, ask() + ask(b"one") + ask() + ask(b"two") + ask(), answers=5)
    bodies = [one.rpartition(b"\r\n\r\n")[2] for one in got.split(b"HTTP/1.1 200 OK")[1:]]
    known, (one, two) = (
        {b"[ready]", b"application POST /kept 5 known]"},
        (b"application POST /kept 3 one]", b"application POST /kept 3 two]"),
    )
    assert bodies[0] == b"[ready]"
    assert (bodies[1], bodies[3]) == (one, two)
    assert {bodies[2], bodies[4]} <= known


@pytest.mark.parametrize("cut", range(20, len(ask()), 13))
def test_a_request_in_pieces_is_answered_all_the_same(port: int, cut: int) -> None:
    got = exchange(port, ask()[:cut], ask()[cut:])
    assert got.endswith((b"[ready]", b"application POST /kept 5 known]"))


def test_one_that_is_not_there_yet_is_the_applications(port: int) -> None:
    assert exchange(port, ask()[:-1], ask()[-1:]).endswith(b"application POST /kept 5 known]")


def test_a_chunked_body_is_read(port: int) -> None:
    head = b"POST /kept HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert exchange(port, head + b"2\r\nkn\r\n3\r\nown\r\n0\r\n\r\n").endswith(b"[ready]")


def test_a_large_body_arrives_whole(port: int) -> None:
    assert exchange(port, ask(b"x" * 300_000)).endswith(b"application POST /kept 300000 xxxxxxxxx]")


@pytest.mark.parametrize("header", [b'If-None-Match: "x"\r\n', OFFER + b'If-None-Match: "y"\r\n'])
def test_who_wants_something_else_is_not_answered_so(port: int, header: bytes) -> None:
    assert exchange(port, ask(more=header)).endswith(b"application POST /kept 5 known]")


def test_who_waits_for_leave_to_send_gets_it(port: int) -> None:
    head, body = ask(more=b"Expect: 100-continue\r\n")[:-5], b"known"
    got = exchange(port, head, body, answers=2)
    assert got.startswith(b"HTTP/1.1 100 Continue\r\n")
    assert got.endswith(b"application POST /kept 5 known]")


def test_an_offer_of_another_protocol_is_declined_here_too(port: int) -> None:
    assert exchange(port, ask(more=OFFER)).endswith(b"[ready]")


def test_who_wants_to_leave_is_told_so_and_let_go(port: int) -> None:
    got = exchange(port, ask(more=b"Connection: close\r\n") + ask(), answers=2)
    assert b"\r\nconnection: close\r\n" in got
    assert got.count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize("request_line", [b"POST /kept HTTP/1.0", b"POST /kept HTTP/1.2"])
def test_other_versions_get_what_they_always_got(port: int, request_line: bytes) -> None:
    got = exchange(port, request_line + b"\r\nHost: a\r\nContent-Length: 5\r\n\r\nknown")
    assert b"[ready]" not in got


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n"])
def test_without_one_host_nothing_is_given(port: int, hosts: bytes) -> None:
    assert exchange(port, b"GET /kept/known HTTP/1.1\r\n" + hosts + b"\r\n").startswith(b"HTTP/1.1 400 ")
    assert asked == []


def test_a_target_that_cannot_be_is_refused_in_pieces_too(port: int) -> None:
    broken = b"POST /kept#\x01 HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n"
    assert exchange(port, broken, b"known").startswith(b"HTTP/1.1 400 ")


def test_the_connection_goes_on(port: int) -> None:
    got = exchange(port, ask(), ask(b"other"), ask(), answers=3)
    assert (got.count(b"[ready]"), got.count(b"application")) == (2, 1)
