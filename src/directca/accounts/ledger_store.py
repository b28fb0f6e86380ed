"""The books' tables: one row per movement, which is its two entries, and the balance that the entries add up to.

A movement debits one ledger and credits another with one amount, so it cannot but sum to zero. The balance is a sum kept ready
beside the movements, because the issuing path must not add up a history. It changes only in the statements below, each of which
refuses to take it below zero, in the transaction that also writes the movement.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    UniqueConstraint,
    and_,
    bindparam,
    exists,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
    update,
)

from directca.accounts.model import MOVES, Balance, Ledger, Movement, MovementKind
from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, index_where, metadata

OPENING = "authorization"
CLOSING = "settlement"
REFUNDED = "refund"

ledger_balance = Table(
    "ledger_balance",
    metadata,
    Column("account_id", String, ForeignKey("account.id"), primary_key=True),
    Column("available", BigInteger, nullable=False),
    Column("reserved", BigInteger, nullable=False),
    CheckConstraint("available >= 0", name="available"),
    CheckConstraint("reserved >= 0", name="reserved"),
)

ledger_movement = Table(
    "ledger_movement",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("kind", String, nullable=False),
    Column("account_id", String, ForeignKey("account.id"), nullable=False),
    # An order's charge has steps, each at most once: it is authorized, settled by capture or release, and perhaps refunded.
    Column("order_id", String),
    Column("step", String),
    # What an operator's deposit was made by; a reference is booked once.
    Column("reference", String),
    # The two entries: the amount leaves one ledger and enters another, as the kind says.
    Column("debit_ledger", String, nullable=False),
    Column("credit_ledger", String, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    UniqueConstraint("order_id", "step"),
    CheckConstraint("amount >= 0", name="amount"),
    CheckConstraint("debit_ledger != credit_ledger", name="sides"),
    Index(None, "account_id", "at"),
)
index_where(
    "uq_ledger_movement_reference",
    ledger_movement.c.reference.is_not(None),
    ledger_movement.c.account_id,
    ledger_movement.c.reference,
    unique=True,
)

_order = bindparam("order_id", type_=String)
_opened = ledger_movement.alias("opened")
_closed = ledger_movement.alias("closed")
_is_open = (_opened.c.order_id == _order) & (_opened.c.step == OPENING)
_is_closed = exists().where(_closed.c.order_id == _order, _closed.c.step == CLOSING)
_amount = select(_opened.c.amount).where(_is_open).scalar_subquery()
_holder = select(_opened.c.account_id).where(_is_open).scalar_subquery()

_RESERVE = (
    update(ledger_balance)
    .where(
        ledger_balance.c.account_id == bindparam("holder"),
        ledger_balance.c.available >= bindparam("cents"),
        ~exists().where(_is_open),
    )
    .values(
        available=ledger_balance.c.available - bindparam("cents"),
        reserved=ledger_balance.c.reserved + bindparam("cents"),
    )
)
_CAPTURE = (
    update(ledger_balance)
    .where(ledger_balance.c.account_id == _holder, ledger_balance.c.reserved >= _amount, ~_is_closed)
    .values(reserved=ledger_balance.c.reserved - _amount)
)
_RELEASE = _CAPTURE.values(available=ledger_balance.c.available + _amount)
_SETTLED = insert(ledger_movement).from_select(
    ["kind", "account_id", "order_id", "step", "debit_ledger", "credit_ledger", "amount", "at"],
    select(
        bindparam("kind", type_=String),
        _opened.c.account_id,
        _opened.c.order_id,
        literal(CLOSING),
        bindparam("debit_ledger", type_=String),
        bindparam("credit_ledger", type_=String),
        _opened.c.amount,
        bindparam("at", type_=UtcDateTime),
    ).where(_is_open),
)
_is_charged = (_closed.c.order_id == _order) & (_closed.c.kind == MovementKind.CAPTURE.value) & (_closed.c.amount > 0)
_is_refunded = exists().where(ledger_movement.c.order_id == _order, ledger_movement.c.step == REFUNDED)
_REFUND = (
    update(ledger_balance)
    .where(
        ledger_balance.c.account_id == select(_closed.c.account_id).where(_is_charged).scalar_subquery(),
        ~_is_refunded,
    )
    .values(available=ledger_balance.c.available + select(_closed.c.amount).where(_is_charged).scalar_subquery())
)
_ADD_REFUND = insert(ledger_movement).from_select(
    ["kind", "account_id", "order_id", "step", "debit_ledger", "credit_ledger", "amount", "at"],
    select(
        literal(MovementKind.REFUND.value),
        _closed.c.account_id,
        _closed.c.order_id,
        literal(REFUNDED),
        *(literal(side.value) for side in MOVES[MovementKind.REFUND]),
        _closed.c.amount,
        bindparam("at", type_=UtcDateTime),
    ).where(_is_charged),
)
_ADD_DEPOSIT = Prepared(insert(ledger_movement))
_ADD_AUTHORIZATION = Prepared(insert(ledger_movement))
_ADD_SETTLEMENT = Prepared(_SETTLED)
_MOVE_TO_RESERVED = Prepared(_RESERVE)
_MOVE_OUT = {MovementKind.CAPTURE: Prepared(_CAPTURE), MovementKind.RELEASE: Prepared(_RELEASE)}

_SIDES = {kind: {"debit_ledger": debit, "credit_ledger": credit} for kind, (debit, credit) in MOVES.items()}

_entry = union_all(
    select(
        ledger_movement.c.account_id,
        ledger_movement.c.debit_ledger.label("ledger"),
        (-ledger_movement.c.amount).label("amount"),
    ),
    select(ledger_movement.c.account_id, ledger_movement.c.credit_ledger, ledger_movement.c.amount),
).subquery("entry")
"""Both sides of each movement: a credit is positive, a debit negative."""


def open_balance(tx: Tx, account_id: str) -> None:
    """Give a new account its empty balance."""
    tx.execute(insert(ledger_balance), {"account_id": account_id, "available": 0, "reserved": 0})


def deposit(tx: Tx, account_id: str, amount: int, reference: str, at: datetime) -> bool:
    """Book money that came in; False, and nothing done, if the account has no balance row."""
    statement = (
        update(ledger_balance)
        .where(ledger_balance.c.account_id == account_id)
        .values(available=ledger_balance.c.available + amount)
    )
    if tx.execute(statement).rowcount != 1:
        return False
    values = {"kind": MovementKind.DEPOSIT, "account_id": account_id, "reference": reference, "amount": amount, "at": at}
    _ADD_DEPOSIT.run_later(tx, values | _SIDES[MovementKind.DEPOSIT])
    return True


def reserving(tx: Tx, account_id: str, order_id: str, amount: int, at: datetime) -> Callable[[], bool]:
    """Set `amount` aside for an order, asked for with what is asked besides. What this returns has to be called; it answers
    False, and nothing was done, if it is not available or the order has its charge already."""
    moved = _MOVE_TO_RESERVED.running(tx, {"holder": account_id, "cents": amount, "order_id": order_id})

    def reserved() -> bool:
        if moved() != 1:
            return False
        values = {
            "kind": MovementKind.AUTHORIZE,
            "account_id": account_id,
            "order_id": order_id,
            "step": OPENING,
            "amount": amount,
            "at": at,
        }
        _ADD_AUTHORIZATION.run_later(tx, values | _SIDES[MovementKind.AUTHORIZE], sure=True)
        return True

    return reserved


def settling(tx: Tx, order_id: str, kind: MovementKind, at: datetime) -> Callable[[], bool]:
    """Capture or release what an order set aside, asked for with what is asked besides. What this returns has to be called; it
    answers False, and nothing was done, if the order set nothing aside or was settled already."""
    moved = _MOVE_OUT[kind].running(tx, {"order_id": order_id})

    def settled() -> bool:
        if moved() != 1:
            return False
        _ADD_SETTLEMENT.run_later(tx, {"order_id": order_id, "kind": kind, "at": at, **_SIDES[kind]}, sure=True)
        return True

    return settled


def refund(tx: Tx, order_id: str, at: datetime) -> bool:
    """Give back what an order was charged. False, and nothing done, if it was charged nothing or was refunded already."""
    if tx.execute(_REFUND, {"order_id": order_id}).rowcount != 1:
        return False
    tx.execute(_ADD_REFUND, {"order_id": order_id, "at": at})
    return True


def of_orders(tx: Tx, order_ids: Sequence[str], kind: MovementKind) -> tuple[Movement, ...]:
    """The movements of one kind of these orders."""
    return _movements(tx, ledger_movement.c.order_id.in_(list(order_ids)) & (ledger_movement.c.kind == kind.value))


def movements_after(tx: Tx, movement_id: int, limit: int) -> tuple[Movement, ...]:
    """Movements of whatever account, in their order."""
    return _movements(tx, ledger_movement.c.id > movement_id, limit)


def movements_within(tx: Tx, account_id: str, since: datetime, until: datetime, limit: int) -> tuple[Movement, ...]:
    """The movements of an account from a moment on and before another, in the order in which they were booked."""
    columns = ledger_movement.c
    within = and_(columns.account_id == account_id, columns.at >= since, columns.at < until)
    return _movements(tx, within, limit)


def moved_before(tx: Tx, account_id: str, before: datetime) -> dict[MovementKind, int]:
    """What the movements of an account before a moment add up to, by kind."""
    columns = ledger_movement.c
    sums = select(columns.kind, func.sum(columns.amount)).where(columns.account_id == account_id, columns.at < before)
    return {MovementKind(kind): int(amount) for kind, amount in tx.execute(sums.group_by(columns.kind))}


def count_since(tx: Tx, account_id: str, kind: MovementKind, since: datetime) -> int:
    """How many movements of a kind there were in an account since a moment."""
    columns = ledger_movement.c
    wanted = (columns.account_id == account_id, columns.at > since, columns.kind == kind.value)
    return int(tx.execute(select(func.count()).where(*wanted)).scalar_one())


def movements_of(tx: Tx, order_id: str) -> tuple[Movement, ...]:
    """The movements of one order, oldest first."""
    return _movements(tx, ledger_movement.c.order_id == order_id)


def movements_for(tx: Tx, account_id: str) -> tuple[Movement, ...]:
    """The movements of one account, oldest first."""
    return _movements(tx, ledger_movement.c.account_id == account_id)


def deposit_references(tx: Tx, account_id: str) -> list[str]:
    """The references of the account's deposits, as they were stored; by earlier releases as they were typed."""
    columns = ledger_movement.c
    found = select(columns.reference).where(columns.account_id == account_id, columns.reference.is_not(None))
    return [str(reference) for reference in tx.execute(found).scalars()]


