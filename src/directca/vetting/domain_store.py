"""The tables of challenges and attempts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, ForeignKey, Index, Integer, String, Table, func, insert, select, update

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, findable, metadata
from directca.vetting.domain_model import Attempt, AttemptKind, Challenge, ChallengeState, Outcome
from directca.vetting.evidence_store import domain_claim, is_held
from directca.vetting.model import ClaimState, DomainClaim, DomainMethod
from directca.vetting.store import organization

domain_challenge = Table(
    "domain_challenge",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String, ForeignKey("account.id"), nullable=False),
    Column("organization_id", String, ForeignKey("organization.id"), nullable=False),
    Column("domain", String, nullable=False),
    Column("method", String, nullable=False),
    Column("state", String, nullable=False),
    Column("made_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("token", String),
    Column("mailbox", String),
    Column("code_sha256", String(64)),
    Column("tries", Integer, nullable=False),
    Column("settled_at", UtcDateTime),
    Column("claim_id", String, ForeignKey("domain_claim.id")),
    Index(None, "account_id", "made_at"),
    Index(None, "made_at"),
    Index(None, "organization_id", "domain"),
    Index(None, "claim_id"),
)

domain_attempt = Table(
    "domain_attempt",
    metadata,
    Column("id", String, primary_key=True),
    Column("challenge_id", String, ForeignKey("domain_challenge.id"), nullable=False),
    Column("domain", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("seen", JSON, nullable=False),
    Column("actor", String, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Index(None, "challenge_id", "at"),
    Index(None, "domain", "at"),
)


def add(tx: Tx, made: Challenge) -> None:
    """Insert a challenge."""
    values = {
        "id": made.id,
        "account_id": made.account_id,
        "organization_id": made.organization_id,
        "domain": made.domain,
        "method": made.method,
        "state": made.state,
        "made_at": made.made_at,
        "expires_at": made.expires_at,
        "token": made.token,
        "mailbox": made.mailbox,
        "code_sha256": made.code_sha256,
        "tries": made.tries,
    }
    tx.execute(insert(domain_challenge), values)


def find(tx: Tx, challenge_id: str) -> Challenge | None:
    """The challenge with this identifier."""
    row = tx.execute(select(domain_challenge).where(domain_challenge.c.id == findable(challenge_id))).one_or_none()
    return None if row is None else _challenge(row)


def of_domain(tx: Tx, organization_id: str, domain: str) -> tuple[Challenge, ...]:
    """The open challenges of an organization for a domain, newest first."""
    columns = domain_challenge.c
    statement = (
        select(domain_challenge)
        .where(columns.organization_id == organization_id, columns.domain == domain, columns.state == ChallengeState.OPEN)
        .order_by(columns.made_at.desc(), columns.id)
    )
    return tuple(_challenge(row) for row in tx.execute(statement))


def listed(tx: Tx, account_id: str | None, limit: int) -> tuple[tuple[Challenge, str, DomainClaim | None], ...]:
    """The newest challenges of an account, or of all, each with the organization's name and the claim that it has led to."""
    statement = (
        select(domain_challenge, organization.c.legal_name, *_CLAIM)
        .join(organization, organization.c.id == domain_challenge.c.organization_id)
        .outerjoin(domain_claim, domain_claim.c.id == domain_challenge.c.claim_id)
        .order_by(domain_challenge.c.made_at.desc(), domain_challenge.c.id)
        .limit(limit)
    )
    if account_id is not None:
        statement = statement.where(domain_challenge.c.account_id == account_id)
    return tuple((_challenge(row), row.legal_name, _claim(row)) for row in tx.execute(statement))


def claim_of(tx: Tx, challenge: Challenge) -> DomainClaim | None:
    """The claim that a challenge has led to, whatever became of it."""
    row = tx.execute(select(*_CLAIM).where(domain_claim.c.id == challenge.claim_id)).one_or_none()
    return None if row is None else _claim(row)


def move(tx: Tx, before: Challenge, changes: Mapping[str, Any]) -> bool:
    """Change a challenge if it still is as `before` says: in its state, after so many tries, with this claim. Whether it was."""
    columns = domain_challenge.c
    condition = (columns.id == before.id) & (columns.state == before.state) & (columns.tries == before.tries)
    condition &= columns.claim_id.is_(None) if before.claim_id is None else columns.claim_id == before.claim_id
    return tx.execute(update(domain_challenge).where(condition).values(**changes)).rowcount == 1


def to_renew(tx: Tx, *, now: datetime, ends_by: datetime, not_since: datetime, limit: int) -> tuple[Challenge, ...]:
    """The challenges whose records still hold up a claim that ends soon, and that nobody has looked at for a while."""
    looked = (
        select(domain_attempt.c.id)
        .where(domain_attempt.c.challenge_id == domain_challenge.c.id, domain_attempt.c.at > not_since)
        .exists()
    )
    statement = (
        select(domain_challenge)
        .join(domain_claim, domain_claim.c.id == domain_challenge.c.claim_id)
        .where(
            is_held,
            domain_claim.c.expires_at > now,
            domain_claim.c.expires_at <= ends_by,
            domain_challenge.c.state == ChallengeState.MET,
            domain_challenge.c.method == DomainMethod.DNS_TXT,
            ~looked,
        )
        .order_by(domain_claim.c.expires_at, domain_challenge.c.id)
        .limit(limit)
    )
    return tuple(_challenge(row) for row in tx.execute(statement))


