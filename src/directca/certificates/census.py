"""The status of certificates as the register knows it, with the facts and in the order in which what is published tells them.

It is read from the records themselves and not from the entries that the next lists are made of: a list that was made of the
wrong entries must not agree.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

from directca.certificates import census_store as store
from directca.certificates.model import State
from directca.db.engine import Tx
from directca.pki import der
from directca.pki.certificate_view import read_certificate
from directca.pki.reasons import RevocationReason

_TRIES_FOR_ONE = 4


@dataclass(frozen=True, slots=True)
class Registered:
    """One certificate and its status. `record_id` is None for what is no subscriber's; `changed_at` is when it last changed."""

    serial: int
    partition: str
    state: State
    not_after: datetime
    changed_at: datetime
    revoked_at: datetime | None = None
    reason: RevocationReason | None = None
    invalidity_date: datetime | None = None
    record_id: str | None = None

    @property
    def listed(self) -> bool:
        """Whether lists show it, as long as it has not expired."""
        return self.state in (State.HELD, State.REVOKED)


def revoked(tx: Tx, authority_id: str, partition: str | None, *, not_before: datetime) -> Iterator[Registered]:
    """Subscribers' certificates that are revoked or held and end at a moment or after it, in ascending order of serials.

    `partition` limits it to what was issued into one list; None means all. For a transaction that scans.
    """
    for row in store.revoked(tx, authority_id, partition, not_before=not_before):
        yield _registered(row)


def look_up(tx: Tx, authority_id: str, serial: int) -> Registered | None:
    """What is known of a subscriber's certificate, in whatever state it is."""
    row = store.one(tx, authority_id, f"{serial:x}")
    return None if row is None else _registered(row)


def authorities_below(tx: Tx, authority_id: str) -> tuple[tuple[bytes, Registered], ...]:
    """The authorities that one has certified: the certificate and its status."""
    found = []
    for row in store.authorities_below(tx, authority_id):
        reason = None if row.revocation_reason is None else RevocationReason(row.revocation_reason)
        state = State.ISSUED if row.revoked_at is None else State.REVOKED
        serial = der.read_integer(read_certificate(row.certificate_der).serial)
        changed_at = row.revoked_at or row.created_at
        status = Registered(serial, "", state, row.not_after, changed_at, row.revoked_at, reason, row.invalidity_date)
        found.append((row.certificate_der, status))
    return tuple(found)


def some_good(tx: Tx, authority_id: str, count: int, now: datetime, chooser: Random) -> tuple[int, ...]:
    """The serials of some certificates that are good and have not expired, anywhere in the register."""
    last, tries = store.last_position(tx), count * _TRIES_FOR_ONE
    places = range(1, last + 1) if last <= tries else chooser.sample(range(1, last + 1), tries)
    found: list[int] = []
    for place in places:
        row = store.at_position(tx, place)
        if row is not None and row.authority_id == authority_id and row.state == State.ISSUED.value and row.not_after >= now:
            found.extend((int(row.signing_serial, 16), int(row.encryption_serial, 16)))
    return tuple(chooser.sample(found, min(count, len(found))))


def some_revoked(tx: Tx, authority_id: str, count: int | None, now: datetime, chooser: Random) -> tuple[int, ...]:
    """The serials of some subscribers' certificates that are revoked or held and have not expired; None means of all of them.

    Each is as likely to be among them as any other. For a transaction that scans.
    """
    chosen: list[str] = []
    for place, serial in enumerate(store.revoked_serials(tx, authority_id, not_before=now)):
        if count is None or len(chosen) < count:
            chosen.append(serial)
        elif (instead := chooser.randrange(place + 1)) < count:
            chosen[instead] = serial
    return tuple(int(serial, 16) for serial in chosen)


def certificate(tx: Tx, authority_id: str, serial: int) -> bytes | None:
    """A subscriber's certificate."""
    return store.der(tx, authority_id, f"{serial:x}")


def _registered(row: Any) -> Registered:
    return Registered(
        serial=int(row.serial, 16),
        partition=row.crl_partition,
        state=State(row.state),
        not_after=row.not_after,
        changed_at=row.updated_at,
        revoked_at=row.revoked_at,
        reason=None if row.revocation_reason is None else RevocationReason(row.revocation_reason),
        invalidity_date=row.invalidity_date,
        record_id=row.id,
    )
