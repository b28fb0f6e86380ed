"""The first page: what needs action, and how the account stands."""

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts import ledger
from directca.certificates import endings
from directca.certificates.filters import Filters
from directca.web.console import attention
from directca.web.console.context import Console


def show_overview(console: Console, request: Request) -> Response:
    """What needs action, most pressing first."""
    visit = console.visit(request)
    now = console.clock.now()
    with console.database.read() as tx:
        total, _ = console.counts.count(tx, visit.account_id, Filters(), now)
        _, ending = endings.soonest(tx, visit.account_id, now, now + attention.SOON, most=0)
        balance = ledger.balance(tx, visit.account_id)
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/overview.html",
        items=attention.needed(visit),
        total=total,
        ending=ending,
        balance=balance,
    )
