"""The OCSP responders: what was intended before it was signed, and what may sign answers."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table, bindparam, insert, select, update

from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, metadata
from directca.pki.reasons import RevocationReason
from directca.revocation.responder_model import ResponderEntry

ocsp_responder = Table(
    "ocsp_responder",
    metadata,
    Column("authority_id", String, ForeignKey("authority.id"), primary_key=True),
    Column("serial", String(40), primary_key=True),
    Column("key_reference", String, nullable=False),
    Column("not_before", UtcDateTime, nullable=False),
    Column("not_after", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("tbs_sha256", String(64), nullable=False),
    Column("tbs", LargeBinary),
    Column("der", LargeBinary),
    Column("revoked_at", UtcDateTime),
    Column("revocation_reason", String),
)

_FIELDS = tuple(field.name for field in fields(ResponderEntry))
_COLUMNS = [ocsp_responder.c[name] for name in _FIELDS]
_OF_AUTHORITY = Prepared(
    select(*_COLUMNS).where(ocsp_responder.c.authority_id == bindparam("of")).order_by(ocsp_responder.c.created_at)
)
_ONE = Prepared(
    select(*_COLUMNS).where(ocsp_responder.c.authority_id == bindparam("of"), ocsp_responder.c.serial == bindparam("wanted"))
)


def add_intent(tx: Tx, intent: ResponderEntry) -> None:
    """Store a responder before its certificate is signed."""
    tx.execute(insert(ocsp_responder), {name: getattr(intent, name) for name in _FIELDS})


def complete(tx: Tx, intent: ResponderEntry, der: bytes) -> bool:
    """Store the signed certificate over its intent; False when the intent was settled in the meantime."""
    place = (*_place(intent), ocsp_responder.c.der.is_(None), ocsp_responder.c.revoked_at.is_(None))
    return tx.execute(update(ocsp_responder).where(*place).values(der=der, tbs=None)).rowcount == 1


def revoke(tx: Tx, entry: ResponderEntry, at: datetime, reason: RevocationReason) -> bool:
    """Let a responder be revoked; False when it is already."""
    place = (*_place(entry), ocsp_responder.c.revoked_at.is_(None))
    values = {"revoked_at": at, "revocation_reason": reason.value}
    return tx.execute(update(ocsp_responder).where(*place).values(**values)).rowcount == 1


def of_authority(tx: Tx, authority_id: str) -> tuple[ResponderEntry, ...]:
    """Every responder that an authority ever had or intended, oldest first."""
    return tuple(_entry(row) for row in _OF_AUTHORITY.rows(tx, {"of": authority_id}))


def by_serial(tx: Tx, authority_id: str, serial: str) -> ResponderEntry | None:
    """One responder."""
    row = _ONE.first(tx, {"of": authority_id, "wanted": serial})
    return None if row is None else _entry(row)


def _place(entry: ResponderEntry) -> tuple[Any, Any]:
    return ocsp_responder.c.authority_id == entry.authority_id, ocsp_responder.c.serial == entry.serial


def _entry(row: Any) -> ResponderEntry:
    values = {name: getattr(row, name) for name in _FIELDS}
    if values["revocation_reason"] is not None:
        values["revocation_reason"] = RevocationReason(values["revocation_reason"])
    return ResponderEntry(**values)
