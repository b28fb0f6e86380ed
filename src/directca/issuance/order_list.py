"""The orders of an account, each with what became of it and, if it waits, why and for whom."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from directca.accounts import ledger, permissions
from directca.accounts.billing import Billing
from directca.accounts.member import Member, acting
from directca.db.engine import Tx
from directca.issuance import invoices, store
from directca.issuance.errors import NoSuchOrder
from directca.issuance.model import Order, OrderState
from directca.vetting import proposals
from directca.vetting.proposal_model import Proposal, ProposalState

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
class WaitingIssue:
    """What was asked for and waits for an officer, so that there is no order yet; or what was decided of it in the last days.

    `state` is that of the proposal: `open`, `confirmed`, `refused` or `expired`. `until` is when it is over, or when the approval
    is; `said` is the officer's reason.
    """

    proposal: str
    identifier: str
    verb: str
    duration_years: int
    state: str
    reason: str
    since: datetime
    until: datetime
    decided_at: datetime | None
    said: str | None
    waits: Waits | None


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: after the order of this moment and id, in the order of pages."""

    at: datetime
    order_id: str


@dataclass(frozen=True)
class OrderPage:
    """Orders, newest first, with the exact count of all, and where the next page begins; on the first page also what waits for an
    officer and is no order yet."""

    orders: tuple[OrderView, ...]
    total: int
    following: Cursor | None
    waiting: tuple[WaitingIssue, ...] = ()


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
    waiting = waiting_of(tx, account_id, now) if after is None else ()
    return OrderPage(_shown(tx, shown, now), store.count(tx, account_id), following, waiting)


def waiting_of(tx: Tx, account_id: str, now: datetime) -> tuple[WaitingIssue, ...]:
    """What an account asked for that waits for an officer, and what was decided in the last days, newest first."""
    return tuple(_waiting(one) for one in proposals.issues_of(tx, account_id, now))


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


def _waiting(known: Proposal) -> WaitingIssue:
    content = json.loads(known.content)
    last = known.opinions[-1] if known.opinions else None
    return WaitingIssue(
        proposal=known.id,
        identifier=content["identifier"],
        verb=content["verb"],
        duration_years=content["duration_years"],
        state=known.state.value,
        reason=known.reason,
        since=known.proposed_at,
        until=known.told_until if known.state is ProposalState.CONFIRMED else known.expires_at,
        decided_at=None if last is None else last.at,
        said=None if last is None else last.reason,
        waits=_WAITS[known.state](known.reason) if known.state in _WAITS else None,
    )


_WAITS: Mapping[ProposalState, Callable[[str], Waits]] = {
    ProposalState.OPEN: lambda why: Waits("authority", f"An officer must approve it: {why}."),
    ProposalState.CONFIRMED: lambda _: Waits("applicant", "An officer approved it. Send the same request once more."),
}
