"""The organizations' table."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Table,
    and_,
    func,
    insert,
    or_,
    select,
    update,
)

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, metadata
from directca.direct.oids import OrganizationType
from directca.vetting.model import Organization, OrganizationFacts, OrganizationStatus

organization = Table(
    "organization",
    metadata,
    Column("id", String, primary_key=True),
    Column("account_id", String, ForeignKey("account.id"), nullable=False),
    Column("legal_name", String, nullable=False),
    Column("country", String(2), nullable=False),
    Column("state", String, nullable=False),
    Column("locality", String, nullable=False),
    Column("organizational_units", JSON, nullable=False),
    Column("organization_types", JSON, nullable=False),
    Column("status", String, nullable=False),
    Column("registered_at", UtcDateTime, nullable=False),
    Column("approved_at", UtcDateTime),
    Column("approved_by", String),
    Column("review_due_at", UtcDateTime),
    Index(None, "account_id"),
    Index(None, "legal_name", "id"),
    Index(None, "status", "legal_name", "id"),
    Index(None, "status", "review_due_at"),
)


def add_organization(tx: Tx, added: Organization) -> None:
    """Insert an organization."""
    values = {
        "id": added.id,
        "account_id": added.account_id,
        "status": added.status,
        "registered_at": added.registered_at,
    }
    tx.execute(insert(organization), values | _values(added.facts))


def find_organization(tx: Tx, organization_id: str) -> Organization | None:
    """The organization with this identifier."""
    row = tx.execute(select(organization).where(organization.c.id == organization_id)).one_or_none()
    return None if row is None else organization_from(row)


def organizations(tx: Tx, account_id: str | None = None) -> tuple[Organization, ...]:
    """The organizations of an account, or all of them, oldest first."""
    statement = select(organization).order_by(organization.c.registered_at, organization.c.id)
    if account_id is not None:
        statement = statement.where(organization.c.account_id == account_id)
    return tuple(organization_from(row) for row in tx.execute(statement))


def in_status(tx: Tx, status: OrganizationStatus) -> tuple[Organization, ...]:
    """The organizations of one status, oldest first."""
    statement = select(organization).where(organization.c.status == status)
    return tuple(
        organization_from(row) for row in tx.execute(statement.order_by(organization.c.registered_at, organization.c.id))
    )


def due_for_review(tx: Tx, before: datetime) -> tuple[Organization, ...]:
    """Approved organizations whose review is due before a moment, the most urgent first."""
    statement = (
        select(organization)
        .where(organization.c.status == OrganizationStatus.APPROVED, organization.c.review_due_at < before)
        .order_by(organization.c.review_due_at, organization.c.id)
    )
    return tuple(organization_from(row) for row in tx.execute(statement))


def holds(text: str) -> ColumnElement[bool]:
    """Whether an organization's name holds a text, whatever its case; what is special to LIKE is not."""
    return func.lower(organization.c.legal_name).contains(text.lower(), autoescape=True)


def chosen(
    tx: Tx, status: OrganizationStatus | None, name: str, after: tuple[str, str] | None, most: int
) -> tuple[Organization, ...]:
    """Organizations of a status whose name holds a text, by name, behind one of them by its name and identifier."""
    columns = organization.c
    statement = _wanted(select(organization), status, name)
    if after is not None:
        same = and_(columns.legal_name == after[0], columns.id > after[1])
        statement = statement.where(columns.legal_name >= after[0], or_(columns.legal_name > after[0], same))
    found = tx.execute(statement.order_by(columns.legal_name, columns.id).limit(most))
    return tuple(organization_from(row) for row in found)


def count(tx: Tx, status: OrganizationStatus | None, name: str) -> int:
    """How many of them there are."""
    return int(tx.execute(_wanted(select(func.count()).select_from(organization), status, name)).scalar_one())


def _wanted(statement: Select[Any], status: OrganizationStatus | None, name: str) -> Select[Any]:
    if status is not None:
        statement = statement.where(organization.c.status == status)
    return statement.where(holds(name)) if name else statement


def change_facts(tx: Tx, before: Organization, facts: OrganizationFacts) -> bool:
    """Let other facts stand for an organization whose status still is what `before` says; whether it was."""
    condition = (organization.c.id == before.id) & (organization.c.status == before.status)
    return tx.execute(update(organization).where(condition).values(**_values(facts))).rowcount == 1


def move_organization(tx: Tx, before: Organization, after: OrganizationStatus, changes: Mapping[str, Any]) -> bool:
    """Change the status if it still is what `before` says; whether it was."""
    condition = (organization.c.id == before.id) & (organization.c.status == before.status)
    return tx.execute(update(organization).where(condition).values(status=after, **changes)).rowcount == 1


def _values(facts: OrganizationFacts) -> dict[str, Any]:
    return {
        "legal_name": facts.legal_name,
        "country": facts.country,
        "state": facts.state,
        "locality": facts.locality,
        "organizational_units": list(facts.organizational_units),
        "organization_types": [str(kind) for kind in facts.organization_types],
    }


def organization_from(row: Any) -> Organization:
    """The organization in a row that holds all its columns."""
    facts = OrganizationFacts(
        legal_name=row.legal_name,
        country=row.country,
        state=row.state,
        locality=row.locality,
        organizational_units=tuple(row.organizational_units),
        organization_types=tuple(OrganizationType(kind) for kind in row.organization_types),
    )
    status = OrganizationStatus(row.status)
    return Organization(
        row.id, row.account_id, facts, status, row.registered_at, row.approved_at, row.approved_by, row.review_due_at
    )
