"""What the connection does before there is a request: offers of another protocol are declined without loss."""

import socket
import time
from collections.abc import Iterator

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from directca.api.frame import ARRIVED
from directca.api.protocol import LARGEST_HEAD
from tests.unit.api.on_a_socket import listening

OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAA\r\n"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Says what came."""
    request = Request(scope, receive)
    body = await request.body()
    names = sorted(name for name in request.headers if name in ("upgrade", "http2-settings"))
    await PlainTextResponse(f"{request.method} {request.url.path} {body.decode()} {names}")(scope, receive, send)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The protocol on a socket."""
    with listening(echo) as found:
        yield found


def exchange(port: int, *parts: bytes, answers: int = 1) -> bytes:
    """Send in pieces and read until so many answers came, or the server hung up."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        for part in parts:
            connection.sendall(part)
            time.sleep(0.05)
        got = b""
        while got.count(b"HTTP/1.1 ") < answers or not got.endswith(b"]"):
            try:
                piece = connection.recv(65_536)
            except ConnectionResetError:  # hung up on while there was more to read
                break
            if not piece:
                break
            got += piece
        return got


def post(body: bytes = b"abc", path: bytes = b"/one", offer: bytes = OFFER) -> bytes:
    return b"POST " + path + b" HTTP/1.1\r\nHost: a\r\n" + offer + b"Content-Length: %d\r\n\r\n" % len(body) + body


def test_the_body_of_an_offer_arrives(port: int) -> None:
    assert b"POST /one abc []" in exchange(port, post())


@pytest.mark.parametrize("cut", [10, 60, 110, len(post()) - 3, len(post()) - 1])
def test_it_arrives_in_pieces_too(port: int, cut: int) -> None:
    assert b"POST /one abc []" in exchange(port, post()[:cut], post()[cut:])


@pytest.mark.parametrize("cut", [10, len(post(offer=b"")) - 1, len(post(offer=b""))])
def test_the_application_is_told_whether_the_whole_request_is_here(cut: int) -> None:
    told: list[tuple[bool, bool]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        at_first = ARRIVED in scope["state"]
        await Request(scope, receive).body()
        told.append((at_first, ARRIVED in scope["state"]))
        await PlainTextResponse("[]")(scope, receive, send)

    with listening(app) as port:
        exchange(port, post(offer=b"")[:cut], post(offer=b"")[cut:])
    head = post(offer=b"").index(b"abc")
    assert told == [(cut < head or cut >= len(post(offer=b"")), True)]


def test_a_chunked_body_arrives(port: int) -> None:
    head = b"POST /one HTTP/1.1\r\nHost: a\r\n" + OFFER + b"Transfer-Encoding: chunked\r\n\r\n"
    assert b"POST /one abc []" in exchange(port, head, b"3\r\nabc\r\n0\r\n\r\n")


def test_the_connection_goes_on(port: int) -> None:
    got = exchange(port, post(), post(b"def", b"/two", b""), post(b"ghi", b"/three"), answers=3)
    assert [line for line in (b"/one abc", b"/two def", b"/three ghi") if line not in got] == []


def test_requests_in_one_packet_are_all_answered(port: int) -> None:
    got = exchange(port, post() + post(b"def", b"/two") + post(b"ghi", b"/three", b""), answers=3)
    assert [line for line in (b"/one abc", b"/two def", b"/three ghi") if line not in got] == []


def test_a_websocket_is_declined_like_any_other(port: int) -> None:
    assert b"POST /one abc []" in exchange(port, post(offer=b"Connection: Upgrade\r\nUpgrade: websocket\r\n"))


def test_connect_is_refused(port: int) -> None:
    assert exchange(port, b"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n").startswith(b"HTTP/1.1 400 ")


def test_an_offer_does_not_lift_the_bound(port: int) -> None:
    head = b"POST /one HTTP/1.1\r\nHost: a\r\n" + OFFER + b"X: " + b"x" * LARGEST_HEAD
    assert b"200" not in exchange(port, head, b"\r\n\r\n")[:12]


def test_what_is_not_http_is_refused_after_an_offer(port: int) -> None:
    assert b"HTTP/1.1 400 " in exchange(port, post(), b"\x00\x01 nonsense\r\n\r\n", answers=2)
