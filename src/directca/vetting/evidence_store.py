"""The tables of what certificates rest on: proofings, domain claims, authorities over mailboxes, agreements."""

from datetime import datetime
from typing import Any

from sqlalchemy import Boolean, Column, ForeignKey, Index, LargeBinary, String, Table, insert, literal_column, select, update

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, index_where, metadata
from directca.vetting.model import (
    Agreement,
    ClaimState,
    DomainClaim,
    DomainMethod,
    MailboxAuthority,
    Proofing,
    ProofingFacts,
    ProofingMethod,
    ProofingStatus,
)

proofing = Table(
    "proofing",
    metadata,
    Column("id", String, primary_key=True),
    Column("organization_id", String, ForeignKey("organization.id"), nullable=False),
    Column("representative", String, nullable=False),
    Column("method", String, nullable=False),
    Column("evidence_type", String, nullable=False),
    Column("evidence_number", String, nullable=False),
    Column("verifier", String, nullable=False),
    Column("proofed_at", UtcDateTime, nullable=False),
    Column("declared_by_representative", Boolean, nullable=False),
    Column("declared_by_verifier", Boolean, nullable=False),
    Column("status", String, nullable=False),
    # The number, sealed; `evidence_number` is its masked form. Null in a row from before numbers were sealed, until it is.
    Column("evidence_sealed", LargeBinary),
    Column("declarations_version", String),
    Index(None, "organization_id", "status", "proofed_at"),
)

