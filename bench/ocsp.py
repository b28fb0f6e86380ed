"""OCSP answers per second, kept and newly signed, on kept connections and on new ones, beside a constant and `openssl ocsp`."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from statistics import fmean
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus, load_der_ocsp_response

from bench import beside, floor, load, machine, seeding
from bench.asking import Generators, Questions, Volley
from bench.beside import OpensslFiles
from bench.floor import SignerFacts
from bench.load import Run
from bench.register import Sample
from bench.results import Result, Table, milliseconds, percentile, verdict
from bench.server import Failed, Server
from directca.db.opening import open_database
from directca.issuance.found import ISSUING
from directca.pki.algorithms import SignatureAlgorithm
from directca.revocation import responder_key_store
from directca.settings import load as settings_of
from directca.signing import key_files

CONNECTIONS = 16
_SEED = 20_261_124
_PATIENCE = 900.0


@dataclass(frozen=True)
class Plan:
    """How much is measured: all certificates are asked about once for the misses, so many of them on new connections."""

    certificates: int
    new_misses: int
    rounds: int
    seconds: float


FULL, QUICK = Plan(100_000, 6_000, 3, 2.5), Plan(4_000, 500, 1, 1.0)


@dataclass(frozen=True)
class Line:
    """Runs that are one row of the table, the seconds of a core that the server took, the generator's share of its own cores."""

    runs: tuple[Run, ...]
    server_cpu: float
    generator_share: float

    @property
    def rate(self) -> float:
        """Answers per second."""
        return sum(len(one.latencies) for one in self.runs) / sum(one.seconds for one in self.runs)

    @property
    def latencies(self) -> tuple[float, ...]:
        """Of all runs."""
        return tuple(chain.from_iterable(one.latencies for one in self.runs))

    @property
    def cpu_per_answer(self) -> float:
        """Seconds of a core."""
        return self.server_cpu / len(self.latencies)


HIT_KEPT, HIT_NEW, HIT_GET = "kept answers, POST", "kept answers, new connections", "kept answers, GET"
SAME_KEPT, SAME_NEW, SAME_GET = "constant, POST", "constant, new connections", "constant, GET"
MISS_KEPT, MISS_NEW = "new answers, all cores", "new answers, new connections, all cores"
OPENSSL, OPENSSL_MULTI = "openssl ocsp, new connections", "openssl ocsp -multi, all cores"


KEPT_TO_CONSTANT, NEW_TO_CONSTANT = "kept connections, to the constant", "new connections, to the constant"
KEPT_TO_OPENSSL, NEW_TO_OPENSSL = "kept connections, to openssl ocsp", "new connections, to openssl ocsp"
_TARGETS = {KEPT_TO_CONSTANT: 0.8, NEW_TO_CONSTANT: 0.8, KEPT_TO_OPENSSL: 8.0, NEW_TO_OPENSSL: 2.0}


@dataclass(frozen=True)
class Measured:
    """Everything: rows by their name, signatures per second of the responder's bare key on all cores, the answers' size."""

    lines: Mapping[str, Line]
    bare: float
    key_bits: int
    octets: int


