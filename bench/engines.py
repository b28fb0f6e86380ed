"""Pairs per second on each engine, with an issuing key of the usual and of the smaller size, for few and for many clients.

What `issue` measures at eight connections on SQLite, in fewer words and for eight times as many cases.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import authority, floor, load, machine, orders, visit
from bench.authority import SMALLER_BITS, USUAL_BITS
from bench.floor import Floor, SignerFacts
from bench.orders import Order
from bench.postgres import Postgres
from bench.results import Result, Table, milliseconds, percentile, verdict
from bench.server import Failed, Server

SQLITE, POSTGRESQL = "SQLite", "PostgreSQL"
TARGETS = {(SQLITE, USUAL_BITS): 0.65, (POSTGRESQL, USUAL_BITS): 0.55}
TARGET_CONNECTIONS = 8
_WARM_UP = 64
_MOST_SECONDS = 60.0


@dataclass(frozen=True)
class Plan:
    """How much is measured: pairs at so many connections, in so many rounds, each between two measurements of the floor."""

    pairs: dict[int, int]
    rounds: int
    floor_seconds: float

    @property
    def orders(self) -> int:
        """How many orders that takes."""
        return _WARM_UP + self.rounds * sum(self.pairs.values())


FULL, QUICK = Plan({1: 150, 8: 500, 64: 500}, 3, 2.0), Plan({1: 40, 8: 100, 64: 128}, 1, 1.0)


@dataclass(frozen=True)
class Case:
    """An engine and the size of the issuing key."""

    engine: str
    bits: int

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.engine}, RSA-{self.bits}"


@dataclass
class Line:
    """What was measured for one case at one number of connections, over all rounds; `cpu` is that of everybody."""

    case: Case
    connections: int
    latencies: list[float] = field(default_factory=list)
    seconds: float = 0.0
    cpu: float = 0.0
    floors: list[Floor] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Pairs per second."""
        return len(self.latencies) / self.seconds

    @property
    def floor(self) -> float:
        """Pairs per second of the key alone, just before and just after."""
        return fmean(one.pairs_per_second for one in self.floors)

    @property
    def ratio(self) -> float:
        """What the authority reaches of the floor."""
        return self.rate / self.floor

    @property
    def cpu_ratio(self) -> float:
        """Of the time that server, database and load generator take of the cores, the share that two bare signatures need."""
        return fmean(one.cpu_per_pair for one in self.floors) * len(self.latencies) / self.cpu


def measure(folder: Path, *, quick: bool) -> Result:
    """Every engine that there is, with both keys. A PostgreSQL that is missing is said to be."""
    plan = QUICK if quick else FULL
    cases = [Case(SQLITE, bits) for bits in (USUAL_BITS, SMALLER_BITS)]
    made: list[Order] = []
    lines = [line for case in cases for line in _case(folder, case, plan, made)]
    missing = ""
    try:
        with authority.postgresql(folder) as database:
            for bits in (USUAL_BITS, SMALLER_BITS):
                lines += _case(folder, Case(POSTGRESQL, bits), plan, made, database)
    except Failed as error:
        if any(line.case.engine == POSTGRESQL for line in lines):
            raise
        missing = str(error)
    return _result(plan, lines, missing)


def _case(folder: Path, case: Case, plan: Plan, made: list[Order], database: Postgres | None = None) -> list[Line]:
    """Every sandbox certifies the same domain: what was made for the first is good for all."""
    data = folder / case.name.replace(", ", "-").lower()
    address = "" if database is None else database.new_database()
    with authority.server(data, case.bits, address) as server:
        sandbox = server.sandbox
        if not made:
            made += orders.orders(plan.orders, sandbox["direct_domain"])
        signer, bits = floor.issuing_key(data, sandbox["chain_pem"])
        if bits != case.bits:
            raise Failed(f"The issuing key has {bits} bits and was to have {case.bits}.")
        token = visit.access_token(sandbox)
        calls = iter([order.http(token) for order in made])
        with load.Connections(server.address, TARGET_CONNECTIONS) as connections:
            connections.run(load.one_after_another(islice(calls, _WARM_UP)), seconds=_MOST_SECONDS)
        lines = [Line(case, connections) for connections in plan.pairs]
        _rounds(_Measuring(server, database, signer, plan), lines, calls)
    return lines


