"""The table of failed attempts, by budget."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Column, Integer, String, Table, delete, insert, select, update

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, metadata

sign_in_budget = Table(
    "sign_in_budget",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("open_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime, nullable=False, index=True),
)


@dataclass(frozen=True)
class Budget:
    """What was used of one budget. No attempt is answered before `open_at`."""

    id: str
    attempts: int
    open_at: datetime
    used_at: datetime


def budgets(tx: Tx, ids: list[str]) -> dict[str, Budget]:
    """The budgets with these ids; one that was never used is missing."""
    found = select(sign_in_budget).where(sign_in_budget.c.id.in_(ids))
    return {row.id: Budget(row.id, row.attempts, row.open_at, row.used_at) for row in tx.execute(found)}


def put(tx: Tx, budget: Budget) -> None:
    """Store the budget as it is now."""
    values = {"attempts": budget.attempts, "open_at": budget.open_at, "used_at": budget.used_at}
    if tx.execute(update(sign_in_budget).where(sign_in_budget.c.id == budget.id).values(values)).rowcount == 0:
        tx.execute(insert(sign_in_budget).values(id=budget.id, **values))


def remove(tx: Tx, budget_id: str) -> None:
    """Forget what was used of a budget."""
    tx.execute(delete(sign_in_budget).where(sign_in_budget.c.id == budget_id))


def remove_unused_since(tx: Tx, moment: datetime) -> None:
    """Forget every budget that nobody has used since."""
    tx.execute(delete(sign_in_budget).where(sign_in_budget.c.used_at <= moment))
