"""Orders and money as JSON: what the functions answer and the operator's commands print."""

from typing import Any

from directca.accounts.billing import Billing
from directca.accounts.prices import PriceList
from directca.accounts.statements import Statement
from directca.accounts.top_up_model import Instructions, TopUp
from directca.clock import rfc3339
from directca.issuance.invoice_model import Document
from directca.issuance.order_list import OrderView, WaitingIssue


def order(view: OrderView) -> dict[str, Any]:
    """An order."""
    of = view.order
    return {
        "id": of.id,
        "verb": of.verb.value,
        "identifier": of.identifier,
        "kind": of.kind.value,
        "duration_year": of.duration_years,
        "amount_cents": of.amount,
        "currency": of.currency,
        "state": view.state,
        "waits": None if view.waits is None else vars(view.waits),
        "record_id": of.record_id,
        "documents": list(view.documents),
        "created_ts": rfc3339(of.created_at),
        "updated_ts": rfc3339(of.updated_at),
        "refunded_ts": None if view.refunded_at is None else rfc3339(view.refunded_at),
    }


def waiting_issue(one: WaitingIssue) -> dict[str, Any]:
    """What waits for an officer and is no order yet."""
    return {
        "proposal": one.proposal,
        "verb": one.verb,
        "identifier": one.identifier,
        "duration_year": one.duration_years,
        "state": one.state,
        "reason": one.reason,
        "waits": None if one.waits is None else vars(one.waits),
        "since_ts": rfc3339(one.since),
        "until_ts": rfc3339(one.until),
        "decided_ts": None if one.decided_at is None else rfc3339(one.decided_at),
        "said": one.said,
    }


def price_list(prices: PriceList) -> list[dict[str, Any]]:
    """What each product costs."""
    return [
        {"kind": kind.value, "verb": purchase.value, "duration_year": years, "price_cents": cents}
        for (kind, purchase, years), cents in prices.cents.items()
    ]


def terms(billing: Billing) -> dict[str, Any]:
    """What holds for every account."""
    return {
        "payment_methods": [one.value for one in billing.payments.methods],
        "refund_days": billing.config.refund_days,
        "refunds_per_year": billing.config.refunds_per_year,
        "prices": price_list(billing.prices),
    }


def statement(of: Statement) -> dict[str, Any]:
    """A statement."""
    return {
        "since_ts": rfc3339(of.since),
        "until_ts": rfc3339(of.until),
        "currency": "USD",
        "opening_available_cents": of.opening.available,
        "opening_reserved_cents": of.opening.reserved,
        "closing_available_cents": of.closing.available,
        "closing_reserved_cents": of.closing.reserved,
        "lines": [
            {
                "at_ts": rfc3339(line.movement.at),
                "movement": line.movement.kind.value,
                "order_id": line.movement.order_id,
                "reference": line.movement.reference,
                "available_change_cents": line.change.available,
                "reserved_change_cents": line.change.reserved,
                "available_cents": line.after.available,
                "reserved_cents": line.after.reserved,
            }
            for line in of.lines
        ],
    }


def top_up(of: TopUp, told: Instructions | None = None) -> dict[str, Any]:
    """An announced payment, with how to pay if that is to be told."""
    return {
        "id": of.id,
        "reference": of.reference,
        "amount_cents": of.amount,
        "method": of.method.value,
        "purchase_order": of.purchase_order,
        "state": of.state.value,
        "asked_ts": rfc3339(of.asked_at),
        "pay_by_ts": rfc3339(of.pay_by),
        "settled_ts": None if of.settled_at is None else rfc3339(of.settled_at),
        "received_cents": of.received,
        "instructions": None
        if told is None
        else {"reference": told.reference, "lines": list(told.lines), "pay_by_ts": rfc3339(told.pay_by)},
    }


def invoice(of: Document) -> dict[str, Any]:
    """An invoice, credit note or receipt."""
    return {
        "number": of.number,
        "kind": of.kind.value,
        "issued_ts": rfc3339(of.issued_at),
        "supplied_ts": rfc3339(of.supplied_at),
        "seller": list(of.seller),
        "buyer": of.buyer,
        "items": [{"text": one.text, "amount_cents": one.amount} for one in of.items],
        "total_cents": of.total,
        "currency": of.currency,
        "order_id": of.order_id,
        "refers_to": of.refers_to,
        "note": of.note,
    }
