"""Load that does not wait for answers: requests come when they come, as those of many clients do, however slow the server is.

The moments are those of a Poisson process. A request's time counts from its moment, also when no connection is free for it, so
that a server which stands still is not spared what came meanwhile.
"""

import random
import select
import socket
import time
from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from bench import load
from bench.server import Failed

_PATIENCE = 30.0
_CHUNK = 65_536
_END_OF_HEAD = b"\r\n\r\n"
REFUSED = 503


@dataclass(frozen=True)
class Answer:
    """One request's: the status, and the seconds from its moment to the whole answer."""

    status: int
    seconds: float


@dataclass(frozen=True)
class Arrivals:
    """What became of the requests, in the order of their answers; how long it took, and the generator's own share of a core."""

    answers: tuple[Answer, ...]
    seconds: float
    own_cpu: float
    without_hint: int
    """Refusals that did not say when to come back."""

    def of(self, status: int) -> list[float]:
        """The times of the answers with a status."""
        return [one.seconds for one in self.answers if one.status == status]

    @property
    def statuses(self) -> Counter[int]:
        """How many answers there were of each status."""
        return Counter(one.status for one in self.answers)


@dataclass
class _Line:
    """A connection, and the request that is under way on it."""

    socket: socket.socket
    request: bytes = b""
    due: float = 0.0
    received: bytearray = field(default_factory=bytearray)


class Crowd:
    """Many clients of one server, on so many connections at the most."""

    def __init__(self, address: tuple[str, int], connections: int) -> None:
        self._address = address
        self._poll = select.epoll()
        self._free: deque[_Line] = deque()
        self._lines: dict[int, _Line] = {}
        try:
            for _ in range(connections):
                self._open()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections."""
        for line in self._lines.values():
            line.socket.close()
        self._poll.close()

    def send(self, requests: deque[bytes], rate: float, count: int) -> Arrivals:
        """Send `count` requests at `rate` a second. One that is refused goes back to the others and is sent again: it had no
        effect. Raises Failed when the server does not answer, or the requests run out."""
        moments = _moments(rate, count)
        waiting: deque[float] = deque()
        answers: list[Answer] = []
        without_hint = 0
        cpu, began = time.process_time(), time.perf_counter()
        upcoming = next(moments)
        while len(answers) < count:
            now = time.perf_counter() - began
            while upcoming <= now:
                waiting.append(upcoming)
                upcoming = next(moments, float("inf"))
            while waiting and self._free:
                if not requests:
                    raise Failed("The requests that were made before did not suffice.")
                self._begin(self._free.popleft(), requests.popleft(), began + waiting.popleft())
            patience = min(max(upcoming - now, 0.0), _PATIENCE)
            ready = self._poll.poll(patience)
            if not ready and upcoming == float("inf"):
                raise Failed(f"The server has not answered for {_PATIENCE:.0f} seconds.")
            for file, _ in ready:
                line = self._lines[file]
                if (head := self._receive(line)) is None:
                    continue
                status = int(head[9:12])
                answers.append(Answer(status, time.perf_counter() - line.due))
                if status == REFUSED:
                    requests.append(line.request)
                    without_hint += b"\r\nretry-after: " not in head.lower()
                self._end(line, head)
        return Arrivals(tuple(answers), time.perf_counter() - began, time.process_time() - cpu, without_hint)

    def _open(self) -> None:
        opened = socket.create_connection(self._address, timeout=_PATIENCE)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        line = _Line(opened)
        self._lines[opened.fileno()] = line
        self._poll.register(opened.fileno(), select.EPOLLIN)
        self._free.append(line)

    def _begin(self, line: _Line, request: bytes, due: float) -> None:
        line.request, line.due = request, due
        line.received.clear()
        line.socket.sendall(request)

    def _receive(self, line: _Line) -> bytes | None:
        """Take what has arrived. The head of the answer when it is whole."""
        piece = line.socket.recv(_CHUNK)
        if not piece:
            raise Failed("The server closed a connection without an answer.")
        line.received += piece
        head, found, body = bytes(line.received).partition(_END_OF_HEAD)
        return head if found and len(body) >= load.length(head + b"\r\n") else None

    def _end(self, line: _Line, head: bytes) -> None:
        if b"\r\nconnection: close" not in head.lower():
            self._free.append(line)
            return
        self._poll.unregister(line.socket.fileno())
        del self._lines[line.socket.fileno()]
        line.socket.close()
        self._open()


def _moments(rate: float, count: int) -> Iterable[float]:
    chance = random.Random(count)
    moment = 0.0
    for _ in range(count):
        moment += chance.expovariate(rate)
        yield moment
