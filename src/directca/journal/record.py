"""Writing the journal: in the transaction of the change, or the change does not happen."""

from datetime import datetime

from directca.db.engine import Tx
from directca.journal import store
from directca.journal.chain import GENESIS, digest
from directca.journal.model import Event, Row


def append(tx: Tx, *events: Event, at: datetime) -> None:
    """Add events to the journal, chained behind the last row, inside the caller's transaction.

    Writers are serialized by the database's write lock, so the chain follows the order of commit.
    """
    head = store.head(tx)
    position, previous = head if head is not None else (0, GENESIS)
    rows = []
    for event in events:
        position += 1
        link = digest(previous, position, at, event)
        rows.append(Row(position, at, event, previous, link))
        previous = link
    if rows:
        store.add(tx, rows, first=head is None)
