"""The orders of an account, each with what became of it and, if it waits, why and for whom."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from directca.accounts import ledger, permissions
from directca.accounts.billing import Billing
from directca.accounts.member import Member, acting
from directca.db.engine import Tx
from directca.issuance import invoices, store
from directca.issuance.errors import NoSuchOrder
from directca.issuance.model import Order, OrderState

_ABANDONED = timedelta(minutes=5)


@dataclass(frozen=True)
class Waits:
    """Why an order has not ended, and who must act."""

    who_must_act: str
    why: str


@dataclass(frozen=True)
class OrderView:
    """An order as it is shown."""

    order: Order
    refunded_at: datetime | None
    documents: tuple[str, ...]
    waits: Waits | None

    @property
    def state(self) -> str:
        """The word: `authorized`, `captured`, `released`, or `refunded`."""
        return "refunded" if self.refunded_at is not None else self.order.state.value


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: after the order of this moment and id, in the order of pages."""

    at: datetime
    order_id: str


@dataclass(frozen=True)
class OrderPage:
    """Orders, newest first, with the exact count of all, and where the next page begins."""

    orders: tuple[OrderView, ...]
    total: int
    following: Cursor | None


def page(billing: Billing, who: Member, *, after: Cursor | None = None, limit: int = 10) -> OrderPage:
    """The account's. Raises SessionEnded."""
    with billing.database.read() as tx:
        acting(tx, who, permissions.SEE_MONEY)
        return page_of(tx, who.account_id, billing.clock.now(), after=after, limit=limit)


def one(billing: Billing, who: Member, order_id: str) -> OrderView:
    """One of the account's. Raises NoSuchOrder, SessionEnded."""
    with billing.database.read() as tx:
        acting(tx, who, permissions.SEE_MONEY)
        return _shown(tx, [own(tx, who.account_id, order_id)], billing.clock.now())[0]


def page_of(tx: Tx, account_id: str, now: datetime, *, after: Cursor | None = None, limit: int = 10) -> OrderPage:
    """Those of whatever account. For the operator."""
    found = store.page(tx, account_id, None if after is None else (after.at, after.order_id), limit + 1)
    shown = found[:limit]
    following = Cursor(shown[-1].created_at, shown[-1].id) if len(found) > limit else None
    return OrderPage(_shown(tx, shown, now), store.count(tx, account_id), following)


def own(tx: Tx, account_id: str, order_id: str) -> Order:
    """The account's order with this id. Raises NoSuchOrder, also for another account's."""
    found = store.by_id(tx, order_id)
    if found is None or found.account_id != account_id:
        raise NoSuchOrder("The account has no order with this identifier.")
    return found


def view(tx: Tx, order: Order, now: datetime) -> OrderView:
    """An order as it is shown."""
    return _shown(tx, [order], now)[0]


def _shown(tx: Tx, orders: Sequence[Order], now: datetime) -> tuple[OrderView, ...]:
    ids = [one_of.id for one_of in orders]
    refunds, documents = ledger.refunds(tx, ids), invoices.numbers_of(tx, ids)
    return tuple(
        OrderView(
            order=one_of,
            refunded_at=refunds[one_of.id].at if one_of.id in refunds else None,
            documents=tuple(documents.get(one_of.id, ())),
            waits=_waits(one_of, now),
        )
        for one_of in orders
    )


def _waits(order: Order, now: datetime) -> Waits | None:
    """What is refused makes no order, so an open one waits for its signatures, or for what a crash left to be put in order."""
    if order.state is not OrderState.AUTHORIZED:
        return None
    if now - order.created_at < _ABANDONED:
        return Waits("authority", "Its certificates are being signed; this takes a moment.")
    return Waits("authority", "Signing was interrupted. The authority ends the order by itself and gives its price back.")
