"""The tables of events: what accounts are told, up to where the journal was followed, and what applications acknowledged."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, delete, func, insert, select, update

from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, metadata
from directca.notices.model import Event, EventKind

event = Table(
    "event",
    metadata,
    Column("account_id", String, ForeignKey("account.id"), primary_key=True),
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("id", String(32), nullable=False, unique=True),
    Column("kind", String(40), nullable=False),
    Column("subject", String, nullable=False),
    Column("data", JSON, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("journal_position", BigInteger, nullable=False, unique=True),
    Index(None, "at"),
)

# The newest position of each account: what was forgotten is not counted anew.
event_head = Table(
    "event_head",
    metadata,
    Column("account_id", String, ForeignKey("account.id"), primary_key=True),
    Column("position", BigInteger, nullable=False),
)

# One row: up to where the journal was followed. The step of the schema that made the table wrote it.
event_mark = Table(
    "event_mark",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
)

event_subscriber = Table(
    "event_subscriber",
    metadata,
    Column("account_id", String, ForeignKey("account.id"), primary_key=True),
    Column("application", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
)

# What of an end was told last: how many days before it, 0 for the end itself.
expiry_notice = Table(
    "expiry_notice",
    metadata,
    Column("about", String, primary_key=True),
    Column("ends_at", UtcDateTime, nullable=False, index=True),
    Column("days", Integer, nullable=False),
    Column("said_at", UtcDateTime, nullable=False),
)

_ONLY = 1
_INSERT = Prepared(insert(event))


def mark(tx: Tx) -> int:
    """The last row of the journal that was followed."""
    found: int | None = tx.execute(select(event_mark.c.position).where(event_mark.c.id == _ONLY)).scalar_one_or_none()
    return found or 0


def move_mark(tx: Tx, before: int, after: int) -> bool:
    """Move the mark from where it was; False, and nothing is changed, when it is elsewhere by now."""
    here = (event_mark.c.id == _ONLY, event_mark.c.position == before)
    if tx.execute(update(event_mark).where(*here).values(position=after)).rowcount == 1:
        return True
    if before or tx.execute(select(event_mark.c.id).where(event_mark.c.id == _ONLY)).first() is not None:
        return False
    tx.execute(insert(event_mark), {"id": _ONLY, "position": after})
    return True


def heads(tx: Tx, accounts: Sequence[str]) -> dict[str, int]:
    """The newest position of each of these accounts that has any."""
    statement = select(event_head).where(event_head.c.account_id.in_(accounts))
    return {row.account_id: row.position for row in tx.execute(statement)}


def add(tx: Tx, added: Sequence[Event], known: Mapping[str, int]) -> None:
    """Insert events that follow the heads `known`, and move the heads."""
    _INSERT.run_many(
        tx,
        [
            {
                "account_id": one.account_id,
                "position": one.position,
                "id": one.id,
                "kind": one.kind,
                "subject": one.subject,
                "data": dict(one.data),
                "at": one.at,
                "journal_position": one.journal_position,
            }
            for one in added
        ],
    )
    for account_id, position in {one.account_id: one.position for one in added}.items():
        if account_id in known:
            tx.execute(update(event_head).where(event_head.c.account_id == account_id).values(position=position))
        else:
            tx.execute(insert(event_head), {"account_id": account_id, "position": position})


def after(tx: Tx, account_id: str, position: int, limit: int) -> tuple[Event, ...]:
    """The events behind a position, oldest first."""
    columns = event.c
    statement = (
        select(event).where(columns.account_id == account_id, columns.position > position).order_by(columns.position).limit(limit)
    )
    return tuple(_event(row) for row in tx.execute(statement))


def head(tx: Tx, account_id: str) -> int:
    """The newest position of an account; 0 without any."""
    return heads(tx, (account_id,)).get(account_id, 0)


def first(tx: Tx, account_id: str) -> int:
    """The oldest position of an account that is kept; 0 without any."""
    statement = select(func.min(event.c.position)).where(event.c.account_id == account_id)
    return tx.execute(statement).scalar_one_or_none() or 0


def acknowledged(tx: Tx, account_id: str, application: str) -> int:
    """Up to where an application has acknowledged events; 0 for one that never did."""
    columns = event_subscriber.c
    statement = select(columns.position).where(columns.account_id == account_id, columns.application == application)
    found: int | None = tx.execute(statement).scalar_one_or_none()
    return found or 0


def acknowledge(tx: Tx, account_id: str, application: str, position: int, at: datetime) -> int:
    """Remember that an application has everything up to a position; where it is then: an acknowledgement takes nothing back."""
    columns = event_subscriber.c
    mine = (columns.account_id == account_id, columns.application == application)
    values = {"position": position, "at": at}
    if tx.execute(update(event_subscriber).where(*mine, columns.position < position).values(**values)).rowcount:
        return position
    found: int | None = tx.execute(select(columns.position).where(*mine)).scalar_one_or_none()
    if found is not None:
        return found
    tx.execute(insert(event_subscriber), {"account_id": account_id, "application": application, **values})
    return position


def forget(tx: Tx, before: datetime, most: int) -> int:
    """Delete some of the events from before a moment; how many."""
    old = select(event.c.id).where(event.c.at < before).order_by(event.c.at).limit(most)
    return tx.execute(delete(event).where(event.c.id.in_(old))).rowcount


def said(tx: Tx, about: Iterable[str]) -> dict[str, tuple[datetime, int]]:
    """What of these ends was told last: the end, and how many days before it."""
    columns = expiry_notice.c
    statement = select(columns.about, columns.ends_at, columns.days).where(columns.about.in_(tuple(about)))
    return {row.about: (row.ends_at, row.days) for row in tx.execute(statement)}


def say(tx: Tx, about: str, ends_at: datetime, days: int, at: datetime) -> None:
    """Remember that an end was told."""
    values = {"ends_at": ends_at, "days": days, "said_at": at}
    if tx.execute(update(expiry_notice).where(expiry_notice.c.about == about).values(**values)).rowcount == 0:
        tx.execute(insert(expiry_notice), {"about": about, **values})


def forget_said(tx: Tx, before: datetime) -> None:
    """Forget what was told of ends that are long over."""
    tx.execute(delete(expiry_notice).where(expiry_notice.c.ends_at < before))


def _event(row: Any) -> Event:
    return Event(row.account_id, row.position, row.id, EventKind(row.kind), row.subject, row.data, row.at, row.journal_position)
