"""The table of announced payments."""

from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Index, String, Table, func, insert, select, update

from directca.accounts.top_up_model import PaymentMethod, TopUp, TopUpState
from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, findable, index_where, metadata

top_up = Table(
    "top_up",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", String, ForeignKey("account.id"), nullable=False),
    Column("reference", String(32), nullable=False, unique=True),
    Column("amount", BigInteger, nullable=False),
    Column("method", String(16), nullable=False),
    Column("purchase_order", String(64)),
    Column("state", String(16), nullable=False),
    Column("asked_by", String, nullable=False),
    Column("asked_at", UtcDateTime, nullable=False),
    Column("pay_by", UtcDateTime, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("received", BigInteger),
    # One request is one top-up, however often it is sent.
    Column("idempotency_key", String),
    CheckConstraint("amount > 0", name="amount"),
    Index(None, "account_id", "asked_at"),
    Index(None, "state", "asked_at"),
)
index_where(
    "uq_top_up_idempotency_key",
    top_up.c.idempotency_key.is_not(None),
    top_up.c.account_id,
    top_up.c.idempotency_key,
    unique=True,
)
_FIELDS = tuple(one.name for one in fields(TopUp))


def add(tx: Tx, new: TopUp, key: str | None) -> None:
    """Store one that is waited for."""
    tx.execute(insert(top_up), {name: getattr(new, name) for name in _FIELDS} | {"idempotency_key": key})


def by_key(tx: Tx, account_id: str, key: str) -> TopUp | None:
    """The one that a request with this key made."""
    return _one(tx, top_up.c.account_id == account_id, top_up.c.idempotency_key == key)


def by_id(tx: Tx, account_id: str, top_up_id: str) -> TopUp | None:
    """The account's one with this id."""
    return _one(tx, top_up.c.account_id == account_id, top_up.c.id == findable(top_up_id))


def anybodys(tx: Tx, top_up_id: str) -> TopUp | None:
    """The one with this id, whoever's it is."""
    return _one(tx, top_up.c.id == findable(top_up_id))


def by_reference(tx: Tx, reference: str) -> TopUp | None:
    """The one with this reference, whoever's it is."""
    return _one(tx, top_up.c.reference == findable(reference))


def of_account(tx: Tx, account_id: str, limit: int) -> tuple[TopUp, ...]:
    """The account's newest."""
    return _found(tx, top_up.c.account_id == account_id, limit=limit)


def waiting(tx: Tx, limit: int) -> tuple[TopUp, ...]:
    """Those of every account that are waited for, newest first."""
    return _found(tx, top_up.c.state == TopUpState.WAITING.value, limit=limit)


def count_all_waiting(tx: Tx) -> int:
    """How many of every account's are waited for."""
    return int(tx.execute(select(func.count()).where(top_up.c.state == TopUpState.WAITING.value)).scalar_one())


def count_waiting(tx: Tx, account_id: str) -> int:
    """How many of the account's are waited for."""
    wanted = (top_up.c.account_id == account_id, top_up.c.state == TopUpState.WAITING.value)
    return int(tx.execute(select(func.count()).where(*wanted)).scalar_one())


def settle(tx: Tx, of: TopUp, state: TopUpState, at: datetime, received: int | None = None) -> bool:
    """End the waiting; False if it has ended."""
    still = (top_up.c.id == of.id, top_up.c.state == TopUpState.WAITING.value)
    values = {"state": state.value, "settled_at": at, "received": received}
    return tx.execute(update(top_up).where(*still).values(values)).rowcount == 1


def _one(tx: Tx, *wanted: Any) -> TopUp | None:
    found = _found(tx, *wanted, limit=1)
    return found[0] if found else None


def _found(tx: Tx, *wanted: Any, limit: int) -> tuple[TopUp, ...]:
    rows = tx.execute(select(top_up).where(*wanted).order_by(top_up.c.asked_at.desc(), top_up.c.id).limit(limit))
    return tuple(_top_up(row) for row in rows)


def _top_up(row: Any) -> TopUp:
    values = {name: getattr(row, name) for name in _FIELDS}
    return TopUp(**{**values, "method": PaymentMethod(row.method), "state": TopUpState(row.state)})
