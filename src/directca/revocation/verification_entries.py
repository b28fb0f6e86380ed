"""What a CRL lists, held against what the register says (invariants 11 and 14) and against what it listed at the last look.

Both sides come in the order of serials and are walked side by side, so a million entries need no more memory than the lists'
own bytes. The list is read by another reader than the one that made it.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from cryptography import x509

from directca.certificates.census import Registered
from directca.certificates.model import State
from directca.clock import rfc3339, whole_second
from directca.pki.lints.findings import Severity
from directca.pki.reasons import RevocationReason
from directca.revocation.verification_model import Findings


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a list."""

    serial: int
    revoked_at: datetime
    reason: RevocationReason | None
    invalidity_date: datetime | None


@dataclass(frozen=True, slots=True)
class Moment:
    """For when a list speaks, and what it need not know.

    `this_update` is its own, `previous` that of the list published before it (None without one). What changed since
    `settled_before`, a minute before it was asked for, need not be visible yet.
    """

    this_update: datetime
    previous: datetime | None
    settled_before: datetime


LookUp = Callable[[int], Registered | None]


class DisorderedError(ValueError):
    """The entries of a list do not ascend, or one serial comes twice."""


def entries(crl: x509.CertificateRevocationList) -> Iterator[Entry]:
    """Every entry in the order of the list. Raises DisorderedError, and ValueError for an entry that cannot be read."""
    last = 0
    for one in crl:
        if one.serial_number <= last:
            raise DisorderedError(f"The entry of {one.serial_number:x} does not come in the order of serials, or comes twice.")
        last = one.serial_number
        reason, invalidity_date = None, None
        for extension in one.extensions:
            if isinstance(extension.value, x509.CRLReason):
                reason = RevocationReason(extension.value.reason.value)
            elif isinstance(extension.value, x509.InvalidityDate):
                invalidity_date = extension.value.invalidity_date_utc
        yield Entry(last, one.revocation_date_utc, reason, invalidity_date)


def as_listed(known: Registered, this_update: datetime) -> Entry:
    """The entry that a list for a moment must have of a revoked certificate."""
    at = known.revoked_at or this_update
    reason = known.reason if known.reason is not None and known.reason.on_full_crl else None
    suspect = known.invalidity_date
    return Entry(known.serial, min(whole_second(at), this_update), reason, suspect and whole_second(suspect))


class _Numbered(Protocol):
    @property
    def serial(self) -> int: ...


One = TypeVar("One", bound=_Numbered)
Other = TypeVar("Other", bound=_Numbered)


def side_by_side(ones: Iterable[One], others: Iterable[Other]) -> Iterator[tuple[One | None, Other | None]]:
    """Both in ascending order of serials, each with its counterpart, None where it has none."""
    left, right = iter(ones), iter(others)
    one, other = next(left, None), next(right, None)
    while one is not None or other is not None:
        if other is None or (one is not None and one.serial < other.serial):
            yield one, None
            one = next(left, None)
        elif one is None or other.serial < one.serial:
            yield None, other
            other = next(right, None)
        else:
            yield one, other
            one, other = next(left, None), next(right, None)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Compares a list with the register. `look_up` is asked about what the list has and the register's run of revoked has not."""

    address: str
    partition: str
    moment: Moment
    look_up: LookUp

    def check(self, findings: Findings, listed: Iterable[Entry], registered: Iterable[Registered]) -> int:
        """Say what disagrees; how many entries the list has. `registered` are all that must be listed."""
        count = 0
        for entry, known in side_by_side(listed, registered):
            count += entry is not None
            if entry is None and known is not None:
                self._missing(findings, known)
            elif entry is not None and known is None:
                self._too_much(findings, entry)
            elif entry is not None and known is not None and entry != as_listed(known, self.moment.this_update):
                self._differs(findings, entry, known)
        return count

    def _missing(self, findings: Findings, known: Registered) -> None:
        if known.revoked_at is None or known.revoked_at < self.moment.settled_before:
            word = "on hold" if known.state is State.HELD else "revoked"
            findings.add(
                "crl_complete",
                self.address,
                f"The certificate {known.serial:x} is {word} and not on it. Make a new list; if it is missing there too, the "
                "database was changed by other hands: restore it, or ask for help.",
            )

    def _too_much(self, findings: Findings, entry: Entry) -> None:
        known = self.look_up(entry.serial)
        if known is None:
            findings.add("crl_only_known", self.address, f"It lists {entry.serial:x}, which was never issued here. Find out why.")
        elif self.partition not in ("", known.partition):
            findings.add("crl_only_known", self.address, f"It lists {entry.serial:x}, which names another list. Make a new list.")
        elif known.changed_at >= self.moment.settled_before:
            return  # released, or settled, at this very moment
        elif not known.listed:
            findings.add(
                "crl_only_revoked", self.address, f"It lists {entry.serial:x}, which is good by the register. Make a new list."
            )
        elif self.moment.previous is not None and known.changed_at < self.moment.previous:
            findings.add(
                "crl_only_unexpired",
                self.address,
                f"It still lists {entry.serial:x}, which expired before the last list. Make a new list.",
                Severity.WARNING,
            )

    def _differs(self, findings: Findings, entry: Entry, known: Registered) -> None:
        if known.changed_at >= self.moment.settled_before:
            return
        wanted = as_listed(known, self.moment.this_update)
        findings.add(
            "crl_facts",
            self.address,
            f"It says of {entry.serial:x}: {_facts(entry)}; the register says: {_facts(wanted)}. Make a new list.",
        )


