"""May this account have a certificate for this name? Asked by the issuing verbs for each name, afresh each time.

Everything that a request references is checked here and in no front end (invariant 10). The rules are those of the certificate
policy; their numbers come with the question's rules. Three statements when the answer is yes, or one when what is on file about
the name's domain was read before and nothing has changed since.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from directca.accounts import accounts
from directca.db.engine import Tx
from directca.direct.names import Kind, domain_covers
from directca.errors import DirectCAError
from directca.pki import countries
from directca.pki.profiles import Rules
from directca.vetting import change_store, question_store, store
from directca.vetting.errors import (
    AgreementRequired,
    DomainClaimExpired,
    DomainNotVerified,
    MailboxNotAuthorized,
    OrganizationNotVetted,
    OrganizationTypeNotVetted,
    ProofingExpired,
    RepresentativeNotProofed,
    ReproofingRequired,
    ReviewOverdue,
)
from directca.vetting.known_facts import FactsAt
from directca.vetting.model import OrganizationStatus, Vetted, VettingQuestion
from directca.vetting.policy import not_after_limit, proofing_ends
from directca.vetting.question_store import Facts


@dataclass(frozen=True)
class Case:
    """What a check looks at. `mailbox_expiries` is when each authority over the name's mailbox ends, None where it does not."""

    question: VettingQuestion
    facts: Facts
    mailbox_expiries: tuple[datetime | None, ...]
    rules: Rules
    now: datetime

    @property
    def legal_name(self) -> str:
        """Of the organization that holds the name's domain."""
        return self.facts.organization.facts.legal_name


def last_change(tx: Tx) -> int:
    """The number of the last change of anything that `vet` looks at: two equal numbers, and nothing changed in between."""
    return change_store.number(tx)


def last_change_asked(tx: Tx) -> Callable[[], int]:
    """`last_change`, asked for with what is asked besides."""
    return change_store.asked(tx)


def vet(tx: Tx, question: VettingQuestion, rules: Rules, now: datetime, known: FactsAt | None = None) -> Vetted:
    """The facts to certify for the question's name, every precondition being met at `now`.

    `known` is what was read before and still holds after the changes that this transaction sees. Raises AccountSuspended, or the
    refusal of the first check that fails (`vetting/errors.py`).
    """
    facts = _on_file(tx, question, rules, now, known)
    if facts is None:
        raise _nothing_on_file(tx, question)
    expiries: tuple[datetime | None, ...] = ()
    if question.name.local_part is not None:
        of = facts.claim
        expiries = question_store.mailbox_expiries(tx, of.organization_id, of.domain, question.name.local_part)
    case = Case(question, facts, expiries, rules, now)
    for check in CHECKS:
        check(case)
    return _vetted(question, facts, rules)


def _on_file(tx: Tx, question: VettingQuestion, rules: Rules, now: datetime, known: FactsAt | None) -> Facts | None:
    """What is on file about the name's domain, of an account that is active."""
    key = (question.account_id, question.name.domain, rules.agreement_version)
    found = None if known is None else known.find(key, now)
    if found is None:
        accounts.require_active(tx, question.account_id)
        found = question_store.about_domain(tx, *key)
        if found is not None and known is not None:
            known.keep(key, found, now)
    return found


def _organization_is_approved(case: Case) -> None:
    organization = case.facts.organization
    if organization.account_id == case.question.account_id and organization.status is OrganizationStatus.APPROVED:
        return
    raise OrganizationNotVetted(
        f"{case.legal_name} is {organization.status}. The certificate authority's operator must approve it first."
    )


def _country_is_assigned(case: Case) -> None:
    country = case.facts.organization.facts.country
    if countries.is_assigned(country):
        return
    raise OrganizationNotVetted(
        f"{case.legal_name} is registered in {country!r}, which no country has for a code (ISO 3166-1). "
        "Its representative must ask for a change of its facts."
    )


def _review_is_not_overdue(case: Case) -> None:
    due = case.facts.organization.review_due_at
    if due is None or case.now < due:
        return
    raise ReviewOverdue(
        f"{case.legal_name} was to be reviewed by {due:%Y-%m-%d}. "
        "Its representative must confirm its facts to the certificate authority, which then approves them."
    )


def _domain_is_claimed(case: Case) -> None:
    claim = case.facts.claim
    if not domain_covers(claim.domain, case.question.name) or claim.organization_id != case.facts.organization.id:
        raise _domain_not_verified(case.question)
    if claim.verified_at <= case.now < claim.expires_at:
        return
    raise DomainClaimExpired(
        f"Control of {claim.domain} was last verified on {claim.verified_at:%Y-%m-%d}, too long ago. "
        "The organization must claim it and show control of it again: /docs/domain."
    )


