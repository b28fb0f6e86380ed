"""psycopg's own connection beneath one of SQLAlchemy's, for what is done without the layers between."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import count
from typing import Any

import psycopg
from sqlalchemy import Connection

from directca.db.psycopg_line import Line, Said
from directca.db.sqlite_driver import Conflict

_LINE = "directca: what is said on this connection"
_PLACEHOLDER = re.compile("%(s|%)")


def driver_of(tx: Connection) -> psycopg.Connection[Any]:
    """The connection beneath, on which nothing waits to be said."""
    line = line_of(tx)
    line.settle()
    return line.driver


def line_of(tx: Connection) -> Line:
    """What is said on the connection beneath."""
    about = tx.info
    found: Line | None = about.get(_LINE)
    if found is None:
        driver: psycopg.Connection[Any] = tx.connection.driver_connection  # type: ignore[assignment]  # the DBAPI's own object
        found = about[_LINE] = Line(driver)
    return found


class Awaited:
    """The answer to what was said on a line, perhaps not yet."""

    __slots__ = ("_line", "_said")

    def __init__(self, line: Line, said: Said) -> None:
        self._line = line
        self._said = said

    def rows(self) -> list[tuple[Any, ...]]:
        """Its rows."""
        return self._line.rows(self._line.answered(self._said))

    def changed(self) -> int:
        """How many rows it changed."""
        return self._line.answered(self._said).command_tuples or 0


class PsycopgRunner:
    """Runs statements at the driver, each prepared by the server when a connection first needs it."""

    def asked(self, tx: Connection, sql: str, values: Sequence[Any]) -> Awaited:
        """Run one on the way of the next whose answer is wanted."""
        line = line_of(tx)
        return Awaited(line, line.later(_numbered(sql), values))

    def later(self, tx: Connection, sql: str, rows: Sequence[Sequence[Any]], conflict: Conflict | None, *, sure: bool) -> None:
        """Run one with each of these, on the way of the next that is answered."""
        line = line_of(tx)
        for values in rows:
            line.later(_numbered(sql), values, conflict, sure=sure)


@cache
def _numbered(sql: str) -> bytes:
    """The statement as PostgreSQL takes it: SQLAlchemy writes `%s` for a value, and `%%` for what is no value."""
    numbers = count(1)
    return _PLACEHOLDER.sub(lambda found: f"${next(numbers)}" if found[1] == "s" else "%", sql).encode()
