"""What needs action: one list, made of what each part of an account has to say. What is most pressing stands first."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import IntEnum

from directca.accounts import ledger
from directca.accounts.person import STAFF
from directca.accounts.prices import Purchase
from directca.certificates import endings
from directca.db.engine import Tx
from directca.direct.names import Kind
from directca.issuance import order_list
from directca.vetting import case_page, domain_views, organizations, report
from directca.vetting.case_model import CaseState
from directca.vetting.case_policy import APPLICANT_ACTS
from directca.vetting.domain_model import DomainStanding, DomainView
from directca.vetting.model import OrganizationStatus
from directca.vetting.report import Precondition, Standing
from directca.web import dates
from directca.web.console import staff_attention
from directca.web.console.context import Visit
from directca.web.next_page import CONSOLE

SOON = timedelta(days=30)
"""What ends within it needs action now."""

MOST = 8
"""As many of a kind are told one by one."""


class Pressing(IntEnum):
    """How pressing something is, the most pressing first."""

    STOPPED = 1
    """Nothing goes on without it."""
    SOON = 2
    """It will be so before long."""
    WAITS = 3
    """Somebody waits for it."""


@dataclass(frozen=True)
class Item:
    """One thing to do: of what kind it is, the sentence, whose turn it is, where it is done."""

    pressing: Pressing
    about: str
    sentence: str
    who: str
    path: str = ""
    way: str = ""


WAYS = {
    "organization": (f"{CONSOLE}/organizations", "Go to your organizations"),
    "representative": (f"{CONSOLE}/organizations", "Go to your organizations"),
    "agreement": (f"{CONSOLE}/organizations", "Go to your organizations"),
    "domain": (f"{CONSOLE}/domains", "Go to your domains"),
    "mailbox": (f"{CONSOLE}/addresses", "Go to your addresses"),
}
"""By the kind of a precondition, where what is missing is done."""

Source = Callable[[Visit], Iterable[Item]]


def needed(visit: Visit) -> tuple[Item, ...]:
    """All that needs action. Reads the database."""
    found = (item for source in SOURCES for item in source(visit))
    return tuple(sorted(found, key=lambda item: item.pressing))


def _missing(visit: Visit) -> Iterable[Item]:
    """Preconditions that are not met. An end that has passed counts as long as nothing newer of the same has taken its place."""
    with visit.console.database.read() as tx:
        rows = _preconditions(tx, visit)
    met = {(one.kind, one.about) for one in rows if one.state is Standing.MET}
    missing = [one for one in rows if one.state is not Standing.MET and (one.kind, one.about) not in met]
    for kind in dict.fromkeys(one.kind for one in missing):
        lacking = {one.about: one for one in missing if one.kind == kind}
        for one in list(lacking.values())[:MOST]:
            path, way = WAYS.get(kind, ("", ""))
            yield Item(Pressing.STOPPED, kind, f"{one.about}: {_lower(one.missing or '')}", one.who_must_act or "", path, way)
        if len(lacking) > MOST:
            yield Item(Pressing.STOPPED, kind, f"{len(lacking) - MOST:,} further ones are missing or have ended.", "the same")


def _preconditions(tx: Tx, visit: Visit) -> list[Precondition]:
    """What is worth telling. As long as an organization is not approved, or is suspended, that alone is: its case says the rest.
    An account of the authority's own people needs no organization."""
    console = visit.console
    rows = report.report(tx, visit.account_id, console.registration.rules, console.clock.now())
    known = organizations.of_account(tx, visit.account_id)
    if not known and _is_staff(visit):
        return [one for one in rows if one.kind != "organization"]
    standing: dict[OrganizationStatus, set[str]] = {status: set() for status in OrganizationStatus}
    for one in known:
        standing[one.status].add(one.facts.legal_name)
    drafts = standing[OrganizationStatus.DRAFT] - standing[OrganizationStatus.APPROVED]
    suspended = standing[OrganizationStatus.SUSPENDED] - standing[OrganizationStatus.APPROVED]
    return [one for one in rows if one.about not in drafts and (one.about not in suspended or one.kind == "organization")]


def _is_staff(visit: Visit) -> bool:
    return not STAFF.isdisjoint(visit.session.person.roles)


def _authority(visit: Visit) -> Iterable[Item]:
    """What waits for the authority, if the visitor works for it."""
    for one in staff_attention.waits(visit):
        yield Item(Pressing.WAITS, one.about, one.sentence, one.who, one.path, one.way)


