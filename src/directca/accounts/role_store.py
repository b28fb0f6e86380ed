"""The tables of roles that were granted: those of the authority, and those that are about the own account alone."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import CheckConstraint, Column, ForeignKey, String, Table, delete, insert, select

from directca.accounts.person import GRANTED, SEPARATE, Role
from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, index_where, metadata


def _one_of(roles: Iterable[Role]) -> str:
    return f"role IN ({', '.join(repr(role.value) for role in sorted(roles))})"


person_role = Table(
    "person_role",
    metadata,
    Column("person_id", String(32), ForeignKey("person.id"), primary_key=True),
    Column("role", String(16), primary_key=True),
    Column("granted_by", String, nullable=False),
    Column("granted_at", UtcDateTime, nullable=False),
    CheckConstraint(_one_of(GRANTED - {Role.ACCOUNT_ADMINISTRATOR}), name="known"),
)

# Refuses even whoever writes to the table without asking a verb: a person has one row at most of those that check one another.
index_where("uq_person_role_separate", person_role.c.role.in_(sorted(SEPARATE)), person_role.c.person_id, unique=True)

# A table of its own: releases before there was such a role read every word of the other one.
account_administrator = Table(
    "account_administrator",
    metadata,
    Column("person_id", String(32), ForeignKey("person.id"), primary_key=True),
    Column("granted_by", String, nullable=False),
    Column("granted_at", UtcDateTime, nullable=False),
)


def roles(tx: Tx, person_id: str) -> frozenset[Role]:
    """What a person was granted."""
    found = select(person_role.c.role).where(person_role.c.person_id == person_id)
    granted = frozenset(Role(one) for one in tx.execute(found).scalars())
    administers = select(account_administrator.c.person_id).where(account_administrator.c.person_id == person_id)
    return granted | {Role.ACCOUNT_ADMINISTRATOR} if tx.execute(administers).first() else granted


def add(tx: Tx, person_id: str, role: Role, granted_by: str, at: datetime) -> None:
    """Grant a role that the person does not hold."""
    if role is Role.ACCOUNT_ADMINISTRATOR:
        tx.execute(insert(account_administrator).values(person_id=person_id, granted_by=granted_by, granted_at=at))
        return
    tx.execute(insert(person_role).values(person_id=person_id, role=role.value, granted_by=granted_by, granted_at=at))


def remove(tx: Tx, person_id: str, role: Role) -> bool:
    """Withdraw a role; False if the person did not hold it."""
    if role is Role.ACCOUNT_ADMINISTRATOR:
        return tx.execute(delete(account_administrator).where(account_administrator.c.person_id == person_id)).rowcount == 1
    gone = delete(person_role).where(person_role.c.person_id == person_id, person_role.c.role == role.value)
    return tx.execute(gone).rowcount == 1
