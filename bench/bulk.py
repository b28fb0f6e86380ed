"""Revoking very many: certificates per second by the operator's command beside a running server, alone and while others ask."""

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from cryptography import x509

from bench import load, machine, orders, peak, seeding, visit
from bench.asking import Questions
from bench.load import Connections
from bench.peak import Peak
from bench.register import Sample
from bench.results import Result, Table, milliseconds, percentile
from bench.server import Failed, Server, environment

_LIST = b"GET /crl/issuing.crl HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
_LIST_WITHIN = 60.0
_LOOK_SECONDS = 0.05
OCSP, RETRIEVE, ISSUE = "OCSP", "retrieve", "issue"
_A_SECOND = {OCSP: 50, RETRIEVE: 50, ISSUE: 4}


@dataclass(frozen=True)
class Plan:
    """How many pairs are revoked alone and beside load, how long the load is measured by itself, how many pairs may be issued."""

    alone: int
    beside: int
    load_seconds: float
    orders: int


FULL, QUICK = Plan(100_000, 20_000, 5.0, 300), Plan(1_500, 1_500, 2.0, 60)


@dataclass(frozen=True)
class Done:
    """One command: so many certificates; its own time and memory; what the server took of the cores meanwhile; seconds from its
    end until the list as served has every one of them; and how long others waited for their answers."""

    certificates: int
    command: Peak
    server_cpu: float
    listed: float
    latencies: Mapping[str, Sequence[float]]

    @property
    def rate(self) -> float:
        """Certificates per second, from the start of the command's process to its end, the last list included."""
        return self.certificates / self.command.seconds


def measure(folder: Path, *, quick: bool) -> Result:
    """Fill a register, revoke a part of it beside load, then the greater part alone."""
    plan = QUICK if quick else FULL
    data = folder / "bulk"
    samples = seeding.seeded(data, plan.alone + plan.beside + 1, plan.alone + plan.beside)
    samples, others = samples[: plan.alone], samples[plan.alone :]
    with Server(data) as server:
        questions = _questions(server, samples, plan.orders)
        revoking = _Revoking(server, folder / "serials")
        with _asking(server, questions) as before:
            time.sleep(plan.load_seconds)
        with _asking(server, questions) as meanwhile:
            beside = revoking.run(others, meanwhile)
        alone = revoking.run(samples, {})
    return _result(alone, beside, before)


class _Revoking:
    """Gives the operator's command its serials, and looks for them on the list."""

    def __init__(self, server: Server, file: Path) -> None:
        self._server = server
        self._file = file
        self._listed = 0

    def run(self, samples: Sequence[Sample], latencies: Mapping[str, Sequence[float]]) -> Done:
        """Revoke both certificates of each."""
        self._file.write_text("".join(f"{one.signing_serial}\n" for one in samples))
        command = [sys.executable, "-m", "directca", "revoke", "run", "--data", str(self._server.data)]
        command += ["--serials", str(self._file), "--reason", "superseded", "--reason-text", "to see how long it takes"]
        processes = self._server.parent, *self._server.workers
        earlier = machine.cpu_time(*processes)
        taken = peak.of_program([*command, "--yes"], self._file.with_suffix(".log"), environment())
        server_cpu = sum(machine.cpu_time(*processes).since(earlier))
        self._listed += 2 * len(samples)
        ended = time.perf_counter()
        self._wait_for_list(ended + _LIST_WITHIN)
        return Done(2 * len(samples), taken, server_cpu, time.perf_counter() - ended, latencies)

    def _wait_for_list(self, deadline: float) -> None:
        with Connections(self._server.address, 1) as connection:
            while (listed := len(x509.load_der_x509_crl(connection.ask(_LIST)))) < self._listed:
                if time.perf_counter() > deadline:
                    raise Failed(f"Of {self._listed:,} certificates that were revoked, the list has {listed:,}.")
                time.sleep(_LOOK_SECONDS)


def _questions(server: Server, samples: Sequence[Sample], count: int) -> dict[str, Iterator[bytes]]:
    """What others ask meanwhile: about some of the register's certificates, and for new ones."""
    token = visit.access_token(server.sandbox)
    about = Questions.about(x509.load_pem_x509_certificates(server.sandbox["chain_pem"].encode())[0])
    some = samples[:1000]
    made = orders.orders(count + 1, server.sandbox["direct_domain"])[1:]  # the first was issued, and copied
    return {
        OCSP: cycle([about.post(one.encryption_serial) for one in some]),
        RETRIEVE: cycle([load.get(f"/api/certificate/{one.identifier}", token) for one in some]),
        ISSUE: iter([one.http(token) for one in made]),
    }


