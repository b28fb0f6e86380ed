"""Five times more than the authority can do: who is let in is answered about as fast as ever, and the rest is refused at once.

Capacity is what the authority issues with eight clients that wait for their answers. Then many clients come who do not wait: at
that rate, which is the normal case here, and at five times that rate. Refused requests are sent again; had one of them had an
effect, its name would be taken.
"""

import json
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import load, machine, orders, visit
from bench.arrivals import REFUSED, Arrivals, Crowd
from bench.load import Run
from bench.results import Result, Table, milliseconds, percentile, verdict
from bench.server import Failed, Server

CLIENTS = 8
TIMES = 5
TARGET_RATIO = 3.0
_OK = 200
_CONNECTIONS = 400
_WARM_UP = 64
_MOST_SECONDS = 60.0
_TRIALS = (("normal", 1), ("overload", TIMES), ("normal again", 1))


@dataclass(frozen=True)
class Plan:
    """How many pairs are issued to find the capacity; how many requests come at the normal rate, before and after; and how many
    pairs about are issued under overload, which lasts as long as that takes at capacity."""

    capacity: int
    normal: int
    overload: int

    @property
    def orders(self) -> int:
        """How many orders that takes; half as many again under overload, as capacity is not the same at each moment."""
        return _WARM_UP + self.capacity + 2 * self.normal + self.overload + self.overload // 2 + _CONNECTIONS

    def count(self, times: int) -> int:
        """How many requests come at so many times the normal rate."""
        return self.normal if times == 1 else times * self.overload


FULL, QUICK = Plan(600, 1000, 1500), Plan(150, 300, 400)


@dataclass(frozen=True)
class Measured:
    """Everything that was measured: with clients that wait, and by name with those that do not."""

    waiting: Run
    arrivals: dict[str, Arrivals]
    workers_cpu: dict[str, tuple[float, ...]]

    def p99(self, name: str) -> float:
        """Of those that were let in."""
        return percentile(self.arrivals[name].of(_OK), 0.99)

    @property
    def ratio(self) -> float:
        """How much longer those take who are let in under overload."""
        return self.p99("overload") / self.p99("normal")

    @property
    def ratio_to_waiting(self) -> float:
        """The same beside clients that wait, of which no more come than there are threads."""
        return self.p99("overload") / percentile(self.waiting.latencies, 0.99)


def measure(folder: Path, *, quick: bool) -> Result:
    """Run it in a folder of its own."""
    plan = QUICK if quick else FULL
    with Server(folder / "overload") as server:
        sandbox = server.sandbox
        made = orders.orders(plan.orders, sandbox["direct_domain"])
        token = visit.access_token(sandbox)
        calls = deque(order.http(token) for order in made)
        with load.Connections(server.address, CLIENTS) as connections:
            connections.run(load.one_after_another(_some(calls, _WARM_UP)), seconds=_MOST_SECONDS)
            waiting = connections.run(load.one_after_another(_some(calls, plan.capacity)), seconds=_MOST_SECONDS)
        arrivals, workers = {}, {}
        with Crowd(server.address, _CONNECTIONS) as crowd:
            for name, times in _TRIALS:
                before = machine.cpu_time(*server.workers)
                arrivals[name] = crowd.send(calls, times * waiting.rate, plan.count(times))
                workers[name] = machine.cpu_time(*server.workers).since(before)
        _check(server, token, issued=_WARM_UP + plan.capacity, arrivals=arrivals)
    return _result(Measured(waiting, arrivals, workers))