def _expiring(visit: Visit) -> Iterable[Item]:
    """Pairs that end soon and have no successor."""
    now = visit.console.clock.now()
    with visit.console.database.read() as tx:
        first, total = endings.soonest(tx, visit.account_id, now, now + SOON, most=MOST)
    for record in first:
        ends = f"{dates.in_words(record.not_after, now)}, on {dates.iso_date(record.not_after)}"
        sentence, path = f"{record.identifier} expires {ends}.", f"{CONSOLE}/certificates/{record.id}"
        yield Item(Pressing.SOON, "certificate", sentence, "you", path, "Look at it")
    if total > len(first):
        every = f"{CONSOLE}/certificates?from={dates.iso_date(now)}&to={dates.iso_date(now + SOON)}"
        sentence = f"{total - len(first):,} further pairs expire within 30 days."
        yield Item(Pressing.SOON, "certificate", sentence, "you", every, "See all")


def _domains(visit: Visit) -> Iterable[Item]:
    """Domains whose claim ends soon, and those whose challenge waits."""
    now = visit.console.clock.now()
    for view in domain_views.views(visit.console.domains, visit.claimant):
        if view.standing is DomainStanding.EXPIRING and view.claim is not None and view.claim.expires_at is not None:
            ends = dates.in_words(view.claim.expires_at, now)
            sentence = f"Control of {view.domain} must be shown again: it ends {ends}."
            yield Item(Pressing.SOON, "domain", sentence, "you", _claim(view), "Look at it")
        if view.standing is DomainStanding.PENDING:
            sentence = f"Control of {view.domain} is claimed and has not been shown."
            yield Item(Pressing.WAITS, "domain", sentence, "you", _claim(view), "Go on")


def _cases(visit: Visit) -> Iterable[Item]:
    """Applications that are not decided: those that wait for the applicant, and those that the authority has."""
    for page in case_page.of_account(visit.console.registration, visit.actor):
        if page.who_must_act is None:
            continue
        is_ours = page.who_must_act == APPLICANT_ACTS
        told = _APPLICANTS.get(page.case.state, "is with the certificate authority.")
        yield Item(
            Pressing.WAITS,
            "application",
            f"The application for {page.organization.facts.legal_name} {told}",
            "you" if is_ours else page.who_must_act,
            f"{CONSOLE}/organizations/cases/{page.case.id}",
            "Go on" if is_ours else "See how it stands",
        )


_APPLICANTS = {
    CaseState.DRAFT: "is a draft: complete it, then submit it.",
    CaseState.REJECTED: "was rejected: read why, then revise it or appeal.",
}
"""What is to be done, by the state in which it is the applicant's turn."""


def _approvals(visit: Visit) -> Iterable[Item]:
    """Issues that wait for an officer, and those that one has approved and the applicant may ask for once more."""
    now = visit.console.clock.now()
    with visit.console.database.read() as tx:
        waiting = [one for one in order_list.waiting_of(tx, visit.account_id, now) if one.waits is not None]
    for one in waiting[:MOST]:
        if one.state == "open":
            sentence, who = f"{one.identifier} waits for an officer: {one.reason}.", "the authority"
        else:
            ends = dates.in_words(one.until, now)
            sentence, who = f"{one.identifier} was approved. Send the same request once more; the approval ends {ends}.", "you"
        yield Item(Pressing.WAITS, "order", sentence, who, f"{CONSOLE}/billing/orders", "Look at it")
    if len(waiting) > MOST:
        sentence = f"{len(waiting) - MOST:,} further ones wait for an officer, or were approved."
        yield Item(Pressing.WAITS, "order", sentence, "as it says there", f"{CONSOLE}/billing/orders", "See all")


def _balance(visit: Visit) -> Iterable[Item]:
    """A balance that does not pay for one more pair."""
    console = visit.console
    with console.database.read() as tx:
        if _is_staff(visit) and not organizations.of_account(tx, visit.account_id):
            return  # the authority's own people buy nothing for it
        available = ledger.balance(tx, visit.account_id).available
    price = console.issuance.prices.price(Kind.ADDRESS, Purchase.ISSUE, 1)
    if available < price:
        sentence = f"{dates.dollars(available)} are left; a pair for an address costs {dates.dollars(price)} a year."
        yield Item(Pressing.STOPPED, "balance", sentence, "you", f"{CONSOLE}/billing", "Top up")


def _claim(view: DomainView) -> str:
    """The page of a claim; those that the operator put on file have none."""
    return f"{CONSOLE}/domains/{view.challenge.id}" if view.challenge is not None else f"{CONSOLE}/domains"


def _lower(sentence: str) -> str:
    """A sentence that goes on after a colon."""
    return sentence[:1].lower() + sentence[1:]


SOURCES: tuple[Source, ...] = (_missing, _balance, _expiring, _authority, _domains, _cases, _approvals)
"""Each part of an account, asked in turn."""
