"""Everything about a case on one page, for both sides: facts, people, evidence, history, what is missing, who must act."""

from dataclasses import dataclass
from datetime import timedelta

from directca.accounts import permissions
from directca.db.engine import Tx
from directca.vetting import actors, applying, case_store, organization_person_store, organizations, report
from directca.vetting.case_file import any_case, any_person, involved, own_case, own_organization
from directca.vetting.case_model import Actor, CaseFacts, CaseState, Entry, Lack, OrganizationPerson, VettingCase
from directca.vetting.case_policy import APPLICANT_ACTS, AUTHORITY_ACTS, WAITING, approvals, lacks, needed
from directca.vetting.context import Registration
from directca.vetting.declarations import CURRENT, TEXTS, Declarations
from directca.vetting.model import Organization
from directca.vetting.report import Precondition

MOST = 50
"""As many cases are listed; the queue's answer says how many more wait."""


@dataclass(frozen=True)
class CasePage:
    """A case as both sides see it. `standing` are the facts that stand until it is approved."""

    case: VettingCase
    organization: Organization
    standing: CaseFacts
    people: tuple[OrganizationPerson, ...]
    history: tuple[Entry, ...]
    lacks: tuple[Lack, ...]
    approvals: int
    approvals_needed: int
    who_must_act: str | None
    preconditions: tuple[Precondition, ...]
    declarations_version: str
    declarations: Declarations


@dataclass(frozen=True)
class Queue:
    """What waits for the authority: cases, those that wait longest first, and organizations that are due for review."""

    total: int
    cases: tuple[CasePage, ...]
    due_for_review: tuple[Organization, ...]


@dataclass(frozen=True)
class OrganizationPage:
    """An organization with the facts that stand, its people, and what is missing for certificates."""

    organization: Organization
    facts: CaseFacts
    people: tuple[OrganizationPerson, ...]
    open_case: str | None
    due_for_review: bool
    preconditions: tuple[Precondition, ...]


def queue(desk: Registration, actor: Actor) -> Queue:
    """What waits for the authority. Raises DecidersOnly."""
    with desk.database.read() as tx:
        actors.require(tx, actor, permissions.SEE_EVERY_CASE)
        total = case_store.count_in_states(tx, WAITING)
        pages = tuple(_page(tx, desk, one) for one in case_store.in_states(tx, WAITING, MOST))
        due = organizations.due_for_review(tx, desk.clock.now() + timedelta(days=desk.config.review_notice_days))
    return Queue(total, pages, due)


def of_account(desk: Registration, actor: Actor) -> tuple[CasePage, ...]:
    """The newest cases of the actor's account."""
    with desk.database.read() as tx:
        return tuple(_page(tx, desk, one) for one in case_store.of_account(tx, actor.account_id or "", MOST))


def case_page(desk: Registration, actor: Actor, case_id: str, *, officer: bool) -> CasePage:
    """A case of the actor's account; with `officer`, which is looked at again here, any. Raises NoSuchCase, DecidersOnly."""
    with desk.database.read() as tx:
        if officer:
            actors.require(tx, actor, permissions.SEE_EVERY_CASE)
            return _page(tx, desk, any_case(tx, case_id))
        return _page(tx, desk, own_case(tx, actor, case_id))


def organization_page(desk: Registration, actor: Actor, organization_id: str, *, officer: bool) -> OrganizationPage:
    """An organization of the actor's account; with `officer`, any. Raises NoSuchOrganization, DecidersOnly."""
    with desk.database.read() as tx:
        if not officer:
            return _organization(tx, desk, own_organization(tx, actor, organization_id))
        actors.require(tx, actor, permissions.SEE_EVERY_CASE)
        return _organization(tx, desk, organizations.find(tx, organization_id))


def organizations_of(desk: Registration, actor: Actor) -> tuple[OrganizationPage, ...]:
    """The organizations of the actor's account."""
    with desk.database.read() as tx:
        found = organizations.of_account(tx, actor.account_id or "")
        return tuple(_organization(tx, desk, one) for one in found)


def people_of(desk: Registration, actor: Actor) -> tuple[OrganizationPerson, ...]:
    """The people of the organizations of the actor's account."""
    with desk.database.read() as tx:
        return organization_person_store.of_account(tx, actor.account_id or "")


def person(desk: Registration, actor: Actor, person_id: str, *, officer: bool) -> OrganizationPerson:
    """Somebody of an organization of the actor's account; with `officer`, of any.

    Raises NoSuchOrganizationPerson, DecidersOnly.
    """
    with desk.database.read() as tx:
        if officer:
            actors.require(tx, actor, permissions.SEE_EVERY_CASE)
            return any_person(tx, person_id, None)
        return any_person(tx, person_id, actor.account_id or "")


def category_attestation() -> str:
    """What is attested to with a category now, word for word."""
    return TEXTS[CURRENT].category


def _page(tx: Tx, desk: Registration, case: VettingCase) -> CasePage:
    about = involved(tx, case)
    known = organizations.find(tx, case.organization_id)
    now = desk.clock.now()
    return CasePage(
        case=case,
        organization=known,
        standing=applying.standing_facts(tx, known),
        people=about.people,
        history=about.entries,
        lacks=lacks(about, desk.config, desk.rules, now) if case.closed_at is None else (),
        approvals=approvals(about),
        approvals_needed=needed(case.kind, desk.config),
        who_must_act=_who(case),
        preconditions=report.of_organization(tx, known, desk.rules, now),
        declarations_version=CURRENT,
        declarations=TEXTS[CURRENT],
    )


def _organization(tx: Tx, desk: Registration, known: Organization) -> OrganizationPage:
    now = desk.clock.now()
    notice = timedelta(days=desk.config.review_notice_days)
    return OrganizationPage(
        organization=known,
        facts=applying.standing_facts(tx, known),
        people=organization_person_store.of_organization(tx, known.id),
        open_case=case_store.open_case(tx, known.id),
        due_for_review=known.review_due_at is not None and now >= known.review_due_at - notice,
        preconditions=report.of_organization(tx, known, desk.rules, now),
    )


def _who(case: VettingCase) -> str | None:
    if case.state in WAITING:
        return AUTHORITY_ACTS
    return APPLICANT_ACTS if case.state in (CaseState.DRAFT, CaseState.REJECTED) else None
