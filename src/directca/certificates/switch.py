"""The kill switch: while it is set, no process of the authority signs anything (invariant 20).

It is a row of the database, so it survives restarts and reaches every process; each signature asks for it afresh.
"""

from collections.abc import Callable
from datetime import datetime

from directca.certificates import authority_store as store
from directca.db.engine import Database, Tx
from directca.signing.errors import SigningStopped


def stop(tx: Tx, *, at: datetime, by: str, reason: str) -> None:
    """Stop all signing."""
    store.set_switch(tx, at=at, by=by, reason=reason)


def resume(tx: Tx, *, by: str, reason: str) -> None:
    """Allow signing again."""
    store.set_switch(tx, at=None, by=by, reason=reason)


def stopped(tx: Tx) -> tuple[datetime, str, str] | None:
    """Since when, by whom and why signing is stopped; None while it is allowed."""
    return store.switch(tx)


def check(tx: Tx) -> None:
    """Raise SigningStopped while the switch is set."""
    asked(tx)()


def asked(tx: Tx) -> Callable[[], None]:
    """`check`, asked for with what is asked besides; it raises when it is called."""
    found = store.switch_asked(tx)

    def check_it() -> None:
        if found() is not None:
            raise SigningStopped("The operator has stopped all signing for now. Nothing was changed or charged; try again later.")

    return check_it


class Guard:
    """What the signing room asks before each signature. A database that does not answer counts as stopped."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def __call__(self) -> None:
        """Return if signing is allowed; raise SigningStopped, or what the database raised."""
        self._database.look(check)
