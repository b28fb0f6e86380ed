"""The preconditions of an account: what holds, until when, what is missing, and who must act."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from directca.accounts import accounts
from directca.accounts.model import AccountStatus
from directca.db.engine import Tx
from directca.pki.profiles import Rules
from directca.vetting import address_store, evidence_store, store
from directca.vetting.address_model import AddressFilter
from directca.vetting.model import EVERY_MAILBOX, Organization, OrganizationStatus, ProofingStatus
from directca.vetting.policy import proofing_ends

_MAILBOXES_TOLD = 100
"""As many are told one by one: an organization may have tens of thousands."""

ACCOUNT = "the account's people, who apply for one"
OPERATOR = "the certificate authority's operator"
REPRESENTATIVE = "the organization's representative"


class Standing(StrEnum):
    """Whether a precondition is met."""

    MET = "met"
    MISSING = "missing"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Precondition:
    """One thing that issuing asks for. `missing` and `who_must_act` are None when it is met."""

    kind: str
    about: str
    state: Standing
    expires_at: datetime | None = None
    missing: str | None = None
    who_must_act: str | None = None


def report(tx: Tx, account_id: str, rules: Rules, now: datetime) -> tuple[Precondition, ...]:
    """Every precondition of the account and of each of its organizations that has not ended. Raises NoSuchAccount."""
    account = accounts.find(tx, account_id)
    if account.status is AccountStatus.ACTIVE:
        found = [Precondition("account", account.name, Standing.MET)]
    else:
        found = [_missing("account", account.name, "The account is suspended.", OPERATOR)]
    open_ones = [known for known in store.organizations(tx, account_id) if known.status is not OrganizationStatus.ENDED]
    if not open_ones:
        found.append(_missing("organization", account.name, "No organization is registered.", ACCOUNT))
    for organization in open_ones:
        found.extend(of_organization(tx, organization, rules, now))
    return tuple(found)


def of_organization(tx: Tx, organization: Organization, rules: Rules, now: datetime) -> tuple[Precondition, ...]:
    """The preconditions of one organization."""
    return (
        _approval(organization, now),
        _representative(tx, organization, rules, now),
        _agreement(tx, organization, rules),
        *_domains(tx, organization, now),
        *_mailboxes(tx, organization, now),
    )


def _approval(organization: Organization, now: datetime) -> Precondition:
    name = organization.facts.legal_name
    if organization.status is OrganizationStatus.APPROVED:
        return _until("organization", name, organization.review_due_at, now, "The organization's facts must be reviewed.")
    return _missing("organization", name, f"The organization is {organization.status}.", OPERATOR)


def _representative(tx: Tx, organization: Organization, rules: Rules, now: datetime) -> Precondition:
    valid = [known for known in evidence_store.proofings(tx, organization.id) if known.status is ProofingStatus.VALID]
    if not valid:
        name = organization.facts.legal_name
        return _missing("representative", name, "No representative's identity is proofed.", REPRESENTATIVE)
    newest = valid[0]
    ends = proofing_ends(newest.facts.proofed_at, rules.proofing_maximum_years)
    return _until("representative", newest.facts.representative, ends, now, "The identity proofing is too old.")


def _agreement(tx: Tx, organization: Organization, rules: Rules) -> Precondition:
    about = f"version {rules.agreement_version}"
    if any(known.version == rules.agreement_version for known in evidence_store.agreements(tx, organization.id)):
        return Precondition("agreement", about, Standing.MET)
    return _missing("agreement", about, "The current subscriber agreement is not accepted.", REPRESENTATIVE)


def _domains(tx: Tx, organization: Organization, now: datetime) -> tuple[Precondition, ...]:
    claims = evidence_store.claims(tx, organization.id)
    if not claims:
        return (_missing("domain", organization.facts.legal_name, "No domain is verified.", REPRESENTATIVE),)
    return tuple(
        _until("domain", claim.domain, claim.expires_at, now, "Control of the domain must be shown again.") for claim in claims
    )


def _mailboxes(tx: Tx, organization: Organization, now: datetime) -> tuple[Precondition, ...]:
    granted = address_store.page(tx, organization.id, AddressFilter(limit=_MAILBOXES_TOLD))
    if not granted:
        missing = "No mailbox is authorized, so only certificates for whole domains can be issued."
        return (_missing("mailbox", organization.facts.legal_name, missing, REPRESENTATIVE),)
    told = tuple(
        _until(
            "mailbox",
            f"every mailbox of {one.domain}" if one.mailbox == EVERY_MAILBOX else f"{one.mailbox}@{one.domain}",
            one.expires_at,
            now,
            "The authority has ended.",
        )
        for one in granted
    )
    if len(granted) < _MAILBOXES_TOLD:
        return told
    more = address_store.count(tx, organization.id, AddressFilter()) - len(granted)
    return (*told, Precondition("mailbox", f"{more} more mailboxes", Standing.MET)) if more else told


def _until(kind: str, about: str, expires_at: datetime | None, now: datetime, missing: str) -> Precondition:
    if expires_at is None or now < expires_at:
        return Precondition(kind, about, Standing.MET, expires_at)
    return Precondition(kind, about, Standing.EXPIRED, expires_at, missing, REPRESENTATIVE)


def _missing(kind: str, about: str, missing: str, who: str) -> Precondition:
    return Precondition(kind, about, Standing.MISSING, None, missing, who)
