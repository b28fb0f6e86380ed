"""The CRLs: each number once, what was intended before it was signed, and what is published."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, metadata
from directca.revocation.model import Crl

crl = Table(
    "crl",
    metadata,
    Column("authority_id", String, ForeignKey("authority.id"), primary_key=True),
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("this_update", UtcDateTime, nullable=False),
    Column("next_update", UtcDateTime, nullable=False),
    Column("entries", Integer, nullable=False),
    Column("status_version", BigInteger, nullable=False),
    Column("tbs_sha256", String(64), nullable=False),
    Column("der", LargeBinary),
    Column("published_at", UtcDateTime),
    Index("ix_crl_published", "authority_id", "published_at", "number"),
)

_COLUMNS = (
    crl.c.authority_id,
    crl.c.number,
    crl.c.this_update,
    crl.c.next_update,
    crl.c.der,
    crl.c.entries,
    crl.c.status_version,
)
_NEWEST_TIMES = Prepared(
    select(crl.c.published_at, crl.c.next_update)
    .where(crl.c.authority_id == bindparam("authority"), crl.c.published_at.is_not(None))
    .order_by(crl.c.number.desc())
    .limit(1)
)


def last_number(tx: Tx, authority_id: str) -> int:
    """The highest number that was ever reserved, 0 before the first."""
    return tx.execute(select(func.max(crl.c.number)).where(crl.c.authority_id == authority_id)).scalar_one() or 0


def add_intent(tx: Tx, intent: Crl, tbs_sha256: str) -> bool:
    """Reserve a number for a list that is going to be signed; False when another process has it."""
    values = {
        "authority_id": intent.authority_id,
        "number": intent.number,
        "this_update": intent.this_update,
        "next_update": intent.next_update,
        "entries": intent.entries,
        "status_version": intent.status_version,
        "tbs_sha256": tbs_sha256,
    }
    try:
        with tx.begin_nested():
            tx.execute(insert(crl), values)
    except IntegrityError:
        return False
    return True


def publish(tx: Tx, signed: Crl, at: datetime) -> bool:
    """Make a signed list the published one unless that has a higher number, a later time or newer facts (invariant 12).

    A list whose process paused between reading the facts and taking its number has a high number and old facts.
    """
    newest = newest_published(tx, signed.authority_id)
    if newest is not None and not _comes_after(signed, newest):
        return False
    place = (crl.c.authority_id == signed.authority_id, crl.c.number == signed.number)
    return tx.execute(update(crl).where(*place).values(der=signed.der, published_at=at)).rowcount == 1


def _comes_after(signed: Crl, newest: Crl) -> bool:
    moves_on = signed.number > newest.number and signed.this_update >= newest.this_update
    return moves_on and signed.status_version >= newest.status_version


def newest_published(tx: Tx, authority_id: str) -> Crl | None:
    """The list that is served."""
    statement = (
        select(*_COLUMNS)
        .where(crl.c.authority_id == authority_id, crl.c.published_at.is_not(None))
        .order_by(crl.c.number.desc())
        .limit(1)
    )
    return _crl(tx.execute(statement).one_or_none())


def newest_times(tx: Tx, authority_id: str) -> tuple[datetime, datetime] | None:
    """When the list that is served was published, and until when it may be used."""
    row = _NEWEST_TIMES.first(tx, {"authority": authority_id})
    return None if row is None else (row.published_at, row.next_update)


def _crl(row: Any) -> Crl | None:
    if row is None:
        return None
    return Crl(row.authority_id, row.number, row.this_update, row.next_update, row.der, row.entries, row.status_version)