@contextmanager
def _asking(server: Server, questions: Mapping[str, Iterator[bytes]]) -> Iterator[dict[str, list[float]]]:
    """Ask at a steady pace, each kind of question on a connection of its own, until the block ends; how long each answer took."""
    latencies: dict[str, list[float]] = {name: [] for name in questions}
    ending, broken = threading.Event(), list[Exception]()

    def ask(name: str) -> None:
        pause = 1 / _A_SECOND[name]
        try:
            with Connections(server.address, 1) as connection:
                following = time.perf_counter()
                for question in questions[name]:
                    following = max(following + pause, time.perf_counter())
                    began = time.perf_counter()
                    connection.ask(question)
                    latencies[name].append(time.perf_counter() - began)
                    if ending.wait(max(0.0, following - time.perf_counter())):
                        return
        except (Failed, OSError) as error:
            broken.append(error)

    threads = [threading.Thread(target=ask, args=(name,), daemon=True) for name in questions]
    for one in threads:
        one.start()
    try:
        yield latencies
    finally:
        ending.set()
        for one in threads:
            one.join()
    if broken:
        raise broken[0]


def _result(alone: Done, beside: Done, before: Mapping[str, Sequence[float]]) -> Result:
    lines: tuple[tuple[str, Callable[[Done], str]], ...] = (
        ("certificates", lambda one: f"{one.certificates:,}"),
        ("seconds, from the command's start to its end", lambda one: f"{one.command.seconds:.1f}"),
        ("certificates per second", lambda one: f"{one.rate:,.0f}"),
        ("from its end until the served list has all, s", lambda one: f"{one.listed:.1f}"),
        ("the command's core-µs per certificate", lambda one: f"{one.command.cpu / one.certificates * 1e6:,.0f}"),
        ("the server's core-seconds meanwhile", lambda one: f"{one.server_cpu:.1f}"),
        ("the command's memory, MB", lambda one: f"{one.command.megabytes:,.0f}"),
    )
    revoked = Table(
        "Revocation in bulk: `directca revoke run` by a list of serials, a journal row for each pair",
        ("", "alone", "beside load"),
        tuple((name, shown(alone), shown(beside)) for name, shown in lines),
    )
    waits = Table(
        "How long others wait for their answers, in ms",
        ("", "a second", "p50 without", "p99", "max", "p50 beside it", "p99", "max"),
        tuple((name, str(_A_SECOND[name]), *_spread(before[name]), *_spread(beside.latencies[name])) for name in before),
    )
    ratios = {
        "beside load to alone": round(beside.rate / alone.rate, 3),
        **{
            f"p99 of {name}, beside it to without": round(percentile(beside.latencies[name], 0.99) / percentile(one, 0.99), 2)
            for name, one in before.items()
        },
    }
    note = (
        "The command runs beside the server in a process with one thread. Its time has its start, the search for the records, "
        "the commits of 200 pairs each, the lists in between, and the last list with all entries."
    )
    return Result("bulk", (revoked, waits), {"alone": _figures(alone), "beside load": _figures(beside)}, ratios, (note,))


def _spread(values: Sequence[float]) -> tuple[str, str, str]:
    return milliseconds(percentile(values, 0.5)), milliseconds(percentile(values, 0.99)), milliseconds(max(values))


def _figures(done: Done) -> dict[str, Any]:
    return {
        "certificates": done.certificates,
        "seconds": round(done.command.seconds, 2),
        "certificates_per_second": round(done.rate, 1),
        "listed_after_seconds": round(done.listed, 2),
        "command_core_seconds": round(done.command.cpu, 2),
        "command_megabytes": round(done.command.megabytes, 1),
        "server_core_seconds": round(done.server_cpu, 2),
        "others_ms": {
            name: {"p50": round(percentile(one, 0.5) * 1000, 2), "p99": round(percentile(one, 0.99) * 1000, 2)}
            for name, one in done.latencies.items()
        },
    }
