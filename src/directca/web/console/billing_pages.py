"""Money: balance, alarm, payments, orders with their refund, documents to print, statements to keep."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts import alarms, statement_csv, statements, top_ups
from directca.accounts.model import MovementKind
from directca.accounts.person import Role
from directca.accounts.top_up_model import PaymentMethod
from directca.accounts.top_ups import Payment
from directca.issuance import invoices, order_list, refund
from directca.issuance.invoice_model import DocumentKind
from directca.issuance.order_list import Cursor
from directca.web import written
from directca.web.console import mistakes
from directca.web.console.confirmation import CONFIRMED, Asked, ask, done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.console.paging import address
from directca.web.dates import iso_date
from directca.web.forms import Form
from directca.web.next_page import CONSOLE
from directca.web.pages import Shown

BILLING = f"{CONSOLE}/billing"
ORDERS, INVOICES = f"{BILLING}/orders", f"{BILLING}/invoices"
STATEMENT, TOP_UPS = f"{BILLING}/statement", f"{BILLING}/top-ups"
METHODS = {PaymentMethod.WIRE: "By wire", PaymentMethod.PURCHASE_ORDER: "On a purchase order"}
DOCUMENTS = {DocumentKind.INVOICE: "Invoice", DocumentKind.CREDIT_NOTE: "Credit note", DocumentKind.RECEIPT: "Receipt"}
MOVEMENTS = {kind: statement_csv.words(kind) for kind in MovementKind}
_PAGE = 25
Errors = tuple[tuple[str | None, str], ...]
_CURSOR = re.compile(r"([0-9]{1,17})-([0-9a-f]{1,32})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def show_billing(console: Console, request: Request) -> Response:
    """The balance, and what can be done about it."""
    return _billing(console, console.visit(request), request)


def submit_billing(console: Console, request: Request, form: Form) -> Response:
    """Set the alarm, or announce a payment."""
    visit = console.sent(request, form)
    step = form.text("step")
    values = {name: form.text(name) for name in ("threshold", "amount", "method", "purchase_order")}
    field = "threshold" if step == "alarm" else "amount"
    is_empty = step == "alarm" and not values["threshold"].strip()
    cents = None if is_empty else written.cents(values[field])
    if cents is None and not is_empty:
        return _billing(
            console, visit, request, mistakes.beside((field, "Write dollars and cents, such as 250 or 250.00.")), values
        )
    try:
        if step == "alarm":
            alarms.set_threshold(console.billing, visit.member, cents)
            return done(BILLING)
        if values["method"] not in set(PaymentMethod):
            return _billing(console, visit, request, mistakes.beside(("method", "Choose how you pay.")), values)
        payment = Payment(cents or 0, PaymentMethod(values["method"]), values["purchase_order"].strip() or None)
        asked, _ = top_ups.ask(console.billing, visit.member, payment, form.text("key") or None)
    except mistakes.SHOWN as error:
        called = {"threshold_cents": "threshold", "amount_cents": "amount"}
        return _billing(console, visit, request, mistakes.of(error, tuple(values), called), values)
    return done(f"{TOP_UPS}/{asked.id}")


def show_top_up(console: Console, request: Request) -> Response:
    """How to pay, as long as the payment is waited for."""
    visit = console.visit(request)
    found, told = top_ups.one(console.billing, visit.member, request.path_params["top_up"])
    return _render(visit, request, "console/top_up.html", top_up=found, told=told, methods=METHODS)


def submit_top_up(console: Console, request: Request, form: Form) -> Response:
    """Say that it will not be paid."""
    visit = console.sent(request, form)
    top_ups.withdraw(console.billing, visit.member, request.path_params["top_up"])
    return done(BILLING)


def show_orders(console: Console, request: Request) -> Response:
    """What was bought, newest first."""
    visit = console.visit(request)
    cursor = _CURSOR.fullmatch(request.query_params.get("after", ""))
    after = Cursor(_EPOCH + timedelta(microseconds=int(cursor[1])), cursor[2]) if cursor else None
    page = order_list.page(console.billing, visit.member, after=after, limit=_PAGE)
    older = "" if page.following is None else address(ORDERS, (), after=_written(page.following))
    return _render(
        visit,
        request,
        "console/orders.html",
        page=page,
        older=older,
        is_first=after is None,
    )


def show_order(console: Console, request: Request) -> Response:
    """One order, and whether it can be refunded."""
    return _order(console, console.visit(request), request)


def submit_order(console: Console, request: Request, form: Form) -> Response:
    """Ask for the price back; the page asks first."""
    visit = console.sent(request, form)
    order_id = request.path_params["order"]
    view = order_list.one(console.billing, visit.member, order_id)
    if form.text(CONFIRMED[0]) != CONFIRMED[1]:
        asked = Asked(
            heading=f"Have the order for {view.order.identifier} refunded?",
            consequence="The whole price comes back to your balance, and a credit note takes the invoice back.",
            button="Refund it",
            back=f"{ORDERS}/{order_id}",
            points=("This is possible only while the pair, and every free reissue of it, is revoked as not wanted.",),
            fields=(CONFIRMED,),
        )
        return ask(visit, request, asked)
    try:
        refund.refund(console.billing, visit.member, order_id)
    except mistakes.SHOWN as error:
        return _order(console, visit, request, mistakes.of(error))
    return done(f"{ORDERS}/{order_id}")


def show_invoices(console: Console, request: Request) -> Response:
    """Invoices, credit notes and receipts, newest first."""
    visit = console.visit(request)
    position = written.number(request.query_params.get("before", ""))
    found = invoices.page(console.billing, visit.member, before=position, limit=_PAGE + 1)
    older = address(INVOICES, (), before=found[_PAGE - 1].movement_id) if len(found) > _PAGE else ""
    return _render(visit, request, "console/invoices.html", documents=found[:_PAGE], older=older, kinds=DOCUMENTS)


def show_invoice(console: Console, request: Request) -> Response:
    """One document, to be printed."""
    visit = console.visit(request)
    found = invoices.one(console.billing, visit.member, request.path_params["number"])
    return _render(visit, request, "console/invoice.html", document=found, kinds=DOCUMENTS)


def show_statement(console: Console, request: Request) -> Response:
    """Every movement of a period, on a page or as a file."""
    visit = console.visit(request)
    today = console.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
    fields = {
        "since": request.query_params.get("since") or f"{today.replace(day=1):%Y-%m-%d}",
        "until": request.query_params.get("until") or f"{today:%Y-%m-%d}",
    }
    since, last = written.day(fields["since"]), written.day(fields["until"])
    wrong: Errors = tuple(
        (name, "Write a day, such as 2026-11-30.") for name, day in (("since", since), ("until", last)) if day is None
    )
    found = None
    if since is not None and last is not None:
        try:
            found = statements.statement(console.billing, visit.member, since, last + timedelta(days=1))
        except mistakes.SHOWN as error:
            wrong = mistakes.of(error, ("since", "until")).found
    if found is not None and since is not None and last is not None and request.query_params.get("form") == "csv":
        name = f"statement-{iso_date(since)}-{iso_date(last)}.csv"
        headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(statement_csv.rendered(found), 200, headers, "text/csv; charset=utf-8")
    sheet = address(STATEMENT, tuple(fields.items()), form="csv")
    shown = Shown(400) if wrong else Shown()
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/statement.html",
        shown,
        statement=found,
        fields=fields,
        errors=wrong,
        sheet=sheet,
        words=MOVEMENTS,
    )


def _written(cursor: Cursor) -> str:
    return f"{(cursor.at - _EPOCH) // timedelta(microseconds=1)}-{cursor.order_id}"


def _render(visit: Visit, request: Request, template: str, **context: Any) -> Response:
    return visit.console.web.pages.render_for(visit.visitor, request, template, **context)


def _billing(
    console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, values: dict[str, str] | None = None
) -> Response:
    billing, alarm = console.billing, alarms.of_account(console.billing, visit.member)
    threshold = "" if alarm is None else f"{alarm.threshold // 100}.{alarm.threshold % 100:02d}"
    shown = {"threshold": threshold, "amount": "", "method": "", "purchase_order": "", **(values or {})}
    prices = sorted(billing.prices.cents.items())
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/billing.html",
        wrong.shown,
        balance=statements.balance(billing, visit.member),
        alarm=alarm,
        may_set_alarm=Role.ACCOUNT_ADMINISTRATOR in visit.session.person.roles,
        top_ups=top_ups.of_account(billing, visit.member)[:10],
        methods=[(one.value, METHODS[one]) for one in billing.payments.methods],
        words=METHODS,
        prices=[(kind, purchase, years, cents) for (kind, purchase, years), cents in prices],
        refund_days=billing.config.refund_days,
        refunds_per_year=billing.config.refunds_per_year,
        values=shown,
        key=billing.random(16).hex(),
        errors=wrong.found,
        here=BILLING,
    )


def _order(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE) -> Response:
    view, terms = order_list.one(console.billing, visit.member, request.path_params["order"]), console.billing.config
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/bought.html",
        wrong.shown,
        view=view,
        may_refund=view.state == "captured" and view.order.amount > 0 and min(terms.refund_days, terms.refunds_per_year) > 0,
        refund_days=terms.refund_days,
        errors=wrong.found,
        here=request.url.path,
    )
