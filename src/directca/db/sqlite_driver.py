"""SQLite's own connection beneath one of SQLAlchemy's, for what is done without the layers between."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, exc

Conflict = Callable[[exc.IntegrityError], Exception]
"""What to raise for a rule that a statement broke."""


def driver_of(tx: Connection) -> sqlite3.Connection:
    """The connection beneath. Transactions are begun there: a listener for SQLAlchemy's event makes every statement slower."""
    driver: sqlite3.Connection = tx.connection.driver_connection  # type: ignore[assignment]  # the DBAPI's own object
    return driver


class SqliteRunner:
    """Runs statements at the driver, which keeps what it has compiled."""

    def rows(self, tx: Connection, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run one; its rows."""
        return _execute(tx, sql, values).fetchall()

    def run(self, tx: Connection, sql: str, values: Sequence[Any]) -> int:
        """Run one; how many rows it changed."""
        return _execute(tx, sql, values).rowcount

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
