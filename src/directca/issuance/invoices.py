"""Invoices: one for each order that was charged, a credit note for each refund, a receipt for each deposit.

They are made after the money moved, in the order in which it did: the issuing path does not wait for a number. Documents and the
mark up to where they were made are one commit, so a number is given once and none is left out, whoever makes them and whatever
crashes. A document holds what it says; nothing that changes later changes it.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from directca.accounts import accounts, ledger, permissions
from directca.accounts.billing import Billing
from directca.accounts.member import Member, acting
from directca.accounts.model import Movement, MovementKind
from directca.db.engine import Tx
from directca.direct.names import Kind
from directca.issuance import invoice_store, store
from directca.issuance.errors import NoSuchInvoice
from directca.issuance.invoice_model import PREFIXES, Document, DocumentKind, Item
from directca.issuance.model import Order, Verb

BATCH = 500
_NUMBER = re.compile(r"(INV|CN|RCP)-([0-9]{4})-([0-9]{6,9})")
_KINDS = {
    MovementKind.CAPTURE: DocumentKind.INVOICE,
    MovementKind.REFUND: DocumentKind.CREDIT_NOTE,
    MovementKind.DEPOSIT: DocumentKind.RECEIPT,
}
_PRODUCTS = {Kind.ADDRESS: "Direct address", Kind.DOMAIN: "Direct domain"}
_ACTS = {Verb.ISSUE: "new", Verb.RENEW: "renewed", Verb.REISSUE: "reissued"}


def page(billing: Billing, who: Member, *, before: int | None = None, limit: int = 100) -> tuple[Document, ...]:
    """The account's, newest first; `before` the movement that the last one of the page before is about. Raises SessionEnded."""
    make_due(billing)
    with billing.database.read() as tx:
        acting(tx, who, permissions.SEE_MONEY)
        return of_account(tx, who.account_id, before=before, limit=limit)


def one(billing: Billing, who: Member, number: str) -> Document:
    """The account's with this number. Raises NoSuchInvoice, SessionEnded."""
    with billing.database.read() as tx:
        acting(tx, who, permissions.SEE_MONEY)
        found = numbered(tx, number)
    if found.account_id != who.account_id:
        raise _none()
    return found


def of_account(tx: Tx, account_id: str, *, before: int | None = None, limit: int = 100) -> tuple[Document, ...]:
    """Those of whatever account that were made, newest first. For the operator."""
    return invoice_store.of_account(tx, account_id, before, limit)


def numbered(tx: Tx, number: str) -> Document:
    """The one with this number, whoever's it is. For the operator. Raises NoSuchInvoice."""
    read = _NUMBER.fullmatch(number)
    if read is None:
        raise _none()
    kind = next(kind for kind, prefix in PREFIXES.items() if prefix == read[1])
    found = invoice_store.numbered(tx, kind, int(read[2]), int(read[3]))
    if found is None or found.number != number:
        raise _none()
    return found


def numbers_of(tx: Tx, order_ids: Sequence[str]) -> dict[str, list[str]]:
    """By order, the numbers of the documents about it."""
    found: dict[str, list[str]] = {}
    for one_of in invoice_store.of_orders(tx, order_ids):
        found.setdefault(one_of.order_id or "", []).append(one_of.number)
    return found


def make_due(billing: Billing) -> int:
    """Make the documents about what has moved since the last time, at most a batch; how many movements were looked at."""
    with billing.database.read() as tx:
        if not ledger.after(tx, invoice_store.mark(tx), 1):
            return 0
    now = billing.clock.now()
    with billing.database.write() as tx:
        moved = ledger.after(tx, invoice_store.mark(tx), BATCH)
        about = [movement for movement in moved if movement.kind in _KINDS and movement.amount > 0]
        if about:
            invoice_store.add(tx, _documents(tx, billing, about, now))
        if moved:
            invoice_store.set_mark(tx, moved[-1].id)
    return len(moved)


def _documents(tx: Tx, billing: Billing, about: Sequence[Movement], now: datetime) -> list[Document]:
    """A document about each movement, in their order. What they say is read once for all: every verb waits for this commit."""
    orders = {order.id: order for order in store.by_ids(tx, {one.order_id for one in about if one.order_id is not None})}
    buyers = {account_id: accounts.find(tx, account_id).name for account_id in {one.account_id for one in about}}
    last = {kind: invoice_store.last(tx, kind, now.year) for kind in {_KINDS[one.kind] for one in about}}
    taken_back = [one.order_id for one in about if one.kind is MovementKind.REFUND and one.order_id is not None]
    invoices = {order_id: numbers[0] for order_id, numbers in numbers_of(tx, taken_back).items()} if taken_back else {}
    made = []
    for movement in about:
        kind = _KINDS[movement.kind]
        last[kind] += 1
        order = None if movement.order_id is None else orders.get(movement.order_id)
        sign = -1 if kind is DocumentKind.CREDIT_NOTE else 1
        document = Document(
            kind=kind,
            year=now.year,
            sequence=last[kind],
            account_id=movement.account_id,
            movement_id=movement.id,
            order_id=movement.order_id,
            issued_at=now,
            supplied_at=movement.at,
            seller=billing.config.seller or (billing.authority,),
            buyer=buyers[movement.account_id],
            items=(Item(_text(movement, order), sign * movement.amount),),
            currency="USD",
            refers_to=invoices.get(order.id) if order is not None and kind is DocumentKind.CREDIT_NOTE else None,
            note=_NOTES[kind],
        )
        if order is not None:
            invoices.setdefault(order.id, document.number)  # a refund may follow in the same batch
        made.append(document)
    return made


_NOTES = {
    DocumentKind.INVOICE: "Paid from the account's balance.",
    DocumentKind.CREDIT_NOTE: "Returned to the account's balance.",
    DocumentKind.RECEIPT: "Added to the account's balance.",
}


def _text(movement: Movement, order: Order | None) -> str:
    if movement.kind is MovementKind.DEPOSIT:
        return f"Payment received, reference {movement.reference}"
    if order is None:
        return f"Order {movement.order_id}"
    years = f"{order.duration_years} year{'' if order.duration_years == 1 else 's'}"
    return f"Certificate pair for the {_PRODUCTS[order.kind]} {order.identifier}, {_ACTS[order.verb]}, {years}"


def _none() -> NoSuchInvoice:
    return NoSuchInvoice("The account has no invoice, credit note or receipt with this number.")
