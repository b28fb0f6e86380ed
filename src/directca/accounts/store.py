"""The accounts' table."""

from datetime import datetime
from typing import Any

from sqlalchemy import Column, String, Table, bindparam, insert, select, update

from directca.accounts.model import Account, AccountStatus
from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, metadata

account = Table(
    "account",
    metadata,
    Column("id", String, primary_key=True),
    Column("name", String, nullable=False),
    Column("status", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
)

_BY_ID = Prepared(select(account).where(account.c.id == bindparam("wanted")))


def add(tx: Tx, opened: Account) -> None:
    """Insert an account."""
    tx.execute(
        insert(account),
        {"id": opened.id, "name": opened.name, "status": opened.status, "created_at": opened.created_at},
    )


def find(tx: Tx, account_id: str) -> Account | None:
    """The account with this identifier."""
    row = _BY_ID.first(tx, {"wanted": account_id})
    return None if row is None else _account(row)


def every(tx: Tx) -> tuple[Account, ...]:
    """All accounts, oldest first."""
    return tuple(_account(row) for row in tx.execute(select(account).order_by(account.c.created_at, account.c.id)))


def move(tx: Tx, account_id: str, *, before: AccountStatus, after: AccountStatus) -> bool:
    """Change the status if it still is `before`; whether it was."""
    statement = update(account).where(account.c.id == account_id, account.c.status == before).values(status=after)
    return tx.execute(statement).rowcount == 1


def _account(row: Any) -> Account:
    created_at: datetime = row.created_at
    return Account(row.id, row.name, AccountStatus(row.status), created_at)
