"""Rates of calls, counted in this process and settled in the database, so that they hold on all nodes together.

A call costs no statement. Each process keeps what it knows of a caller in memory, admits calls on credit, and owes them to the
database. Once a second all that is owed is settled in one transaction (`settle`), which brings back what other processes have
counted. Who owes a sixteenth of a burst is settled at once, before the next call. So in any time t all processes together admit
no more than

    burst + rate × t + processes × burst / 16

and over time exactly the rate, since what was admitted on credit is charged in full. A process that dies takes no more than its
credit along; clocks of nodes that are s seconds apart add rate × s.

Failed proofs (`failed`) have no credit: each is charged in the database before it is answered, and where the charge is refused
the refusal is the answer. No more failures are told to anybody than burst + rate × t, on however many nodes, and without the
database none is. A process in which an address was refused does not look at its proofs again until the wait is over, so of right
guesses no more are found than each process was looking at when the burst was spent.
"""

import hashlib
import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import lru_cache

from directca.accounts import gcra, limits, rate_store
from directca.accounts.gcra import SECOND, Rate, Verdict
from directca.accounts.rate_config import RateConfig
from directca.accounts.rate_errors import Standing, TooManyCalls, TooManyFailures
from directca.clock import Clock
from directca.db.engine import BUSY_TIMEOUT_MS, Database
from directca.db.turn import ThreadQueue

_CREDIT_SHARE = 16
_KEPT_AFTER = 60 * SECOND
"""How long a row that says nothing any more is kept: no node's clock is so far ahead that it would take another's away."""

Caller = tuple[str, str]
"""Of which kind the limit is, and who calls."""


@dataclass(slots=True)
class _Known:
    """What this process knows of a caller. `owed` calls are counted in `arrival` and not in the database yet."""

    arrival: int = 0
    owed: int = 0


class NoCreditError(Exception):
    """What a caller owes must be settled first, in a thread that may wait."""


