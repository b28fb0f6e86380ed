"""The shape of a database that is copied: its tables, and each value as the one text that it has on both engines.

A moment is text in SQLite and a timestamp in PostgreSQL, a yes is 1 and true, JSON is text on both. Whatever SQLite holds that is
not of its column's type has no such text and is refused: a copy keeps everything, or there is none.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, TypeVar

from sqlalchemy import text

from directca.db import steps
from directca.db.engine import Tx
from directca.db.errors import CopyRefused

Row = tuple[str | None, ...]
"""One row, each value as text; None is NULL."""

_NOT_COPIED = frozenset({steps.FLOOR, steps.schema_step.name})

_COLUMNS = text("""
    SELECT c.relname AS of, a.attname AS name, regexp_replace(format_type(a.atttypid, a.atttypmod), '\\(.*\\)', '') AS kind,
           array_position(i.indkey::int2[], a.attnum) AS place
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    LEFT JOIN pg_index i ON i.indrelid = c.oid AND i.indisprimary
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
    ORDER BY c.relname COLLATE "C", a.attnum
""")
_MOMENT = "YYYY-MM-DD HH24:MI:SS.US"


@dataclass(frozen=True)
class Column:
    """A column, and its type as PostgreSQL calls it."""

    name: str
    kind: str


@dataclass(frozen=True)
class Shape:
    """A table: its columns, and its primary key, by whose order rows are read."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]

    @property
    def quoted(self) -> str:
        """The table's name in a statement."""
        return quoted(self.name)

    @property
    def listed(self) -> str:
        """The columns' names in a statement."""
        return ", ".join(quoted(one.name) for one in self.columns)

    @property
    def rows_of_sqlite(self) -> str:
        """The statement that reads every row from SQLite, in the order of the key."""
        return f"SELECT {self.listed} FROM {self.quoted} ORDER BY {self._order}"  # noqa: S608  (names of the schema)

    @property
    def rows_of_postgresql(self) -> str:
        """The statement that reads every row from PostgreSQL, in the same order, each value as its text."""
        values = ", ".join(_KINDS[one.kind][1].format(quoted(one.name)) for one in self.columns)
        # An octet at a time, as SQLite compares; the database itself sorts so too, or `check` would have refused it.
        return f"COPY (SELECT {values} FROM {self.quoted} ORDER BY {self._order}) TO STDOUT"  # noqa: S608  (names of the schema)

    @property
    def _order(self) -> str:
        return ", ".join(quoted(name) for name in self.key)

    def row(self, values: tuple[Any, ...]) -> Row:
        """A row of SQLite as text. Raises CopyRefused, which names the value."""
        try:
            return tuple(
                None if value is None else _KINDS[one.kind][0](value) for one, value in zip(self.columns, values, strict=True)
            )
        except (TypeError, ValueError) as error:
            raise CopyRefused(f"{self.named(values)} cannot be copied: {error}. Nothing was copied; look at that row.") from error

    def named(self, row: tuple[Any, ...], article: str = "The") -> str:
        """A row by its key, for messages."""
        return f"{article} row {', '.join(map(str, self.key_of(row)))} of {self.name}"

    def key_of(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        """What a row has in the columns of the key."""
        return tuple(row[place] for place, one in enumerate(self.columns) if one.name in self.key)


class Digest:
    """SHA-256 over rows: each as a JSON array of its texts, in ASCII, with a line feed."""

    def __init__(self) -> None:
        self._hash = sha256()

    def add(self, row: Row) -> None:
        """Take one more row in."""
        self._hash.update(json.dumps(row, separators=(",", ":")).encode("ascii") + b"\n")

    def hex(self) -> str:
        """The digest of all rows so far."""
        return self._hash.hexdigest()


def shapes(target: Tx) -> tuple[Shape, ...]:
    """Every table that migrations made on PostgreSQL, but for the numbers of the schema. Raises CopyRefused for one whose values
    have no text that both engines share."""
    found: dict[str, list[Any]] = {}
    for row in target.execute(_COLUMNS):
        found.setdefault(row.of, []).append(row)
    made = []
    for name, rows in found.items():
        if name in _NOT_COPIED:
            continue
        unknown = [row for row in rows if row.kind not in _KINDS]
        keyed = sorted((row for row in rows if row.place is not None), key=lambda row: int(row.place))
        if unknown or not keyed:
            what = f"its column {unknown[0].name} is {unknown[0].kind}" if unknown else "it has no primary key"
            raise CopyRefused(f"The table {name} cannot be copied: {what}. Nothing was copied.")
        made.append(Shape(name, tuple(Column(row.name, row.kind) for row in rows), tuple(row.name for row in keyed)))
    return tuple(made)


def check_same(source: Tx, wanted: tuple[Shape, ...]) -> None:
    """Raise CopyRefused unless SQLite has just these tables, with just these columns."""
    names = {row[0] for row in source.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))}
    names -= _NOT_COPIED | {name for name in names if name.startswith("sqlite_")}
    if strange := names ^ {one.name for one in wanted}:
        raise CopyRefused(
            f"The table {min(strange)} is in one of the two databases only. Remove it from the SQLite file if it is not "
            "directca's; otherwise nothing can be copied."
        )
    for one in wanted:
        # S608: the name is one of the schema's.
        columns = {row[1] for row in source.execute(text(f"PRAGMA table_info({one.quoted})"))}
        if columns != {column.name for column in one.columns}:
            raise CopyRefused(f"The table {one.name} has other columns in SQLite than it should have. Nothing was copied.")


def quoted(name: str) -> str:
    """A name as a statement has it."""
    return '"' + name.replace('"', '""') + '"'


Type = TypeVar("Type")


def _text(value: Any) -> str:
    return _of_type(value, str)


def _number(value: Any) -> str:
    return str(_of_type(value, int))


def _octets(value: Any) -> str:
    return "\\x" + _of_type(value, bytes).hex()


def _yes(value: Any) -> str:
    if _of_type(value, int) not in (0, 1):
        raise ValueError(f"{value} is neither yes nor no")
    return "t" if value else "f"


def _moment(value: Any) -> str:
    moment = datetime.fromisoformat(_of_type(value, str))
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return moment.strftime("%Y-%m-%d %H:%M:%S.%f+00").rjust(29, "0")  # strftime pads no years


def _day(value: Any) -> str:
    return date.fromisoformat(_of_type(value, str)).isoformat()


def _of_type(value: Any, kind: type[Type]) -> Type:
    if type(value) is not kind:
        raise TypeError(f"it holds {type(value).__name__} where {kind.__name__} belongs")
    checked: Type = value
    return checked


_KINDS: dict[str, tuple[Callable[[Any], str], str]] = {
    "text": (_text, "{}"),
    "character varying": (_text, "{}"),
    "json": (_text, "{}"),
    "integer": (_number, "{}"),
    "bigint": (_number, "{}"),
    "boolean": (_yes, "{}"),
    "bytea": (_octets, "{}"),
    "date": (_day, "to_char({}, 'YYYY-MM-DD')"),
    "timestamp with time zone": (_moment, f"to_char({{}} AT TIME ZONE 'UTC', '{_MOMENT}') || '+00'"),
}
"""Of each type: SQLite's value as text, and the expression by which PostgreSQL gives the same text."""
