"""The SQL of selections: records by what they have in common, whichever account they belong to."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, bindparam, insert, or_, select

from directca.certificates import query_store
from directca.certificates.authority_store import authority
from directca.certificates.chosen import Candidate, Selection
from directca.certificates.model import State
from directca.certificates.store import KNOWN, certificate, compromised_key, record
from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.pki.reasons import RevocationReason

_AT_ONCE = 1000
_AFTER_EVERY_NAME = "\x7f"


_COLUMNS = (
    record.c.id,
    record.c.identifier,
    record.c.state,
    record.c.revocation_reason,
    record.c.not_after,
    record.c.superseded_by,
    record.c.signing_serial,
    record.c.encryption_serial,
    record.c.account_id,
)
_ONE = Prepared(select(*_COLUMNS).where(record.c.id == bindparam("wanted"), KNOWN))
_ISSUERS = certificate.c.authority_id.in_(select(authority.c.id))
_OF_SERIAL = Prepared(
    select(certificate.c.record_id, certificate.c.der).where(_ISSUERS, certificate.c.serial == bindparam("wanted"))
)
_OF_MODULUS = Prepared(select(certificate.c.record_id).where(certificate.c.modulus_sha256 == bindparam("wanted")).distinct())
_EVERY_KEY = Prepared(select(certificate.c.modulus_sha256, certificate.c.der).where(certificate.c.der.is_not(None)))
_BLOCKED = Prepared(select(compromised_key.c.recorded_at).where(compromised_key.c.modulus_sha256 == bindparam("wanted")))
_BLOCK = Prepared(insert(compromised_key))


def standing(tx: Tx, wanted: Selection, now: datetime) -> Iterator[Candidate]:
    """The records that have it in common and have not expired, oldest first. What a crash left is not among them."""
    conditions: list[ColumnElement[bool]] = [KNOWN, record.c.settled.is_(False), record.c.not_after >= now]
    values: dict[str, Any] = {}
    if wanted.organization_id is not None:
        conditions.append(record.c.organization_id == wanted.organization_id)
    if wanted.account_id is not None:
        conditions.append(record.c.account_id == wanted.account_id)
    if wanted.domain is not None:
        conditions.append(_below(wanted.domain))
    if wanted.filters is not None:
        matching, values = query_store.conditions(wanted.filters, now)
        conditions.extend(matching)
    statement = select(*_COLUMNS).where(*conditions).order_by(record.c.id).execution_options(yield_per=_AT_ONCE)
    with tx.execute(statement, values) as found:
        for row in found:
            yield _candidate(row)


def some(tx: Tx, ids: Sequence[str]) -> Iterator[Candidate]:
    """The known records with these ids, in this order."""
    for one in ids:
        row = _ONE.first(tx, {"wanted": one})
        if row is not None:
            yield _candidate(row)


def of_serial(tx: Tx, serial: str) -> tuple[str, ...]:
    """The record of a certificate, by its serial in hex; one for each authority that gave it out."""
    return tuple(row.record_id for row in _OF_SERIAL.rows(tx, {"wanted": serial}))


def der_of_serial(tx: Tx, serial: str) -> bytes | None:
    """The certificate with a serial in hex; None without one that was signed."""
    return next((row.der for row in _OF_SERIAL.rows(tx, {"wanted": serial}) if row.der is not None), None)


def of_modulus(tx: Tx, modulus_sha256: str) -> tuple[str, ...]:
    """The records with a certificate for a key."""
    return tuple(row.record_id for row in _OF_MODULUS.rows(tx, {"wanted": modulus_sha256}))


def every_key(tx: Tx) -> Iterator[tuple[str, bytes]]:
    """Every certificate, with the digest of its modulus."""
    for rows in _EVERY_KEY.runs(tx, {}, _AT_ONCE):
        yield from ((modulus_sha256, der) for modulus_sha256, der in rows)


def with_blocked_key(tx: Tx, since: datetime) -> tuple[str, ...]:
    """The records that are issued or held and have a key that was blocked since a moment."""
    blocked = select(compromised_key.c.modulus_sha256).where(compromised_key.c.recorded_at >= since)
    statement = (
        select(record.c.id)
        .join(certificate, certificate.c.record_id == record.c.id)
        .where(certificate.c.modulus_sha256.in_(blocked), record.c.state.in_([State.ISSUED.value, State.HELD.value]))
        .distinct()
    )
    return tuple(tx.execute(statement).scalars())


def block(tx: Tx, modulus_sha256: str, at: datetime) -> bool:
    """Remember a key as compromised; False when it is known as such."""
    if _BLOCKED.first(tx, {"wanted": modulus_sha256}) is not None:
        return False
    _BLOCK.run(tx, {"modulus_sha256": modulus_sha256, "record_id": None, "recorded_at": at})
    return True


def _below(domain: str) -> ColumnElement[bool]:
    """The domain, its addresses, and the same of everything below it."""
    backwards = record.c.identifier_reversed
    ends = [
        and_(backwards >= suffix, backwards < suffix + _AFTER_EVERY_NAME) for suffix in (f"@{domain}"[::-1], f".{domain}"[::-1])
    ]
    return or_(record.c.identifier == domain, *ends)


def _candidate(row: Any) -> Candidate:
    reason = None if row.revocation_reason is None else RevocationReason(row.revocation_reason)
    return Candidate(
        row.id,
        row.identifier,
        State(row.state),
        reason,
        row.not_after,
        row.superseded_by,
        row.signing_serial,
        row.encryption_serial,
        row.account_id,
    )
