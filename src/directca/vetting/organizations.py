"""Registering, approving, suspending and ending organizations: an operator's acts, each with its row in the journal.

Each function joins the caller's transaction.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from directca.accounts import accounts
from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.vetting import domain_store, evidence_store, store
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


def approve(tx: Tx, organization_id: str, *, actor: str, at: datetime) -> Organization:
    """Attest that the organization exists and is what its record says; also lifts a suspension.

    Raises NoSuchOrganization, OrganizationState.
    """
    before = _move(tx, organization_id, OrganizationStatus.APPROVED, approved_at=at, approved_by=actor)
    approved = replace(before, status=OrganizationStatus.APPROVED, approved_at=at, approved_by=actor)
    journal(tx, approved, "organization.approved", actor, at, before=before.status)
    return approved


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
    found = store.find_organization(tx, organization_id)
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


def every(tx: Tx) -> tuple[Organization, ...]:
    """All organizations, oldest first."""
    return store.organizations(tx)


def journal(tx: Tx, about: Organization, kind: str, actor: str, at: datetime, **detail: Fact) -> None:
    """Write down what was done to an organization."""
    append(tx, Event(kind, actor, f"organization:{about.id}", account_id=about.account_id, detail=detail), at=at)


def _move(tx: Tx, organization_id: str, after: OrganizationStatus, **changes: object) -> Organization:
    before = find(tx, organization_id)
    if after not in TRANSITIONS[before.status] or not store.move_organization(tx, before, after, changes):
        raise OrganizationState(f"{before.facts.legal_name} is {before.status}, so it cannot become {after}.")
    return before
