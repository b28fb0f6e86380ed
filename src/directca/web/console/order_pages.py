"""Issue, renew and reissue in a browser: a form, then a page that says what it gives and costs, then the pair.

The page in between is a dry run of the verb, so whatever would be refused is refused there, beside its field. What is confirmed
carries an idempotency key: however often the button is pressed, one pair comes of it. Where the order waits for an officer, the
page in between says so, and what is confirmed is that the officer is asked; the same form gives the pair once they have approved.
"""

import secrets
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from directca.accounts.policy import listed
from directca.accounts.prices import Purchase
from directca.certificates.model import Pair
from directca.clock import rfc3339
from directca.direct.names import Kind
from directca.direct.oids import OrganizationType
from directca.issuance.model import Rehearsal, Verb
from directca.vetting import organizations
from directca.vetting.approval_config import FIRST, WHOLE_DOMAIN
from directca.vetting.proposal_errors import AwaitsApproval
from directca.web import dates
from directca.web.console import case_words, mistakes, ordering
from directca.web.console.billing_pages import ORDERS
from directca.web.console.certificate_list import CERTIFICATES
from directca.web.console.certificate_page import opened, path_of
from directca.web.console.confirmation import CONFIRMED, done
from directca.web.console.context import Console, Visit
from directca.web.console.mistakes import Mistakes
from directca.web.console.ordering import NotFilled, Order
from directca.web.forms import Form

REFUSED = (*mistakes.SHOWN, NotFilled)


@dataclass(frozen=True)
class Words:
    """What the pages of a verb say."""

    heading: str
    lead: str
    button: str


WORDS = {
    Verb.ISSUE: Words(
        "Issue a pair",
        "A signing and an encryption certificate for an address, or for a whole domain.",
        "Issue both certificates",
    ),
    Verb.RENEW: Words(
        "Renew a pair", "A new pair with a new expiry date. The present one stays valid until it expires.", "Renew the pair"
    ),
    Verb.REISSUE: Words(
        "Reissue a pair", "A new pair with the same expiry date, free of charge, such as for new keys.", "Reissue the pair"
    ),
}


def show_issue(console: Console, request: Request) -> Response:
    """The form for a first pair."""
    return form_page(console.visit(request), request, Order(Verb.ISSUE), {}, mistakes.NONE)


def submit_issue(console: Console, request: Request, form: Form) -> Response:
    """What it gives; the pair, once that was confirmed."""
    return _submit(console.sent(request, form), request, form, Order(Verb.ISSUE))


def show_renew(console: Console, request: Request) -> Response:
    """The form for a renewal."""
    return _show_successor(console, request, Verb.RENEW)


def submit_renew(console: Console, request: Request, form: Form) -> Response:
    """What it gives; the new pair, once that was confirmed."""
    return _submit_successor(console, request, form, Verb.RENEW)


def show_reissue(console: Console, request: Request) -> Response:
    """The form for a reissue."""
    return _show_successor(console, request, Verb.REISSUE)


def submit_reissue(console: Console, request: Request, form: Form) -> Response:
    """What it gives; the new pair, once that was confirmed."""
    return _submit_successor(console, request, form, Verb.REISSUE)


def order_of(visit: Visit, request: Request, verb: Verb) -> Order:
    """The order that a page is about. Raises UnknownCertificate."""
    return Order(verb) if verb is Verb.ISSUE else Order(verb, opened(visit, request)[0].record)


def form_page(visit: Visit, request: Request, order: Order, fields: dict[str, str], wrong: Mistakes) -> Response:
    """The form, with what was entered and what is wrong with it."""
    return visit.console.web.pages.render_for(
        visit.visitor, request, "console/order.html", wrong.shown, **what_is_offered(visit, order, fields), errors=wrong.found
    )