def claims_since(tx: Tx, organization_id: str, moment: datetime) -> int:
    """How many challenges an organization was given since a moment."""
    columns = domain_challenge.c
    counted = select(func.count()).where(columns.organization_id == organization_id, columns.made_at > moment)
    count: int = tx.execute(counted).scalar_one()
    return count


def codes_since(tx: Tx, domain: str, moment: datetime, organization_id: str | None = None) -> int:
    """How many codes were mailed to a domain since a moment, whoever asked for them, or for one organization."""
    columns = domain_attempt.c
    counted = select(func.count()).select_from(domain_attempt)
    if organization_id is not None:
        counted = counted.join(domain_challenge).where(domain_challenge.c.organization_id == organization_id)
    counted = counted.where(columns.domain == domain, columns.kind == AttemptKind.MAIL, columns.at > moment)
    count: int = tx.execute(counted).scalar_one()
    return count


def looks_since(tx: Tx, challenge: Challenge, moment: datetime) -> tuple[int, int]:
    """How many looks there were since a moment: for a challenge, and for all of its organization."""
    columns = domain_attempt.c
    of_it = select(func.count()).where(
        columns.challenge_id == challenge.id, columns.kind == AttemptKind.LOOK, columns.at > moment
    )
    of_all = (
        select(func.count())
        .select_from(domain_attempt)
        .join(domain_challenge)
        .where(
            domain_challenge.c.organization_id == challenge.organization_id,
            columns.kind == AttemptKind.LOOK,
            columns.at > moment,
        )
    )
    return tx.execute(of_it).scalar_one(), tx.execute(of_all).scalar_one()


def close_open(tx: Tx, organization_id: str, at: datetime) -> None:
    """Withdraw every open challenge of an organization."""
    columns = domain_challenge.c
    statement = update(domain_challenge).where(columns.organization_id == organization_id, columns.state == ChallengeState.OPEN)
    tx.execute(statement.values(state=ChallengeState.WITHDRAWN, settled_at=at))


def last_attempt(tx: Tx, challenge_id: str, kind: AttemptKind) -> datetime | None:
    """When something was last tried for a challenge."""
    columns = domain_attempt.c
    statement = select(columns.at).where(columns.challenge_id == challenge_id, columns.kind == kind)
    return tx.execute(statement.order_by(columns.at.desc()).limit(1)).scalar_one_or_none()


def add_attempt(tx: Tx, made: Attempt) -> None:
    """Insert an attempt."""
    values = {
        "id": made.id,
        "challenge_id": made.challenge_id,
        "domain": made.domain,
        "kind": made.kind,
        "outcome": made.outcome,
        "seen": dict(made.seen),
        "actor": made.actor,
        "at": made.at,
    }
    tx.execute(insert(domain_attempt), values)


def end_attempt(tx: Tx, attempt_id: str, outcome: Outcome, seen: Mapping[str, Any]) -> None:
    """Write down how an attempt that had begun ended, and what was seen."""
    tx.execute(update(domain_attempt).where(domain_attempt.c.id == attempt_id).values(outcome=outcome, seen=dict(seen)))


def attempts(tx: Tx, challenge_id: str, limit: int) -> tuple[Attempt, ...]:
    """The newest attempts for a challenge, newest first."""
    columns = domain_attempt.c
    statement = (
        select(domain_attempt).where(columns.challenge_id == challenge_id).order_by(columns.at.desc(), columns.id).limit(limit)
    )
    return tuple(
        Attempt(row.id, row.challenge_id, row.domain, AttemptKind(row.kind), Outcome(row.outcome), row.seen, row.actor, row.at)
        for row in tx.execute(statement)
    )


_CLAIM = tuple(column.label(f"of_claim_{column.name}") for column in domain_claim.c)


def _claim(row: Any) -> DomainClaim | None:
    if row.of_claim_id is None:
        return None
    return DomainClaim(
        id=row.of_claim_id,
        organization_id=row.of_claim_organization_id,
        domain=row.of_claim_domain,
        method=DomainMethod(row.of_claim_method),
        evidence=row.of_claim_evidence,
        state=ClaimState(row.of_claim_state),
        verified_at=row.of_claim_verified_at,
        expires_at=row.of_claim_expires_at,
    )


def _challenge(row: Any) -> Challenge:
    return Challenge(
        id=row.id,
        account_id=row.account_id,
        organization_id=row.organization_id,
        domain=row.domain,
        method=DomainMethod(row.method),
        state=ChallengeState(row.state),
        made_at=row.made_at,
        expires_at=row.expires_at,
        token=row.token,
        mailbox=row.mailbox,
        code_sha256=row.code_sha256,
        tries=row.tries,
        settled_at=row.settled_at,
        claim_id=row.claim_id,
    )
