"""The table of how far the journal has been exported, one row for each target."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import BigInteger, Column, String, Table, insert, select, update
from sqlalchemy.exc import IntegrityError

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, metadata

journal_export = Table(
    "journal_export",
    metadata,
    Column("target", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("moved_at", UtcDateTime, nullable=False),
)


@dataclass(frozen=True)
class Mark:
    """How far a target has acknowledged the journal: its last row there, by position and digest."""

    position: int
    digest: str


def mark(tx: Tx, target: str) -> Mark | None:
    """How far a target has come; None for one that was never exported to."""
    statement = select(journal_export.c.position, journal_export.c.digest).where(journal_export.c.target == target)
    row = tx.execute(statement).first()
    return None if row is None else Mark(row.position, row.digest)


def move(tx: Tx, target: str, before: Mark | None, after: Mark, at: datetime) -> bool:
    """Move a target's mark from where it was; False, and nothing is changed, when it is elsewhere by now."""
    values = {"position": after.position, "digest": after.digest, "moved_at": at}
    if before is not None:
        here = (journal_export.c.target == target, journal_export.c.position == before.position)
        return tx.execute(update(journal_export).where(*here).values(**values)).rowcount == 1
    try:
        with tx.begin_nested():
            tx.execute(insert(journal_export), {"target": target, **values})
    except IntegrityError:
        return False
    return True
