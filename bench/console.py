"""The console's pages at two sizes of the register: how long a person waits, and how that grows with the number of records."""

import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from bench import load, machine, orders, register, visit
from bench.query import BYTES_PER_RECORD
from bench.register import Sample
from bench.results import Result, Table, milliseconds, percentile, verdict
from bench.server import Failed, Server

TARGET_SECONDS = 0.100
_LIST = "/console/certificates"
_MOST_SECONDS = 20.0
_OLDER = re.compile(rb'rel="next" href="([^"]+)"')
_TOTAL = re.compile(rb">([\d,]+)</strong> pair")
_PAIR = re.compile(rb'href="(/console/certificates/[0-9a-f]{24,32})"')
_DEEP = 20
"""So many pages are walked before the deep one is measured; each costs what the next does."""


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    sizes: tuple[int, int]
    requests: int


FULL, QUICK = Plan((100_000, 1_000_000), 200), Plan((1_000, 10_000), 60)


@dataclass(frozen=True)
class Line:
    """One page: how many records it counts, how long it took when it was first asked for, and afterwards."""

    matches: int
    first: float
    latencies: tuple[float, ...]

    @property
    def p50(self) -> float:
        """The median."""
        return percentile(self.latencies, 0.5)

    @property
    def p99(self) -> float:
        """What one in a hundred exceeds."""
        return percentile(self.latencies, 0.99)


def measure(folder: Path, *, quick: bool) -> Result:
    """Fill a register, open its pages, and once more with the larger size."""
    plan = QUICK if quick else FULL
    free = shutil.disk_usage(folder).free
    if free < (needed := max(plan.sizes) * BYTES_PER_RECORD):
        raise Failed(f"The larger register takes {needed / 1e9:.1f} GB; there is room for {free / 1e9:.1f} GB. Use --quick.")
    return _result(plan, [_at_size(folder / f"register-{size}", size, plan.requests) for size in plan.sizes])


def _at_size(data: Path, size: int, requests: int) -> dict[str, Line]:
    with Server(data) as server:
        sandbox = server.sandbox
        call = orders.orders(1, sandbox["direct_domain"])[0].http(visit.access_token(sandbox))
        with load.Connections(server.address, 1) as connection:
            connection.run(load.one_after_another([call]), seconds=_MOST_SECONDS)
        cookie = visit.session(sandbox)
    database = next(data.glob("*.sqlite"))
    samples = register.fill(database, size, min(requests, size // 2))
    with Server(data) as server, load.Connections(server.address, machine.cores()) as connections:
        lines = dict(_everything(_Reader(connections, cookie, requests), samples))
    database.unlink()  # gigabytes, which the next size needs
    return lines


class _Reader:
    """A person who has signed in, on a connection per core."""

    def __init__(self, connections: load.Connections, cookie: str, requests: int) -> None:
        self._connections = connections
        self._cookie = cookie
        self._requests = requests

    def opened(self, path: str) -> tuple[bytes, float]:
        """One page, and how long it took."""
        bodies: list[bytes] = []
        remaining = [load.page(path, self._cookie)]

        def source(number: int, body: bytes) -> bytes | None:
            if body:
                bodies.append(body)
            return remaining.pop() if number == 0 and remaining else None

        run = self._connections.run(source, seconds=_MOST_SECONDS)
        return bodies[0], max(run.latencies)

    def line(self, paths: Sequence[str]) -> Line:
        """The first of them once, then all of them in turn."""
        body, first = self.opened(paths[0])
        calls = [load.page(path, self._cookie) for path in paths]
        for call in calls[:1]:
            self._connections.each(call)
        run = self._connections.run(load.one_after_another(islice(cycle(calls), self._requests)), seconds=_MOST_SECONDS)
        found = _TOTAL.search(body)
        return Line(int(found[1].replace(b",", b"")) if found else 0, first, run.latencies)


def _everything(reader: _Reader, samples: Sequence[Sample]) -> Iterator[tuple[str, Line]]:
    yield "overview", reader.line(["/console"])
    yield "list", reader.line([_LIST])
    yield f"list, page {_DEEP}", reader.line([_deep(reader)])
    yield "name, a whole address", reader.line([_list(name=one.identifier) for one in samples])
    yield "name, @domain", reader.line([_list(name=one.ending) for one in samples])
    yield "name, a part within", reader.line([_list(name="clinic")])
    yield "name, a rare part within", reader.line([_list(name="0000123@*")])
    yield "serial number", reader.line([_list(serial=one.encryption_serial) for one in samples])
    for state in ("issued", "expired", "revoked", "superseded", "held"):
        yield f"state {state}", reader.line([_list(state=state)])
    yield "state expired, newest first", reader.line([_list(state="expired", sort="newest")])
    yield f"state revoked, page {_DEEP}", reader.line([_deep(reader, _list(state="revoked"))])
    yield "state and expiry", reader.line([_list(state="issued", **{"from": "2026-01-01", "to": "2099-12-31"})])
    for sort in ("name", "-name", "expires", "-expires"):
        yield f"sorted by {sort}", reader.line([_list(sort=sort)])
    yield f"sorted by name, page {_DEEP}", reader.line([_deep(reader, _list(sort="name"))])
    yield "sorted by name, state held", reader.line([_list(sort="name", state="held")])
    yield "expiry", reader.line([_list(**{"from": "2026-01-01", "to": "2099-12-31"})])
    body, _ = reader.opened(_LIST)
    yield "a pair", reader.line(sorted({found.decode() for found in _PAIR.findall(body)}))


def _list(**filters: str) -> str:
    return f"{_LIST}?{urlencode(filters)}"


def _deep(reader: _Reader, path: str = _LIST) -> str:
    for _ in range(_DEEP - 1):
        found = _OLDER.search(reader.opened(path)[0])
        if found is None:
            break
        path = found[1].decode().replace("&amp;", "&")
    return path


def _result(plan: Plan, measured: Sequence[Mapping[str, Line]]) -> Result:
    small, large = measured
    few, many = (f"{size:,}" for size in plan.sizes)
    worst = max(line.p99 for line in large.values())
    table = Table(
        f"Pages of the console in ms: {few} and {many} records, 50 a page, {machine.cores()} connections",
        ("", "matches", f"p50 {few}", "p99", f"p50 {many}", "p99", "growth", "first"),
        tuple(_row(name, small[name], large[name]) for name in large),
    )
    growth = {f"growth: {name}": round(large[name].p50 / small[name].p50, 2) for name in large}
    figures: dict[str, Any] = {
        str(size): {
            name: {"matches": line.matches, "first_ms": _ms(line.first), "p50_ms": _ms(line.p50), "p99_ms": _ms(line.p99)}
            for name, line in lines.items()
        }
        for size, lines in zip(plan.sizes, measured, strict=True)
    }
    note = (
        f"p99 ≤ {TARGET_SECONDS * 1000:.0f} ms at {many} records, the exact count included: "
        f"{verdict(worst, TARGET_SECONDS, at_least=False)}; the slowest page has {milliseconds(worst)} ms. “first” is what it "
        "took when a worker was asked for it the first time, in the larger register; growth is that of p50."
    )
    return Result("console", (table,), figures, {"worst_p99_to_target": round(worst / TARGET_SECONDS, 3), **growth}, (note,))


def _row(name: str, small: Line, large: Line) -> tuple[str, ...]:
    return (
        name,
        f"{large.matches:,}",
        milliseconds(small.p50),
        milliseconds(small.p99),
        milliseconds(large.p50),
        milliseconds(large.p99),
        f"× {large.p50 / small.p50:.1f}",
        milliseconds(large.first),
    )


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 3)
