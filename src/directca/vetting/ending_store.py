"""Reading which claims and proofings end soon."""

from datetime import datetime

from sqlalchemy import func, select

from directca.db.engine import Tx
from directca.vetting.evidence_store import claim_from, domain_claim, is_held, proofing, proofing_from
from directca.vetting.model import DomainClaim, OrganizationStatus, Proofing, ProofingStatus
from directca.vetting.store import organization

_VALID = proofing.c.status == ProofingStatus.VALID


def claims(tx: Tx, after: datetime, until: datetime) -> tuple[tuple[str, str, DomainClaim], ...]:
    """Verified claims that end in a span: the account, the organization's name, the claim."""
    statement = (
        select(organization.c.account_id, organization.c.legal_name, domain_claim)
        .join(organization, organization.c.id == domain_claim.c.organization_id)
        .where(is_held, domain_claim.c.expires_at > after, domain_claim.c.expires_at <= until)
        .order_by(domain_claim.c.expires_at, domain_claim.c.id)
    )
    return tuple((row.account_id, row.legal_name, claim_from(row)) for row in tx.execute(statement))


def proofings(tx: Tx) -> tuple[tuple[str, str, Proofing], ...]:
    """The newest valid proofing of each organization that is not ended: the account, the organization's name, the proofing."""
    newest = select(proofing.c.organization_id, func.max(proofing.c.proofed_at).label("newest")).where(_VALID)
    of_each = newest.group_by(proofing.c.organization_id).subquery()
    statement = (
        select(organization.c.account_id, organization.c.legal_name, proofing)
        .join(organization, organization.c.id == proofing.c.organization_id)
        .join(of_each, (of_each.c.organization_id == organization.c.id) & (of_each.c.newest == proofing.c.proofed_at))
        .where(_VALID, organization.c.status != OrganizationStatus.ENDED)
        .order_by(proofing.c.organization_id, proofing.c.id.desc())
    )
    # Two that were proofed in the same moment end in the same: one of them stands for both.
    found = {row.organization_id: (row.account_id, row.legal_name, proofing_from(row)) for row in tx.execute(statement)}
    return tuple(found.values())
