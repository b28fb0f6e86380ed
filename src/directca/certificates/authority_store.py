"""The authorities' table, and the switch that stops signing."""

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table, insert, select, update

from directca.certificates.model import AuthorityEntry
from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, metadata

authority = Table(
    "authority",
    metadata,
    Column("id", String, primary_key=True),
    Column("role", String, nullable=False),
    Column("parent_id", String, ForeignKey("authority.id")),
    Column("subject_dn", String, nullable=False),
    Column("certificate_der", LargeBinary, nullable=False),
    Column("key_reference", String, nullable=False),
    Column("not_after", UtcDateTime, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Counts the changes of its certificates' status, so that what shows status knows whether it is up to date.
    Column("status_version", BigInteger, nullable=False),
    # The status of its own certificate, which its parent lists.
    Column("revoked_at", UtcDateTime),
    Column("revocation_reason", String),
    Column("invalidity_date", UtcDateTime),
)

signing_switch = Table(
    "signing_switch",
    metadata,
    # One row: while `stopped_at` is set, no process signs anything.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("stopped_at", UtcDateTime),
    Column("stopped_by", String),
    Column("reason", String),
)

_SWITCH = Prepared(
    select(signing_switch.c.stopped_at, signing_switch.c.stopped_by, signing_switch.c.reason).where(signing_switch.c.id == 1)
)
_AUTHORITIES = select(*(authority.c[field.name] for field in fields(AuthorityEntry))).order_by(
    authority.c.created_at, authority.c.id
)


def add_authority(tx: Tx, entry: AuthorityEntry) -> None:
    """Register a certification authority."""
    values = {field.name: getattr(entry, field.name) for field in fields(AuthorityEntry)}
    tx.execute(insert(authority), {**values, "status_version": 0})


def authorities(tx: Tx) -> tuple[AuthorityEntry, ...]:
    """Every certification authority, oldest first."""
    return tuple(AuthorityEntry(**row._mapping) for row in tx.execute(_AUTHORITIES))


def status_version(tx: Tx, authority_id: str) -> int:
    """How many changes of status the authority's certificates have seen."""
    version: int = tx.execute(select(authority.c.status_version).where(authority.c.id == authority_id)).scalar_one()
    return version


def switch(tx: Tx) -> tuple[datetime, str, str] | None:
    """Since when, by whom and why signing is stopped; None while it is allowed."""
    return switch_asked(tx)()


def switch_asked(tx: Tx) -> Callable[[], tuple[datetime, str, str] | None]:
    """The same, asked for with what is asked besides."""
    rows = _SWITCH.asked(tx, {})

    def answer() -> tuple[datetime, str, str] | None:
        found = rows()
        stopped = found and found[0].stopped_at is not None
        return (found[0].stopped_at, found[0].stopped_by, found[0].reason) if stopped else None

    return answer


def set_switch(tx: Tx, *, at: datetime | None, by: str, reason: str) -> None:
    """Stop signing (`at` is a moment) or allow it again (`at` is None)."""
    values = {"stopped_at": at, "stopped_by": by, "reason": reason}
    if tx.execute(update(signing_switch).where(signing_switch.c.id == 1).values(**values)).rowcount == 0:
        tx.execute(insert(signing_switch), {"id": 1, **values})
