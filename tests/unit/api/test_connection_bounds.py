"""A connection is not for ever: what sends too much, too slowly, or fetches nothing, is hung up on."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
import uvicorn
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from directca.api import protocol
from directca.api.protocol import LARGEST_MESSAGE, BoundedProtocol

SHORT = 1.5
LARGE = 8_000_000
PIECE = 50_000


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """Answers at once at /unread, with much at /much and /pieces, else with the headers that it sees after the body came."""
    request = Request(scope, receive)
    if request.url.path == "/unread":
        await PlainTextResponse("refused", 400)(scope, receive, send)
        return
    if request.url.path == "/pieces":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % LARGE)]})
        for left in range(LARGE, 0, -PIECE):
            await send({"type": "http.response.body", "body": b"x" * PIECE, "more_body": left > PIECE})
        return
    body = await request.body()
    said = "x" * LARGE if request.url.path == "/much" else f"{body.decode()} {sorted(request.headers.keys())}"
    await PlainTextResponse(said)(scope, receive, send)


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """Start the protocol with short waits; answers its port."""
    monkeypatch.setattr(protocol, "HEAD_SECONDS", SHORT)
    monkeypatch.setattr(protocol, "TAKE_SECONDS", SHORT)
    running: list[tuple[uvicorn.Server, threading.Thread]] = []

    def start(**settings: int) -> int:
        listening = socket.create_server(("127.0.0.1", 0))
        config = uvicorn.Config(app, http=BoundedProtocol, lifespan="off", log_config=None, timeout_keep_alive=60, **settings)  # type: ignore[arg-type]
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        running.append((server, thread))
        while not server.started:
            time.sleep(0.01)
        port: int = listening.getsockname()[1]
        return port

    yield start
    for server, thread in running:
        server.should_exit = True
        thread.join()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=5)


def ends(connection: socket.socket) -> bytes:
    """Everything until the server hangs up; a server that does not is a failure, by the socket's time-out."""
    got = b""
    while True:
        try:
            piece = connection.recv(65_536)
        except ConnectionResetError:
            return got
        if not piece:
            return got
        got += piece


def until_hung_up_on(connection: socket.socket, piece: bytes, *, most: int, pause: float = 0.0) -> int:
    """How often a piece could be sent."""
    for count in range(most):
        try:
            connection.sendall(piece)
        except OSError:
            return count
        time.sleep(pause)
    return most


UNREAD = b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999\r\n\r\n"
GOOD = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.mark.parametrize("sent", [b"", b"\r\n", b"GET / HT"])
def test_what_does_not_become_a_request_is_hung_up_on(serve: Callable[..., int], sent: bytes) -> None:
    with connected(serve()) as connection:
        connection.sendall(sent)
        assert ends(connection) == b""


@pytest.mark.parametrize("first", [GOOD, UNREAD])
@pytest.mark.parametrize("then", [b"\r\n", b"GET / HT"])
def test_nor_does_an_answer_prolong_the_wait(serve: Callable[..., int], first: bytes, then: bytes) -> None:
    with connected(serve()) as connection:
        connection.sendall(first)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 ")
        connection.sendall(then)
        assert ends(connection) == b""


def test_drops_do_not_prolong_the_wait(serve: Callable[..., int]) -> None:
    with connected(serve()) as connection:
        connection.sendall(UNREAD)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")
        assert until_hung_up_on(connection, b"x", most=40, pause=SHORT / 4) < 40


