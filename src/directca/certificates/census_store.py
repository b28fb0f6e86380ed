"""What the register says of its certificates' status, read to be held against what is published."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, func, literal, or_, select

from directca.certificates.authority_store import authority
from directca.certificates.model import State
from directca.certificates.store import KNOWN, certificate, record
from directca.db.engine import Tx
from directca.db.prepared import Prepared

_AT_ONCE = 2000

_STATUS = (
    certificate.c.serial,
    certificate.c.crl_partition,
    record.c.id,
    record.c.state,
    record.c.not_after,
    record.c.revoked_at,
    record.c.revocation_reason,
    record.c.invalidity_date,
    record.c.updated_at,
)
_OF_RECORD = or_(certificate.c.serial == record.c.signing_serial, certificate.c.serial == record.c.encryption_serial)
# The index of the few that are not issued is found by these words; see `store`.
_NOT_ISSUED = record.c.state != literal(State.ISSUED.value, literal_execute=True)
_REVOKED = (
    select(*_STATUS)
    .select_from(record)
    .join(certificate, (certificate.c.authority_id == record.c.authority_id) & _OF_RECORD)
    .where(_NOT_ISSUED, record.c.state.in_((State.HELD.value, State.REVOKED.value)))
    # Hex without leading zeros: as numbers, what is shorter is less.
    .order_by(func.length(certificate.c.serial), certificate.c.serial)
)
_REVOKED_SERIALS = select(record.c.signing_serial, record.c.encryption_serial).where(
    _NOT_ISSUED, record.c.state.in_((State.HELD.value, State.REVOKED.value))
)
_ONE = Prepared(
    select(*_STATUS)
    .join(record, certificate.c.record_id == record.c.id)
    .where(certificate.c.authority_id == bindparam("of"), certificate.c.serial == bindparam("wanted"))
)
_LAST_POSITION = select(func.max(record.c.position)).where(KNOWN)
_AT_POSITION = Prepared(
    select(record.c.authority_id, record.c.state, record.c.not_after, record.c.signing_serial, record.c.encryption_serial).where(
        KNOWN, record.c.position == bindparam("place")
    )
)
_DER = Prepared(
    select(certificate.c.der).where(certificate.c.authority_id == bindparam("of"), certificate.c.serial == bindparam("wanted"))
)
_AUTHORITIES = (
    authority.c.parent_id,
    authority.c.certificate_der,
    authority.c.not_after,
    authority.c.created_at,
    authority.c.revoked_at,
    authority.c.revocation_reason,
    authority.c.invalidity_date,
)


def revoked(tx: Tx, authority_id: str, partition: str | None, *, not_before: datetime) -> Iterator[Any]:
    """The certificates that are revoked or held and end at a moment or after it, by serial; of one partition, or all."""
    statement = _REVOKED.where(record.c.authority_id == authority_id, record.c.not_after >= not_before)
    if partition is not None:
        statement = statement.where(certificate.c.crl_partition == partition)
    with tx.execute(statement.execution_options(yield_per=_AT_ONCE)) as found:
        yield from found


def revoked_serials(tx: Tx, authority_id: str, *, not_before: datetime) -> Iterator[str]:
    """The serials of the same, in no order: without a sort and without a look at each certificate."""
    of_authority = (record.c.authority_id == authority_id, record.c.not_after >= not_before)
    statement = _REVOKED_SERIALS.where(*of_authority).execution_options(yield_per=_AT_ONCE)
    with tx.execute(statement) as found:
        for row in found:
            yield from row


def one(tx: Tx, authority_id: str, serial: str) -> Any | None:
    """The status of the certificate with this serial."""
    return _ONE.first(tx, {"of": authority_id, "wanted": serial})


def last_position(tx: Tx) -> int:
    """The highest position of the register, 0 without any."""
    return tx.execute(_LAST_POSITION).scalar_one() or 0


def at_position(tx: Tx, position: int) -> Any | None:
    """The record at a position."""
    return _AT_POSITION.first(tx, {"place": position})


def der(tx: Tx, authority_id: str, serial: str) -> bytes | None:
    """A certificate; None for one that is only intended, or none."""
    row = _DER.first(tx, {"of": authority_id, "wanted": serial})
    return None if row is None else row.der


def authorities_below(tx: Tx, parent_id: str) -> tuple[Any, ...]:
    """The authorities that one has certified, with the status of their certificates."""
    return tuple(tx.execute(select(*_AUTHORITIES).where(authority.c.parent_id == parent_id)).all())
