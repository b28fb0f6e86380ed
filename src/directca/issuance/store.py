"""Orders, and the idempotency keys that belong to them."""

from collections.abc import Callable, Collection
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Column, Index, Integer, String, Table, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, findable, index_where, metadata
from directca.direct.names import Kind
from directca.issuance.errors import StillInProgress
from directca.issuance.model import Order, OrderState, Verb

certificate_order = Table(
    "certificate_order",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", String, nullable=False),
    Column("verb", String, nullable=False),
    Column("identifier", String(64), nullable=False),
    Column("kind", String, nullable=False),
    Column("duration_years", Integer, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("currency", String(3), nullable=False),
    Column("state", String, nullable=False),
    Column("record_id", String(32), nullable=False),
    Column("policy_version", String, nullable=False),
    Column("policy_sha256", String(64), nullable=False),
    Column("idempotency_key", String),
    Column("request_digest", String(64), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ix_certificate_order_account", "account_id", "created_at"),
)
index_where(
    "uq_certificate_order_idempotency_key",
    certificate_order.c.idempotency_key.is_not(None),
    certificate_order.c.account_id,
    certificate_order.c.idempotency_key,
    unique=True,
)

_FIELDS = tuple(field.name for field in fields(Order))
_INSERT = Prepared(insert(certificate_order))
_BY_KEY = Prepared(
    select(certificate_order).where(
        certificate_order.c.account_id == bindparam("account"), certificate_order.c.idempotency_key == bindparam("key")
    )
)
_OF_ACCOUNT = (
    certificate_order.c.account_id == bindparam("account"),
    certificate_order.c.created_at >= bindparam("since"),
    certificate_order.c.state != OrderState.RELEASED.value,
)
_NTH_NEWEST = Prepared(
    select(certificate_order.c.created_at)
    .where(*_OF_ACCOUNT)
    .order_by(certificate_order.c.created_at.desc())
    .limit(1)
    .offset(bindparam("newer", type_=Integer))
)
_SINCE = Prepared(select(func.count().label("orders")).where(*_OF_ACCOUNT))
_MOVE = Prepared(
    update(certificate_order)
    .where(certificate_order.c.id == bindparam("order"), certificate_order.c.state == OrderState.AUTHORIZED.value)
    .values(state=bindparam("new_state"), updated_at=bindparam("new_updated_at"))
)
_FREE_KEY = update(certificate_order).where(certificate_order.c.id == bindparam("order")).values(idempotency_key=None)


def add(tx: Tx, order: Order) -> None:
    """Store an order, by the end of the block. Raises StillInProgress when another request with the same idempotency key was
    quicker; so may what comes after it."""
    _INSERT.run_later(tx, vars(order), _was_quicker)


def _was_quicker(_broken: IntegrityError) -> StillInProgress:
    return StillInProgress("The first request with this Idempotency-Key has not ended yet; ask again.", retry_after=1)


def by_idempotency_key(tx: Tx, account_id: str, key: str) -> Order | None:
    """The order that a request with this key made."""
    row = _BY_KEY.first(tx, {"account": account_id, "key": key})
    return None if row is None else _order(row)


def by_id(tx: Tx, order_id: str) -> Order | None:
    """The order with this id."""
    row = tx.execute(select(certificate_order).where(certificate_order.c.id == findable(order_id))).one_or_none()
    return None if row is None else _order(row)


def by_ids(tx: Tx, order_ids: Collection[str]) -> tuple[Order, ...]:
    """Those of these orders that there are, in no order."""
    found = select(certificate_order).where(certificate_order.c.id.in_(order_ids))
    return tuple(_order(row) for row in tx.execute(found))


def page(tx: Tx, account_id: str, after: tuple[datetime, str] | None, limit: int) -> tuple[Order, ...]:
    """The account's orders, newest first, `after` the one of a moment and an id."""
    columns = certificate_order.c
    wanted = [columns.account_id == account_id]
    if after is not None:
        at, order_id = after
        wanted.append(columns.created_at <= at)
        wanted.append(or_(columns.created_at < at, and_(columns.created_at == at, columns.id < order_id)))
    found = select(certificate_order).where(*wanted).order_by(columns.created_at.desc(), columns.id.desc()).limit(limit)
    return tuple(_order(row) for row in tx.execute(found))


def count(tx: Tx, account_id: str) -> int:
    """How many orders the account has made."""
    return int(tx.execute(select(func.count()).where(certificate_order.c.account_id == account_id)).scalar_one())


def move(tx: Tx, order_id: str, state: OrderState, at: datetime) -> bool:
    """Settle an authorized order; False when it is settled already."""
    return moving(tx, order_id, state, at)()


def moving(tx: Tx, order_id: str, state: OrderState, at: datetime) -> Callable[[], bool]:
    """`move`, asked for with what is asked besides."""
    moved = _MOVE.running(tx, {"order": order_id, "new_state": state.value, "new_updated_at": at})
    return lambda: moved() == 1


def free_key(tx: Tx, order_id: str) -> None:
    """Let a later request use the idempotency key of an order that came to nothing."""
    tx.execute(_FREE_KEY, {"order": order_id})


def nth_newest(tx: Tx, account_id: str, number: int, *, since: datetime) -> datetime | None:
    """When the account's nth newest order was made that came to something, or may yet; None unless there are as many since."""
    row = _NTH_NEWEST.first(tx, {"account": account_id, "since": since, "newer": number - 1})
    return None if row is None else row.created_at


def count_since(tx: Tx, account_id: str, since: datetime) -> int:
    """How many such orders the account has made since a moment."""
    row = _SINCE.first(tx, {"account": account_id, "since": since})
    return 0 if row is None else int(row.orders)


def _order(row: Any) -> Order:
    values = {name: getattr(row, name) for name in _FIELDS}
    return Order(**{**values, "verb": Verb(row.verb), "kind": Kind(row.kind), "state": OrderState(row.state)})
