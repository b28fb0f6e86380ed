"""Retrieve and query at two sizes of the register: what a page costs, and how that grows with the number of records."""

import re
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

from bench import load, machine, orders, register, visit
from bench.register import Sample
from bench.results import Result, Table, milliseconds, percentile, verdict
from bench.server import Failed, Server

TARGET_SECONDS = 0.020
LIMIT = 10
DEEP_PAGE = 10_000
_MOST_SECONDS = 15.0
_SETTLE_SECONDS = 2.0
BYTES_PER_RECORD = 7000
_NEXT = re.compile(rb'"nextPageUri":"([^"]+)"')
_TOTAL = re.compile(rb'"totalCount":(\d+)')
_PATH = "/api/certificate/"


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    sizes: tuple[int, int]
    requests: int


FULL, QUICK = Plan((1_000, 1_000_000), 400), Plan((1_000, 10_000), 150)


@dataclass(frozen=True)
class Line:
    """One row of the table: at one size, the latencies of many requests, and of those that came first."""

    matches: int
    first: tuple[float, ...]
    latencies: tuple[float, ...]
    page: int = 1

    @property
    def p50(self) -> float:
        """The median."""
        return percentile(self.latencies, 0.5)

    @property
    def p99(self) -> float:
        """What one in a hundred exceeds."""
        return percentile(self.latencies, 0.99)


@dataclass(frozen=True)
class AtSize:
    """Everything at one size; `lines` by what was asked."""

    records: int
    seeding: float
    start: float
    file_bytes: int
    lines: Mapping[str, Line]


def measure(folder: Path, *, quick: bool) -> Result:
    """Fill a register, ask, and once more with the larger size."""
    plan = QUICK if quick else FULL
    free = shutil.disk_usage(folder).free
    if free < (needed := max(plan.sizes) * BYTES_PER_RECORD):
        raise Failed(f"The larger register takes {needed / 1e9:.1f} GB; there is room for {free / 1e9:.1f} GB. Use --quick.")
    return _result(plan, [_at_size(folder / f"register-{size}", size, plan.requests) for size in plan.sizes])


def total(body: bytes) -> int:
    """How many records match, as a page says."""
    found = _TOTAL.search(body)
    if found is None:
        raise Failed("A query was answered without a totalCount.")
    return int(found[1])


