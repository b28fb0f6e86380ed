"""The token endpoint: grants per second, each with its rotation and its journal row in one durable commit."""

import re
from collections.abc import Sequence
from itertools import islice
from pathlib import Path

from bench import load, machine
from bench.load import Run
from bench.results import Result, Table, milliseconds, percentile, verdict
from bench.server import Failed, Server
from bench.visit import Person

CONNECTIONS = 8
TARGET_GRANTS = 2000
_REFRESH_TOKEN = re.compile(rb'"refresh_token"\s*:\s*"([^"]+)"')
_WARM_UP = 40
_MOST_SECONDS = 30.0
_ROUND = 400
"""How many codes are redeemed at a time: each takes two pages to be granted, and all of a round must be fresh when it begins."""


def measure(folder: Path, *, quick: bool) -> Result:
    """Refresh on connections that hold a family each, then redeem codes that were granted before the clock starts."""
    refreshes, rounds = (400, [60]) if quick else (4000, [_ROUND] * 3)
    with Server(folder / "token") as server, Person(server.sandbox) as person:
        families = [person.tokens().refresh for _ in range(CONNECTIONS)]
        with load.Connections(server.address, CONNECTIONS) as connections:
            source = Refreshing(person, families, _WARM_UP + refreshes)
            source.until = _WARM_UP
            connections.run(source, seconds=_MOST_SECONDS)
            source.until = _WARM_UP + refreshes
            earlier = machine.cpu_time(*server.workers)
            refreshed = connections.run(source, seconds=_MOST_SECONDS)
            workers = machine.cpu_time(*server.workers).since(earlier)
        redeemed = _together([_redeeming(server, person, codes) for codes in rounds])
    return _result(refreshed, redeemed, workers)


def _redeeming(server: Server, person: Person, codes: int) -> Run:
    """Redeem that many on connections of which each has redeemed some before: what a worker does first takes longer."""
    calls = iter([person.redemption(person.code()) for _ in range(_WARM_UP + codes)])
    with load.Connections(server.address, CONNECTIONS) as connections:
        connections.run(load.one_after_another(islice(calls, _WARM_UP)), seconds=_MOST_SECONDS)
        return connections.run(load.one_after_another(calls), seconds=_MOST_SECONDS)


def _together(runs: Sequence[Run]) -> Run:
    latencies = tuple(latency for run in runs for latency in run.latencies)
    return Run(latencies, sum(run.seconds for run in runs), sum(run.own_cpu for run in runs))


class Refreshing:
    """Each connection presents the refresh token that it was given last."""

    def __init__(self, person: Person, families: list[str], until: int) -> None:
        self.until = until
        self._person = person
        self._families = families
        self._sent = 0

    def __call__(self, number: int, body: bytes) -> bytes | None:
        if body:
            found = _REFRESH_TOKEN.search(body)
            if found is None:
                raise Failed("A refresh was answered without a refresh token.")
            self._families[number] = found[1].decode("ascii")
        if self._sent >= self.until:
            return None
        self._sent += 1
        return self._person.refresh(self._families[number])


def _result(refreshed: Run, redeemed: Run, workers: tuple[float, ...]) -> Result:
    named = {"refresh": refreshed, "redeem a code": redeemed}
    table = Table(
        f"Token endpoint: {CONNECTIONS} connections, durable commits",
        ("grant", "count", "grants/s", "p50 ms", "p99 ms", "target"),
        tuple(
            (
                name,
                f"{len(run.latencies):,}",
                f"{run.rate:,.0f}",
                milliseconds(percentile(run.latencies, 0.5)),
                milliseconds(percentile(run.latencies, 0.99)),
                f"≥ {TARGET_GRANTS:,}: {verdict(run.rate, TARGET_GRANTS, at_least=True)}",
            )
            for name, run in named.items()
        ),
    )
    figures = {
        name: {
            "count": len(run.latencies),
            "grants_per_second": round(run.rate, 1),
            "p50_ms": round(percentile(run.latencies, 0.5) * 1000, 3),
            "p99_ms": round(percentile(run.latencies, 0.99) * 1000, 3),
            "own_cpu_share": round(run.own_cpu / run.seconds, 3),
        }
        for name, run in named.items()
    }
    shares = ", ".join(f"{one / refreshed.seconds:.0%}" for one in workers)
    note = (
        f"While refreshing, of a core: the workers took {shares}, the load generator {refreshed.own_cpu / refreshed.seconds:.0%}."
    )
    return Result("token", (table,), figures, notes=(note,))
