"""The table of organizations' people."""

from typing import Any

from sqlalchemy import Column, ForeignKey, LargeBinary, String, Table, delete, insert, select, update

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, metadata
from directca.vetting.case_model import OrganizationPerson, PersonRole, PersonState, ProposedProofing
from directca.vetting.model import ProofingMethod

organization_person = Table(
    "organization_person",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String, ForeignKey("account.id"), nullable=False, index=True),
    Column("organization_id", String, ForeignKey("organization.id"), nullable=False, index=True),
    Column("case_id", String, ForeignKey("vetting_case.id"), nullable=False, index=True),
    Column("name", String, nullable=False),
    Column("title", String, nullable=False),
    Column("role", String, nullable=False),
    Column("state", String, nullable=False),
    Column("added_by", String, nullable=False),
    Column("added_at", UtcDateTime, nullable=False),
    Column("method", String),
    Column("evidence_type", String),
    # Masked; the numbers themselves are sealed, and bound to the row's identifier.
    Column("evidence_number", String),
    Column("evidence_sealed", LargeBinary),
    Column("verifier", String),
    Column("proofed_at", UtcDateTime),
    Column("declarations_version", String),
)

_OWN = ("id", "account_id", "organization_id", "case_id", "name", "title", "role", "state", "added_by", "added_at")
_PROOFING = (
    "method",
    "evidence_type",
    "evidence_number",
    "evidence_sealed",
    "verifier",
    "proofed_at",
    "declarations_version",
)


def add(tx: Tx, person: OrganizationPerson) -> None:
    """Insert a person."""
    values = {name: getattr(person, name) for name in _OWN}
    if person.proofing is not None:
        values |= {name: getattr(person.proofing, name) for name in _PROOFING}
    tx.execute(insert(organization_person), values)


def find(tx: Tx, person_id: str) -> OrganizationPerson | None:
    """The person with this identifier."""
    row = tx.execute(select(organization_person).where(organization_person.c.id == person_id)).one_or_none()
    return None if row is None else _person(row)


def of_organization(tx: Tx, organization_id: str) -> tuple[OrganizationPerson, ...]:
    """An organization's people, those who no longer count too, in the order in which they came."""
    columns = organization_person.c
    statement = select(organization_person).where(columns.organization_id == organization_id)
    return tuple(_person(row) for row in tx.execute(statement.order_by(columns.added_at, columns.id)))


def of_account(tx: Tx, account_id: str) -> tuple[OrganizationPerson, ...]:
    """The people of an account's organizations."""
    columns = organization_person.c
    statement = select(organization_person).where(columns.account_id == account_id)
    return tuple(_person(row) for row in tx.execute(statement.order_by(columns.added_at, columns.id)))


def move(tx: Tx, before: OrganizationPerson, after: PersonState) -> bool:
    """Change whether a person counts, if it still is as `before` says; whether it was."""
    columns = organization_person.c
    statement = update(organization_person).where(columns.id == before.id, columns.state == before.state)
    return tx.execute(statement.values(state=after)).rowcount == 1


def proof(tx: Tx, person_id: str, proofing: ProposedProofing) -> bool:
    """Let somebody who is proposed have a proofing, in place of one before; whether they are proposed still."""
    columns = organization_person.c
    statement = update(organization_person).where(columns.id == person_id, columns.state == PersonState.PROPOSED)
    return tx.execute(statement.values(**{name: getattr(proofing, name) for name in _PROOFING})).rowcount == 1


def forget(tx: Tx, person_id: str) -> bool:
    """Take away somebody who was proposed and never counted; whether there was one."""
    columns = organization_person.c
    statement = delete(organization_person).where(columns.id == person_id, columns.state == PersonState.PROPOSED)
    return tx.execute(statement).rowcount == 1


def _person(row: Any) -> OrganizationPerson:
    proofing = None
    if row.method is not None:
        proofing = ProposedProofing(
            **{name: getattr(row, name) for name in _PROOFING if name != "method"}, method=ProofingMethod(row.method)
        )
    own = {name: getattr(row, name) for name in _OWN if name not in ("role", "state")}
    return OrganizationPerson(**own, role=PersonRole(row.role), state=PersonState(row.state), proofing=proofing)