class Rates:
    """The rates of one process. Safe for threads. `refused` is told the kind of every refusal."""

    def __init__(self, database: Database, clock: Clock, config: RateConfig, refused: Callable[[str], None]) -> None:
        self._database = database
        self._clock = clock
        self._rates = config.rates()
        self._refused = refused
        self._known: dict[Caller, _Known] = {}
        self._owing: set[Caller] = set()
        self._mutex = threading.Lock()
        self._settling = ThreadQueue()  # whoever settles waits for a turn to write

    @property
    def owes(self) -> bool:
        """Whether there is something to settle."""
        return bool(self._owing)

    def admit(self, kind: str, who: str) -> Standing | None:
        """Count a call; how the caller stands after it, None without a limit. Now and then it writes to the database.

        Raises TooManyCalls, and what the database raises when it cannot be written.
        """
        rate, caller = self._rates.get(kind), (kind, who)
        if rate is None:
            return None
        while (verdict := self._spend(caller, rate)) is None:
            self._settle((caller,))
        return self._stands(kind, rate, verdict)

    def admit_at_once(self, kind: str, who: str) -> Standing | None:
        """The same for whoever must not wait. Raises also NoCreditError, if the database would have to be asked."""
        rate = self._rates.get(kind)
        if rate is None:
            return None
        verdict = self._spend((kind, who), rate)
        if verdict is None:
            raise NoCreditError
        return self._stands(kind, rate, verdict)

    def failed(self, address: str) -> None:
        """Count a failed proof, durably. Raises TooManyFailures, which is then the answer, and what the database raises."""
        rate = self._rates.get("failures")
        if rate is None:
            return
        caller = ("failures", of_address(address))
        self.check_failures(address)  # without a turn at the writer
        id_ = _id(caller)
        with self._database.write() as tx:
            now = self._now()
            stored = rate_store.arrivals(tx, [id_])
            verdict = gcra.spend(rate, stored.get(id_, 0), now)
            rate_store.put(tx, stored, {id_: verdict.arrival})
            rate_store.forget(tx, now - _KEPT_AFTER)
        with self._mutex:
            self._known.setdefault(caller, _Known()).arrival = verdict.arrival
        if not verdict.admitted:
            self._refuse_failures(rate, verdict)

    def check_failures(self, address: str) -> None:
        """Raise TooManyFailures if this process knows that the address has to wait."""
        rate, known = self._rates.get("failures"), self._known.get(("failures", of_address(address)))
        if rate is None or known is None:
            return
        with self._mutex:
            verdict = gcra.look(rate, known.arrival, self._now())
            known.arrival = verdict.arrival
        if not verdict.admitted:
            self._refuse_failures(rate, verdict)

    def settle(self) -> None:
        """Tell the database what was admitted here, and learn what was admitted elsewhere."""
        self._settle(tuple(self._owing))
        self._forget()

    def _spend(self, caller: Caller, rate: Rate) -> Verdict | None:
        """Count a call if it is admitted; None when more is owed for this caller than may be."""
        with self._mutex:
            known = self._known.setdefault(caller, _Known())
            verdict = gcra.spend(rate, known.arrival, self._now())
            if verdict.admitted:
                if known.owed >= _credit(rate):
                    return None
                known.owed += 1
                self._owing.add(caller)
            known.arrival = verdict.arrival  # after a refusal too: what a clock had noted that was set back is gone with it
        return verdict

    def _stands(self, kind: str, rate: Rate, verdict: Verdict) -> Standing:
        standing = Standing(kind, rate, verdict)
        if not verdict.admitted:
            self._refused(kind)
            raise TooManyCalls(standing)
        return standing

    def _refuse_failures(self, rate: Rate, verdict: Verdict) -> None:
        self._refused("failures")
        raise TooManyFailures(Standing("failures", rate, verdict))

    def _settle(self, callers: Collection[Caller]) -> None:
        with self._settling.turn(BUSY_TIMEOUT_MS / 1000):
            with self._mutex:
                owed = {caller: self._known[caller].owed for caller in callers if caller in self._owing}
            if not owed:
                return
            ids = {caller: _id(caller) for caller in owed}
            with self._database.write() as tx:
                now = self._now()
                stored = rate_store.arrivals(tx, list(ids.values()))
                settled = {
                    caller: gcra.charge(self._rates[caller[0]], stored.get(ids[caller], 0), now, count)
                    for caller, count in owed.items()
                }
                rate_store.put(tx, stored, {ids[caller]: arrival for caller, arrival in settled.items()})
                rate_store.forget(tx, now - _KEPT_AFTER)
            with self._mutex:
                for caller, arrival in settled.items():
                    self._settled(caller, arrival, owed[caller], now)

    def _settled(self, caller: Caller, arrival: int, count: int, now: int) -> None:
        known = self._known[caller]
        known.owed -= count  # what was admitted meanwhile is owed still
        known.arrival = gcra.charge(self._rates[caller[0]], arrival, now, known.owed) if known.owed else arrival
        if not known.owed:
            self._owing.discard(caller)

    def _forget(self) -> None:
        """Who has used nothing lately is as somebody who never called."""
        now = self._now()
        with self._mutex:
            for caller in [one for one, known in self._known.items() if not known.owed and known.arrival <= now]:
                del self._known[caller]

    def _now(self) -> int:
        return int(self._clock.now().timestamp() * SECOND)


@lru_cache(maxsize=4096)
def of_address(address: str) -> str:
    """Who calls, where it is an address."""
    return limits.neighbourhood(address)


def _credit(rate: Rate) -> int:
    return max(1, rate.burst // _CREDIT_SHARE)


def _id(caller: Caller) -> str:
    """Addresses of strangers are not kept readable."""
    return hashlib.sha256("\0".join(("rate", *caller)).encode("utf-8", "surrogatepass")).hexdigest()
