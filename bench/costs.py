"""Where the time of an issue goes: the verb in this process, looked at about two thousand times a second.

A profiler that counts calls makes Python look slower than it is beside C. This one interrupts: the time since the last look goes
to the function of the product that is running, the innermost whose file says what it is for.
"""

import signal
import time
from collections import defaultdict
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
_EVERY_SECONDS = 0.0005
_WARM_UP = 12

SIGNATURES = "two signatures of the CA"
_REST = "decide, vet, glue"
_KINDS: tuple[tuple[str, str | None, str], ...] = (
    # path below the package (its beginning), function or any, what it is
    ("signing/file_keys.py", None, SIGNATURES),
    ("signing/authority.py", "_verify", "verify what was signed"),
    ("db/engine.py", "write", "commit: write and sync"),
    ("db/writers.py", "_pass_on", "commit: write and sync"),
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
    """Per pair, in seconds: what each kind of work takes of a core, and of the clock, which counts waiting too."""

    pairs: int
    cpu: Mapping[str, float]
    clock: Mapping[str, float]


class _Looks:
    """The interruptions, and what was running at each."""

    def __init__(self) -> None:
        self.cpu: dict[str, float] = defaultdict(float)
        self.clock: dict[str, float] = defaultdict(float)
        self._last_cpu, self._last_clock = time.process_time(), time.perf_counter()

    def look(self, _number: int, frame: FrameType | None) -> None:
        """Charge the time since the last look."""
        kind = _kind(frame)
        cpu, clock = time.process_time(), time.perf_counter()
        self.cpu[kind] += cpu - self._last_cpu
        self.clock[kind] += clock - self._last_clock
        self._last_cpu, self._last_clock = time.process_time(), time.perf_counter()


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
        looks = _Looks()
        before = signal.signal(signal.SIGALRM, looks.look)
        signal.setitimer(signal.ITIMER_REAL, _EVERY_SECONDS, _EVERY_SECONDS)
        try:
            for order in measured:
                one(order)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)
    finally:
        authority.close()
    count = len(measured)
    return Costs(count, *({kind: spent / count for kind, spent in one.items()} for one in (looks.cpu, looks.clock)))


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
