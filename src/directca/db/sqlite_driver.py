"""SQLite's own connection beneath one of SQLAlchemy's, for what is done without the layers between."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, exc

Conflict = Callable[[exc.IntegrityError], Exception]
"""What to raise for a rule that a statement broke."""


_DRIVERS: WeakKeyDictionary[Connection, sqlite3.Connection] = WeakKeyDictionary()


def driver_of(tx: Connection) -> sqlite3.Connection:
    """The connection beneath. Transactions are begun there: a listener for SQLAlchemy's event makes every statement slower.

    One that is given up is closed, and never used with another beneath.
    """
    known = _DRIVERS.get(tx)
    if known is not None:
        return known
    driver: sqlite3.Connection = tx.connection.driver_connection  # type: ignore[assignment]  # the DBAPI's own object
    _DRIVERS[tx] = driver
    return driver


@dataclass(slots=True)
class Answered:
    """The answer to a statement that was run."""

    found: list[tuple[Any, ...]]
    number: int

    def rows(self) -> list[tuple[Any, ...]]:
        """Its rows."""
        return self.found

    def changed(self) -> int:
        """How many rows it changed."""
        return self.number


class SqliteRunner:
    """Runs statements at the driver, which keeps what it has compiled."""

    def asked(self, tx: Connection, sql: str, values: Sequence[Any]) -> Answered:
        """Run one, at once."""
        cursor = _execute(tx, sql, values)
        return Answered(cursor.fetchall(), cursor.rowcount)

    def later(self, tx: Connection, sql: str, rows: Sequence[Sequence[Any]], conflict: Conflict | None, *, sure: bool) -> None:
        """Run one with each of these, at once: nothing is won by waiting."""
        try:
            if len(rows) == 1:
                _execute(tx, sql, rows[0])
            else:
                _execute_many(tx, sql, rows)
        except exc.IntegrityError as error:
            if conflict is None:
                raise
            raise conflict(error) from error


def _execute(tx: Connection, sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
    try:
        return driver_of(tx).execute(sql, values)
    except sqlite3.IntegrityError as error:
        raise exc.IntegrityError(sql, None, error) from error


def _execute_many(tx: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    try:
        driver_of(tx).executemany(sql, rows)
    except sqlite3.IntegrityError as error:
        raise exc.IntegrityError(sql, None, error) from error