domain_claim = Table(
    "domain_claim",
    metadata,
    Column("id", String, primary_key=True),
    Column("organization_id", String, ForeignKey("organization.id"), nullable=False),
    Column("domain", String, nullable=False),
    Column("method", String, nullable=False),
    Column("evidence", String, nullable=False),
    Column("state", String, nullable=False),
    Column("verified_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Index(None, "organization_id"),
)
# One domain has one holder, whatever the verbs do.
_HELD = "state = 'verified'"
index_where("uq_domain_claim_held", literal_column(_HELD), domain_claim.c.domain, unique=True)

mailbox_authority = Table(
    "mailbox_authority",
    metadata,
    Column("id", String, primary_key=True),
    Column("organization_id", String, ForeignKey("organization.id"), nullable=False),
    Column("domain", String, nullable=False),
    Column("mailbox", String, nullable=False),
    Column("granted_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("withdrawn_at", UtcDateTime),
)
_GRANTED = "withdrawn_at IS NULL"
index_where(
    "uq_mailbox_authority_granted",
    literal_column(_GRANTED),
    mailbox_authority.c.organization_id,
    mailbox_authority.c.domain,
    mailbox_authority.c.mailbox,
    unique=True,
)

agreement_acceptance = Table(
    "agreement_acceptance",
    metadata,
    Column("organization_id", String, ForeignKey("organization.id"), primary_key=True),
    Column("version", String, primary_key=True),
    Column("accepted_by", String, nullable=False),
    Column("accepted_at", UtcDateTime, nullable=False),
)

is_held = domain_claim.c.state == literal_column("'verified'")
"""Said with a literal, so that the partial index above serves it."""


def add_proofing(tx: Tx, added: Proofing, sealed: bytes, declarations_version: str) -> None:
    """Insert a proofing. The number is kept masked, and sealed."""
    facts = added.facts
    values = {
        "id": added.id,
        "organization_id": added.organization_id,
        "representative": facts.representative,
        "method": facts.method,
        "evidence_type": facts.evidence_type,
        "evidence_number": facts.masked_evidence_number,
        "evidence_sealed": sealed,
        "declarations_version": declarations_version,
        "verifier": facts.verifier,
        "proofed_at": facts.proofed_at,
        "declared_by_representative": facts.declared_by_representative,
        "declared_by_verifier": facts.declared_by_verifier,
        "status": added.status,
    }
    tx.execute(insert(proofing), values)


def withdraw_proofing(tx: Tx, organization_id: str, proofing_id: str) -> bool:
    """Withdraw a valid proofing; whether there was one."""
    columns = proofing.c
    statement = (
        update(proofing)
        .where(columns.id == proofing_id, columns.organization_id == organization_id, columns.status == ProofingStatus.VALID)
        .values(status=ProofingStatus.WITHDRAWN)
    )
    return tx.execute(statement).rowcount == 1


def proofings(tx: Tx, organization_id: str) -> tuple[Proofing, ...]:
    """The organization's proofings, newest first."""
    statement = (
        select(proofing)
        .where(proofing.c.organization_id == organization_id)
        .order_by(proofing.c.proofed_at.desc(), proofing.c.id)
    )
    return tuple(proofing_from(row) for row in tx.execute(statement))


def unsealed(tx: Tx, most: int) -> tuple[tuple[str, str], ...]:
    """Proofings from before numbers were sealed: the identifier and the number of some."""
    statement = (
        select(proofing.c.id, proofing.c.evidence_number)
        .where(proofing.c.evidence_sealed.is_(None))
        .order_by(proofing.c.id)
        .limit(most)
    )
    return tuple((row.id, row.evidence_number) for row in tx.execute(statement))


def keep_sealed(tx: Tx, proofing_id: str, shown: str, sealed: bytes) -> None:
    """Keep a number sealed that was kept as it is."""
    condition = (proofing.c.id == proofing_id) & proofing.c.evidence_sealed.is_(None)
    tx.execute(update(proofing).where(condition).values(evidence_number=shown, evidence_sealed=sealed))


def sealed_number(tx: Tx, organization_id: str, proofing_id: str) -> bytes | None:
    """The sealed number of one of the organization's proofings."""
    condition = (proofing.c.id == proofing_id) & (proofing.c.organization_id == organization_id)
    found: bytes | None = tx.execute(select(proofing.c.evidence_sealed).where(condition)).scalar_one_or_none()
    return found


def add_claim(tx: Tx, added: DomainClaim) -> None:
    """Insert a domain claim."""
    values = {
        "id": added.id,
        "organization_id": added.organization_id,
        "domain": added.domain,
        "method": added.method,
        "evidence": added.evidence,
        "state": added.state,
        "verified_at": added.verified_at,
        "expires_at": added.expires_at,
    }
    tx.execute(insert(domain_claim), values)


def held_claim(tx: Tx, domain: str) -> DomainClaim | None:
    """The verified claim on a domain, expired or not."""
    row = tx.execute(select(domain_claim).where(domain_claim.c.domain == domain, is_held)).one_or_none()
    return None if row is None else claim_from(row)


def close_claim(tx: Tx, claim_id: str, state: ClaimState) -> None:
    """Take a claim out of force."""
    tx.execute(update(domain_claim).where(domain_claim.c.id == claim_id).values(state=state))


def claims(tx: Tx, organization_id: str) -> tuple[DomainClaim, ...]:
    """The organization's claims in force, expired ones too, by domain."""
    statement = (
        select(domain_claim).where(domain_claim.c.organization_id == organization_id, is_held).order_by(domain_claim.c.domain)
    )
    return tuple(claim_from(row) for row in tx.execute(statement))


def add_authority(tx: Tx, added: MailboxAuthority) -> None:
    """Insert an authority over a mailbox."""
    values = {
        "id": added.id,
        "organization_id": added.organization_id,
        "domain": added.domain,
        "mailbox": added.mailbox,
        "granted_at": added.granted_at,
        "expires_at": added.expires_at,
    }
    tx.execute(insert(mailbox_authority), values)


def withdraw_authorities(tx: Tx, organization_id: str, domain: str, mailbox: str | None, at: datetime) -> int:
    """Withdraw the authority over a mailbox of a domain, or (None) over all of them; how many there were."""
    columns = mailbox_authority.c
    statement = update(mailbox_authority).where(
        columns.organization_id == organization_id, columns.domain == domain, columns.withdrawn_at.is_(None)
    )
    if mailbox is not None:
        statement = statement.where(columns.mailbox == mailbox)
    return tx.execute(statement.values(withdrawn_at=at)).rowcount


def authorities(tx: Tx, organization_id: str) -> tuple[MailboxAuthority, ...]:
    """The organization's authorities in force, expired ones too, by domain and mailbox."""
    columns = mailbox_authority.c
    statement = (
        select(mailbox_authority)
        .where(columns.organization_id == organization_id, columns.withdrawn_at.is_(None))
        .order_by(columns.domain, columns.mailbox)
    )
    return tuple(
        MailboxAuthority(row.id, row.organization_id, row.domain, row.mailbox, row.granted_at, row.expires_at)
        for row in tx.execute(statement)
    )


def add_agreement(tx: Tx, added: Agreement) -> None:
    """Insert the acceptance of an agreement."""
    values = {
        "organization_id": added.organization_id,
        "version": added.version,
        "accepted_by": added.accepted_by,
        "accepted_at": added.accepted_at,
    }
    tx.execute(insert(agreement_acceptance), values)


def agreements(tx: Tx, organization_id: str) -> tuple[Agreement, ...]:
    """What the organization has accepted, newest first."""
    columns = agreement_acceptance.c
    statement = (
        select(agreement_acceptance).where(columns.organization_id == organization_id).order_by(columns.accepted_at.desc())
    )
    return tuple(Agreement(row.organization_id, row.version, row.accepted_by, row.accepted_at) for row in tx.execute(statement))


def proofing_from(row: Any) -> Proofing:
    """The proofing in a row that holds all its columns."""
    facts = ProofingFacts(
        representative=row.representative,
        method=ProofingMethod(row.method),
        evidence_type=row.evidence_type,
        evidence_number=row.evidence_number,
        verifier=row.verifier,
        proofed_at=row.proofed_at,
        declared_by_representative=row.declared_by_representative,
        declared_by_verifier=row.declared_by_verifier,
    )
    return Proofing(row.id, row.organization_id, facts, ProofingStatus(row.status))


def claim_from(row: Any) -> DomainClaim:
    """The claim in a row that holds all its columns."""
    return DomainClaim(
        row.id,
        row.organization_id,
        row.domain,
        DomainMethod(row.method),
        row.evidence,
        ClaimState(row.state),
        row.verified_at,
        row.expires_at,
    )