def balance(tx: Tx, account_id: str) -> Balance | None:
    """The balance kept beside the movements."""
    row = tx.execute(select(ledger_balance).where(ledger_balance.c.account_id == account_id)).one_or_none()
    return None if row is None else Balance(row.available, row.reserved)


def totals(tx: Tx) -> dict[Ledger, int]:
    """The sum of all entries of each ledger."""
    statement = (
        select(_entry.c.ledger, func.sum(_entry.c.amount)).where(_entry.c.ledger.in_(list(Ledger))).group_by(_entry.c.ledger)
    )
    found = {Ledger(name): int(amount) for name, amount in tx.execute(statement).all()}
    return {ledger: found.get(ledger, 0) for ledger in Ledger}


def misdirected_movements(tx: Tx) -> tuple[int, ...]:
    """Movements that go from or to another ledger than their kind says, or whose kind nobody knows."""
    movement = ledger_movement.c
    as_said = [
        and_(movement.kind == kind, movement.debit_ledger == debit, movement.credit_ledger == credit)
        for kind, (debit, credit) in MOVES.items()
    ]
    return tuple(tx.execute(select(movement.id).where(~or_(*as_said)).order_by(movement.id)).scalars())


def unfounded_settlements(tx: Tx) -> tuple[int, ...]:
    """Settlements that no authorization of the same order, account and amount came before."""
    founded = exists().where(
        _opened.c.order_id == _closed.c.order_id,
        _opened.c.step == OPENING,
        _opened.c.account_id == _closed.c.account_id,
        _opened.c.amount == _closed.c.amount,
    )
    settles = _closed.c.kind.in_([MovementKind.CAPTURE, MovementKind.RELEASE])
    return tuple(tx.execute(select(_closed.c.id).where(settles, ~founded).order_by(_closed.c.id)).scalars())


