"""CRLs of three lengths: seconds and memory, beside `cryptography`'s builder and `openssl ca -gencrl`; what one more costs."""

import http.client
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bench import beside, floor, lists, load, machine, peak, seeding
from bench.beside import OpensslFiles
from bench.peak import Peak
from bench.results import Result, Table, verdict
from bench.seeding import Issued
from bench.server import Failed, Server

TARGET_SECONDS, TARGET_MEGABYTES = 2.0, 200.0
OURS, BUILDER, OPENSSL = "directca", "cryptography, all at once", "openssl ca -gencrl"
_LIST_WITHIN = 90.0
_LOOK_SECONDS = 0.05
_REST_SECONDS = 22.0
_PATH = "/crl/issuing.crl"
ONE_BY_ONE = "cryptography, one by one"


@dataclass(frozen=True)
class Plan:
    """Lengths of lists, ascending; how often ours is made; up to which length the builder is called entry by entry."""

    lengths: tuple[int, ...]
    times: int
    one_by_one: int


FULL, QUICK = Plan((10_000, 100_000, 1_000_000), 3, 10_000), Plan((1_000, 10_000), 1, 1_000)


@dataclass(frozen=True)
class More:
    """One more revocation at the greatest length: seconds until the call is answered and from then until the list shows it, and
    what the whole server took of the cores in that time."""

    answered: float
    shown: float
    cpu: float


