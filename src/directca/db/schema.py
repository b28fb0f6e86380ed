"""The one `MetaData` on which every room's store declares its tables, and the column types they share."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, DateTime, Dialect, Index, MetaData
from sqlalchemy.types import TypeDecorator

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Words = ColumnElement[str]
Condition = ColumnElement[bool]
"""What one room gives another for its statement: a column of text, a condition."""


def findable(text: str) -> str:
    """A name that somebody sent, so that every engine can look for it: PostgreSQL has no NUL in a text, and no name has one."""
    return text.replace("\0", "\N{REPLACEMENT CHARACTER}")


class UtcDateTime(TypeDecorator[datetime]):
    """An aware moment in UTC. A naive one is a bug and is refused; SQLite stores text that sorts as time does."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Refuse naive moments; store UTC."""
        return None if value is None else _utc(value)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """Give back UTC, which SQLite's text does not say."""
        if value is None:
            return None
        moment: datetime = value
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)

    def bind_processor(self, dialect: Dialect) -> Callable[[datetime | None], Any] | None:
        """What the two above do with SQLAlchemy's own, on SQLite at once: it takes a third of the time."""
        return _to_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def result_processor(self, dialect: Dialect, coltype: Any) -> Callable[[Any], datetime | None] | None:
        """As above."""
        return _from_text if dialect.name == "sqlite" else super().result_processor(dialect, coltype)


_OFFSET = "+00:00"


def _utc(value: datetime) -> datetime:
    if value.tzinfo is None:
        raise ValueError("a naive datetime must not reach the database")
    return value.astimezone(UTC)


def _to_text(value: datetime | None) -> str | None:
    if value is None:
        return None
    return (value if value.tzinfo is UTC else _utc(value)).isoformat(" ", "microseconds").removesuffix(_OFFSET)


def _from_text(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text + _OFFSET)


def index_where(name: str, condition: ColumnElement[bool], *columns: Column[Any], unique: bool = False) -> Index:
    """An index of those rows only for which a condition holds, on every engine.

    A statement is served by it if the condition follows from what the statement itself says.
    """
    return Index(name, *columns, unique=unique, sqlite_where=condition, postgresql_where=condition)
