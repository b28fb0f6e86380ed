"""Where the time of an issue goes: the verb in this process, looked at again and again.

A profiler that counts calls makes Python look slower than it is beside C. This one interrupts after so much of a core's time, and
charges what is running then, the innermost function of the product whose file says what it is for. By the clock it would look
when the disk is waited for, since the system is awake then.
"""

import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import directca
from bench.orders import Order
from directca import rooms
from directca.api import bodies, records
from directca.api.certificate_models import CertificateRequest
from directca.certificates.model import Pair
from directca.issuance.found import ISSUING, ROOT
from directca.issuance.issue import issue
from directca.oauth.bearer import authenticate

_PACKAGE = str(Path(directca.__file__).parent) + "/"
_EVERY_SECONDS = 0.001
"""Of a core's time; the system counts that in steps of its own, often of four milliseconds."""
_WARM_UP = 12

SIGNATURES = "two signatures of the CA"
_REST = "decide, vet, glue"
_KINDS: tuple[tuple[str, str | None, str], ...] = (
    # path below the package (its beginning), function or any, what it is
    ("signing/file_keys.py", None, SIGNATURES),
    ("signing/authority.py", "_verify", "verify what was signed"),
    ("db/sqlite.py", "commit", "commit"),
    ("db/", None, "SQL"),
    ("journal/", None, "journal's hash chain"),
    ("pki/requests.py", None, "read requests, proof of possession"),
    ("pki/possession.py", None, "read requests, proof of possession"),
    ("pki/keys.py", "read_spki", "read requests, proof of possession"),
    ("pki/keys.py", "check_quality", "key quality"),
    ("pki/lints/", None, "lint"),
    ("signing/rehearsal.py", None, "lint"),
    ("pki/templates.py", None, "encode certificates"),
    ("api/", None, "JSON in and out"),
    ("oauth/", None, "bearer token"),
)


@dataclass(frozen=True)
class Costs:
    """What one pair takes: of a core, by kinds of work, and in waiting for the disk besides; in seconds."""

    pairs: int
    cpu: Mapping[str, float]
    waits: float


def of_issuing(data: Path, access_token: str, orders: Sequence[Order]) -> Costs:
    """Issue the orders in this process, on the data folder of a server that has ended, and say what each pair cost."""
    authority = rooms.open_authority(data)
    chain = records.chain(authority.entries[ISSUING].certificate_der, authority.entries[ROOT].certificate_der)

    def one(order: Order) -> str:
        principal = authenticate(authority.database, authority.clock, f"Bearer {access_token}")
        body = order.http(access_token).partition(b"\r\n\r\n")[2]
        values = bodies.as_object(body, "application/json", required=True)
        made = issue(authority.issuance, principal, bodies.parsed(CertificateRequest, values).application(None))
        assert isinstance(made, Pair)  # no dry run was asked for
        return records.encoded(made, chain, authority.clock.now())

    try:
        for order in orders[:_WARM_UP]:
            one(order)
        measured = orders[_WARM_UP:]
        looks: Counter[str] = Counter()
        before = signal.signal(signal.SIGPROF, lambda _number, frame: looks.update((_kind(frame),)))
        signal.setitimer(signal.ITIMER_PROF, _EVERY_SECONDS, _EVERY_SECONDS)
        cpu, clock = time.process_time(), time.perf_counter()
        try:
            for order in measured:
                one(order)
            cpu, clock = time.process_time() - cpu, time.perf_counter() - clock
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)
    finally:
        authority.close()
    count, look = len(measured), cpu / (looks.total() or 1)
    return Costs(count, {kind: seen * look / count for kind, seen in looks.items()}, (clock - cpu) / count)


def _kind(frame: FrameType | None) -> str:
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith(_PACKAGE):
            below, name = path.removeprefix(_PACKAGE), frame.f_code.co_name
            for beginning, function, kind in _KINDS:
                if below.startswith(beginning) and function in (None, name):
                    return kind
        frame = frame.f_back
    return _REST