def what_is_offered(visit: Visit, order: Order, fields: dict[str, str]) -> dict[str, Any]:
    """What the pages of an order show."""
    record = order.predecessor
    return {
        "verb": order.verb.value,
        "words": WORDS[order.verb],
        "record": record,
        "years": _years(visit.console, order),
        "categories": _categories(visit, "As it is vetted" if record is None else "As it is now"),
        "fields": {name: fields.get(name, "") for name in ordering.FIELDS},
        "overlap_hours": int(visit.console.issuance.policy.rules.overlap.total_seconds() // 3600),
        "waits": _waits(visit.console, order),
        "back": CERTIFICATES if record is None else path_of(record),
    }


def _show_successor(console: Console, request: Request, verb: Verb) -> Response:
    visit = console.visit(request)
    return form_page(visit, request, order_of(visit, request, verb), {}, mistakes.NONE)


def _submit_successor(console: Console, request: Request, form: Form, verb: Verb) -> Response:
    visit = console.sent(request, form)
    return _submit(visit, request, form, order_of(visit, request, verb))


def _submit(visit: Visit, request: Request, form: Form, order: Order) -> Response:
    fields = ordering.entered(form)
    key = form.text("key") if form.text(CONFIRMED[0]) == CONFIRMED[1] else None
    try:
        made = ordering.carry_out(visit, order, fields, key)
    except AwaitsApproval as waits:
        if waits.proposal is not None:
            return done(ORDERS)
        return _ask_first(visit, request, order, fields, waits)
    except REFUSED as error:
        return form_page(visit, request, order, fields, ordering.wrong(error, _fields(order)))
    if isinstance(made, Pair):
        return done(path_of(made.record))
    return _review(visit, request, order, fields, made)


def _ask_first(visit: Visit, request: Request, order: Order, fields: dict[str, str], waits: AwaitsApproval) -> Response:
    """It waits for an officer, who is asked once that was confirmed."""
    return visit.console.web.pages.render_for(
        visit.visitor,
        request,
        "console/ask_first.html",
        **what_is_offered(visit, order, fields),
        why=waits.detail,
        carried=_carried(fields),
    )


def _carried(fields: dict[str, str]) -> tuple[tuple[str, str], ...]:
    """What the page in between sends on: however often, one order comes of it."""
    said = ((name, value) for name, value in fields.items() if value)
    return (*said, ("key", secrets.token_hex(16)), CONFIRMED)


def _review(visit: Visit, request: Request, order: Order, fields: dict[str, str], made: Rehearsal) -> Response:
    return visit.console.web.pages.render_for(
        visit.visitor,
        request,
        "console/review.html",
        **what_is_offered(visit, order, fields),
        made=made,
        category=case_words.TYPES[OrganizationType(made.organization_type)],
        left=made.available - made.amount,
        carried=_carried(fields),
    )


def in_json(made: Rehearsal) -> dict[str, Any]:
    """The same for a script of ours."""
    return {
        "identifier": made.identifier,
        "from": rfc3339(made.not_before),
        "until": dates.iso_date(made.not_after),
        "price": dates.dollars(made.amount) if made.amount else "free",
        "left": dates.dollars(made.available - made.amount),
    }


def _fields(order: Order) -> tuple[str, ...]:
    left_out = {"years": not order.asks_for_years, "immediately": order.verb is not Verb.REISSUE}
    return tuple(name for name in ordering.FIELDS if not left_out.get(name))


def _waits(console: Console, order: Order) -> str:
    """Which orders wait for an officer, in words; empty if none does. A successor waits for a category that it has not had."""
    desk = console.issuance.registration
    named = () if desk is None else desk.config.issuance_waits
    kinds = {FIRST: "the first pair of an organization", WHOLE_DOMAIN: "a pair for a whole domain"}
    found = [words for name, words in kinds.items() if name in named and order.predecessor is None]
    anew = "" if order.predecessor is None else " that it does not have yet"
    found += [f"a pair of the category {words}{anew}" for kind, words in case_words.TYPES.items() if kind.value in named]
    return listed(found, "or")


def _years(console: Console, order: Order) -> list[tuple[str, str]]:
    """The durations with their prices; for a first pair, whose kind is not known yet, with both."""
    if not order.asks_for_years:
        return []
    prices = console.issuance.prices
    kinds = list(Kind) if order.predecessor is None else [order.predecessor.kind]
    purchase = Purchase(order.verb.value)
    return [
        (
            str(years),
            f"{years} {'year' if years == 1 else 'years'} · "
            + " / ".join(dates.dollars(prices.price(kind, purchase, years)) for kind in kinds),
        )
        for years in console.issuance.policy.rules.durations_years
    ]


def _categories(visit: Visit, otherwise: str) -> list[tuple[str, str]]:
    """The categories that the account's organizations are vetted for; none to choose from if there is one."""
    with visit.console.database.read() as tx:
        known = organizations.of_account(tx, visit.account_id)
    found = sorted({kind.value for one in known for kind in one.facts.organization_types})
    return [("", otherwise), *((one, case_words.TYPES[OrganizationType(one)]) for one in found)] if len(found) > 1 else []