def test_a_client_that_sends_on_after_a_refusal_may_ask_again(serve: Callable[..., int]) -> None:
    with connected(serve()) as connection:
        connection.sendall(b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")
        connection.sendall(b"abc" + GOOD)
        assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")


def test_a_large_body_that_is_refused_does_not_end_the_connection(serve: Callable[..., int]) -> None:
    with connected(serve()) as connection:
        connection.sendall(b"POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % LARGE + b"x" * LARGE + GOOD)
        got = connection.recv(65_536)
        while b"HTTP/1.1 200 " not in got:
            piece = connection.recv(65_536)
            assert piece
            got += piece
    assert got.startswith(b"HTTP/1.1 400 ")


def test_fields_after_the_body_are_no_headers(serve: Callable[..., int]) -> None:
    head = b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    with connected(serve()) as connection:
        connection.sendall(head + b"3\r\nabc\r\n0\r\nAuthorization: Bearer stolen\r\n\r\n")
        got = ends(connection)
    assert b"abc ['connection', 'host', 'transfer-encoding']" in got


@pytest.mark.parametrize("endless", [b"X: " + b"y" * 1000 + b"\r\n", b"z" * 1000], ids=["many fields", "one field"])
def test_fields_after_the_body_end_some_time(serve: Callable[..., int], endless: bytes) -> None:
    with connected(serve()) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n")
        piece = endless * 64
        # What the kernel's buffers took meanwhile is included.
        assert until_hung_up_on(connection, piece, most=64 * LARGEST_MESSAGE // len(piece)) < 16 * LARGEST_MESSAGE // len(piece)


def test_a_body_in_the_smallest_chunks_arrives(serve: Callable[..., int]) -> None:
    size = 65_536
    with connected(serve()) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.sendall(b"1\r\nx\r\n" * size + b"0\r\n\r\n")
        assert b"x" * size in ends(connection)


def test_an_answer_that_nobody_fetches_is_given_up(serve: Callable[..., int]) -> None:
    with connected(serve()) as connection:
        connection.sendall(GOOD.replace(b"/ ", b"/much ") * 4)
        time.sleep(4 * SHORT)
        assert len(ends(connection)) < 4 * LARGE


def test_an_answer_in_pieces_may_be_fetched_slowly_but_must_be(serve: Callable[..., int]) -> None:
    port = serve()
    asked = GOOD.replace(b"/ ", b"/pieces ").replace(b"Host", b"Connection: close\r\nHost")
    with connected(port) as slow, connected(port) as silent:
        for connection in (slow, silent):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65_536)
            connection.sendall(asked)
        got, next_rest, began = 0, 0, time.monotonic()
        while piece := slow.recv(400_000):
            got += len(piece)
            # Slow by what has arrived, since a busy machine hands it over in smaller pieces than a quiet one.
            if got >= next_rest and time.monotonic() - began < 3 * SHORT:
                next_rest = got + LARGE // 50
                time.sleep(SHORT / 15)
        assert time.monotonic() - began > 2 * SHORT
        assert got > LARGE
        assert len(ends(silent)) < LARGE


def test_an_answer_that_is_fetched_is_whole(serve: Callable[..., int]) -> None:
    with connected(serve()) as connection:
        connection.sendall(GOOD.replace(b"/ ", b"/much ").replace(b"Host", b"Connection: close\r\nHost"))
        assert len(ends(connection)) > LARGE


@pytest.mark.parametrize("hosts", [b"", b"Host: a\r\nHost: b\r\n", b"Host: a\r\nHost: a\r\n"])
def test_a_request_has_one_host(serve: Callable[..., int], hosts: bytes) -> None:
    with connected(serve()) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n" + hosts + b"\r\n")
        got = ends(connection)
    assert got.startswith(b"HTTP/1.1 400 ")
    assert b'"error": "bad_request"' in got


def test_http_1_0_needs_no_host(serve: Callable[..., int]) -> None:
    with connected(serve()) as connection:
        connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
        assert ends(connection).startswith(b"HTTP/1.1 200 ")


def test_one_connection_too_many_is_told_when_to_come_back(serve: Callable[..., int]) -> None:
    port = serve(limit_concurrency=2)
    with connected(port) as one, connected(port) as two:
        for connection in (one, two):
            connection.sendall(GOOD)
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200 ")
        with connected(port) as three:
            three.sendall(GOOD)
            got = ends(three)
    assert got.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1\r\n" in got
    assert b'"error": "unavailable"' in got
    time.sleep(0.1)
    with connected(port) as again:
        again.sendall(GOOD)
        assert again.recv(65_536).startswith(b"HTTP/1.1 200 ")