def _some(calls: deque[bytes], count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield calls.popleft()


def _check(server: Server, token: str, *, issued: int, arrivals: dict[str, Arrivals]) -> None:
    """There are as many pairs as were answered, and no answers but pairs and refusals that say when to come back."""
    for name, run in arrivals.items():
        if unexpected := set(run.statuses) - {_OK, REFUSED}:
            raise Failed(f"Under {name} there were answers with {sorted(unexpected)}.")
        if run.without_hint:
            raise Failed(f"Under {name} {run.without_hint} refusals did not say when to come back.")
    with load.Connections(server.address, 1) as connections:
        answer: dict[str, Any] = json.loads(connections.ask(load.get("/api/certificate/query?limit=1", token)))
    expected = issued + sum(len(run.of(_OK)) for run in arrivals.values())
    if answer["query"]["totalCount"] != expected:
        raise Failed(f"{expected} pairs were answered, and there are {answer['query']['totalCount']}.")


def _result(found: Measured) -> Result:
    rate = found.waiting.rate
    rows = [_row(f"{CLIENTS} clients that wait", rate, list(found.waiting.latencies), [], found.waiting.seconds)]
    rows += [
        _row(name, times * rate, run.of(_OK), run.of(REFUSED), run.seconds)
        for (name, times), run in zip(_TRIALS, found.arrivals.values(), strict=True)
    ]
    table = Table(
        f"Overload: issue, {machine.cores()} cores, requests that come whether or not others were answered",
        ("", "asked/s", "issued", "issued/s", "p50 ms", "p99 ms", "refused", "p50 ms", "p99 ms"),
        tuple(rows),
    )
    reached = verdict(found.ratio, TARGET_RATIO, at_least=False)
    ratio = Table(
        "Of those that are let in",
        ("", "", "target"),
        (
            ("p99 under overload to p99 in the normal case", f"{found.ratio:.2f}", f"≤ {TARGET_RATIO:.0f}: {reached}"),
            (f"the same to p99 of {CLIENTS} clients that wait", f"{found.ratio_to_waiting:.2f}", ""),
        ),
    )
    ratios = {"p99_to_normal": round(found.ratio, 3), "p99_to_clients_that_wait": round(found.ratio_to_waiting, 3)}
    return Result("overload", (table, ratio), _figures(found), ratios, _notes(found))


def _row(name: str, asked: float, issued: list[float], refused: list[float], seconds: float) -> tuple[str, ...]:
    return (
        name,
        f"{asked:,.0f}",
        f"{len(issued):,}",
        f"{len(issued) / seconds:,.0f}",
        *_both(issued),
        f"{len(refused):,}",
        *_both(refused),
    )


def _both(times: list[float]) -> tuple[str, str]:
    if not times:
        return "", ""
    return milliseconds(percentile(times, 0.5)), milliseconds(percentile(times, 0.99))


def _figures(found: Measured) -> dict[str, Any]:
    waiting = found.waiting
    figures: dict[str, Any] = {
        "clients_that_wait": CLIENTS,
        "capacity_per_second": round(waiting.rate, 1),
        "p99_ms_of_clients_that_wait": round(percentile(waiting.latencies, 0.99) * 1000, 3),
    }
    for (name, times), run in zip(_TRIALS, found.arrivals.values(), strict=True):
        figures[name] = {
            "asked_per_second": round(times * waiting.rate, 1),
            "seconds": round(run.seconds, 3),
            "answers_by_status": {str(status): count for status, count in sorted(run.statuses.items())},
            "issued_per_second": round(len(run.of(_OK)) / run.seconds, 1),
            **_quantiles("accepted", run.of(_OK)),
            **_quantiles("refused", run.of(REFUSED)),
            "workers_cpu_share": [round(one / run.seconds, 3) for one in found.workers_cpu[name]],
            "generator_cpu_share": round(run.own_cpu / run.seconds, 3),
        }
    return figures


def _quantiles(whose: str, times: list[float]) -> dict[str, float]:
    if not times:
        return {}
    shares = {"p50": 0.5, "p99": 0.99, "max": 1.0}
    return {f"{whose}_{name}_ms": round(percentile(times, share) * 1000, 3) for name, share in shares.items()}


def _notes(found: Measured) -> tuple[str, ...]:
    overload = found.arrivals["overload"]
    generator = overload.own_cpu / overload.seconds
    workers = ", ".join(f"{one / overload.seconds:.0%}" for one in found.workers_cpu["overload"])
    return (
        "Every pair that was answered is on record, and no other; each refusal said when to come back, and was sent again.",
        f"Under overload, of a core: the workers took {workers}, the load generator {generator:.0%}.",
    )
