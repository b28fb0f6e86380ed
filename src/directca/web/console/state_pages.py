"""For administrators, operators and auditors: what is in force, and how the authority stands."""

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts.prices import Purchase
from directca.direct.names import Kind
from directca.revocation import oversight
from directca.web.console import policy_words
from directca.web.console.context import Console, Visit
from directca.web.next_page import CONSOLE

STATE, POLICY, PRICES, SETTINGS = (f"{CONSOLE}/{name}" for name in ("state", "policy", "prices", "settings"))
_PRODUCTS = {Kind.ADDRESS: "Certificate for an address", Kind.DOMAIN: "Certificate for a domain"}
_ACTS = {Purchase.ISSUE: "Issue", Purchase.RENEW: "Renew"}


def show_state(console: Console, request: Request) -> Response:
    """Authorities with their lists and responders, nodes, and whether signing is stopped."""
    visit = console.visit(request)
    found = oversight.state(console.revocation, console.web.people, by=visit.session)
    live = [one for one in found.nodes if not one.silent_at(found.now)]
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/state.html",
        found=found,
        disagree=len({one.agreed_sha256 for one in live}) > 1,
    )


def show_policy(console: Console, request: Request) -> Response:
    """The certificate policy in force, each number with its meaning."""
    visit = _reader(console, request)
    policy = console.revocation.policy
    return console.web.pages.render_for(
        visit.visitor,
        request,
        "console/policy.html",
        policy=policy,
        chapters=policy_words.sections(policy),
        profiles=tuple(policy_words.profiles(policy)),
    )


def show_prices(console: Console, request: Request) -> Response:
    """The price list in force."""
    visit = _reader(console, request)
    cents = console.issuance.prices.cents
    years = sorted({years for _, _, years in cents})
    rows = [
        (_PRODUCTS[product], _ACTS[act], [cents.get((product, act, count)) for count in years])
        for product in Kind
        for act in Purchase
    ]
    return console.web.pages.render_for(
        visit.visitor, request, "console/prices.html", rows=rows, years=years, currency=console.issuance.prices.currency
    )


def show_settings(console: Console, request: Request) -> Response:
    """The settings in force. Secrets are in files of their own, and are no settings."""
    visit = _reader(console, request)
    return console.web.pages.render_for(visit.visitor, request, "console/settings.html", chapters=console.settings)


def _reader(console: Console, request: Request) -> Visit:
    visit = console.visit(request)
    oversight.check_may_see(console.web.people, by=visit.session)
    return visit
