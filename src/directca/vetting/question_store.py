"""The two queries that answer the issuing verb: what is on file about a domain, and about a mailbox in it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import bindparam, literal_column, select

from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.vetting.evidence_store import agreement_acceptance, domain_claim, is_held, mailbox_authority, proofing
from directca.vetting.model import EVERY_MAILBOX, ClaimState, DomainClaim, DomainMethod, Organization
from directca.vetting.store import organization, organization_from


@dataclass(frozen=True)
class Facts:
    """Everything on file that bears on the names of one domain, as one query found it."""

    organization: Organization
    claim: DomainClaim
    proofing_id: str | None
    proofed_at: datetime | None
    agreement_accepted: bool


_latest = proofing.alias("latest")
_latest_proofing = (
    select(_latest.c.id)
    .where(_latest.c.organization_id == organization.c.id, _latest.c.status == literal_column("'valid'"))
    .order_by(_latest.c.proofed_at.desc(), _latest.c.id)
    .limit(1)
    .correlate(organization)
    .scalar_subquery()
)
_ABOUT_DOMAIN = Prepared(
    select(
        organization,
        domain_claim.c.id.label("claim_id"),
        domain_claim.c.domain.label("claim_domain"),
        domain_claim.c.method.label("claim_method"),
        domain_claim.c.evidence.label("claim_evidence"),
        domain_claim.c.state.label("claim_state"),
        domain_claim.c.verified_at.label("claim_verified_at"),
        domain_claim.c.expires_at.label("claim_expires_at"),
        proofing.c.id.label("proofing_id"),
        proofing.c.proofed_at.label("proofed_at"),
        agreement_acceptance.c.version.label("agreement_version"),
    )
    .select_from(domain_claim)
    .join(organization, organization.c.id == domain_claim.c.organization_id)
    .outerjoin(proofing, proofing.c.id == _latest_proofing)
    .outerjoin(
        agreement_acceptance,
        (agreement_acceptance.c.organization_id == organization.c.id)
        & (agreement_acceptance.c.version == bindparam("current_version")),
    )
    .where(domain_claim.c.domain == bindparam("domain_name"), is_held, organization.c.account_id == bindparam("holder"))
)
_MAILBOX = Prepared(
    select(mailbox_authority.c.expires_at).where(
        mailbox_authority.c.organization_id == bindparam("organization"),
        mailbox_authority.c.domain == bindparam("domain_name"),
        mailbox_authority.c.withdrawn_at.is_(None),
        (mailbox_authority.c.mailbox == bindparam("local_part")) | (mailbox_authority.c.mailbox == EVERY_MAILBOX),
    )
)


def about_domain(tx: Tx, account_id: str, domain: str, agreement_version: str) -> Facts | None:
    """What is on file of this account about a domain, mailboxes left out; None if none of its organizations holds it."""
    first = _ABOUT_DOMAIN.first(tx, {"holder": account_id, "domain_name": domain, "current_version": agreement_version})
    if first is None:
        return None
    return Facts(
        organization=organization_from(first),
        claim=DomainClaim(
            first.claim_id,
            first.id,
            first.claim_domain,
            DomainMethod(first.claim_method),
            first.claim_evidence,
            ClaimState(first.claim_state),
            first.claim_verified_at,
            first.claim_expires_at,
        ),
        proofing_id=first.proofing_id,
        proofed_at=first.proofed_at,
        agreement_accepted=first.agreement_version is not None,
    )


def mailbox_expiries(tx: Tx, organization_id: str, domain: str, local_part: str) -> tuple[datetime | None, ...]:
    """When each authority of an organization over a mailbox ends; None for one without an end."""
    rows = _MAILBOX.rows(tx, {"organization": organization_id, "domain_name": domain, "local_part": local_part})
    return tuple(row.expires_at for row in rows)
