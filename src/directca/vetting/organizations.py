"""Registering, approving, suspending and ending organizations: an operator's acts, each with its row in the journal.

Each function joins the caller's transaction.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from directca.accounts import accounts
from directca.db.engine import Tx
from directca.db.schema import findable
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.vetting import case_store, domain_store, evidence_store, store
from directca.vetting.errors import NoSuchOrganization, OrganizationState
from directca.vetting.model import ClaimState, Organization, OrganizationFacts, OrganizationStatus
from directca.vetting.policy import TRANSITIONS, cleaned_organization

_ID_BYTES = 12


def register(
    tx: Tx, account_id: str, facts: OrganizationFacts, *, actor: str, at: datetime, random: Callable[[int], bytes]
) -> Organization:
    """Put an organization on file, as a draft. Raises NoSuchAccount, AccountSuspended, BadVettingRecord."""
    accounts.require_active(tx, account_id)
    made = Organization(random(_ID_BYTES).hex(), account_id, cleaned_organization(facts), OrganizationStatus.DRAFT, at)
    store.add_organization(tx, made)
    journal(
        tx,
        made,
        "organization.registered",
        actor,
        at,
        legal_name=made.facts.legal_name,
        country=made.facts.country,
        state=made.facts.state,
        locality=made.facts.locality,
        organizational_units=list(made.facts.organizational_units),
        organization_types=[str(kind) for kind in made.facts.organization_types],
    )
    return made


def begin(tx: Tx, account_id: str, legal_name: str, *, actor: str, at: datetime, random: Callable[[int], bytes]) -> Organization:
    """Let an application have its organization: a draft with nothing but a name, which only a decision makes more of."""
    facts = OrganizationFacts(legal_name, "US", "", "", (), ())
    made = Organization(random(_ID_BYTES).hex(), account_id, facts, OrganizationStatus.DRAFT, at)
    store.add_organization(tx, made)
    journal(tx, made, "organization.applied", actor, at, legal_name=legal_name)
    return made


def approve(tx: Tx, organization_id: str, *, actor: str, at: datetime, review_due_at: datetime | None = None) -> Organization:
    """Attest that the organization exists and is what its record says; also lifts a suspension, which moves no review.

    A draft that an applicant has a case about is approved by deciding that. Raises NoSuchOrganization, OrganizationState.
    """
    known = find(tx, organization_id)
    case_id = case_store.open_case(tx, organization_id)
    if known.status is OrganizationStatus.DRAFT and case_id is not None:
        raise OrganizationState(f"{known.facts.legal_name} has applied; decide on its case {case_id}.")
    return _approved(tx, organization_id, actor, at, known.review_due_at or review_due_at)


def establish(
    tx: Tx, organization_id: str, facts: OrganizationFacts, *, actor: str, at: datetime, review_due_at: datetime
) -> None:
    """Approve a draft with the facts that were decided on. Raises NoSuchOrganization, OrganizationState, BadVettingRecord."""
    amend(tx, organization_id, facts, actor=actor, at=at, kind="organization.described")
    _approved(tx, organization_id, actor, at, review_due_at)


def amend(
    tx: Tx, organization_id: str, facts: OrganizationFacts, *, actor: str, at: datetime, kind: str = "organization.amended"
) -> None:
    """Let other facts stand; from now on they are what is certified. Raises NoSuchOrganization, OrganizationState,
    BadVettingRecord."""
    before = require_open(tx, organization_id)
    kept = cleaned_organization(facts)
    if not store.change_facts(tx, before, kept):
        raise OrganizationState(f"{before.facts.legal_name} has just changed. Look again.")
    journal(tx, before, kind, actor, at, before=_told(before.facts), now=_told(kept))


def review(tx: Tx, organization_id: str, *, actor: str, at: datetime, review_due_at: datetime) -> Organization:
    """Attest that everything still is as it was, until the next review. Raises NoSuchOrganization, OrganizationState."""
    before = find(tx, organization_id)
    if before.status is not OrganizationStatus.APPROVED or not store.move_organization(
        tx, before, before.status, {"review_due_at": review_due_at}
    ):
        raise OrganizationState(f"{before.facts.legal_name} is {before.status}, so there is nothing to review.")
    journal(tx, before, "organization.reviewed", actor, at, review_due_at=review_due_at.isoformat())
    return replace(before, review_due_at=review_due_at)


def suspend(tx: Tx, organization_id: str, *, actor: str, reason: str, at: datetime) -> Organization:
    """Issue nothing more to the organization until it is approved again. Its certificates stay as they are.

    Raises NoSuchOrganization, OrganizationState.
    """
    before = _move(tx, organization_id, OrganizationStatus.SUSPENDED)
    suspended = replace(before, status=OrganizationStatus.SUSPENDED)
    journal(tx, suspended, "organization.suspended", actor, at, reason=reason)
    return suspended


def end(tx: Tx, organization_id: str, *, actor: str, reason: str, at: datetime) -> Organization:
    """Close the organization for good: its claims and authorities fall with it.

    The policy wants every certificate of an ended organization revoked. Revocation stands above this room: whoever ends an
    organization must then revoke what `certificates.register.of_organization` lists for the identifier returned here.
    Raises NoSuchOrganization, OrganizationState.
    """
    before = _move(tx, organization_id, OrganizationStatus.ENDED)
    ended = replace(before, status=OrganizationStatus.ENDED)
    domains = [claim.domain for claim in evidence_store.claims(tx, ended.id)]
    for claim in evidence_store.claims(tx, ended.id):
        evidence_store.close_claim(tx, claim.id, ClaimState.WITHDRAWN)
        evidence_store.withdraw_authorities(tx, ended.id, claim.domain, None, at)
    domain_store.close_open(tx, ended.id, at)
    journal(tx, ended, "organization.ended", actor, at, reason=reason, domains=domains)
    return ended


def find(tx: Tx, organization_id: str) -> Organization:
    """The organization; raises NoSuchOrganization."""
    found = store.find_organization(tx, findable(organization_id))
    if found is None:
        raise NoSuchOrganization(
            f"There is no organization {organization_id!r}. `directca organization list` shows every organization."
        )
    return found


def require_open(tx: Tx, organization_id: str) -> Organization:
    """The organization, if records may still be added to it. Raises NoSuchOrganization, OrganizationState."""
    found = find(tx, organization_id)
    if found.status is OrganizationStatus.ENDED:
        raise OrganizationState(f"{found.facts.legal_name} is ended. Register the organization anew.")
    return found


def of_account(tx: Tx, account_id: str) -> tuple[Organization, ...]:
    """The organizations of an account, oldest first."""
    return store.organizations(tx, account_id)


def only_of_account(tx: Tx, account_id: str) -> Organization | None:
    """The one organization that is meant where none is named; None where that is not clear.

    One that is being applied for counts only where the account has no other: an application that somebody begins must not
    change what the account's software says every day.
    """
    mine = [one for one in of_account(tx, account_id) if one.status is not OrganizationStatus.ENDED]
    approved = [one for one in mine if one.status is not OrganizationStatus.DRAFT]
    found = approved or mine
    return found[0] if len(found) == 1 else None


def every(tx: Tx) -> tuple[Organization, ...]:
    """All organizations, oldest first."""
    return store.organizations(tx)


def ended(tx: Tx) -> tuple[Organization, ...]:
    """The organizations that are ended, oldest first."""
    return store.in_status(tx, OrganizationStatus.ENDED)


def due_for_review(tx: Tx, before: datetime) -> tuple[Organization, ...]:
    """Approved organizations whose review is due before a moment, the most urgent first."""
    return store.due_for_review(tx, before)


def journal(tx: Tx, about: Organization, kind: str, actor: str, at: datetime, **detail: Fact) -> None:
    """Write down what was done to an organization."""
    append(tx, Event(kind, actor, f"organization:{about.id}", account_id=about.account_id, detail=detail), at=at)


def _approved(tx: Tx, organization_id: str, actor: str, at: datetime, review_due_at: datetime | None) -> Organization:
    changes = {"approved_at": at, "approved_by": actor, "review_due_at": review_due_at}
    before = _move(tx, organization_id, OrganizationStatus.APPROVED, **changes)
    approved = replace(before, status=OrganizationStatus.APPROVED, approved_at=at, approved_by=actor, review_due_at=review_due_at)
    journal(tx, approved, "organization.approved", actor, at, before=before.status)
    return approved


def _told(facts: OrganizationFacts) -> list[str]:
    return [
        facts.legal_name,
        facts.country,
        facts.state,
        facts.locality,
        *facts.organizational_units,
        *(str(kind) for kind in facts.organization_types),
    ]


def _move(tx: Tx, organization_id: str, after: OrganizationStatus, **changes: object) -> Organization:
    before = find(tx, organization_id)
    if after not in TRANSITIONS[before.status] or not store.move_organization(tx, before, after, changes):
        raise OrganizationState(f"{before.facts.legal_name} is {before.status}, so it cannot become {after}.")
    return before
