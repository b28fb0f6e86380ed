"""Copying a whole database from SQLite to PostgreSQL: a table at a time through COPY, and each row compared afterwards.

Whoever calls holds both transactions: nobody may write to the source meanwhile, and the target keeps nothing unless it commits.
Rows stream, so memory does not grow with them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import psycopg
from sqlalchemy import exc, text

from directca.db import migrate
from directca.db.copy_shape import Digest, Row, Shape, check_same, quoted, shapes
from directca.db.engine import Database, Tx
from directca.db.errors import CopyDiffers, CopyRefused
from directca.db.psycopg_driver import driver_of

_AT_ONCE = 1000

_OCCUPIED = text("""
    SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relkind IN ('r', 'p', 'v', 'm', 'S', 'f')
        AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_class.oid AND deptype = 'e')
    UNION ALL
    SELECT proname FROM pg_proc WHERE pronamespace = current_schema()::regnamespace
        AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE objid = pg_proc.oid AND deptype = 'e')
    LIMIT 1
""")
_REFERENCES = text("""
    SELECT conrelid::regclass::text AS of, conname AS name, pg_get_constraintdef(oid) AS says
    FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
""")
_SEQUENCES = text("""
    SELECT c.relname AS of, a.attname AS name, pg_get_serial_sequence(quote_ident(c.relname), a.attname) AS sequence
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace
        AND pg_get_serial_sequence(quote_ident(c.relname), a.attname) IS NOT NULL
""")


@dataclass(frozen=True)
class Compared:
    """A table whose rows are the same in both databases: how many, and their digest, which both gave."""

    name: str
    rows: int
    sha256: str


def check_source(source: Database) -> None:
    """Raise CopyRefused unless the schema is this release's: the copy is of the form that this release makes."""
    present, wanted = migrate.revisions(source)
    if present != wanted:
        raise CopyRefused(
            f"The database {source.name} has the schema {present or 'of nothing'}, and this release has {wanted}. "
            "Start the authority with this release once, so that its database has this form, and copy it then."
        )


def occupant(target: Tx) -> str | None:
    """The name of something that the target holds already; None when it is empty."""
    found: str | None = target.execute(_OCCUPIED).scalar()
    return found


def prepare(source: Tx, target: Tx) -> tuple[Shape, ...]:
    """Make empty tables in the target, in its transaction. Raises CopyRefused for a target that holds something."""
    found = occupant(target)
    if found is not None:
        raise CopyRefused(f"The target is not empty: it has {found}. Make a new database for the copy.")
    for setting in ("statement_timeout", "idle_in_transaction_session_timeout"):
        target.execute(text(f"SET LOCAL {setting} = 0"))
    migrate.make(target)
    made = shapes(target)
    check_same(source, made)
    return made


def fill(source: Tx, target: Tx, tables: tuple[Shape, ...]) -> None:
    """Copy every row, set what numbers new rows, and let the server check what refers to what. Raises CopyRefused."""
    references = target.execute(_REFERENCES).all()
    for one in references:
        target.execute(text(f"ALTER TABLE {one.of} DROP CONSTRAINT {quoted(one.name)}"))
    for table in tables:
        # Triggers count changes, and a copy is none: the numbers that they keep are copied as they are.
        target.execute(text(f"ALTER TABLE {table.quoted} DISABLE TRIGGER USER"))
    for table in tables:
        target.execute(text(f"DELETE FROM {table.quoted}"))  # noqa: S608  (a name of the schema; what migrations put in)
        with _refused(f"The table {table.name} cannot be copied"):
            _stream(source, target, table)
    for table in tables:
        target.execute(text(f"ALTER TABLE {table.quoted} ENABLE TRIGGER USER"))
    for one in references:
        with _refused(f"The copy of {one.of} refers to what is not there"):
            target.execute(text(f"ALTER TABLE {one.of} ADD CONSTRAINT {quoted(one.name)} {one.says}"))
    for one in target.execute(_SEQUENCES).all():
        highest = f"SELECT max({quoted(one.name)}) FROM {quoted(one.of)}"  # noqa: S608  (names of the schema)
        target.execute(text(f"SELECT setval('{one.sequence}', coalesce(({highest}), 1), ({highest}) IS NOT NULL)"))
    target.execute(text("ANALYZE"))


def compare(source: Tx, target: Tx, tables: tuple[Shape, ...]) -> tuple[Compared, ...]:
    """Read every row of both again, in the order of its key. Raises CopyDiffers, which names the first that is not the same."""
    return tuple(_compared(source, target, table) for table in tables)


def _stream(source: Tx, target: Tx, table: Shape) -> None:
    copying = f"COPY {table.quoted} ({table.listed}) FROM STDIN"
    with driver_of(target).cursor() as cursor, cursor.copy(copying.encode()) as copy:
        for row in _rows_of_sqlite(source, table):
            copy.write_row(row)


def _compared(source: Tx, target: Tx, table: Shape) -> Compared:
    here, there, rows = Digest(), Digest(), 0
    for ours, theirs in zip_longest(_rows_of_sqlite(source, table), _rows_of_postgresql(target, table)):
        if ours != theirs:
            raise CopyDiffers(_difference(table, ours, theirs))
        here.add(ours)
        there.add(theirs)
        rows += 1
    if here.hex() != there.hex():
        raise CopyDiffers(f"The digests of {table.name} differ, though its rows do not. Nothing was kept; try again.")
    return Compared(table.name, rows, here.hex())


def _difference(table: Shape, ours: Row | None, theirs: Row | None) -> str:
    if ours is None or theirs is None:
        row, where = (theirs, "PostgreSQL") if ours is None else (ours, "SQLite")
        assert row is not None  # they differ
        return f"{table.named(row)} is in {where} only. Nothing was kept; find out who wrote to the target, and copy again."
    if table.key_of(ours) != table.key_of(theirs):
        return (
            f"{table.named(ours)} stands in SQLite where PostgreSQL has {table.named(theirs, 'the')}. "
            "Nothing was kept; find out who wrote to the target, and copy again."
        )
    differing = [one.name for one, a, b in zip(table.columns, ours, theirs, strict=True) if a != b]
    return (
        f"{table.named(ours)} is not the same in PostgreSQL: {', '.join(differing)}. "
        "Nothing was kept; find out who wrote to the target, and copy again."
    )


def _rows_of_sqlite(source: Tx, table: Shape) -> Iterator[Row]:
    driver: Any = source.connection.driver_connection
    cursor = driver.execute(table.rows_of_sqlite)
    while found := cursor.fetchmany(_AT_ONCE):
        for values in found:
            yield table.row(values)


def _rows_of_postgresql(target: Tx, table: Shape) -> Iterator[Row]:
    with driver_of(target).cursor() as cursor, cursor.copy(table.rows_of_postgresql.encode()) as copy:
        yield from copy.rows()


@contextmanager
def _refused(what: str) -> Iterator[None]:
    """Let the server's refusal of a value, or of a row, be one of ours."""
    try:
        yield
    except (exc.DBAPIError, psycopg.DataError, psycopg.IntegrityError) as error:
        cause = error.orig if isinstance(error, exc.DBAPIError) else error
        if not isinstance(cause, (psycopg.DataError, psycopg.IntegrityError)):
            raise
        said = str(cause).partition("\n")[0]
        raise CopyRefused(f"{what}: {said}. Nothing was copied.") from error