def unfounded_refunds(tx: Tx) -> tuple[int, ...]:
    """Refunds that no capture of the same order, account and amount came before."""
    founded = exists().where(
        _opened.c.order_id == _closed.c.order_id,
        _opened.c.kind == MovementKind.CAPTURE.value,
        _opened.c.account_id == _closed.c.account_id,
        _opened.c.amount == _closed.c.amount,
    )
    refunds = _closed.c.kind == MovementKind.REFUND.value
    return tuple(tx.execute(select(_closed.c.id).where(refunds, ~founded).order_by(_closed.c.id)).scalars())


def entry_sums(tx: Tx) -> dict[str, Balance]:
    """What each account's entries add up to."""
    statement = (
        select(_entry.c.account_id, _entry.c.ledger, func.sum(_entry.c.amount))
        .where(_entry.c.ledger.in_([Ledger.AVAILABLE, Ledger.RESERVED]))
        .group_by(_entry.c.account_id, _entry.c.ledger)
    )
    sums: dict[str, dict[str, int]] = {}
    for account_id, ledger, amount in tx.execute(statement):
        sums.setdefault(account_id, {})[ledger] = int(amount)
    return {key: Balance(value.get(Ledger.AVAILABLE, 0), value.get(Ledger.RESERVED, 0)) for key, value in sums.items()}


def balances(tx: Tx) -> dict[str, Balance]:
    """The balance kept for every account."""
    return {row.account_id: Balance(row.available, row.reserved) for row in tx.execute(select(ledger_balance))}


def _movements(tx: Tx, condition: Any, limit: int | None = None) -> tuple[Movement, ...]:
    columns = ledger_movement.c
    rows = tx.execute(select(ledger_movement).where(condition).order_by(columns.id).limit(limit))
    return tuple(
        Movement(row.id, MovementKind(row.kind), row.account_id, row.order_id, row.reference, row.amount, row.at) for row in rows
    )
