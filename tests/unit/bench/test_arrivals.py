"""Load that does not wait: every request is answered for, whatever the answer, and what was refused goes back."""

import socket
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import pairwise

import pytest
from bench.arrivals import Crowd, _moments
from bench.server import Failed

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
LATER = b"HTTP/1.1 503 Later\r\nretry-after: 1\r\ncontent-length: 0\r\n\r\n"
NOT_SO = b"HTTP/1.1 503 Later\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


@contextmanager
def answering(*answers: bytes) -> Iterator[tuple[str, int]]:
    """A server that gives these answers, one for each request, to one connection after the other."""
    remaining = deque(answers)
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    while connection.recv(65536):
                        answer = remaining.popleft()
                        connection.sendall(answer)
                        if not answer or b"close" in answer:
                            break

        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()


def test_every_answer_is_counted_by_its_status_and_what_was_refused_is_sent_again() -> None:
    requests = deque([b"one", b"two"])
    with answering(LATER, OK, NOT_SO, LATER, OK) as address, Crowd(address, 1) as crowd:
        found = crowd.send(requests, rate=500, count=5)
    assert dict(found.statuses) == {200: 2, 503: 3}
    assert found.without_hint == 1
    assert len(found.of(200)) == 2
    assert not requests


def test_a_server_that_hangs_up_is_not_measured() -> None:
    with answering(b"") as address, Crowd(address, 1) as crowd, pytest.raises(Failed, match="closed a connection"):
        crowd.send(deque([b"one"]), rate=500, count=1)


def test_without_requests_there_is_no_measurement() -> None:
    with answering(OK) as address, Crowd(address, 1) as crowd, pytest.raises(Failed, match="did not suffice"):
        crowd.send(deque([b"one"]), rate=500, count=2)


def test_moments_come_at_the_rate_and_not_evenly() -> None:
    moments = list(_moments(100.0, 20_000))
    gaps = [after - before for before, after in pairwise(moments)]
    assert moments[-1] == pytest.approx(200, rel=0.05)
    assert min(gaps) < 0.001
    assert max(gaps) > 0.05
