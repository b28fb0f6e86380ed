"""A server that is about to end answers everybody, and lets each connection end with its answer."""

import os
import socket
from collections.abc import Iterator

import pytest
from starlette.responses import PlainTextResponse

from directca.api.draining import Draining
from directca.api.protocol import BoundedProtocol
from directca.api.ready import Ready
from tests.unit.api.on_a_socket import listening

REQUEST = b"GET %s HTTP/1.1\r\nHost: x\r\n\r\n"


def find(_method: bytes, target: bytes, _body: bytes) -> tuple[bytes, ...] | None:
    return (b"content-length: 5\r\n", b"ready") if target == b"/kept/known" else None


@pytest.fixture
def draining(monkeypatch: pytest.MonkeyPatch) -> Draining:
    made = Draining()
    monkeypatch.setattr(BoundedProtocol, "draining", staticmethod(made))
    return made


@pytest.fixture
def port(draining: Draining) -> Iterator[int]:
    with listening(PlainTextResponse("asked"), Ready(b"/kept", find)) as found:
        yield found


def answer(connection: socket.socket, target: bytes) -> bytes:
    connection.sendall(REQUEST % target)
    return connection.recv(65_536)


@pytest.mark.parametrize("target", [b"/kept/known", b"/kept/unknown", b"/other"])
def test_the_next_answer_of_a_connection_is_its_last(port: int, draining: Draining, target: bytes) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        assert b"connection: close" not in answer(connection, target)
        draining.begin()
        told = answer(connection, target)
        assert told.startswith(b"HTTP/1.1 200")
        assert b"connection: close\r\n" in told
        assert connection.recv(1) == b""


def test_the_sign_is_seen_by_those_that_were_forked_before_it_was_given() -> None:
    draining = Draining()
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(reading, 1)
        os._exit(7 if draining() else 0)
    assert not draining()
    draining.begin()
    os.write(writing, b".")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    os.close(reading)
    os.close(writing)