def _category_is_attested(case: Case) -> None:
    types = case.facts.organization.facts.organization_types
    if types and (case.question.organization_type is None or case.question.organization_type in types):
        return
    raise OrganizationTypeNotVetted(
        f"{case.legal_name} is vetted as {', '.join(types) or 'nothing'}. "
        "Choose one of these, or attest to the category before the certificate authority.",
        field="organizationType",
    )


def _representative_is_proofed(case: Case) -> None:
    if case.facts.proofing_id is None or case.facts.proofed_at is None or case.facts.proofed_at > case.now:
        raise RepresentativeNotProofed(
            f"No representative of {case.legal_name} has a valid identity proofing on file. "
            "A representative must prove their identity to the certificate authority."
        )
    if case.now >= proofing_ends(case.facts.proofed_at, case.rules.proofing_maximum_years):
        raise ProofingExpired(
            f"The representative was proofed on {case.facts.proofed_at:%Y-%m-%d}, more than "
            f"{case.rules.proofing_maximum_years} years ago. A representative must prove their identity again."
        )
    if case.question.first_issue and case.now >= case.facts.proofed_at + case.rules.proofing_first_issue:
        raise ProofingExpired(
            f"The representative was proofed on {case.facts.proofed_at:%Y-%m-%d}; the first certificate must follow within "
            f"{case.rules.proofing_first_issue.days} days. A representative must prove their identity again."
        )


def _proofing_follows_the_revocation(case: Case) -> None:
    since = case.question.reproof_since
    if since is None or not case.rules.reproof_after_revocation:
        return
    if case.facts.proofed_at is not None and case.facts.proofed_at > since:
        return
    raise ReproofingRequired(
        f"A certificate of {case.question.name} was revoked on {since:%Y-%m-%d}. "
        "A representative must prove their identity again before another is issued."
    )


def _agreement_is_accepted(case: Case) -> None:
    if case.facts.agreement_accepted:
        return
    raise AgreementRequired(
        f"{case.legal_name} has not accepted version {case.rules.agreement_version} of the subscriber agreement. "
        "A representative must accept it."
    )


def _mailbox_is_authorized(case: Case) -> None:
    if case.question.name.kind is Kind.DOMAIN:
        return
    if any(expires_at is None or case.now < expires_at for expires_at in case.mailbox_expiries):
        return
    raise MailboxNotAuthorized(
        f"{case.legal_name} has no authority over {case.question.name} on file, or it has ended. "
        "The organization's representative must authorize the mailbox."
    )


CHECKS: Final[tuple[Callable[[Case], None], ...]] = (
    _organization_is_approved,
    _country_is_assigned,
    _review_is_not_overdue,
    _domain_is_claimed,
    _category_is_attested,
    _representative_is_proofed,
    _proofing_follows_the_revocation,
    _agreement_is_accepted,
    _mailbox_is_authorized,
)
"""Every precondition, in the order in which a reader would put them right."""


def _nothing_on_file(tx: Tx, question: VettingQuestion) -> DirectCAError:
    if any(known.status is OrganizationStatus.APPROVED for known in store.organizations(tx, question.account_id)):
        return _domain_not_verified(question)
    return OrganizationNotVetted(
        "The account has no approved organization. The certificate authority's operator must register and approve one."
    )


def _domain_not_verified(question: VettingQuestion) -> DirectCAError:
    return DomainNotVerified(
        f"No organization of the account has shown control of {question.name.domain}. "
        "Claim it and show control of it first: /docs/domain."
    )


def _vetted(question: VettingQuestion, facts: Facts, rules: Rules) -> Vetted:
    # A check has refused None before; should the tuple above ever lose that check, this still refuses.
    if facts.proofing_id is None or facts.proofed_at is None:
        raise RepresentativeNotProofed("No identity proofing is on file.")
    organization = facts.organization
    return Vetted(
        name_value=question.name.value,
        organization_id=organization.id,
        legal_name=organization.facts.legal_name,
        country=organization.facts.country,
        state=organization.facts.state,
        locality=organization.facts.locality,
        organizational_units=organization.facts.organizational_units,
        organization_type=question.organization_type or organization.facts.organization_types[0],
        claim_id=facts.claim.id,
        proofing_id=facts.proofing_id,
        agreement_version=rules.agreement_version,
        not_after_limit=not_after_limit(facts.proofed_at, rules.proofing_maximum_years),
    )
