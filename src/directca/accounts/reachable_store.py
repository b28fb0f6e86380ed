"""Reading where letters reach people."""

from sqlalchemy import select

from directca.accounts.model import AccountStatus
from directca.accounts.people_store import person
from directca.accounts.person import PersonStatus
from directca.accounts.store import account
from directca.db.engine import Tx


def address_of(tx: Tx, person_id: str) -> str | None:
    """The address of an active person of an active account."""
    statement = (
        select(person.c.email)
        .join(account, account.c.id == person.c.account_id)
        .where(
            person.c.id == person_id,
            person.c.status == PersonStatus.ACTIVE.value,
            account.c.status == AccountStatus.ACTIVE.value,
        )
    )
    found: str | None = tx.execute(statement).scalar_one_or_none()
    return found
