"""Refund: what was paid for a pair that was revoked unused comes back. `docs/flows/refund.md` tells the same story."""

from datetime import datetime, timedelta

from directca.accounts import accounts, ledger, permissions
from directca.accounts.billing import Billing
from directca.accounts.member import Member, acting
from directca.accounts.roles import AtCommand
from directca.certificates import register
from directca.certificates.model import Record, State
from directca.db.engine import Tx
from directca.issuance import order_list, store
from directca.issuance.errors import NoSuchOrder, NotRefundable
from directca.issuance.model import Order, OrderState, Verb
from directca.issuance.order_list import OrderView
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.pki.reasons import RevocationReason
from directca.watch import step

_YEAR = timedelta(days=365)
REFUNDABLE = frozenset({RevocationReason.UNSPECIFIED, RevocationReason.SUPERSEDED, RevocationReason.CESSATION_OF_OPERATION})
"""Those that say nothing but that the pair is not wanted: a compromised key or a withdrawn privilege was of use until then."""


def refund(billing: Billing, who: Member, order_id: str) -> OrderView:
    """Give the whole price back, once; asked again it changes nothing and answers the same.

    Within `billing.refund_days` of the charge, when the pair, and every free reissue that followed it, is revoked as not wanted;
    `billing.refunds_per_year` times within 365 days, since a pair is good until it is revoked, and might be bought, used and
    given back without end. Raises NoSuchOrder, NotRefundable, AccountSuspended, SessionEnded.
    """
    with billing.database.write() as tx:
        step(1, "find")
        acting(tx, who, permissions.REFUND)
        accounts.require_active(tx, who.account_id)
        order = order_list.own(tx, who.account_id, order_id)
        return _refunded(tx, billing, order, who.actor, billing.config.refunds_per_year)


def refund_any(billing: Billing, order_id: str, *, by: AtCommand) -> OrderView:
    """The same of whatever account, by the same rules but for how often. For the operator. Raises NoSuchOrder, NotRefundable."""
    with billing.database.write() as tx:
        order = store.by_id(tx, order_id)
        if order is None:
            raise NoSuchOrder("There is no order with this identifier.")
        return _refunded(tx, billing, order, by.actor)


def _refunded(tx: Tx, billing: Billing, order: Order, actor: str, most: int | None = None) -> OrderView:
    now = billing.clock.now()
    if order.id not in ledger.refunds(tx, [order.id]):
        step(2, "judge")
        _check(tx, billing, order, now)
        if most is not None and ledger.refunds_since(tx, order.account_id, now - _YEAR) >= most:
            raise NotRefundable(
                f"An account can have {most} orders refunded within {_YEAR.days} days by itself. Ask the certificate authority's "
                "operator, who can refund this one."
            )
        step(3, "book")
        moved = ledger.refund(tx, order.id, now)
        detail: dict[str, Fact] = {"cents": moved.amount, "identifier": order.identifier}
        append(tx, Event("order.refunded", actor, f"order:{order.id}", account_id=order.account_id, detail=detail), at=now)
    return order_list.view(tx, order, now)


def _check(tx: Tx, billing: Billing, order: Order, now: datetime) -> None:
    charged_at = ledger.captured_at(tx, order.id)
    if order.state is not OrderState.CAPTURED or charged_at is None or order.amount == 0:
        raise NotRefundable("Nothing was charged for this order, so nothing can be given back.")
    if now - charged_at > timedelta(days=billing.config.refund_days) or billing.config.refund_days == 0:
        raise NotRefundable(
            f"An order can be refunded within {billing.config.refund_days} days of its charge, and this one's are over."
            if billing.config.refund_days
            else "This authority refunds no orders."
        )
    for record in _bought(tx, order):
        if record.state is not State.REVOKED:
            raise NotRefundable(
                f"The pair of {order.identifier} that was bought, or its reissue, is not revoked. Revoke it first, with the "
                "reason cessationOfOperation.",
            )
        if record.revocation_reason not in REFUNDABLE:
            raise NotRefundable(f"The pair of {order.identifier} was revoked for a reason for which nothing is given back.")


def _bought(tx: Tx, order: Order) -> list[Record]:
    """The pair of the order, and those that followed it for free: whoever has one of them has what was paid for."""
    found = []
    record = register.by_id(tx, order.record_id)
    while record is not None:
        found.append(record)
        following = None if record.superseded_by is None else register.by_id(tx, record.superseded_by)
        by = None if following is None else store.by_id(tx, following.order_id)
        record = following if by is not None and by.verb is Verb.REISSUE else None
    return found
