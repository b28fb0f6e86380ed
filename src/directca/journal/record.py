"""Writing the journal: in the transaction of the change, or the change does not happen."""

from datetime import datetime
from typing import Protocol

from directca.db.engine import Tx
from directca.journal import store
from directca.journal.chain import GENESIS, digest
from directca.journal.model import Event, Row


def append(tx: Tx, *events: Event, at: datetime) -> None:
    """Add events to the journal, chained behind the last row, inside the caller's transaction.

    Writers are serialized by the database's write lock, so the chain follows the order of commit.
    """
    appending(tx)(*events, at=at)


class Appending(Protocol):
    """`append` to a journal whose end is known."""

    def __call__(self, *events: Event, at: datetime) -> None:
        """Add events."""


def appending(tx: Tx) -> Appending:
    """`append`, whose question for the last row is asked with what is asked besides. To be called once, before anything else
    appends in this transaction: the journal refuses a position that is taken.
    """
    head = store.head_asked(tx)

    def add(*events: Event, at: datetime) -> None:
        last = head()
        position, previous = last if last is not None else (0, GENESIS)
        rows = []
        for event in events:
            position += 1
            link = digest(previous, position, at, event)
            rows.append(Row(position, at, event, previous, link))
            previous = link
        if rows:
            store.add(tx, rows, first=last is None)

    return add
