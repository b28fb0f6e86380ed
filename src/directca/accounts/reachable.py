"""Where letters reach people."""

from directca.accounts import reachable_store
from directca.db.engine import Tx


def address_of(tx: Tx, person_id: str) -> str | None:
    """The address of somebody who may act for their account at this moment; None where none was shown, or they may not."""
    return reachable_store.address_of(tx, person_id)
