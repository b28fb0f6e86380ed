"""Pairs per second over HTTP with durable commits, as a share of what the CA's key could do if nothing else had to be done."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import fmean
from typing import Any

from bench import costs, floor, load, machine, orders, visit
from bench.costs import Costs
from bench.floor import Floor
from bench.load import Run
from bench.orders import Order
from bench.results import Result, Table, milliseconds, percentile, verdict
from bench.server import Server

CONNECTIONS = 8
TARGET_RATIO = 0.5
_WARM_UP = 64
_MOST_SECONDS = 30.0
_REST = "HTTP, threads, contention"


@dataclass(frozen=True)
class Plan:
    """How much is measured: rounds of so many pairs, each between two measurements of the floor."""

    rounds: int
    pairs: int
    profiled: int
    floor_seconds: float

    @property
    def orders(self) -> int:
        """How many orders that takes."""
        return _WARM_UP + self.rounds * self.pairs + self.profiled


FULL, QUICK = Plan(4, 500, 600, 2.5), Plan(2, 200, 200, 1.5)
_OTHER_PROCESSOR = Plan(2, 300, 0, 2.5)


@dataclass(frozen=True)
class Round:
    """One run over HTTP, with what it took: seconds of a core, of each worker and of the server's parent."""

    run: Run
    workers_cpu: tuple[float, ...]
    parent_cpu: float


@dataclass(frozen=True)
class Measured:
    """Everything that was measured, in the order in which it was: a floor, a round, a floor, …, a floor."""

    key_bits: int
    floors: tuple[Floor, ...]
    rounds: tuple[Round, ...]

    @property
    def floor(self) -> float:
        """Pairs per second of the key alone."""
        return fmean(one.pairs_per_second for one in self.floors)

    @property
    def pairs(self) -> int:
        """How many pairs were issued."""
        return sum(len(one.run.latencies) for one in self.rounds)

    @property
    def seconds(self) -> float:
        """How long that took."""
        return sum(one.run.seconds for one in self.rounds)

    @property
    def rate(self) -> float:
        """Pairs per second over HTTP."""
        return self.pairs / self.seconds

    @property
    def ratio(self) -> float:
        """What the authority reaches of the floor."""
        return self.rate / self.floor

    @property
    def workers_cpu(self) -> tuple[float, ...]:
        """What each worker took, in seconds."""
        return tuple(sum(taken) for taken in zip(*(one.workers_cpu for one in self.rounds), strict=True))

    @property
    def generator_cpu(self) -> float:
        """What the load generator took, in seconds."""
        return sum(one.run.own_cpu for one in self.rounds)

    @property
    def cpu_ratio(self) -> float:
        """Of the time that server and generator take of the cores, the share that two bare signatures need."""
        taken = sum(self.workers_cpu) + self.generator_cpu + sum(one.parent_cpu for one in self.rounds)
        return fmean(one.cpu_per_pair for one in self.floors) * self.pairs / taken


def measure(folder: Path, *, quick: bool) -> Result:
    """Run it in a folder of its own."""
    plan = QUICK if quick else FULL
    found, token, left = _measured(folder / "issue", plan)
    spent = costs.of_issuing(folder / "issue", token, left)
    if not machine.has_ifma():
        return _result(found, spent, None)
    with machine.without_ifma():
        other, _, _ = _measured(folder / "issue-elsewhere", _OTHER_PROCESSOR)
    return _result(found, spent, other)


def _measured(data: Path, plan: Plan) -> tuple[Measured, str, Sequence[Order]]:
    """What was measured, and the token and the orders that are left to look into."""
    with Server(data) as server:
        sandbox = server.sandbox
        made = orders.orders(plan.orders, sandbox["direct_domain"])
        signer, bits = floor.issuing_key(data, sandbox["chain_pem"])
        token = visit.access_token(sandbox)
        over_http = len(made) - plan.profiled
        calls = iter([order.http(token) for order in made[:over_http]])
        with load.Connections(server.address, CONNECTIONS) as connections:
            connections.run(load.one_after_another(islice(calls, _WARM_UP)), seconds=_MOST_SECONDS)
        floors, rounds = [floor.measured(signer, plan.floor_seconds)], []
        for _ in range(plan.rounds):
            rounds.append(_round(server, islice(calls, plan.pairs)))
            floors.append(floor.measured(signer, plan.floor_seconds))
    return Measured(bits, tuple(floors), tuple(rounds)), token, made[over_http:]


def _round(server: Server, calls: Iterable[bytes]) -> Round:
    with load.Connections(server.address, CONNECTIONS) as connections:
        earlier = machine.cpu_time(server.parent, *server.workers)
        run = connections.run(load.one_after_another(calls), seconds=_MOST_SECONDS)
        parent, *workers = machine.cpu_time(server.parent, *server.workers).since(earlier)
    return Round(run, tuple(workers), parent)


