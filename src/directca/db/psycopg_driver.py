"""psycopg's own connection beneath one of SQLAlchemy's, for what is done without the layers between."""

import select
from collections.abc import Callable, Sequence
from typing import Any

import psycopg
from psycopg import errors, pq
from sqlalchemy import Connection, exc

_CURSOR = "directca: the cursor of prepared statements"
_MOST_PREPARED = 1_000
"""More than there are statements in the stores: none that a connection has prepared has to go for another."""


def driver_of(tx: Connection) -> psycopg.Connection[Any]:
    """The connection beneath."""
    driver: psycopg.Connection[Any] = tx.connection.driver_connection  # type: ignore[assignment]  # the DBAPI's own object
    return driver


def command(driver: psycopg.Connection[Any], statement: bytes) -> None:
    """Run what has no values and gives no rows, such as BEGIN, in one breath with libpq."""
    _succeeded(driver.pgconn.exec_(statement))


def commit(driver: psycopg.Connection[Any], seconds: float, impatient: Callable[[], None]) -> None:
    """COMMIT; `impatient` is called once when the server has not answered after so many seconds, and waited for again."""
    line = driver.pgconn
    line.send_query(b"COMMIT")
    answers = select.poll()
    while line.flush():
        answers.register(line.socket, select.POLLOUT)
        answers.poll()
    answers.register(line.socket, select.POLLIN)
    patience: float | None = seconds * 1000
    while line.is_busy():
        if not answers.poll(patience):
            patience = None
            impatient()
            continue
        line.consume_input()
    while (result := line.get_result()) is not None:
        _succeeded(result)


def _succeeded(result: pq.abc.PGresult) -> None:
    if result.status == pq.ExecStatus.FATAL_ERROR:
        if result.error_field(pq.DiagnosticField.SQLSTATE) is None:  # libpq's own word, for a connection that is lost
            raise psycopg.OperationalError(result.get_error_message())
        raise errors.error_from_result(result)


class PsycopgRunner:
    """Runs statements at the driver, each prepared by the server when a connection first needs it."""

    def rows(self, tx: Connection, sql: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        """Run one; its rows."""
        return _execute(tx, sql, values).fetchall()

    def run(self, tx: Connection, sql: str, values: Sequence[Any]) -> int:
        """Run one; how many rows it changed."""
        return _execute(tx, sql, values).rowcount

    def run_many(self, tx: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one with each of these; the answers are waited for together."""
        if len(rows) == 1:
            _execute(tx, sql, rows[0])
            return
        try:
            _cursor(tx).executemany(sql, rows)
        except psycopg.IntegrityError as error:
            raise exc.IntegrityError(sql, None, error) from error


def _execute(tx: Connection, sql: str, values: Sequence[Any]) -> psycopg.Cursor[Any]:
    try:
        # What a store says is text of the program; psycopg asks for a literal, so that nobody puts values into it.
        return _cursor(tx).execute(sql.encode(), values, prepare=True)
    except psycopg.IntegrityError as error:
        raise exc.IntegrityError(sql, None, error) from error


def _cursor(tx: Connection) -> psycopg.Cursor[Any]:
    """One for all statements of a connection: making one takes as long as running a statement."""
    about = tx.info
    found: psycopg.Cursor[Any] | None = about.get(_CURSOR)
    if found is None:
        driver = driver_of(tx)
        driver.prepared_max = _MOST_PREPARED
        found = about[_CURSOR] = driver.cursor()
    return found