@dataclass(frozen=True)
class _Measuring:
    server: Server
    database: Postgres | None
    signer: SignerFacts
    plan: Plan

    def cpu(self) -> float:
        """What server and database have taken of the cores so far."""
        processes = [self.server.parent] if self.database is None else [self.server.parent, self.database.process.pid]
        return sum(machine.family_time(one) for one in processes)

    def floor(self) -> Floor:
        """The floor at this moment."""
        return floor.measured(self.signer, self.plan.floor_seconds)


def _rounds(measuring: _Measuring, lines: Sequence[Line], calls: Iterator[bytes]) -> None:
    before = measuring.floor()
    for _ in range(measuring.plan.rounds):
        for line in lines:
            with load.Connections(measuring.server.address, line.connections) as connections:
                earlier = measuring.cpu()
                source = load.one_after_another(islice(calls, measuring.plan.pairs[line.connections]))
                run = connections.run(source, seconds=_MOST_SECONDS)
                line.cpu += measuring.cpu() - earlier + run.own_cpu
            line.latencies += run.latencies
            line.seconds += run.seconds
            after = measuring.floor()
            line.floors += [before, after]
            before = after


def _result(plan: Plan, lines: Sequence[Line], missing: str) -> Result:
    rows = [_row(line) for line in lines]
    if missing:
        rows.append((f"{POSTGRESQL}: not measured", *("",) * 7, "–"))
    table = Table(
        f"Issue on each engine: {machine.cores()} cores, durable commits",
        ("", "connections", "pairs/s", "p50 ms", "p99 ms", "floor", "ratio", "by CPU", "target"),
        tuple(rows),
    )
    ratios = {f"{line.case.name}, {line.connections} connections": round(line.ratio, 3) for line in lines}
    notes = (
        f"Every row is measured in {plan.rounds} turns, with the floor in between: two signatures per pair, on all cores.",
        "“by CPU” counts server, database and load generator.",
        *((f"{POSTGRESQL} was not measured: {missing}.",) if missing else ()),
    )
    return Result("engines", (table,), {"cases": [_figures(line) for line in lines], "not_measured": missing}, ratios, notes)


def _row(line: Line) -> tuple[str, ...]:
    return (
        line.case.name,
        str(line.connections),
        f"{line.rate:,.0f}",
        milliseconds(percentile(line.latencies, 0.5)),
        milliseconds(percentile(line.latencies, 0.99)),
        f"{line.floor:,.0f}",
        f"{line.ratio:.2f}",
        f"{line.cpu_ratio:.2f}",
        _verdict(line),
    )


def _verdict(line: Line) -> str:
    """The targets are for the usual key and clients enough to keep the cores busy."""
    target = TARGETS.get((line.case.engine, line.case.bits))
    if target is None or line.connections != TARGET_CONNECTIONS:
        return ""
    return f"≥ {target}: {verdict(line.ratio, target, at_least=True)}"


def _figures(line: Line) -> dict[str, Any]:
    return {
        "engine": line.case.engine,
        "key_bits": line.case.bits,
        "connections": line.connections,
        "pairs": len(line.latencies),
        "pairs_per_second": round(line.rate, 1),
        "p50_ms": round(percentile(line.latencies, 0.5) * 1000, 3),
        "p99_ms": round(percentile(line.latencies, 0.99) * 1000, 3),
        "floor_pairs_per_second": round(line.floor, 1),
        "ratio": round(line.ratio, 3),
        "by_cpu_time": round(line.cpu_ratio, 3),
    }
