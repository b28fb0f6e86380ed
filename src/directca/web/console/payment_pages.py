"""Announced payments of every account: what is waited for, and for those who may, what arrived."""

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts import permissions, settling
from directca.accounts.errors import NoSuchTopUp
from directca.accounts.settling import Announced
from directca.accounts.top_up_model import TopUpState
from directca.web import written
from directca.web.console import mistakes
from directca.web.console.billing_pages import METHODS
from directca.web.console.confirmation import CONFIRMED, Asked, ask, done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import NONE, Mistakes
from directca.web.dates import dollars
from directca.web.forms import Form
from directca.web.next_page import CONSOLE, second_factor_address

PAYMENTS = f"{CONSOLE}/payments"
_LONGEST = 64


def show_payments(console: Console, request: Request) -> Response:
    """Those that are waited for; a reference that came with money leads to its own."""
    visit = console.visit(request)
    people, reference = console.web.people, request.query_params.get("reference", "").strip()[:_LONGEST]
    wrong = NONE
    if reference:
        try:
            found = settling.referred_to(console.billing, people, reference, by=visit.session)
        except NoSuchTopUp as error:
            wrong = mistakes.of(error)
            wrong = Mistakes((("reference", wrong.found[0][1]),), wrong.shown)
        else:
            return done(f"{PAYMENTS}/{found.top_up.id}")
    listed, total = settling.waiting(console.billing, people, by=visit.session)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/payments.html",
        wrong.shown,
        listed=listed,
        total=total,
        reference=reference,
        methods=METHODS,
        now=console.clock.now(),
        errors=wrong.found,
        here=PAYMENTS,
    )


def show_payment(console: Console, request: Request) -> Response:
    """One, and the forms by which it is settled."""
    return _payment(console, console.visit(request), request)


def submit_payment(console: Console, request: Request, form: Form) -> Response:
    """Confirm what arrived, which asks first, or wait no longer."""
    visit = console.sent(request, form)
    step, people = form.text("step"), console.web.people
    known = settling.one(console.billing, people, request.path_params["payment"], by=visit.session)
    cents = written.cents(form.text("amount"))
    try:
        if step == "decline":
            settling.decline(console.billing, people, known.top_up.id, form.text("reason"), by=visit.session)
        elif step != "confirm":
            return _payment(console, visit, request, mistakes.beside((None, "Choose a step that the page offers.")), form)
        elif cents is None or cents == 0:
            wrong = mistakes.beside(("amount", "Write what arrived in dollars and cents, such as 250 or 250.00."))
            return _payment(console, visit, request, wrong, form)
        elif form.text(CONFIRMED[0]) != CONFIRMED[1]:
            return _ask(visit, request, known, cents)
        else:
            settling.confirm(console.billing, people, known.top_up.id, cents, by=visit.session)
    except mistakes.SHOWN as error:
        return _payment(console, visit, request, mistakes.of(error, ("amount", "reason")), form)
    return done(f"{PAYMENTS}/{known.top_up.id}")


def _ask(visit: Visit, request: Request, known: Announced, cents: int) -> Response:
    announced = known.top_up.amount
    other = () if cents == announced else (f"This is not what was announced: {dollars(announced)}.",)
    asked = Asked(
        heading=f"Book {dollars(cents)} under {known.top_up.reference}?",
        consequence=f"The balance of {known.account_name} grows by {dollars(cents)} at once, and a receipt is made.",
        button=f"Book {dollars(cents)}",
        back=f"{PAYMENTS}/{known.top_up.id}",
        points=(*other, "Compare it with the bank's own line: what is booked here can be spent at once."),
        fields=(("step", "confirm"), ("amount", dollars(cents)), CONFIRMED),
    )
    return ask(visit, request, asked)


def _payment(console: Console, visit: Visit, request: Request, wrong: Mistakes = NONE, form: Form | None = None) -> Response:
    known = settling.one(console.billing, console.web.people, request.path_params["payment"], by=visit.session)
    able = not permissions.SETTLE_PAYMENT.other.isdisjoint(visit.session.person.roles)
    is_own = known.top_up.account_id == visit.account_id
    values = {name: "" if form is None else form.text(name) for name in ("amount", "reason")}
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/payment.html",
        wrong.shown,
        known=known,
        methods=METHODS,
        may_settle=able and not is_own and known.top_up.state is TopUpState.WAITING,
        is_own=able and is_own,
        step_up="" if visit.has_stepped_up else second_factor_address(request.url.path),
        values={**values, "amount": values["amount"] or dollars(known.top_up.amount)},
        errors=wrong.found,
        here=request.url.path,
    )
