"""The journal's tables. Rows are inserted and read; nothing here updates or deletes one."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, Index, Integer, String, Table, bindparam, insert, select, update

from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, metadata
from directca.journal.model import Event, Row, Unreadable, Wanted

journal = Table(
    "journal",
    metadata,
    Column("position", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    Column("kind", String, nullable=False),
    Column("actor", String, nullable=False),
    Column("subject", String, nullable=False),
    Column("outcome", String, nullable=False),
    Column("account_id", String),
    Column("detail", JSON, nullable=False),
    Column("previous_digest", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Index(None, "subject"),
)

journal_head = Table(
    "journal_head",
    metadata,
    # One row. It holds the end of the chain, so that a row cut from the end is missed too.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
)

_HEAD = Prepared(select(journal_head.c.position, journal_head.c.digest).where(journal_head.c.id == 1))
_ADVANCE = Prepared(
    update(journal_head).where(journal_head.c.id == 1).values(position=bindparam("new_position"), digest=bindparam("new_digest"))
)
_INSERT = Prepared(insert(journal))
_FIRST_HEAD = Prepared(insert(journal_head))
_AFTER = Prepared(
    select(journal)
    .where(journal.c.position > bindparam("behind"))
    .order_by(journal.c.position)
    .limit(bindparam("most", type_=Integer))
)
_LINKS_AFTER = Prepared(
    select(journal.c.position, journal.c.previous_digest, journal.c.digest)
    .where(journal.c.position > bindparam("behind"))
    .order_by(journal.c.position)
    .limit(bindparam("most", type_=Integer))
)
_BEFORE_FIRST = Prepared(
    select(journal.c.position).where(journal.c.position < 1).order_by(journal.c.position).limit(bindparam("most", type_=Integer))
)

_NOT_AS_WRITTEN = (TypeError, ValueError, RecursionError)
"""What reading raises where a column holds what is not of its kind: a moment that is none, a detail that is no JSON."""


def head(tx: Tx) -> tuple[int, str] | None:
    """Position and digest of the last row; None in a journal without rows."""
    return head_asked(tx)()


def head_asked(tx: Tx) -> Callable[[], tuple[int, str] | None]:
    """`head`, asked for with what is asked besides."""
    rows = _HEAD.asked(tx, {})

    def answer() -> tuple[int, str] | None:
        found = rows()
        return (found[0].position, found[0].digest) if found else None

    return answer


def add(tx: Tx, rows: list[Row], *, first: bool) -> None:
    """Insert rows that follow the head, and move the head to the last of them."""
    _INSERT.run_many(tx, [row.values() for row in rows], sure=True)
    last = rows[-1]
    if first:
        _FIRST_HEAD.run_later(tx, {"id": 1, "position": last.position, "digest": last.digest}, sure=True)
    else:
        _ADVANCE.run_later(tx, {"new_position": last.position, "new_digest": last.digest}, sure=True)


def rows_after(tx: Tx, position: int, *, batch: int = 1000) -> Iterator[Row]:
    """Every row behind `position`, in order, read in batches."""
    while True:
        found = _AFTER.rows(tx, {"behind": position, "most": batch})
        for values in found:
            yield _row(values)
        if len(found) < batch:
            return
        position = found[-1].position


def rows_as_found(tx: Tx, position: int, *, batch: int = 1000) -> Iterator[Row | Unreadable]:
    """`rows_after` for whoever looks for tampering: a row that cannot be read any more is told as that, and hides no other."""
    while True:
        try:
            found: list[Row | Unreadable] = [_row(values) for values in _AFTER.rows(tx, {"behind": position, "most": batch})]
        except _NOT_AS_WRITTEN:
            found = [_as_found(tx, link) for link in _LINKS_AFTER.rows(tx, {"behind": position, "most": batch})]
        yield from found
        if len(found) < batch:
            return
        position = found[-1].position


def before_first(tx: Tx, *, most: int) -> list[int]:
    """Where rows stand that no counting from 1 ever meets, so many at most."""
    return [row.position for row in _BEFORE_FIRST.rows(tx, {"most": most})]


def rows_about(tx: Tx, subject: str, *, limit: int = 200) -> tuple[Row, ...]:
    """The rows about one subject, oldest first."""
    statement = select(journal).where(journal.c.subject == subject).order_by(journal.c.position).limit(limit)
    return tuple(_row(values) for values in tx.execute(statement))


def rows_before(tx: Tx, wanted: Wanted, before: int | None, most: int) -> tuple[Row, ...]:
    """The rows that are looked for, newest first, before a position."""
    statement = select(journal)
    if before is not None:
        statement = statement.where(journal.c.position < before)
    for column, beginning in ((journal.c.kind, wanted.kind), (journal.c.actor, wanted.actor)):
        if beginning:
            statement = statement.where(column.startswith(beginning, autoescape=True))
    for column, whole in ((journal.c.subject, wanted.subject), (journal.c.account_id, wanted.account_id)):
        if whole:
            statement = statement.where(column == whole)
    if wanted.since is not None:
        statement = statement.where(journal.c.at >= wanted.since)
    if wanted.until is not None:
        statement = statement.where(journal.c.at < wanted.until)
    return tuple(_row(values) for values in tx.execute(statement.order_by(journal.c.position.desc()).limit(most)))


def _as_found(tx: Tx, link: Any) -> Row | Unreadable:
    try:
        return _row(_AFTER.rows(tx, {"behind": link.position - 1, "most": 1})[0])
    except _NOT_AS_WRITTEN:
        return Unreadable(link.position, link.previous_digest, link.digest)


def _row(values: Any) -> Row:
    at: datetime = values.at
    event = Event(values.kind, values.actor, values.subject, values.outcome, values.account_id, values.detail)
    return Row(values.position, at, event, values.previous_digest, values.digest)
