"""OCSP requests for many serials, as bytes that are made before the clock starts, and load from processes of their own.

On kept connections each connection has one request under way; on new ones each request opens a connection and closes it after
the answer. A generator has cores of its own, which it does not share with what is measured (`machine.on`).
"""

import base64
import hashlib
import multiprocessing
import select
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from multiprocessing.connection import Connection
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from bench import load, machine
from bench.load import Run
from bench.server import Failed

_PATIENCE = 30.0
_READY_WITHIN = 120.0
_CHUNK = 65_536
_TYPE = "application/ocsp-request"
# RFC 6960 4.2.1: responseStatus successful, the first field of every answer that is one.
_SUCCESSFUL = b"\x0a\x01\x00"


@dataclass(frozen=True)
class Questions:
    """Makes the OCSP request about any serial of one CA: without a nonce, with SHA-1 hashes, as RFC 5019 2.1.1 wants it."""

    name_hash: bytes
    key_hash: bytes

    @classmethod
    def about(cls, issuer: x509.Certificate) -> "Questions":
        """Those about certificates of an issuer."""
        key = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)
        name_hash, key_hash = (hashlib.sha1(one, usedforsecurity=False).digest() for one in (issuer.subject.public_bytes(), key))
        return cls(name_hash, key_hash)

    def der(self, serial: str) -> bytes:
        """The request itself."""
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(self.name_hash, self.key_hash, int(serial, 16), hashes.SHA1())
        return builder.build().public_bytes(Encoding.DER)

    def post(self, serial: str) -> bytes:
        """The whole HTTP request."""
        return load.post("/ocsp", _TYPE, self.der(serial))

    def get(self, serial: str) -> bytes:
        """The same in the path (RFC 6960 A.1)."""
        text = quote(base64.b64encode(self.der(serial)).decode("ascii"), safe="")
        return f"GET /ocsp/{text} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()


@dataclass(frozen=True)
class Volley:
    """What a generator is to send: at most so many requests for so many seconds, on so many connections at once."""

    address: tuple[str, int]
    connections: int
    seconds: float
    requests: int
    kept: bool = True


class Generators:
    """Processes that send, one per core that they may use; each has an equal share of the requests and of the connections."""

    def __init__(self, calls: Sequence[bytes]) -> None:
        context = multiprocessing.get_context("spawn")
        self._count = machine.cores()
        self._pipes: list[Connection] = []
        self._processes = []
        for place in range(self._count):
            mine, theirs = context.Pipe()
            process = context.Process(target=_generate, args=(theirs, calls[place :: self._count]), daemon=True)
            process.start()
            theirs.close()
            self._pipes.append(mine)
            self._processes.append(process)
        for pipe in self._pipes:
            _answer(pipe, _READY_WITHIN)

    def __enter__(self) -> "Generators":
        return self

    def __exit__(self, *_: object) -> None:
        for process in self._processes:
            process.terminate()
            process.join()

    def send(self, volley: Volley) -> Run:
        """Send from all at once. Each goes on in its requests where it ended, and begins anew after the last."""
        connections, requests = -(-volley.connections // self._count), -(-volley.requests // self._count)
        for pipe in self._pipes:
            pipe.send(Volley(volley.address, connections, volley.seconds, requests, volley.kept))
        runs = [_answer(pipe, volley.seconds + _READY_WITHIN) for pipe in self._pipes]
        latencies = tuple(latency for one in runs for latency in one.latencies)
        return Run(latencies, max(one.seconds for one in runs), sum(one.own_cpu for one in runs))

    def cpu_share(self, run: Run) -> float:
        """How much of its cores the generators took: far below 1, or they would be what was measured."""
        return run.own_cpu / run.seconds / self._count


def _answer(pipe: Connection, seconds: float) -> Run:
    if not pipe.poll(seconds):
        raise Failed("A load generator has said nothing.")
    found = pipe.recv()
    if isinstance(found, Exception):
        raise found
    assert isinstance(found, Run)  # nothing else is sent
    return found


def _generate(pipe: Connection, calls: Sequence[bytes]) -> None:
    """In a process of its own: send what is asked for until the parent ends it."""
    source = cycle(calls)
    pipe.send(Run((), 0.0, 0.0))
    while True:
        volley = pipe.recv()
        try:
            pipe.send(_kept(volley, source) if volley.kept else _new(volley, source))
        except (Failed, OSError) as error:
            pipe.send(error)


def _kept(volley: Volley, source: Iterator[bytes]) -> Run:
    with load.Connections(volley.address, volley.connections) as connections:
        following = islice(source, volley.requests)

        def checked(_number: int, body: bytes) -> bytes | None:
            if body:
                _check(body)
            return next(following, None)

        return connections.run(checked, seconds=volley.seconds)


def _new(volley: Volley, source: Iterator[bytes]) -> Run:
    """A connection for each request; as soon as one is answered, the next is opened."""
    following = islice(source, volley.requests)
    latencies: list[float] = []
    poll = select.epoll()
    open_now: dict[int, tuple[socket.socket, float, list[bytes]]] = {}

    def begin() -> None:
        if (request := next(following, None)) is None:
            return
        began = time.perf_counter()
        opened = socket.create_connection(volley.address, timeout=_PATIENCE)
        opened.sendall(request)
        open_now[opened.fileno()] = (opened, began, [])
        poll.register(opened.fileno(), select.EPOLLIN)

    cpu, began = time.process_time(), time.perf_counter()
    for _ in range(volley.connections):
        begin()
    try:
        while open_now:
            ready = poll.poll(_PATIENCE)
            if not ready:
                raise Failed(f"The server has not answered for {_PATIENCE:.0f} seconds.")
            for file, _ in ready:
                opened, asked_at, parts = open_now[file]
                parts.append(piece := opened.recv(_CHUNK))
                if not _is_whole(b"".join(parts), ended=not piece):
                    continue
                now = time.perf_counter()
                latencies.append(now - asked_at)
                poll.unregister(file)
                del open_now[file]
                opened.close()
                if now - began < volley.seconds:
                    begin()
    finally:
        poll.close()
        for opened, _, _ in open_now.values():
            opened.close()
    return Run(tuple(latencies), time.perf_counter() - began, time.process_time() - cpu)


def _is_whole(answer: bytes, *, ended: bool) -> bool:
    """Whether an answer has come, and is one in the protocol."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found or len(body) < load.length(head):
        if ended:
            raise Failed("The server closed a connection before its answer was whole.")
        return False
    if b" 200 " not in head[:13]:
        raise Failed(f"The server answered {head[:40].decode(errors='replace')}")
    _check(body)
    return True


def _check(body: bytes) -> None:
    if body[4:7] != _SUCCESSFUL:
        raise Failed(f"The server answered OCSP with {body[:16].hex()}, which is not successful.")