@dataclass(frozen=True, slots=True)
class Since:
    """Compares a list with the one of the last look, dated `last_update`: what left must be explained, and what stayed moves
    forward only. `was_released` tells whether the journal has it that a record's hold was ended."""

    address: str
    last_update: datetime
    moment: Moment
    look_up: LookUp
    was_released: Callable[[str], bool]

    def check(self, findings: Findings, before: Iterable[Entry], listed: Iterable[Entry]) -> None:
        """Say what cannot be explained."""
        for old, new in side_by_side(before, listed):
            if old is None or old == new:
                continue
            why = self._left(old) if new is None else self._turned(old, new)
            if why is not None:
                findings.add("crl_moves_forward", self.address, why)

    def _left(self, old: Entry) -> str | None:
        known = self.look_up(old.serial)
        if known is None:
            return f"{old.serial:x} has left it, and the register does not know the certificate any more. Restore a backup."
        if known.changed_at >= self.moment.settled_before:
            return None  # the next look sees what became of it
        return self._left_revoked(known) if known.listed else self._left_good(old, known)

    def _left_revoked(self, known: Registered) -> str | None:
        # An entry leaves after one list was made past notAfter (RFC 5280 3.3), and not before.
        if self.moment.previous is not None and known.not_after < self.moment.previous:
            return None
        return f"{known.serial:x} has left it, though it is revoked and has not expired. Make a new list."

    def _left_good(self, old: Entry, known: Registered) -> str | None:
        name = f"{old.serial:x}"
        if old.reason is not RevocationReason.CERTIFICATE_HOLD:
            return f"{name} was revoked for good and has left it: the register was changed by other hands. Restore a backup."
        if known.record_id is None or not self.was_released(known.record_id):
            return f"{name} was on hold and has left it, but by the journal nobody released it. Find out who changed it."
        return None

    def _turned(self, old: Entry, new: Entry) -> str | None:
        if old.reason is RevocationReason.CERTIFICATE_HOLD:
            return None
        # What a clock that ran ahead dated later than its list was listed as of the list.
        if old.revoked_at in (new.revoked_at, self.last_update) and new.reason is not RevocationReason.CERTIFICATE_HOLD:
            return None
        return f"{old.serial:x} was revoked for good ({_facts(old)}), and now it says: {_facts(new)}. Find out who changed it."


def _facts(entry: Entry) -> str:
    said = f"since {rfc3339(entry.revoked_at)}, {'no reason' if entry.reason is None else entry.reason.value}"
    return said if entry.invalidity_date is None else f"{said}, suspect since {rfc3339(entry.invalidity_date)}"
