"""Load from one thread over keep-alive connections, at as little cost as possible: it shares the cores with the server.

Requests are bytes that were made before the clock starts. Of an answer only the status and the length are read.
"""

import select
import socket
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from bench.server import Failed

Source = Callable[[int, bytes], bytes | None]
"""Given a connection's number and the body it was last answered (at first empty): the next request, or None to end."""

_PATIENCE = 30.0
_CHUNK = 65_536  # what malloc keeps at hand: a larger buffer would be mapped anew for every answer
_END_OF_HEAD = b"\r\n\r\n"
_LENGTH = b"content-length: "
_CHUNKED, _LAST_CHUNK = b"transfer-encoding: chunked", b"0\r\n\r\n"
_ALIVE = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@dataclass(frozen=True)
class Run:
    """What was measured: one latency per answer, in seconds, in the order in which the answers came."""

    latencies: tuple[float, ...]
    seconds: float
    own_cpu: float

    @property
    def rate(self) -> float:
        """Answers per second."""
        return len(self.latencies) / self.seconds


@dataclass
class _Connection:
    number: int
    socket: socket.socket
    sent_at: float = 0.0
    body: bytes = b""
    parts: list[bytes] = field(default_factory=list)
    missing: int = -1
    chunked: bool = False


class Connections:
    """Open connections to one server; each has at most one request under way.

    They are opened as a client's pool grows: each is asked something before the next is opened. Which worker a connection ends up
    with is then a matter of who is free; of several that come at the same moment one worker may take them all.
    """

    def __init__(self, address: tuple[str, int], count: int, opening: Sequence[bytes] = ()) -> None:
        self._open: dict[int, _Connection] = {}
        try:
            for number in range(count):
                opened = socket.create_connection(address, timeout=_PATIENCE)
                self._open[opened.fileno()] = _Connection(number, opened)
                opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.run(only_on(number, opening[number] if opening else _ALIVE), seconds=_PATIENCE)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    @property
    def ports(self) -> tuple[int, ...]:
        """This side's ports, in the order in which the connections were opened."""
        return tuple(one.socket.getsockname()[1] for one in self._open.values())

    def close(self) -> None:
        """Close all of them."""
        for one in self._open.values():
            one.socket.close()

    def run(self, source: Source, *, seconds: float) -> Run:
        """Keep every connection busy until the source ends or the time is up. Raises Failed for any answer but 200."""
        latencies: list[float] = []
        poll = select.epoll()
        waiting = set()
        cpu, began = time.process_time(), time.perf_counter()
        for file, one in self._open.items():
            one.body = b""
            if self._send(one, source):
                poll.register(file, select.EPOLLIN)
                waiting.add(file)
        try:
            while waiting:
                ready = poll.poll(_PATIENCE)
                if not ready:
                    raise Failed(f"The server has not answered for {_PATIENCE:.0f} seconds.")
                for file, _ in ready:
                    one = self._open[file]
                    if not _receive(one):
                        continue
                    now = time.perf_counter()
                    latencies.append(now - one.sent_at)
                    if now - began > seconds or not self._send(one, source):
                        poll.unregister(file)
                        waiting.discard(file)
        finally:
            poll.close()
        return Run(tuple(latencies), time.perf_counter() - began, time.process_time() - cpu)

    def ask(self, request: bytes) -> bytes:
        """Send one request on the first connection. Returns the body of its answer."""
        self.run(only_on(0, request), seconds=_PATIENCE)
        return next(iter(self._open.values())).body

    def each(self, request: bytes) -> tuple[float, ...]:
        """Send one request on each connection, one after the other. Returns how long each answer took."""
        taken: list[float] = []
        for chosen in range(len(self._open)):
            taken += self.run(only_on(chosen, request), seconds=_PATIENCE).latencies
        return tuple(taken)

    @staticmethod
    def _send(one: _Connection, source: Source) -> bool:
        request = source(one.number, one.body)
        if request is None:
            return False
        one.parts, one.missing, one.chunked = [], -1, False
        one.sent_at = time.perf_counter()
        one.socket.sendall(request)
        return True


def one_after_another(requests: Iterable[bytes]) -> Source:
    """Whichever connection is free takes the next."""
    remaining: Iterator[bytes] = iter(requests)
    return lambda _number, _body: next(remaining, None)


def only_on(chosen: int, request: bytes) -> Source:
    """One request on one connection."""
    remaining = [request]
    return lambda number, _body: remaining.pop() if number == chosen and remaining else None


def get(path: str, access_token: str) -> bytes:
    """A GET request of the API."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {access_token}\r\n\r\n".encode()


def page(path: str, cookie: str) -> bytes:
    """A GET request of a browser in which somebody is signed in."""
    return f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode()


def post(path: str, kind: str, body: bytes, access_token: str | None = None, headers: Mapping[str, str] | None = None) -> bytes:
    """A POST request with a body of a media type."""
    said = {"Authorization": f"Bearer {access_token}"} if access_token else {}
    said |= dict(headers or {}) | {"Content-Type": kind, "Content-Length": str(len(body))}
    lines = "".join(f"{name}: {value}\r\n" for name, value in said.items())
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n{lines}\r\n".encode() + body


def _receive(one: _Connection) -> bool:
    """Take what has arrived; whether the answer is complete, and then its body is the connection's, in chunks if it came so."""
    piece = one.socket.recv(_CHUNK)
    if not piece:
        raise Failed("The server closed a connection in the midst of the measurement.")
    one.parts.append(piece)
    if one.missing < 0 and not one.chunked:
        whole = b"".join(one.parts)
        head, found, body = whole.partition(_END_OF_HEAD)
        if not found:
            return False
        one.parts = [body]
        one.chunked = _CHUNKED in head.lower()
        one.missing = 0 if one.chunked else length(head) - len(body)
        if not head.startswith(b"HTTP/1.1 200 "):
            status = head.partition(b"\r\n")[0].decode(errors="replace")
            raise Failed(f"The server answered {status}: {body[:400].decode(errors='replace')}")
    else:
        one.missing -= len(piece)
    if one.missing > 0 or (one.chunked and not b"".join(one.parts[-2:]).endswith(_LAST_CHUNK)):
        return False
    one.body = b"".join(one.parts)
    return True


def length(head: bytes) -> int:
    """What an answer says of its own length."""
    _, found, rest = head.lower().partition(_LENGTH)
    if not found:
        raise Failed("The server answered without a Content-Length.")
    return int(rest.partition(b"\r\n")[0])
