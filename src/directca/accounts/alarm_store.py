"""The table of balance alarms."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, String, Table, delete, insert, select, update

from directca.accounts.ledger_store import ledger_balance
from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, metadata

balance_alarm = Table(
    "balance_alarm",
    metadata,
    Column("account_id", String, ForeignKey("account.id"), primary_key=True),
    Column("threshold", BigInteger, nullable=False),
    Column("set_by", String, nullable=False),
    Column("set_at", UtcDateTime, nullable=False),
    # Since when the balance is below it and that was told; empty while it is not.
    Column("told_at", UtcDateTime),
    # When the letters about it are to be tried (again); empty when they were sent.
    Column("letter_at", UtcDateTime),
    CheckConstraint("threshold > 0", name="threshold"),
)


@dataclass(frozen=True)
class Alarm:
    """Tell when the available balance falls below `threshold` cents."""

    account_id: str
    threshold: int
    set_by: str
    set_at: datetime
    told_at: datetime | None = None


@dataclass(frozen=True)
class Low:
    """An alarm and the available balance of its account."""

    alarm: Alarm
    available: int


def find(tx: Tx, account_id: str) -> Alarm | None:
    """The account's alarm."""
    row = tx.execute(select(balance_alarm).where(balance_alarm.c.account_id == account_id)).one_or_none()
    return None if row is None else _alarm(row)


def put(tx: Tx, alarm: Alarm) -> None:
    """Set it, in place of one there was."""
    remove(tx, alarm.account_id)
    values = {"account_id": alarm.account_id, "threshold": alarm.threshold, "set_by": alarm.set_by, "set_at": alarm.set_at}
    tx.execute(insert(balance_alarm), values)


def remove(tx: Tx, account_id: str) -> bool:
    """Take it away; False if there was none."""
    return tx.execute(delete(balance_alarm).where(balance_alarm.c.account_id == account_id)).rowcount == 1


def is_due(tx: Tx, now: datetime) -> bool:
    """Whether anything is to be told, taken back or written."""
    return bool(_found(tx, *_UNTOLD, limit=1) or _found(tx, *_OVER, limit=1) or letters_due(tx, now, limit=1))


def untold(tx: Tx) -> tuple[Low, ...]:
    """Accounts that have fallen below since it was last told."""
    return _found(tx, *_UNTOLD)


def tell(tx: Tx, low: Low, at: datetime) -> bool:
    """It is told now, and letters are due; False if it was told, or set anew, meanwhile."""
    same = (balance_alarm.c.account_id == low.alarm.account_id, balance_alarm.c.told_at.is_(None))
    return tx.execute(update(balance_alarm).where(*same).values(told_at=at, letter_at=at)).rowcount == 1


def rearm(tx: Tx) -> None:
    """What is not below any more is told again when it falls."""
    over = [one.alarm.account_id for one in _found(tx, *_OVER)]
    tx.execute(update(balance_alarm).where(balance_alarm.c.account_id.in_(over)).values(told_at=None, letter_at=None))


def letters_due(tx: Tx, now: datetime, limit: int = 100) -> tuple[Low, ...]:
    """Alarms that were told and not written yet."""
    return _found(tx, balance_alarm.c.letter_at <= now, limit=limit)


def wrote(tx: Tx, alarm: Alarm, again_at: datetime | None) -> None:
    """The letters were sent, or are to be tried again at a moment."""
    same = (balance_alarm.c.account_id == alarm.account_id, balance_alarm.c.told_at == alarm.told_at)
    tx.execute(update(balance_alarm).where(*same).values(letter_at=again_at))


_UNTOLD = (balance_alarm.c.told_at.is_(None), ledger_balance.c.available < balance_alarm.c.threshold)
_OVER = (balance_alarm.c.told_at.is_not(None), ledger_balance.c.available >= balance_alarm.c.threshold)


def _found(tx: Tx, *wanted: Any, limit: int = 1000) -> tuple[Low, ...]:
    joined = balance_alarm.join(ledger_balance, ledger_balance.c.account_id == balance_alarm.c.account_id)
    statement = select(balance_alarm, ledger_balance.c.available).select_from(joined).where(*wanted)
    rows = tx.execute(statement.order_by(balance_alarm.c.account_id).limit(limit))
    return tuple(Low(_alarm(row), row.available) for row in rows)


def _alarm(row: Any) -> Alarm:
    return Alarm(row.account_id, row.threshold, row.set_by, row.set_at, row.told_at)
