"""The load generator: what it counts as an answer, and what it refuses to measure."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from bench import load
from bench.server import Failed

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"


@contextmanager
def answering(*pieces: bytes) -> Iterator[tuple[str, int]]:
    """A server for one connection: the request with which it opens is answered with an empty 200, each other with the pieces."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                connection.recv(65536)
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")
                while connection.recv(65536):
                    for piece in pieces:
                        connection.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()
    thread.join(5)


def bodies(address: tuple[str, int], count: int) -> list[bytes]:
    """What so many requests were answered."""
    seen: list[bytes] = []

    def source(_number: int, body: bytes) -> bytes | None:
        if body:
            seen.append(body)
        return load.get("/", "token") if len(seen) < count else None

    with load.Connections(address, 1) as connections:
        assert len(connections.run(source, seconds=5).latencies) == count
    return seen


def test_an_answer_that_arrives_in_pieces_is_one_answer() -> None:
    with answering(OK[:20], OK[20:] + b"he", b"llo") as address:
        assert bodies(address, 3) == [b"hello"] * 3


def test_an_answer_in_chunks_ends_with_its_last() -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    with answering(head + b"5\r\nhe", b"llo\r\n", b"0\r\n", b"\r\n") as address:
        assert bodies(address, 2) == [b"5\r\nhello\r\n0\r\n\r\n"] * 2


def test_anything_but_200_is_not_measured() -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 6\r\n\r\nno way"
    with answering(refusal) as address, pytest.raises(Failed, match="403 Forbidden: no way"):
        bodies(address, 1)


def test_an_answer_of_unknown_length_is_not_measured() -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as address, pytest.raises(Failed, match="Content-Length"):
        bodies(address, 1)


def test_a_connection_that_ends_is_not_measured() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def hang_up() -> None:
            listening.accept()[0].close()

        closer = threading.Thread(target=hang_up, daemon=True)
        closer.start()
        with pytest.raises((Failed, ConnectionError)):
            load.Connections(listening.getsockname(), 1)
        closer.join(5)


def test_the_time_ends_a_run_that_the_source_would_not() -> None:
    with answering(OK + b"hello") as address, load.Connections(address, 1) as connections:
        run = connections.run(lambda _number, _body: load.get("/", "token"), seconds=0.05)
    assert 0.05 <= run.seconds < 5
    assert run.rate == pytest.approx(len(run.latencies) / run.seconds)
