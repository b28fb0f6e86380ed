"""What an authority has promised, kept beside it by the policy's own words and not by the product's code."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from directca.certificates.model import Pair

OVERLAP, LONGEST_HOLD = timedelta(hours=72), timedelta(days=14)
RELEASE, HOLD, COMPROMISE = "removeFromCRL", "certificateHold", "keyCompromise"


@dataclass
class Promise:
    """One pair that became known, and what was said of it since."""

    name: str
    serials: frozenset[int]
    keys: frozenset[str]
    not_after: datetime
    state: str = "issued"
    reason: str | None = None
    since: datetime | None = None
    revoke_at: datetime | None = None
    succeeded: bool = False
    settled: bool = False

    def status_at(self, now: datetime) -> str:
        """The word that is shown for it."""
        if self.state == "revoked":
            return "revoked"
        if now > self.not_after:
            return "expired"
        if self.state == "held":
            return "held"
        return "superseded" if self.succeeded else "issued"

    def moves(self, reason: str) -> bool:
        """Whether the reason changes anything: the table of docs/flows/revoke.md."""
        if self.state == "revoked":
            return reason == COMPROMISE != self.reason
        if self.state == "held":
            return reason != HOLD
        return reason != RELEASE

    def move(self, reason: str, now: datetime) -> None:
        """What the reason does, where it does something."""
        if self.state == "revoked":
            self.reason = reason  # raised; the moment stays
        elif reason == RELEASE:
            self.state, self.reason, self.since = "issued", None, None
        elif reason == HOLD:
            self.state, self.reason, self.since = "held", reason, now.replace(microsecond=0)
        else:
            # A hold that becomes a revocation keeps its date.
            since = self.since if self.state == "held" else now.replace(microsecond=0)
            self.state, self.reason, self.since, self.revoke_at = "revoked", reason, since, None


@dataclass(frozen=True)
class Intent:
    """A pair whose signing was cut short."""

    name: str
    serials: frozenset[int]
    not_after: datetime
    amount: int
    at: datetime
    supersedes: str | None


@dataclass
class Promises:
    """Every pair and every open intent, by the record's id, and the money that was spent."""

    known: dict[str, Promise] = field(default_factory=dict)
    intents: dict[str, Intent] = field(default_factory=dict)
    current: dict[str, str] = field(default_factory=dict)
    compromised: set[str] = field(default_factory=set)
    spent: int = 0

    def standing(self, name: str, now: datetime) -> Promise | None:
        """The pair of a name that can have a successor."""
        found = self.known.get(self.current.get(name, ""))
        return None if found is None or found.state != "issued" or now > found.not_after else found

    def taken(self, name: str, now: datetime) -> bool:
        """Whether a first pair of the name must be refused."""
        found = self.known.get(self.current.get(name, ""))
        held = found is not None and found.state != "revoked" and now <= found.not_after
        return held or any(one.name == name and one.supersedes is None for one in self.intents.values())

    def being_succeeded(self, name: str) -> bool:
        """Whether a successor of the name's pair was cut short and not settled yet."""
        return any(one.supersedes == self.current.get(name, "") for one in self.intents.values())

    def add(self, made: Pair, price: int) -> None:
        """A pair was issued."""
        record = made.record
        serials = frozenset({int(record.signing_serial, 16), int(record.encryption_serial, 16)})
        keys = frozenset({made.signing.modulus_sha256, made.encryption.modulus_sha256})
        self.known[record.id] = Promise(record.identifier, serials, keys, record.not_after)
        self.current[record.identifier] = record.id
        self.spent += price

    def changed_by(self, name: str, reason: str, now: datetime) -> list[Promise]:
        """The pairs of a name that a reason changes: all that are not expired."""
        pairs = [one for one in self.known.values() if one.name == name and not one.settled and now <= one.not_after]
        return [one for one in pairs if one.moves(reason)]

    def apply(self, changed: Iterable[Promise], reason: str, now: datetime) -> None:
        """A reason was applied."""
        for one in changed:
            one.move(reason, now)
            if reason == COMPROMISE:
                self.compromised |= one.keys

    def settle(self, identifiers: Iterable[str], now: datetime) -> None:
        """Intents were settled: what may have been signed counts as issued and is revoked."""
        for identifier in identifiers:
            one = self.intents.pop(identifier)
            settled = Promise(one.name, one.serials, frozenset(), one.not_after, settled=True)
            settled.move("unspecified", now)
            self.known[identifier] = settled

    def age(self, now: datetime) -> None:
        """What time does by itself, once somebody looks: overlaps and holds end."""
        for one in self.known.values():
            if one.revoke_at is not None and one.revoke_at <= now:
                one.move("superseded", now)
            elif one.state == "held" and one.since is not None and one.since < now - LONGEST_HOLD:
                one.move("unspecified", now)

    def good(self, now: datetime) -> set[int]:
        """The serials that a relying party may accept."""
        return {n for one in self.known.values() if one.state == "issued" and now <= one.not_after for n in one.serials}

    def listed(self, last: datetime | None) -> set[int]:
        """The serials of a CRL that follows one of that moment: an entry leaves after one list past notAfter."""
        ended = [one for one in self.known.values() if one.state != "issued" and (last is None or last <= one.not_after)]
        return {serial for one in ended for serial in one.serials}