def _result(found: Measured, spent: Costs, other: Measured | None) -> Result:
    latencies = [latency for one in found.rounds for latency in one.run.latencies]
    p50, p99 = percentile(latencies, 0.5), percentile(latencies, 0.99)
    budget = _budget(found, spent)
    whole = sum(budget.values())
    verdict_of_ratio = verdict(found.ratio, TARGET_RATIO, at_least=True)
    speed = Table(
        f"Issue: RSA-{found.key_bits} issuing key, {machine.cores()} cores, {CONNECTIONS} connections, durable commits",
        ("", "", "target"),
        (
            ("raw floor before and after each round, pairs/s", _list(one.pairs_per_second for one in found.floors), ""),
            ("issued over HTTP in each round, pairs/s", _list(one.run.rate for one in found.rounds), ""),
            ("mean floor, pairs/s", f"{found.floor:,.0f}", ""),
            ("issued over HTTP, pairs/s", f"{found.rate:,.0f}", ""),
            ("p50, ms", milliseconds(p50), ""),
            ("p99, ms", milliseconds(p99), ""),
            ("ratio to the floor", f"{found.ratio:.2f}", f"≥ {TARGET_RATIO}: {verdict_of_ratio}"),
            ("the same by CPU time, whatever else runs", f"{found.cpu_ratio:.2f}", ""),
            *(() if other is None else _elsewhere(other)),
        ),
    )
    where = Table(
        "Where the cores' time goes, per pair",
        ("", "core-ms", "share"),
        tuple((name, f"{spent * 1000:.2f}", f"{spent / whole:.0%}") for name, spent in budget.items()),
    )
    ratios = {"pairs_to_floor": round(found.ratio, 3), "by_cpu_time": round(found.cpu_ratio, 3)}
    figures = _figures(found, budget, p50, p99) | {"one_thread_waits_ms_per_pair": round(spent.waits * 1000, 3)}
    if other is not None:
        ratios |= {"without_ifma": round(other.ratio, 3), "without_ifma_by_cpu_time": round(other.cpu_ratio, 3)}
        figures |= {"without_ifma": {"floor": round(other.floor, 1), "pairs_per_second": round(other.rate, 1)}}
    return Result("issue", (speed, where), figures, ratios, _notes(found, spent))


def _elsewhere(found: Measured) -> tuple[tuple[str, str, str], ...]:
    """Rows of what a processor would reach on which RSA takes the time that it takes on most."""
    return (
        ("without AVX-512 IFMA, as on most processors: floor, pairs/s", f"{found.floor:,.0f}", ""),
        ("issued, pairs/s", f"{found.rate:,.0f}", ""),
        ("ratio to that floor; by CPU time", f"{found.ratio:.2f}; {found.cpu_ratio:.2f}", ""),
    )


def _figures(found: Measured, budget: Mapping[str, float], p50: float, p99: float) -> dict[str, Any]:
    return {
        "key_bits": found.key_bits,
        "connections": CONNECTIONS,
        "pairs": found.pairs,
        "seconds": round(found.seconds, 3),
        "floor_pairs_per_second": [round(one.pairs_per_second, 1) for one in found.floors],
        "floor_core_ms_per_pair": [round(one.cpu_per_pair * 1000, 3) for one in found.floors],
        "pairs_per_second": round(found.rate, 1),
        "round_pairs_per_second": [round(one.run.rate, 1) for one in found.rounds],
        "p50_ms": round(p50 * 1000, 3),
        "p99_ms": round(p99 * 1000, 3),
        "workers_cpu_seconds": [round(one, 2) for one in found.workers_cpu],
        "core_ms_per_pair": {name: round(spent * 1000, 3) for name, spent in budget.items()},
    }


def _budget(found: Measured, spent: Costs) -> dict[str, float]:
    """Seconds of a core per pair, by what they were spent on; together all that the cores had while a pair was issued."""
    inside = dict(sorted(spent.cpu.items(), key=lambda one: -one[1]))
    workers = sum(found.workers_cpu) / found.pairs
    budget = inside | {
        _REST: workers - sum(inside.values()),
        "the server's parent": sum(one.parent_cpu for one in found.rounds) / found.pairs,
        "the load generator": found.generator_cpu / found.pairs,
    }
    whole = machine.cores() / found.rate
    return budget | {"unused: waits for disk and locks; other programs": whole - sum(budget.values())}


def _notes(found: Measured, spent: Costs) -> tuple[str, ...]:
    shares = ", ".join(f"{one / found.seconds:.0%}" for one in found.workers_cpu)
    measured = f"{found.pairs:,} pairs in {found.seconds:.1f} s after {_WARM_UP} to warm up; requests were made before."
    taken = f"Of a core: the workers took {shares}, the load generator {found.generator_cpu / found.seconds:.0%}."
    inside = (
        f"The rows above “{_REST}” are of {spent.pairs} pairs in one process with one thread, "
        f"which shares no commit and waits {spent.waits * 1000:.2f} ms a pair besides, for the disk. “{_REST}” is what the "
        "workers take beyond them, less what they save by sharing commits."
    )
    return measured, taken, inside


def _list(rates: Iterable[float]) -> str:
    return " ".join(f"{one:,.0f}" for one in rates)
