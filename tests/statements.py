"""Which SQL really reaches SQLite, with its values in place: by SQLite's own trace, however the statement was sent."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy import event

from directca.db.engine import Database, Tx


@contextmanager
def seen_in(tx: Tx) -> Iterator[list[str]]:
    """Every statement of a transaction that is open."""
    driver = tx.connection.driver_connection
    assert isinstance(driver, sqlite3.Connection)
    seen: list[str] = []
    driver.set_trace_callback(lambda statement: _note(seen, statement))
    try:
        yield seen
    finally:
        driver.set_trace_callback(None)


@contextmanager
def seen_by(database: Database) -> Iterator[list[str]]:
    """Every statement of transactions that begin in the block, without their BEGIN and COMMIT."""
    with _traced(database, _note) as seen:
        yield seen


@contextmanager
def commits_of(database: Database) -> Iterator[list[str]]:
    """Every COMMIT of transactions that begin in the block."""
    with _traced(database, _note_commit) as seen:
        yield seen


@contextmanager
def _traced(database: Database, note: Callable[[list[str], str], None]) -> Iterator[list[str]]:
    seen: list[str] = []

    def trace(connection: sqlite3.Connection, *_: object) -> None:
        connection.set_trace_callback(lambda statement: note(seen, statement))

    database.close()  # connections at rest would not be seen to be taken
    event.listen(database._engine, "checkout", trace)
    try:
        yield seen
    finally:
        database.close()
        event.remove(database._engine, "checkout", trace)


def _note_commit(seen: list[str], statement: str) -> None:
    if statement.startswith("COMMIT"):
        seen.append(statement)


def _note(seen: list[str], statement: str) -> None:
    """Several rows of one insert are one statement, whose values SQLite traces row by row."""
    if statement.startswith(("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "PRAGMA")):
        return
    if not seen or seen[-1].split(" VALUES ")[0] != statement.split(" VALUES ", maxsplit=1)[0]:
        seen.append(statement)