@dataclass(frozen=True)
class Row:
    """One list: who made it, how long it is, and what that took each time."""

    maker: str
    length: int
    peaks: tuple[Peak, ...]

    @property
    def middle(self) -> Peak:
        """The middle one by time."""
        return sorted(self.peaks, key=lambda one: one.seconds)[len(self.peaks) // 2]

    @property
    def highest(self) -> float:
        """Megabytes above idle, of the worst."""
        return max(one.megabytes for one in self.peaks)

    @property
    def highest_own(self) -> float:
        """The same without mapped files."""
        return max(one.own_megabytes for one in self.peaks)


def measure(folder: Path, *, quick: bool) -> Result:
    """Let the list grow, and have each length made by all three."""
    plan = QUICK if quick else FULL
    data = folder / "crl"
    with Server(data) as server:
        pairs = seeding.issue(server, 2)
        chain = server.sandbox["chain_pem"]
    files = _openssl_files(folder / "openssl", data, chain)
    rows: list[Row] = []
    for shorter, length in zip((0, *plan.lengths), plan.lengths, strict=False):
        lists.fill(seeding.database_of(data), shorter, length)
        rows += _made(plan, data, files, length)
    return _result(plan, rows, _one_more(data, pairs))


def _made(plan: Plan, data: Path, files: OpensslFiles, length: int) -> list[Row]:
    """One length, by everybody."""
    found = [Row(OURS, length, tuple(peak.of(lists.ours, data) for _ in range(plan.times)))]
    if length <= plan.one_by_one:
        found.append(Row(ONE_BY_ONE, length, (peak.of(lists.by_cryptography, files.key, length, True),)))
    found.append(Row(BUILDER, length, (peak.of(lists.by_cryptography, files.key, length, False),)))
    files.write_index(revoked=lists.serials(length))
    config = _configuration(files)
    command = ["openssl", "ca", "-gencrl", "-config", str(config), "-out", str(files.index.with_name("made.crl"))]
    found.append(Row(OPENSSL, length, (peak.of_program(command, files.index.with_name("gencrl.log")),)))
    return found


def _openssl_files(folder: Path, data: Path, chain_pem: str) -> OpensslFiles:
    files = OpensslFiles(folder)
    files.ca.write_bytes(x509.load_pem_x509_certificates(chain_pem.encode())[0].public_bytes(Encoding.PEM))
    signer, _ = floor.issuing_key(data, chain_pem)
    files.write_key(signer.path, signer.passphrase)
    return files


def _configuration(files: OpensslFiles) -> Path:
    path, number = files.index.with_name("ca.cnf"), files.index.with_name("crlnumber")
    number.write_text("01\n")
    path.write_text(
        f"[ca]\ndefault_ca=here\n[here]\ndatabase={files.index}\ncrlnumber={number}\ncertificate={files.ca}\n"
        f"private_key={files.key}\ndefault_md=sha256\ndefault_crl_days=7\ncrl_extensions=more\n"
        "[more]\nauthorityKeyIdentifier=keyid:always\n"
    )
    return path


def _one_more(data: Path, pairs: Sequence[Issued]) -> tuple[More, ...]:
    """Revoke by the API of a running server, and look at the list as it is served until it shows that: once while the list has
    stood for long, and again as soon as that was shown."""
    found = []
    with Server(data) as server, closing(http.client.HTTPConnection(*server.address, timeout=_LIST_WITHIN)) as connection:
        time.sleep(_REST_SECONDS)
        for pair in pairs:
            processes = server.parent, *server.workers
            before, tag = machine.cpu_time(*processes), _tag(connection)
            began = time.perf_counter()
            with load.Connections(server.address, 1) as caller:
                began = time.perf_counter()
                caller.ask(pair.revocation)
            answered = time.perf_counter()
            while _tag(connection) == tag:
                if time.perf_counter() - answered > _LIST_WITHIN:
                    raise Failed("A revocation was not shown by the list.")
                time.sleep(_LOOK_SECONDS)
            shown = time.perf_counter()
            if seeding.octets(pair.serial) not in _body(connection):
                raise Failed("A new list does not show the revocation that was before it.")
            found.append(More(answered - began, shown - answered, sum(machine.cpu_time(*processes).since(before))))
    return tuple(found)


def _tag(connection: http.client.HTTPConnection) -> str | None:
    connection.request("HEAD", _PATH)
    answer = connection.getresponse()
    answer.read()
    return answer.getheader("ETag")


def _body(connection: http.client.HTTPConnection) -> bytes:
    connection.request("GET", _PATH)
    return connection.getresponse().read()


def _result(plan: Plan, rows: Sequence[Row], more: Sequence[More]) -> Result:
    longest = plan.lengths[-1]
    made = Table(
        "CRL: made from stored facts to signed DER; memory above that of the idle process",
        ("", "entries", "seconds", "core-s", "MB above idle", "of its own"),
        tuple(
            (
                one.maker,
                f"{one.length:,}",
                f"{one.middle.seconds:.2f}",
                f"{one.middle.cpu:.2f}",
                f"{one.highest:,.0f}",
                f"{one.highest_own:,.0f}",
            )
            for one in rows
        ),
    )
    added = Table(
        f"One more revocation at {longest:,} entries, on a running server",
        ("", "answered after ms", "on the list after s", "server's core-s"),
        tuple(
            (name, f"{one.answered * 1000:,.0f}", f"{one.shown:.1f}", f"{one.cpu:.1f}")
            for name, one in zip(("the list has rested", "just after another list"), more, strict=True)
        ),
    )
    last = {one.maker: one for one in rows if one.length == longest}
    ratios = {
        "seconds to target": last[OURS].middle.seconds / TARGET_SECONDS,
        "memory to target": last[OURS].highest / TARGET_MEGABYTES,
        "times as fast as cryptography's builder": last[BUILDER].middle.seconds / last[OURS].middle.seconds,
        "times as fast as openssl ca -gencrl": last[OPENSSL].middle.seconds / last[OURS].middle.seconds,
        "times as small as cryptography's builder": last[BUILDER].highest / last[OURS].highest,
        "times as small as openssl ca -gencrl": last[OPENSSL].highest / last[OURS].highest,
    }
    ratios = {name: round(one, 3) for name, one in ratios.items()}
    targets = Table(
        f"At {longest:,} entries",
        ("", "", "target"),
        (
            ("seconds", f"{last[OURS].middle.seconds:.2f}", _verdict(last[OURS].middle.seconds, TARGET_SECONDS)),
            ("MB above idle", f"{last[OURS].highest:,.0f}", _verdict(last[OURS].highest, TARGET_MEGABYTES)),
            *((name, f"{one:.1f}", "") for name, one in ratios.items() if name.startswith("times")),
        ),
    )
    return Result("crl", (made, targets, added), _figures(rows, more), ratios, _notes(plan))


def _verdict(value: float, target: float) -> str:
    return f"≤ {target:.0f}: {verdict(value, target, at_least=False)}"


def _figures(rows: Sequence[Row], more: Sequence[More]) -> dict[str, Any]:
    return {
        "made": [
            {
                "maker": one.maker,
                "entries": one.length,
                "seconds": [round(each.seconds, 3) for each in one.peaks],
                "core_seconds": [round(each.cpu, 3) for each in one.peaks],
                "megabytes_above_idle": round(one.highest, 1),
                "own_megabytes_above_idle": round(one.highest_own, 1),
            }
            for one in rows
        ],
        "one_more": [{name: round(value, 3) for name, value in asdict(one).items()} for one in more],
        "openssl": beside.openssl_version(),
    }


def _notes(plan: Plan) -> tuple[str, ...]:
    ours = (
        f"“{OURS}” is `crl.produce` in a new process with the issuing CA's key: it reads the stored entries, encodes, lints, "
        "reserves a number, signs, verifies and publishes into the database. Of its time what a process does but once is a tenth "
        f"of a second. The middle of {plan.times}, the memory of the worst; “of its own” is without mapped files (RssAnon)."
    )
    others = (
        "The builder begins with the facts in memory and makes its entries of them, which is in the time. One by one, as its "
        f"documentation has it, it copies all entries for each, so that is measured up to {plan.one_by_one:,}. "
        f"{beside.openssl_version()} reads its index of text; its memory is all of its process. Neither lints or stores a list."
    )
    more = (
        "One more: from the answer of the revoke call to the list as served over HTTP. Upkeep makes a long list at one of its "
        "looks, every five seconds, once the one before has stood a second for each 50,000 entries, twenty at most."
    )
    return ours, others, more