def _at_size(data: Path, size: int, requests: int) -> AtSize:
    with Server(data) as server:
        sandbox = server.sandbox
        token = visit.access_token(sandbox)
        call = orders.orders(1, sandbox["direct_domain"])[0].http(token)
        with load.Connections(server.address, 1) as connection:
            connection.run(load.one_after_another([call]), seconds=_MOST_SECONDS)
    began = time.perf_counter()
    database = next(data.glob("*.sqlite"))
    samples = register.fill(database, size, min(requests, size // 2))
    seeding = time.perf_counter() - began
    server = Server(data)
    try:
        start = server.start()
        with load.Connections(server.address, machine.cores()) as connections:
            lines = _Asking(connections, token, requests, size).everything(samples)
    finally:
        server.stop()
    found = AtSize(size, seeding, start, database.stat().st_size, lines)
    database.unlink()  # gigabytes, which the next size needs
    return found


class _Asking:
    """Asks one running server, on a connection per core."""

    def __init__(self, connections: load.Connections, token: str, requests: int, size: int) -> None:
        self._connections = connections
        self._token = token
        self._requests = requests
        self._size = size

    def everything(self, samples: Sequence[Sample]) -> dict[str, Line]:
        """Every function and filter, by name."""
        # Just after its start a worker still compiles what it will need; one record, asked for again and again, lets it finish.
        again = cycle([load.get(f"{_PATH}{samples[0].identifier}", self._token)])
        self._connections.run(load.one_after_another(again), seconds=_SETTLE_SECONDS)
        lines = {"retrieve": self._many([f"{_PATH}{one.identifier}" for one in samples], matches=1)}
        for name, parameters in _DISTINCT.items():
            lines[name] = self._many([_query(**parameters(one)) for one in samples])
        for name, same in _BROAD.items():
            lines[name] = self._many([_query(**same)])
            lines[f"{name}, deep"] = self._deep(same)
        for name, same in _RARE.items():
            lines[name] = self._many([_query(**same)])
        return lines

    def _many(self, paths: Sequence[str], *, matches: int | None = None, page: int = 1) -> Line:
        calls = [load.get(path, self._token) for path in paths]
        bodies: list[bytes] = []
        first = [*self._keeping(calls[0], bodies), *self._connections.each(calls[0])]
        source = load.one_after_another(islice(cycle(calls), self._requests))
        run = self._connections.run(source, seconds=_MOST_SECONDS)
        return Line(total(bodies[0]) if matches is None else matches, tuple(first), run.latencies, page)

    def _deep(self, parameters: dict[str, str]) -> Line:
        """The ten-thousandth page or, where there are fewer, one in the middle: found by its offset, asked for by its cursor."""
        bodies: list[bytes] = []
        self._keeping(load.get(_query(**parameters), self._token), bodies)
        pages = -(-total(bodies[0]) // LIMIT)
        page = min(DEEP_PAGE, max(2, pages // 2))
        self._keeping(load.get(_query(**parameters, offset=str((page - 2) * LIMIT)), self._token), bodies)
        return self._many([_following(bodies[-1])], page=page)

    def _keeping(self, call: bytes, bodies: list[bytes]) -> tuple[float, ...]:
        """Ask once and keep the answer."""
        remaining = [call]

        def source(number: int, body: bytes) -> bytes | None:
            if body:
                bodies.append(body)
            return remaining.pop() if number == 0 and remaining else None

        return self._connections.run(source, seconds=_MOST_SECONDS).latencies


def _query(**parameters: str) -> str:
    return f"{_PATH}query?{urlencode(parameters | {'limit': str(LIMIT)})}"


def _following(body: bytes) -> str:
    found = _NEXT.search(body)
    if found is None:
        raise Failed("A page that should have a next one has none.")
    parts = urlsplit(found[1].decode("ascii"))
    return f"{parts.path}?{parts.query}"


_DISTINCT: dict[str, Callable[[Sample], dict[str, str]]] = {
    "commonNameIs": lambda one: {"commonNameIs": one.identifier},
    "signingSerialIs": lambda one: {"signingSerialIs": one.signing_serial},
    "encryptionSerialIs": lambda one: {"encryptionSerialIs": one.encryption_serial},
    "commonNameLike bob.0001*": lambda one: {"commonNameLike": one.beginning + "*"},
    "commonNameLike *@clinic-6.west.example": lambda one: {"commonNameLike": "*" + one.ending},
}
"""A different value in each request."""

_BROAD = {
    "no filter": {},
    "commonNameLike alice*": {"commonNameLike": "alice*"},
    "commonNameLike *.west.example": {"commonNameLike": "*.west.example"},
    "commonNameLike *clinic*": {"commonNameLike": "*clinic*"},
}
"""The same value in each request, and so many matches that there are deep pages."""

_RARE = {
    "commonNameLike *0000123@*": {"commonNameLike": "*0000123@*"},
    "commonNameLike *nobody*": {"commonNameLike": "*nobody*"},
}
"""Few matches or none, in the midst of names, where no index helps."""


def _result(plan: Plan, sizes: Sequence[AtSize]) -> Result:
    small, large = sizes
    names = list(large.lines)
    worst = max(line.p99 for line in large.lines.values())
    few, many = (_short(size.records) for size in sizes)
    table = Table(
        f"Retrieve and query in ms: {few} and {many} records, {LIMIT} a page, {machine.cores()} connections",
        ("", "matches", f"p50 {few}", "p99", f"p50 {many}", "p99", "growth", "first"),
        tuple(_row(name, small.lines[name], large.lines[name]) for name in names),
    )
    growth = {name: round(large.lines[name].p50 / small.lines[name].p50, 2) for name in names}
    ratios = {"worst_p99_to_target": round(worst / TARGET_SECONDS, 3), **{f"growth: {name}": one for name, one in growth.items()}}
    return Result("query", (table,), {str(size.records): _figures(size) for size in sizes}, ratios, _notes(plan, large, worst))


def _short(count: int) -> str:
    """1,000 as 1k, 1,000,000 as 1M."""
    return f"{count // 1_000_000}M" if count >= 1_000_000 else f"{count // 1000}k"


def _figures(size: AtSize) -> dict[str, Any]:
    return {
        "seeding_seconds": round(size.seeding, 1),
        "start_seconds": round(size.start, 2),
        "file_bytes": size.file_bytes,
        "asked": {
            name: {
                "matches": line.matches,
                "page": line.page,
                "requests": len(line.latencies),
                "p50_ms": round(line.p50 * 1000, 3),
                "p99_ms": round(line.p99 * 1000, 3),
                "first_ms": round(max(line.first) * 1000, 3),
            }
            for name, line in size.lines.items()
        },
    }


def _notes(plan: Plan, large: AtSize, worst: float) -> tuple[str, ...]:
    target = (
        f"p99 ≤ {TARGET_SECONDS * 1000:.0f} ms at {large.records:,} records, exact totalCount included: "
        f"{verdict(worst, TARGET_SECONDS, at_least=False)}; the slowest row has {milliseconds(worst)} ms."
    )
    warm_up = (
        f"{plan.requests} requests a row after {machine.cores() + 1} to warm up, and {_SETTLE_SECONDS:.0f} s of retrieves before "
        "all. “first” is the slowest of those to warm up, in the larger register: each worker counts what matches a filter when "
        "it is first asked for it, and afterwards only what is new."
    )
    size = (
        f"With {large.records:,} records the server started in {large.start:.1f} s; its database has "
        f"{large.file_bytes / 1e9:.2f} GB and was filled in {large.seeding:.0f} s. Growth is that of p50."
    )
    return target, warm_up, size


def _row(name: str, small: Line, large: Line) -> tuple[str, ...]:
    return (
        name.replace(", deep", f", page {large.page:,}"),
        f"{large.matches:,}",
        milliseconds(small.p50),
        milliseconds(small.p99),
        milliseconds(large.p50),
        milliseconds(large.p99),
        f"× {large.p50 / small.p50:.1f}",
        milliseconds(max(large.first)),
    )
