"""What the register says of all that an authority certified: subscribers, its OCSP responders, the authorities below it."""

import heapq
from collections.abc import Iterator
from datetime import UTC, datetime
from operator import attrgetter

from directca.certificates import census
from directca.certificates.census import Registered
from directca.certificates.model import State
from directca.db.engine import Tx
from directca.journal import read
from directca.revocation import responder_store
from directca.revocation.responder_model import ResponderEntry

_RELEASED = "certificate.released"
_ROWS_OF_ONE = 1000
_EVER = datetime(1950, 1, 1, tzinfo=UTC)


def must_be_listed(tx: Tx, authority_id: str, partition: str, *, previous: datetime | None) -> Iterator[Registered]:
    """What a list must have, in ascending order of serials: all that is revoked or held, unless a list was made past its notAfter
    before (`previous` is the last one's thisUpdate). For a transaction that scans."""
    since = previous or _EVER
    subscribers = census.revoked(tx, authority_id, partition or None, not_before=since)
    if partition:
        return subscribers  # what is not a subscriber's names the full list
    others = [one for one in _others(tx, authority_id) if one.listed and one.not_after >= since]
    return heapq.merge(subscribers, sorted(others, key=attrgetter("serial")), key=attrgetter("serial"))


def look_up(tx: Tx, authority_id: str, serial: int) -> Registered | None:
    """What is known of one certificate of an authority; None when it never certified any with this serial."""
    found = census.look_up(tx, authority_id, serial)
    if found is not None:
        return found
    return next((one for one in _others(tx, authority_id) if one.serial == serial), None)


def was_released(tx: Tx, record_id: str) -> bool:
    """Whether the journal has it that a pair's hold was ended."""
    return any(row.event.kind == _RELEASED for row in read.about(tx, f"record:{record_id}", limit=_ROWS_OF_ONE))


def children(tx: Tx, authority_id: str, some: tuple[int, ...]) -> tuple[bytes, ...]:
    """Certificates that an authority has signed: those below it, its responders, and subscribers' with these serials."""
    below = [certificate for certificate, _ in census.authorities_below(tx, authority_id)]
    responders = [one.der for one in responder_store.of_authority(tx, authority_id)[-1:]]
    subscribers = [census.certificate(tx, authority_id, serial) for serial in some]
    return tuple(one for one in (*below, *responders, *subscribers) if one is not None)


def _others(tx: Tx, authority_id: str) -> Iterator[Registered]:
    yield from (status for _, status in census.authorities_below(tx, authority_id))
    yield from map(_of_responder, responder_store.of_authority(tx, authority_id))


def _of_responder(entry: ResponderEntry) -> Registered:
    made = State.INTENDED if entry.der is None else State.ISSUED
    return Registered(
        serial=int(entry.serial, 16),
        partition="",
        state=made if entry.revoked_at is None else State.REVOKED,
        not_after=entry.not_after,
        changed_at=entry.revoked_at or entry.created_at,
        revoked_at=entry.revoked_at,
        reason=entry.revocation_reason,
    )
