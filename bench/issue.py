"""Pairs per second over HTTP with durable commits, as a share of what the CA's key could do if nothing else had to be done."""

from dataclasses import dataclass
from pathlib import Path

from bench import costs, floor, load, machine, orders, visit
from bench.costs import Costs
from bench.load import Run
from bench.results import Result, Table, milliseconds, percentile, verdict
from bench.server import Server

CONNECTIONS = 8
TARGET_RATIO = 0.5
_WARM_UP = 64
_MOST_SECONDS = 30.0
_REST = "HTTP, threads, contention"


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    pairs: int
    profiled: int
    floor_seconds: float


FULL, QUICK = Plan(2000, 300, 4.0), Plan(400, 120, 2.0)


@dataclass(frozen=True)
class Measured:
    """Everything of one run. CPU is in seconds: of each worker, of the parent; the generator's is in `run`."""

    key_bits: int
    floors: tuple[float, float]
    run: Run
    workers_cpu: tuple[float, ...]
    parent_cpu: float
    costs: Costs

    @property
    def floor(self) -> float:
        """Pairs per second of the key alone: the mean of before and after."""
        return sum(self.floors) / len(self.floors)

    @property
    def ratio(self) -> float:
        """What the authority reaches of it."""
        return self.run.rate / self.floor


def measure(folder: Path, *, quick: bool) -> Result:
    """Run it in a folder of its own."""
    plan = QUICK if quick else FULL
    data = folder / "issue"
    with Server(data) as server:
        sandbox = server.sandbox
        made = orders.orders(_WARM_UP + plan.pairs + plan.profiled, sandbox["direct_domain"])
        signer, bits = floor.issuing_key(data, sandbox["chain_pem"])
        token = visit.access_token(sandbox)
        calls = [order.http(token) for order in made[: _WARM_UP + plan.pairs]]
        before = floor.pairs_per_second(signer, plan.floor_seconds)
        with load.Connections(server.address, CONNECTIONS) as connections:
            connections.run(load.one_after_another(calls[:_WARM_UP]), seconds=_MOST_SECONDS)
            earlier = machine.cpu_time(server.parent, *server.workers)
            run = connections.run(load.one_after_another(calls[_WARM_UP:]), seconds=_MOST_SECONDS)
            parent, *workers = machine.cpu_time(server.parent, *server.workers).since(earlier)
        after = floor.pairs_per_second(signer, plan.floor_seconds)
    spent = costs.of_issuing(data, token, made[_WARM_UP + plan.pairs :])
    return _result(Measured(bits, (before, after), run, tuple(workers), parent, spent))


def _result(found: Measured) -> Result:
    run = found.run
    p50, p99 = percentile(run.latencies, 0.5), percentile(run.latencies, 0.99)
    budget = _budget(found)
    speed = Table(
        f"Issue: RSA-{found.key_bits} issuing key, {machine.cores()} cores, {CONNECTIONS} connections, durable commits",
        ("", "", "target"),
        (
            ("raw floor before, pairs/s", f"{found.floors[0]:,.0f}", ""),
            ("raw floor after, pairs/s", f"{found.floors[1]:,.0f}", ""),
            ("issued over HTTP, pairs/s", f"{run.rate:,.0f}", ""),
            ("p50, ms", milliseconds(p50), ""),
            ("p99, ms", milliseconds(p99), ""),
            (
                "ratio to the floor",
                f"{found.ratio:.2f}",
                f"≥ {TARGET_RATIO}: {verdict(found.ratio, TARGET_RATIO, at_least=True)}",
            ),
        ),
    )
    whole = sum(budget.values())
    where = Table(
        "Where the cores' time goes, per pair",
        ("", "core-ms", "share"),
        tuple((name, f"{spent * 1000:.2f}", f"{spent / whole:.0%}") for name, spent in budget.items()),
    )
    figures = {
        "key_bits": found.key_bits,
        "connections": CONNECTIONS,
        "pairs": len(run.latencies),
        "seconds": round(run.seconds, 3),
        "floor_pairs_per_second": [round(one, 1) for one in found.floors],
        "pairs_per_second": round(run.rate, 1),
        "p50_ms": round(p50 * 1000, 3),
        "p99_ms": round(p99 * 1000, 3),
        "workers_cpu_seconds": [round(one, 2) for one in found.workers_cpu],
        "core_ms_per_pair": {name: round(spent * 1000, 3) for name, spent in budget.items()},
        "one_thread_clock_ms_per_pair": {name: round(spent * 1000, 3) for name, spent in found.costs.clock.items()},
    }
    return Result("issue", (speed, where), figures, {"pairs_to_floor": round(found.ratio, 3)}, _notes(found))


def _budget(found: Measured) -> dict[str, float]:
    """Seconds of a core per pair, by what they were spent on; together all that the cores had while a pair was issued."""
    pairs = len(found.run.latencies)
    inside = dict(sorted(found.costs.cpu.items(), key=lambda one: -one[1]))
    workers = sum(found.workers_cpu) / pairs
    budget = inside | {
        _REST: workers - sum(inside.values()),
        "the server's parent": found.parent_cpu / pairs,
        "the load generator": found.run.own_cpu / pairs,
    }
    whole = machine.cores() / found.run.rate
    return budget | {"unused: waits for disk and locks; other programs": whole - sum(budget.values())}


def _notes(found: Measured) -> tuple[str, ...]:
    run = found.run
    shares = ", ".join(f"{one / run.seconds:.0%}" for one in found.workers_cpu)
    waits = sum(found.costs.clock.values()) - sum(found.costs.cpu.values())
    measured = f"{len(run.latencies):,} pairs in {run.seconds:.1f} s after {_WARM_UP} to warm up; requests were made before."
    taken = f"Of a core: the workers took {shares}, the load generator {run.own_cpu / run.seconds:.0%}."
    inside = (
        f"The rows above “{_REST}” are of {found.costs.pairs} pairs in one process with one thread, "
        f"which waits {waits * 1000:.2f} ms a pair besides, for the disk. “{_REST}” is what the workers take beyond them."
    )
    return measured, taken, inside