def measure(folder: Path, *, quick: bool) -> Result:
    """Fill a register, ask for everything once, then again; ask the others."""
    plan = QUICK if quick else FULL
    data = folder / "ocsp"
    samples = seeding.seeded(data, plan.certificates // 2 + 1, plan.certificates // 2)
    served, own = machine.halves()
    server = Server(data, workers=len(served))
    try:
        server.start()
        asked = _Asked(server, samples)
        with _generators(own, asked.posts) as posts:
            lines = _misses(server, posts, plan)
            machine.move(served, server.parent, *server.workers)
            with _generators(own, asked.gets) as gets:
                lines |= _hits(server, {HIT_KEPT: posts, HIT_GET: gets}, asked.body, plan)
            server.stop()
            files = asked.openssl_files(folder / "openssl")
            lines |= _openssl(files, posts, plan)
    finally:
        server.stop()
    bare = floor.measured(asked.signer, plan.seconds).pairs_per_second * 2
    return _result(plan, Measured(lines, bare, asked.key_bits, len(asked.body)))


@contextmanager
def _generators(cores: Sequence[int], calls: Sequence[bytes]) -> Iterator[Generators]:
    with machine.on(cores):
        made = Generators(calls)
    with made:
        yield made


class _Asked:
    """What is asked of a running server, and what it answered to the first question."""

    def __init__(self, server: Server, samples: Sequence[Sample]) -> None:
        self._data = server.data
        self._ca = x509.load_pem_x509_certificates(server.sandbox["chain_pem"].encode())[0]
        self._serials = [serial for one in samples for serial in (one.signing_serial, one.encryption_serial)]
        random.Random(_SEED).shuffle(self._serials)
        questions = Questions.about(self._ca)
        self.posts = [questions.post(one) for one in self._serials]
        self.gets = [questions.get(one) for one in self._serials]
        self.body = self._checked(server)

    def _checked(self, server: Server) -> bytes:
        """One answer, read by another's eyes: what is counted afterwards are answers like this one."""
        with load.Connections(server.address, 1) as connection:
            body = connection.ask(self.posts[0])
        answer = load_der_ocsp_response(body)
        if answer.response_status is not OCSPResponseStatus.SUCCESSFUL or answer.certificate_status is not OCSPCertStatus.GOOD:
            raise Failed("A certificate of the filled register is not answered with good.")
        self._responder = answer.certificates[0]
        return body

    @property
    def signer(self) -> SignerFacts:
        """The responder's key."""
        settings = settings_of(self._data)
        serial = f"{self._responder.serial_number:x}"
        path = settings.keys / f"bench-{serial}.pem"
        if not path.exists():
            database = open_database(settings.database, settings.database_password())
            with closing(database), database.read() as tx:
                sealed = responder_key_store.find(tx, f"ocsp-{ISSUING}-{serial}.pem")
            assert sealed is not None  # the server answers with it
            key_files.write(path, sealed)
        return SignerFacts(path, settings.passphrase(), SignatureAlgorithm.RSA_SHA256)

    @property
    def key_bits(self) -> int:
        """The size of that key."""
        key = self._responder.public_key()
        assert isinstance(key, rsa.RSAPublicKey)  # the only kind there is
        return key.key_size

    def openssl_files(self, folder: Path) -> OpensslFiles:
        """The same certificates, the same CA, the same responder and its key, for the other program."""
        files = OpensslFiles(folder)
        files.write_index(good=self._serials)
        files.ca.write_bytes(self._ca.public_bytes(Encoding.PEM))
        files.responder.write_bytes(self._responder.public_bytes(Encoding.PEM))
        files.write_key(self.signer.path, self.signer.passphrase)
        return files


def _misses(server: Server, posts: Generators, plan: Plan) -> dict[str, Line]:
    """Everything once. While signatures are made the generator is idle for the most part, so the server has all cores."""
    asked = Volley(server.address, CONNECTIONS, _PATIENCE, plan.new_misses - 1, kept=False)
    first = Volley(server.address, CONNECTIONS, _PATIENCE, 1)
    posts.send(first)  # it was asked before
    workers = server.workers
    lines = {MISS_NEW: _line(workers, posts, [asked])}
    return lines | {MISS_KEPT: _line(workers, posts, [replace(asked, requests=plan.certificates - plan.new_misses, kept=True)])}


def _hits(server: Server, generators: Mapping[str, Generators], body: bytes, plan: Plan) -> dict[str, Line]:
    """Everything that is kept by now, in turns with the constant, since machines change their speed."""
    served, _ = machine.halves()
    for _ in server.workers[1:]:  # each process keeps its own
        generators[HIT_KEPT].send(Volley(server.address, CONNECTIONS, _PATIENCE, plan.certificates * 2))
    with machine.on(served):
        constant = beside.constant(server.data, len(served), body)
        constant.start()
    with constant:
        rows = {
            (HIT_KEPT, SAME_KEPT): (generators[HIT_KEPT], True),
            (HIT_NEW, SAME_NEW): (generators[HIT_KEPT], False),
            (HIT_GET, SAME_GET): (generators[HIT_GET], True),
        }
        lines: dict[str, Line] = {}
        for names, (generator, kept) in rows.items():
            volley = Volley(server.address, CONNECTIONS, plan.seconds, 10**9, kept)
            turns: list[tuple[Line, Line]] = []
            for _ in range(plan.rounds):
                ours = _line(server.workers, generator, [volley])
                turns.append((ours, _line(constant.processes, generator, [replace(volley, address=constant.address)])))
            lines |= dict(zip(names, map(_together, zip(*turns, strict=True)), strict=True))
    return lines


def _openssl(files: OpensslFiles, posts: Generators, plan: Plan) -> dict[str, Line]:
    served, _ = machine.halves()
    lines = {}
    for name, processes, cores in ((OPENSSL, None, served), (OPENSSL_MULTI, machine.cores(), tuple(range(machine.cores())))):
        with machine.on(cores):
            program = beside.openssl_ocsp(files, processes)
            program.start()
        with program:
            volley = Volley(program.address, CONNECTIONS, plan.seconds * 2, 10**9, kept=False)
            lines[name] = _line(program.processes, posts, [volley])
    return lines


def _line(processes: Sequence[int], generators: Generators, volleys: Sequence[Volley]) -> Line:
    before = machine.cpu_time(*processes)
    runs = tuple(generators.send(one) for one in volleys)
    taken = sum(machine.cpu_time(*processes).since(before))
    return Line(runs, taken, fmean(generators.cpu_share(one) for one in runs))


def _together(lines: Sequence[Line]) -> Line:
    runs = tuple(run for one in lines for run in one.runs)
    return Line(runs, sum(one.server_cpu for one in lines), fmean(one.generator_share for one in lines))


def _result(plan: Plan, found: Measured) -> Result:
    lines = found.lines
    served, own = machine.halves()
    answers = Table(
        f"OCSP: {plan.certificates:,} certificates, RSA-{found.key_bits} responder, {CONNECTIONS} connections, "
        f"{len(served)} core for the server, {len(own)} for the generator",
        ("", "answers/s", "p50 ms", "p99 ms", "server's core-µs", "generator"),
        tuple(
            (
                name,
                f"{one.rate:,.0f}",
                milliseconds(percentile(one.latencies, 0.5)),
                milliseconds(percentile(one.latencies, 0.99)),
                f"{one.cpu_per_answer * 1e6:,.0f}",
                f"{one.generator_share:.0%}",
            )
            for name, one in lines.items()
        ),
    )
    ratios = _ratios(found)
    shown = tuple((name, f"{value:.2f}", _verdict(name, value)) for name, value in ratios.items())
    return Result("ocsp", (answers, Table("Ratios", ("", "", "target"), shown)), _figures(found), ratios, _notes(plan, found))


def _verdict(name: str, value: float) -> str:
    target = _TARGETS.get(name)
    return "" if target is None else f"≥ {target}: {verdict(value, target, at_least=True)}"


def _ratios(found: Measured) -> dict[str, float]:
    rate = {name: one.rate for name, one in found.lines.items()}
    cost = {name: one.cpu_per_answer for name, one in found.lines.items()}
    ratios = {
        KEPT_TO_CONSTANT: rate[HIT_KEPT] / rate[SAME_KEPT],
        NEW_TO_CONSTANT: rate[HIT_NEW] / rate[SAME_NEW],
        "GET, to the constant": rate[HIT_GET] / rate[SAME_GET],
        "kept connections, to the constant, by the server's CPU time": cost[SAME_KEPT] / cost[HIT_KEPT],
        "new connections, to the constant, by the server's CPU time": cost[SAME_NEW] / cost[HIT_NEW],
        KEPT_TO_OPENSSL: rate[HIT_KEPT] / rate[OPENSSL],
        NEW_TO_OPENSSL: rate[HIT_NEW] / rate[OPENSSL],
        "kept connections on half of the cores, to openssl -multi on all": rate[HIT_KEPT] / rate[OPENSSL_MULTI],
        "new connections on half of the cores, to openssl -multi on all": rate[HIT_NEW] / rate[OPENSSL_MULTI],
        "new answers, to bare signatures of the same key on all cores": rate[MISS_KEPT] / found.bare,
        "new answers on new connections, to openssl -multi, both on all cores": rate[MISS_NEW] / rate[OPENSSL_MULTI],
    }
    return {name: round(value, 3) for name, value in ratios.items()}


def _figures(found: Measured) -> dict[str, Any]:
    asked = {
        name: {
            "answers": len(one.latencies),
            "answers_per_second": round(one.rate, 1),
            "rounds": [round(run.rate, 1) for run in one.runs],
            "p50_ms": round(percentile(one.latencies, 0.5) * 1000, 3),
            "p99_ms": round(percentile(one.latencies, 0.99) * 1000, 3),
            "server_core_us": round(one.cpu_per_answer * 1e6, 1),
            "generator_share": round(one.generator_share, 3),
        }
        for name, one in found.lines.items()
    }
    return {
        "asked": asked,
        "key_bits": found.key_bits,
        "octets": found.octets,
        "bare_signatures_per_second": round(found.bare, 1),
        "openssl": beside.openssl_version(),
    }


def _notes(plan: Plan, found: Measured) -> tuple[str, ...]:
    asked = (
        f"Each of {plan.certificates:,} serials is asked about once, which makes its answer, and then again in the same order; "
        f"answers have {found.octets:,} octets. The constant has the same body and no header but type and length, from the same "
        f"HTTP stack; it and the kept answers were measured in {plan.rounds} turns of {plan.seconds:.1f} s for each row."
    )
    cores = (
        "Server and generator do not share cores, except where all cores are named. “generator” is how much the generator used "
        "of its own: near 100% it would be what was measured."
    )
    other = (
        f"{beside.openssl_version()}, `openssl ocsp -port -index` with the same certificates, CA, responder and key: it signs "
        "every answer, serves one connection at a time, closes it after one answer, and so has no row for kept connections. "
        "-multi starts a process per core."
    )
    return asked, cores, other, f"The bare key makes {found.bare:,.0f} signatures a second on all cores."
