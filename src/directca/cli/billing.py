"""`directca billing`: orders, refunds, invoices, statements, alarms, and payments that arrived."""

import sys
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

import typer

from directca.accounts import alarms, statement_csv, statements, top_ups
from directca.accounts.ledger import money
from directca.accounts.roles import AtCommand
from directca.accounts.top_up_model import TopUp
from directca.api import money_views
from directca.cli import present
from directca.cli.amounts import cents
from directca.cli.commands import Common, Reason, command, group
from directca.cli.context import opened
from directca.cli.words import moment
from directca.clock import rfc3339, whole_second
from directca.issuance import invoices, order_list, refund
from directca.issuance.invoice_model import Document

app = group("billing", "Orders, refunds, invoices, statements, alarms, and payments that arrived.")


@dataclass(frozen=True, slots=True, kw_only=True)
class OfAccount(Common):
    """Options of the commands about an account's money."""

    account: Annotated[str, typer.Argument(help="The account's identifier.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListOptions(OfAccount):
    """Options of `billing orders` and `billing invoices`."""

    limit: Annotated[int, typer.Option(min=1, max=1000, help="How many, the newest first.")] = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundOptions(Common):
    """Options of `billing refund`."""

    order: Annotated[str, typer.Argument(help="The order's identifier.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceOptions(Common):
    """Options of `billing invoice`."""

    number: Annotated[str, typer.Argument(help="The number, such as INV-2026-000001.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementOptions(OfAccount):
    """Options of `billing statement`."""

    since: Annotated[str, typer.Option(help="From this day on, such as 2026-11-01.")]
    until: Annotated[str, typer.Option(help="Before this day. Default: now.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmOptions(OfAccount):
    """Options of `billing alarm`."""

    dollars: Annotated[str, typer.Argument(help="Tell when the available balance falls below this; 0 is never.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class OneTopUp(Common):
    """Options of the commands about an announced payment."""

    reference: Annotated[str, typer.Argument(help="The reference that came with the payment, such as TU-7K3M-9QXW.")]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmOptions(OneTopUp):
    """Options of `billing confirm`."""

    dollars: Annotated[str, typer.Option(help="What arrived. Default: what was announced.")] = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeclineOptions(OneTopUp):
    """Options of `billing decline`."""

    reason: Reason


def orders(options: ListOptions) -> None:
    """List an account's orders, newest first, with why one waits."""
    with opened(options.data) as desk, desk.database.read() as tx:
        page = order_list.page_of(tx, options.account, desk.clock.now(), limit=options.limit)
    rows = [
        (one.order.id, one.order.verb, one.order.identifier, money(one.order.amount), one.state, rfc3339(one.order.created_at))
        for one in page.orders
    ]
    empty = "The account has made no order."
    table = present.listing(("order", "what", "name", "amount", "state", "made"), rows, empty=empty)
    present.emit([money_views.order(one) for one in page.orders], as_json=options.as_json, human=table)
    for one in page.orders:
        if one.waits is not None and not options.as_json:
            present.emit(None, as_json=False, human=f"{one.order.id} waits: {one.waits.why}")
    for waiting in () if options.as_json else page.waiting:
        why = "it is over" if waiting.waits is None else waiting.waits.why
        human = f"{waiting.identifier} is no order yet ({waiting.state}, proposal {waiting.proposal}): {why}"
        present.emit(None, as_json=False, human=human)


def refund_order(options: RefundOptions) -> None:
    """Give an order's price back, by the same rules as an account itself can."""
    with opened(options.data) as desk:
        done = refund.refund_any(desk.billing, options.order, by=AtCommand(desk.actor))
    human = f"{money(done.order.amount)} of the order {done.order.id} are refunded."
    present.emit(money_views.order(done), as_json=options.as_json, human=human)


def list_invoices(options: ListOptions) -> None:
    """List an account's invoices, credit notes and receipts, newest first."""
    with opened(options.data) as desk:
        invoices.make_due(desk.billing)
        with desk.database.read() as tx:
            found = invoices.of_account(tx, options.account, limit=options.limit)
    rows = [(one.number, rfc3339(one.issued_at), money(one.total), _about(one)) for one in found]
    table = present.listing(("number", "made", "total", "for"), rows, empty="Nothing was sold to this account yet.")
    present.emit([money_views.invoice(one) for one in found], as_json=options.as_json, human=table)


def show_invoice(options: InvoiceOptions) -> None:
    """Show an invoice, a credit note or a receipt."""
    with opened(options.data) as desk, desk.database.read() as tx:
        found = invoices.numbered(tx, options.number)
    shown = {
        "number": found.number,
        "made": rfc3339(found.issued_at),
        "seller": list(found.seller),
        "buyer": f"{found.buyer} ({found.account_id})",
        "for": _about(found),
        "total": money(found.total),
        "refers to": found.refers_to,
        "note": found.note,
    }
    present.emit(money_views.invoice(found), as_json=options.as_json, human=present.facts(shown))


def statement(options: StatementOptions) -> None:
    """Print an account's statement for a period as CSV, or as JSON."""
    with opened(options.data) as desk:
        since = _day(options.since, "since")
        now = whole_second(desk.clock.now()) + timedelta(seconds=1)
        until = _day(options.until, "until") if options.until else now
        with desk.database.read() as tx:
            found = statements.statement_of(tx, options.account, since, until)
    if options.as_json:
        present.emit(money_views.statement(found), as_json=True, human="")
    else:
        sys.stdout.write(statement_csv.rendered(found))


def set_alarm(options: AlarmOptions) -> None:
    """Set at which balance an account is told, or take its alarm away."""
    threshold = cents(options.dollars) or None
    with opened(options.data) as desk:
        alarms.set_for(desk.billing, options.account, threshold, by=AtCommand(desk.actor))
    human = "The account has no alarm." if threshold is None else f"The account is told below {money(threshold)}."
    present.emit({"threshold_cents": threshold}, as_json=options.as_json, human=human)


def list_top_ups(options: Common) -> None:
    """List the announced payments that are waited for, of every account."""
    with opened(options.data) as desk, desk.database.read() as tx:
        found = top_ups.waiting(tx)
    rows = [
        (one.reference, one.account_id, money(one.amount), one.method, one.purchase_order, rfc3339(one.pay_by)) for one in found
    ]
    columns = ("reference", "account", "amount", "how", "purchase order", "pay by")
    table = present.listing(columns, rows, empty="No payment is waited for.")
    present.emit([_top_up(one) for one in found], as_json=options.as_json, human=table)


def confirm(options: ConfirmOptions) -> None:
    """Book an announced payment that arrived. A reference is booked once."""
    amount = cents(options.dollars) if options.dollars else None
    with opened(options.data) as desk:
        done = top_ups.confirm(desk.billing, options.reference, by=AtCommand(desk.actor), amount=amount)
    human = f"Booked {money(done.received or 0)} for the account {done.account_id} under {done.reference}."
    present.emit(_top_up(done), as_json=options.as_json, human=human)


def decline(options: DeclineOptions) -> None:
    """Wait for an announced payment no longer."""
    with opened(options.data) as desk:
        done = top_ups.decline(desk.billing, options.reference, by=AtCommand(desk.actor), reason=options.reason)
    present.emit(_top_up(done), as_json=options.as_json, human=f"{done.reference} is waited for no longer.")


command(app, "orders", ListOptions, orders)
command(app, "refund", RefundOptions, refund_order)
command(app, "invoices", ListOptions, list_invoices)
command(app, "invoice", InvoiceOptions, show_invoice)
command(app, "statement", StatementOptions, statement)
command(app, "alarm", AlarmOptions, set_alarm)
command(app, "top-ups", Common, list_top_ups)
command(app, "confirm", ConfirmOptions, confirm)
command(app, "decline", DeclineOptions, decline)


def _about(document: Document) -> str:
    return "; ".join(one.text for one in document.items)


def _top_up(of: TopUp) -> dict[str, object]:
    return money_views.top_up(of) | {"account_id": of.account_id}


def _day(text: str, name: str) -> datetime:
    return whole_second(moment(text, field=name))
