"""How soon a revocation is seen: from the answer of the call to the first *revoked* by OCSP and to the entry on the list, in the
process that was called and in another."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cryptography import x509
from cryptography.x509.ocsp import OCSPCertStatus, load_der_ocsp_response

from bench import machine, seeding
from bench.asking import Questions
from bench.load import Connections
from bench.results import Result, Table, milliseconds, percentile, verdict
from bench.seeding import Issued
from bench.server import Failed, Server

OCSP_SECONDS, CRL_SECONDS = 2.0, 60.0
_PATIENCE = 30.0
_AGAIN_SECONDS = 0.002
_TRIES = 60
_LIST = b"GET /crl/issuing.crl HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
OCSP, LIST = "OCSP says revoked", "the list has the entry"
SAME, OTHER = "the process that was called", "another process"


@dataclass(frozen=True)
class Seen:
    """How long after the answer of the call, in seconds, by what was asked and where."""

    after: Mapping[tuple[str, str], float]


def measure(folder: Path, *, quick: bool) -> Result:
    """Revoke some pairs, one after the other, and look everywhere until it is seen everywhere."""
    with Server(folder / "freshness", workers=max(2, machine.cores())) as server:
        pairs = seeding.issue(server, 8 if quick else 40)
        questions = Questions.about(x509.load_pem_x509_certificates(server.sandbox["chain_pem"].encode())[0])
        with _one_to_each(server) as connections:
            found = [_seen(connections, questions, pair, number) for number, pair in enumerate(pairs)]
    return _result(found)


@contextmanager
def _one_to_each(server: Server) -> Iterator[tuple[Connections, ...]]:
    """A kept connection to each worker."""
    with ExitStack() as opened:
        by_worker: dict[int, Connections] = {}
        for _ in range(_TRIES):
            connection = opened.enter_context(Connections(server.address, 1))
            worker = machine.holder(server.address[1], connection.ports[0], server.workers)
            if worker is not None:
                by_worker.setdefault(worker, connection)
            if len(by_worker) == len(server.workers):
                yield tuple(by_worker.values())
                return
    raise Failed("Not every worker takes connections.")


def _seen(connections: tuple[Connections, ...], questions: Questions, pair: Issued, number: int) -> Seen:
    question = questions.post(pair.serial)
    for connection in connections:
        if _status(connection, question) is not OCSPCertStatus.GOOD:
            raise Failed("A certificate that was just issued is not good.")
        connection.ask(_LIST)
    called = number % len(connections)
    connections[called].ask(pair.revocation)
    answered = time.perf_counter()
    open_questions = {}
    for place, connection in enumerate(connections):
        where = SAME if place == called else OTHER
        open_questions[OCSP, where, place] = partial(_is_revoked, connection, question)
        open_questions[LIST, where, place] = partial(_is_listed, connection, pair.serial)
    after: dict[tuple[str, str], float] = {}
    while open_questions:
        for name, seen in list(open_questions.items()):
            if seen():
                after[name[:2]] = time.perf_counter() - answered  # of several others, the last
                del open_questions[name]
        if time.perf_counter() - answered > _PATIENCE:
            missing = ", ".join(f"{what} by {where}" for what, where, _ in open_questions)
            raise Failed(f"After {_PATIENCE:.0f} seconds a revocation is not seen everywhere. Not yet: {missing}.")
        time.sleep(_AGAIN_SECONDS)
    return Seen(after)


def _status(connection: Connections, question: bytes) -> OCSPCertStatus:
    return load_der_ocsp_response(connection.ask(question)).certificate_status


def _is_revoked(connection: Connections, question: bytes) -> bool:
    return _status(connection, question) is OCSPCertStatus.REVOKED


def _is_listed(connection: Connections, serial: str) -> bool:
    return seeding.octets(serial) in connection.ask(_LIST)


def _result(found: list[Seen]) -> Result:
    columns = {name: [one.after[name] for one in found] for name in ((OCSP, SAME), (OCSP, OTHER), (LIST, SAME), (LIST, OTHER))}
    targets = {OCSP: OCSP_SECONDS, LIST: CRL_SECONDS}
    table = Table(
        f"From the answer of the revoke call until it is seen, {len(found)} revocations, in ms",
        ("", "p50", "p99", "max", "target"),
        tuple(
            (
                f"{what}: {where}",
                milliseconds(percentile(values, 0.5)),
                milliseconds(percentile(values, 0.99)),
                milliseconds(max(values)),
                f"≤ {targets[what]:.0f} s: {verdict(max(values), targets[what], at_least=False)}",
            )
            for (what, where), values in columns.items()
        ),
    )
    figures = {
        f"{what}: {where}": {"p50_ms": round(percentile(values, 0.5) * 1000, 1), "max_ms": round(max(values) * 1000, 1)}
        for (what, where), values in columns.items()
    }
    ratios = {
        "slowest OCSP to target": round(max(columns[OCSP, SAME] + columns[OCSP, OTHER]) / OCSP_SECONDS, 3),
        "slowest list to target": round(max(columns[LIST, SAME] + columns[LIST, OTHER]) / CRL_SECONDS, 3),
    }
    asked = (
        "Each process was asked just before, so each keeps an answer that says good and a list without the entry. They are then "
        "asked in turns, every few milliseconds; with several other processes the slowest counts."
    )
    more = (
        "The list is short, so it is made before the call is answered; for a long one see `crl`. A cache on the way may repeat "
        "what it has for 45 s more (Cache-Control)."
    )
    return Result("freshness", (table,), figures, ratios, (asked, more))
