"""Revocations in bulk: what was asked for, and how far each has come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ForeignKey, Integer, String, Table, Text, bindparam, func, insert, select, update

from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, metadata
from directca.pki.reasons import RevocationReason
from directca.revocation.bulk_model import CANCELLED, Job

bulk_revocation = Table(
    "bulk_revocation",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("selection", Text, nullable=False),
    Column("reason", String, nullable=False),
    Column("invalidity_date", UtcDateTime),
    Column("actor", String, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("total", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("paused_at", UtcDateTime),
)

bulk_revocation_item = Table(
    "bulk_revocation_item",
    metadata,
    Column("job_id", String(32), ForeignKey("bulk_revocation.id"), primary_key=True),
    Column("record_id", String(32), ForeignKey("record.id"), primary_key=True),
    Column("outcome", String),
)

_ADD_ITEM = Prepared(insert(bulk_revocation_item))
_NOTE = Prepared(
    update(bulk_revocation_item)
    .where(bulk_revocation_item.c.job_id == bindparam("job"), bulk_revocation_item.c.record_id == bindparam("item"))
    .values(outcome=bindparam("said"))
)
_OPEN = Prepared(
    select(bulk_revocation_item.c.record_id)
    .where(
        bulk_revocation_item.c.job_id == bindparam("job"),
        bulk_revocation_item.c.record_id > bindparam("after"),
        bulk_revocation_item.c.outcome.is_(None),
    )
    .order_by(bulk_revocation_item.c.record_id)
    .limit(bindparam("most"))
)


def add(tx: Tx, job: Job, record_ids: Sequence[str]) -> None:
    """Begin a revocation in bulk with everything that belongs to it."""
    tx.execute(
        insert(bulk_revocation),
        {
            "id": job.id,
            "selection": job.selection,
            "reason": job.reason.value,
            "invalidity_date": job.invalidity_date,
            "actor": job.actor,
            "created_at": job.created_at,
            "total": job.total,
            "refused": job.refused,
        },
    )
    if record_ids:
        _ADD_ITEM.run_many(tx, [{"job_id": job.id, "record_id": one, "outcome": None} for one in record_ids])


def find(tx: Tx, job_id: str) -> Job | None:
    """The revocation in bulk with this id."""
    row = tx.execute(select(bulk_revocation).where(bulk_revocation.c.id == job_id)).one_or_none()
    return None if row is None else _job(tx, row)


def like(tx: Tx, wanted: Job) -> Job | None:
    """An unfinished one that asks for the very same."""
    same = (
        bulk_revocation.c.finished_at.is_(None),
        bulk_revocation.c.selection == wanted.selection,
        bulk_revocation.c.reason == wanted.reason.value,
        bulk_revocation.c.invalidity_date.is_not_distinct_from(wanted.invalidity_date),
    )
    row = tx.execute(select(bulk_revocation).where(*same).order_by(bulk_revocation.c.created_at).limit(1)).one_or_none()
    return None if row is None else _job(tx, row)


def unfinished(tx: Tx) -> tuple[str, ...]:
    """The ids of those that are neither finished nor paused, oldest first."""
    columns = bulk_revocation.c
    statement = select(columns.id).where(columns.finished_at.is_(None), columns.paused_at.is_(None))
    return tuple(tx.execute(statement.order_by(bulk_revocation.c.created_at, bulk_revocation.c.id)).scalars())


def newest(tx: Tx, most: int) -> tuple[Job, ...]:
    """The last ones, newest first."""
    rows = tx.execute(select(bulk_revocation).order_by(bulk_revocation.c.created_at.desc(), bulk_revocation.c.id).limit(most))
    return tuple(_job(tx, row) for row in rows.all())


def is_open(tx: Tx, job_id: str) -> bool:
    """Whether it is neither finished, nor cancelled, nor paused."""
    columns = bulk_revocation.c
    statement = select(columns.id).where(columns.id == job_id, columns.finished_at.is_(None), columns.paused_at.is_(None))
    return tx.execute(statement).one_or_none() is not None


def open_items(tx: Tx, job_id: str, after: str, most: int) -> list[str]:
    """The next records that have no outcome yet, behind one of them."""
    return [row.record_id for row in _OPEN.rows(tx, {"job": job_id, "after": after, "most": most})]


def note(tx: Tx, job_id: str, outcomes: Sequence[tuple[str, str]], refused: int) -> None:
    """Write down what became of some records, so many of which were refused."""
    _NOTE.run_many(tx, [{"job": job_id, "item": record_id, "said": outcome} for record_id, outcome in outcomes])
    if refused:
        place = bulk_revocation.c.id == job_id
        tx.execute(update(bulk_revocation).where(place).values(refused=bulk_revocation.c.refused + refused))


def cancel_items(tx: Tx, job_id: str) -> int:
    """Take everything that is not done off the work; how many records that is."""
    place = (bulk_revocation_item.c.job_id == job_id, bulk_revocation_item.c.outcome.is_(None))
    return tx.execute(update(bulk_revocation_item).where(*place).values(outcome=CANCELLED)).rowcount


def finish(tx: Tx, job_id: str, at: datetime) -> bool:
    """End it; False when it has ended."""
    place = (bulk_revocation.c.id == job_id, bulk_revocation.c.finished_at.is_(None))
    return tx.execute(update(bulk_revocation).where(*place).values(finished_at=at)).rowcount == 1


def pause(tx: Tx, job_id: str, before: datetime | None, after: datetime | None) -> bool:
    """Pause one that goes on, or let one go on that is paused; whether it was as `before` says."""
    columns = bulk_revocation.c
    here = (columns.id == job_id, columns.finished_at.is_(None), columns.paused_at.is_not_distinct_from(before))
    return tx.execute(update(bulk_revocation).where(*here).values(paused_at=after)).rowcount == 1


def _job(tx: Tx, row: Any) -> Job:
    counts = (
        select(bulk_revocation_item.c.outcome, func.count().label("items"))
        .where(bulk_revocation_item.c.job_id == row.id, bulk_revocation_item.c.outcome.is_not(None))
        .group_by(bulk_revocation_item.c.outcome)
    )
    return Job(
        id=row.id,
        selection=row.selection,
        reason=RevocationReason(row.reason),
        invalidity_date=row.invalidity_date,
        actor=row.actor,
        created_at=row.created_at,
        finished_at=row.finished_at,
        total=row.total,
        refused=row.refused,
        outcomes={one.outcome: one.items for one in tx.execute(counts)},
        paused_at=row.paused_at,
    )
