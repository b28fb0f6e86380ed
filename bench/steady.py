"""What stays as it is: memory under very many requests, speed with very many records, and an order that is sent twice.

By default it takes some minutes. `--long` has a million requests and ten million records: an hour, and seventy gigabytes.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import floor, interrupted, load, mixed, orders, seeding, visit
from bench.floor import Floor
from bench.interrupted import Interrupted
from bench.mixed import PARTS, Mixed
from bench.query import BYTES_PER_RECORD
from bench.results import Result, Table, verdict
from bench.server import Server

CONNECTIONS = 8
FLAT = 0.2
_WARM_UP = 64
_MOST_SECONDS = 60.0
_GROWN_MEGABYTES = 1.0
_ROUNDS = 3


@dataclass(frozen=True)
class Plan:
    """Mixed requests; sizes of the register, with the pairs issued in a round at each; orders of the client that is killed."""

    requests: int
    sizes: tuple[int, ...]
    pairs: int
    orders: int
    floor_seconds: float = 2.0


QUICK = Plan(4_000, (1_000, 10_000), 80, 1_000, 1.0)
FULL = Plan(100_000, (10_000, 1_000_000), 400, 10_000)
LONG = Plan(1_000_000, (10_000, 1_000_000, 10_000_000), 400, 10_000)


@dataclass(frozen=True)
class AtSize:
    """Pairs per second in each round with so many records, the floor around them, and seconds to start."""

    records: int
    start: float
    rounds: tuple[float, ...]
    floors: tuple[Floor, ...]

    @property
    def rate(self) -> float:
        """Pairs per second."""
        return fmean(self.rounds)

    @property
    def ratio(self) -> float:
        """What that is of the floor, which changes with the machine."""
        return self.rate / fmean(one.pairs_per_second for one in self.floors)


def measure(folder: Path, *, quick: bool, long: bool = False) -> Result:
    """One after the other; each has a server of its own."""
    plan = QUICK if quick else LONG if long else FULL
    memory = mixed.measure(folder, plan.requests)
    orders_twice = interrupted.measure(folder, plan.orders)
    sizes, left_out = [], []
    for size in plan.sizes:
        free, needed = shutil.disk_usage(folder).free, size * BYTES_PER_RECORD
        if free < needed:
            left_out.append(
                f"{size:,} records were not measured: they take {needed / 1e9:.0f} GB, there are {free / 1e9:.0f} GB."
            )
        else:
            sizes.append(_at_size(folder / f"records-{size}", size, plan))
    return _result(memory, orders_twice, sizes, left_out)


def _at_size(data: Path, size: int, plan: Plan) -> AtSize:
    seeding.seeded(data, size, 1)
    server = Server(data)
    try:
        start = server.start()
        sandbox = server.sandbox
        signer, _ = floor.issuing_key(data, sandbox["chain_pem"])
        token = visit.access_token(sandbox)
        made = orders.orders(1 + _WARM_UP + _ROUNDS * plan.pairs, sandbox["direct_domain"])[
            1:
        ]  # the first was issued, and copied
        calls = iter([one.http(token) for one in made])
        floors, rounds = [], []
        with load.Connections(server.address, CONNECTIONS) as connections:
            connections.run(load.one_after_another(islice(calls, _WARM_UP)), seconds=_MOST_SECONDS)
            floors.append(floor.measured(signer, plan.floor_seconds))
            for _ in range(_ROUNDS):
                source = load.one_after_another(islice(calls, plan.pairs))
                rounds.append(connections.run(source, seconds=_MOST_SECONDS).rate)
                floors.append(floor.measured(signer, plan.floor_seconds))
    finally:
        server.stop()
        shutil.rmtree(data, ignore_errors=True)  # gigabytes, which the next size needs
    return AtSize(size, start, tuple(rounds), tuple(floors))


def _result(memory: Mixed, twice: Interrupted, sizes: Sequence[AtSize], left_out: Sequence[str]) -> Result:
    tables = (_memory_table(memory), _sizes_table(sizes), _orders_table(twice))
    ratios = {f"{one.records} records to {sizes[0].records}": round(one.ratio / sizes[0].ratio, 3) for one in sizes[1:]}
    ratios |= {f"growth of worker {number}, MB": round(one.growth, 2) for number, one in enumerate(memory.workers, 1)}
    figures = {
        "memory": _memory_figures(memory),
        "sizes": [_size_figures(one) for one in sizes],
        "interrupted": _orders_figures(twice),
    }
    notes = (
        "Memory is RssAnon: without mapped files, with what a worker still shares with its parent since the fork.",
        "“to the floor” takes the machine's changes of speed out; “to the first row” is the quotient of two of these.",
        *left_out,
    )
    return Result("steady", tables, figures, ratios, notes)


def _memory_table(memory: Mixed) -> Table:
    half = PARTS // 2
    rows = []
    for number, one in enumerate(memory.workers, 1):
        target = f"≤ {_GROWN_MEGABYTES:.0f} MB: {verdict(one.growth, _GROWN_MEGABYTES, at_least=False)}"
        at = (f"{one.megabytes[place]:.1f}" for place in (0, 1, half, PARTS))
        rows.append((f"worker {number}", *at, f"{one.growth:+.1f}", target))
    return Table(
        f"Memory in MB: {memory.requests:,} mixed requests, {memory.requests / memory.seconds:,.0f} a second",
        ("", "at first", "after a tenth", "after half", "after all", "since half", "target"),
        tuple(rows),
    )


def _sizes_table(sizes: Sequence[AtSize]) -> Table:
    rows = []
    for one in sizes:
        compared = one.ratio / sizes[0].ratio
        target = f"≥ {1 - FLAT}: {verdict(compared, 1 - FLAT, at_least=True)}" if one is not sizes[0] else ""
        rounds = " ".join(f"{rate:,.0f}" for rate in one.rounds)
        rows.append(
            (f"{one.records:,}", f"{one.start:.1f}", rounds, f"{one.rate:,.0f}", f"{one.ratio:.2f}", f"{compared:.2f}", target)
        )
    return Table(
        f"Issue with many records: SQLite, {CONNECTIONS} connections",
        ("records", "start, s", "pairs/s in each round", "pairs/s", "to the floor", "to the first row", "target"),
        tuple(rows),
    )


def _orders_table(twice: Interrupted) -> Table:
    books = twice.books
    return Table(
        f"{twice.orders:,} orders through the API, by a client that is killed half-way and sends all of them again",
        ("", ""),
        (
            ("answered when it was killed", f"{len(twice.first.answers):,}"),
            ("seconds until then, with the client's start", f"{twice.first.seconds:.1f}"),
            ("seconds of its second life, in which it sends all of them", f"{twice.second.seconds:.1f}"),
            ("seconds in all", f"{twice.seconds:.1f}"),
            ("pairs on record, and names they are for", f"{books.pairs:,}, {books.names:,}"),
            ("charges, and orders they are of", f"{books.charges:,}, {books.charged_orders:,}"),
        ),
    )


def _memory_figures(memory: Mixed) -> dict[str, Any]:
    return {
        "requests": memory.requests,
        "seconds": round(memory.seconds, 1),
        "workers_megabytes": [[round(at, 2) for at in one.megabytes] for one in memory.workers],
        "growth_since_half_megabytes": [round(one.growth, 2) for one in memory.workers],
    }


def _size_figures(one: AtSize) -> dict[str, Any]:
    return {
        "records": one.records,
        "start_seconds": round(one.start, 2),
        "pairs_per_second": round(one.rate, 1),
        "round_pairs_per_second": [round(rate, 1) for rate in one.rounds],
        "floor_pairs_per_second": [round(floor.pairs_per_second, 1) for floor in one.floors],
        "to_the_floor": round(one.ratio, 3),
    }


def _orders_figures(twice: Interrupted) -> dict[str, Any]:
    return {
        "orders": twice.orders,
        "answered_when_killed": len(twice.first.answers),
        "first_seconds": round(twice.first.seconds, 2),
        "second_seconds": round(twice.second.seconds, 2),
        "pairs": twice.books.pairs,
        "charges": twice.books.charges,
    }
