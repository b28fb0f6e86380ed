"""Reading the journal for people."""

from itertools import islice

from directca.db.engine import Tx
from directca.journal import store
from directca.journal.model import Row, Wanted


def about(tx: Tx, subject: str, *, limit: int) -> tuple[Row, ...]:
    """The first rows about one subject, oldest first."""
    return store.rows_about(tx, subject, limit=limit)


def latest(tx: Tx, *, limit: int) -> tuple[Row, ...]:
    """The last rows of the journal, oldest first."""
    head = store.head(tx)
    start = 0 if head is None else max(0, head[0] - limit)
    return tuple(islice(store.rows_after(tx, start), limit))


def following(tx: Tx, position: int, *, limit: int) -> tuple[Row, ...]:
    """The first rows behind a position, in the order of commit."""
    return tuple(islice(store.rows_after(tx, position, batch=limit), limit))


def before(tx: Tx, wanted: Wanted, position: int | None, *, limit: int) -> tuple[Row, ...]:
    """The rows that are looked for, newest first, before a position or from the end."""
    return store.rows_before(tx, wanted, position, limit)


def around(tx: Tx, position: int) -> tuple[Row | None, Row | None, Row | None]:
    """The row before a position, the row at it, and the row behind it."""
    found = {row.position: row for row in islice(store.rows_after(tx, position - 2, batch=3), 3)}
    return found.get(position - 1), found.get(position), found.get(position + 1)


def length(tx: Tx) -> int:
    """How many rows there are."""
    head = store.head(tx)
    return 0 if head is None else head[0]
