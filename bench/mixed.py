"""What a worker's memory does under very many requests of every kind that software sends."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path

from cryptography import x509

from bench import load, orders, peak
from bench.asking import Questions
from bench.orders import Order
from bench.seeding import Issued, issue
from bench.server import Server
from bench.token import Refreshing
from bench.visit import Person

CONNECTIONS = 8
PARTS = 10
_PAIRS = 200
_MOST_SECONDS = 3600.0
_LIST = b"GET /crl/issuing.crl HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"


@dataclass(frozen=True)
class Memory:
    """A worker's own memory, in megabytes: before the first request, and after each of ten equal parts of them."""

    process: int
    megabytes: tuple[float, ...]

    @property
    def growth(self) -> float:
        """Since half of the requests: what comes before is what a worker keeps at hand (answers, statements, a heap's room)."""
        return self.megabytes[-1] - self.megabytes[PARTS // 2]


@dataclass(frozen=True)
class Mixed:
    """How many requests were answered in how many seconds, and what each worker had meanwhile."""

    requests: int
    seconds: float
    workers: tuple[Memory, ...]


def measure(folder: Path, count: int) -> Mixed:
    """One connection refreshes tokens, the others ask for certificates, status and lists, and issue."""
    with Server(folder / "mixed") as server, Person(server.sandbox) as person:
        pairs = issue(server, _PAIRS)
        made = orders.orders(2 * _PAIRS, server.sandbox["direct_domain"])[_PAIRS:]
        tokens = person.tokens()
        about = Questions.about(x509.load_pem_x509_certificates(server.sandbox["chain_pem"].encode())[0])
        source = _Everything(Refreshing(person, [tokens.refresh], count), _calls(pairs, made, about, tokens.access))
        seen, seconds, answered = [_own_memory(server)], 0.0, 0
        with load.Connections(server.address, CONNECTIONS) as connections:
            for _ in range(PARTS):
                source.remaining = count // PARTS
                run = connections.run(source, seconds=_MOST_SECONDS)
                seconds, answered = seconds + run.seconds, answered + len(run.latencies)
                seen.append(_own_memory(server))
    workers = tuple(Memory(process, tuple(each[at] for each in seen)) for at, process in enumerate(server.workers))
    return Mixed(answered, seconds, workers)


class _Everything:
    """The first connection has a family of tokens; the others share everything else."""

    def __init__(self, refreshing: Refreshing, calls: Iterator[bytes]) -> None:
        self.remaining = 0
        self._refreshing = refreshing
        self._calls = calls

    def __call__(self, number: int, body: bytes) -> bytes | None:
        # A refresh token that was answered is the only one that is good, so it is read even when nothing follows.
        refreshed = self._refreshing(number, body) if number == 0 else None
        if self.remaining == 0:
            return None
        self.remaining -= 1
        return refreshed or next(self._calls)


def _calls(pairs: Sequence[Issued], made: Sequence[Order], about: Questions, token: str) -> Iterator[bytes]:
    """Of twenty: ten questions about status, five records, three pages, a list, an order. Orders come again by their keys."""
    statuses = cycle([call for one in pairs for call in (about.post(one.serial), about.get(one.serial))])
    records = cycle([load.get(f"/api/certificate/{one.name}", token) for one in pairs])
    pages = cycle([load.get(f"/api/certificate/query?limit=10&commonNameLike={one.name[:12]}*", token) for one in pairs])
    issued = cycle([one.http(token, f"mixed-{number}") for number, one in enumerate(made)])
    while True:
        for kind, times in ((statuses, 5), (records, 5), (statuses, 5), (pages, 3)):
            for _ in range(times):
                yield next(kind)
        yield _LIST
        yield next(issued)


def _own_memory(server: Server) -> tuple[float, ...]:
    return tuple(peak.memory(one)["RssAnon"] for one in server.workers)
