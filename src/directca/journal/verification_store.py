"""The table of walks over the journal that people began."""

from typing import Any

from sqlalchemy import JSON, BigInteger, Column, String, Table, insert, select, update

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, metadata
from directca.journal.model import Verification

journal_verification = Table(
    "journal_verification",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("actor", String, nullable=False),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("moved_at", UtcDateTime, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("position", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("problems", JSON, nullable=False),
    Column("finished_at", UtcDateTime),
)

_NAMES = tuple(column.name for column in journal_verification.c)


def add(tx: Tx, made: Verification) -> None:
    """Insert one."""
    tx.execute(insert(journal_verification), _values(made))


def find(tx: Tx, verification_id: str) -> Verification | None:
    """The one with this identifier."""
    row = tx.execute(select(journal_verification).where(journal_verification.c.id == verification_id)).one_or_none()
    return None if row is None else _made(row)


def newest(tx: Tx, most: int) -> tuple[Verification, ...]:
    """The last ones, newest first."""
    columns = journal_verification.c
    rows = tx.execute(select(journal_verification).order_by(columns.begun_at.desc(), columns.id).limit(most))
    return tuple(_made(row) for row in rows)


def move(tx: Tx, before: Verification, after: Verification) -> bool:
    """Put one in the place of what it was, if it still is that; whether it was."""
    columns = journal_verification.c
    here = (columns.id == before.id, columns.position == before.position, columns.finished_at.is_(None))
    return tx.execute(update(journal_verification).where(*here).values(**_values(after))).rowcount == 1


def _values(one: Verification) -> dict[str, Any]:
    return {name: list(one.problems) if name == "problems" else getattr(one, name) for name in _NAMES}


def _made(row: Any) -> Verification:
    values = dict(row._mapping)
    return Verification(**{**values, "problems": tuple(values["problems"])})
