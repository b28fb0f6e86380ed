"""Questions that a hot standby may answer, when it knows all that counts; the primary answers them otherwise.

A standby shows a moment of the past. So the primary is asked first, in one short statement, for a *mark*: numbers that only grow,
and that every change moves of which the answer may tell. What the standby has is enough if its own mark is no smaller; then its
answer leaves out nothing that anybody was told before the question. If it is smaller, if the standby repeats changes too late, is
away or slow, or anything fails there, the primary answers at once, and a standby that failed is left alone for a while.
"""

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from sqlalchemy import Connection, exc, text

from directca import watch
from directca.db.address import PostgresAddress
from directca.db.engine import STANDBY, Answer, Mark, Tx
from directca.db.errors import DatabaseBusy, DatabaseUnusable
from directca.db.postgresql import PostgresDatabase
from directca.db.psycopg_driver import line_of

PATIENCE_SECONDS = 3.0
"""How long a standby may take for an answer, and for anything it is asked before."""

_SHORTEST_PAUSE, _LONGEST_PAUSE = 1.0, 30.0

_FAILURES = (DatabaseUnusable, DatabaseBusy, exc.DBAPIError, psycopg.Error)

_CONNECT = {"target_session_attrs": "standby", "connect_timeout": "2", "tcp_user_timeout": "2000"}

# Whoever serves says so in the database every few seconds, so a standby that hears of the primary has something to repeat.
_REPEATS = text("""
    SELECT pg_is_in_recovery() AS follows,
           extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())::float8 AS seconds
""")
_SYSTEM = text("SELECT system_identifier FROM pg_control_system()")


class WithStandby(PostgresDatabase):
    """A database of PostgreSQL whose questions a standby may answer. Everything else is the primary's."""

    def __init__(self, address: PostgresAddress, password: str | None, standby: PostgresAddress, *, most_seconds: int) -> None:
        super().__init__(address, password)
        self._standby = _Standby(standby, password)
        self._most_seconds = most_seconds
        self._left_alone_until = 0.0
        self._pause = _SHORTEST_PAUSE

    def ask(self, work: Callable[[Tx], Answer], mark: Callable[[Tx], Mark]) -> Answer:
        """What `work` reads, from the standby if its mark is no smaller than the primary's."""
        outcome = "left_alone"
        if time.monotonic() >= self._left_alone_until:
            with self.read() as tx:
                needed, system = mark(tx), _system(tx)
            if self._pause > _SHORTEST_PAUSE:
                self._left_alone_until = time.monotonic() + self._pause  # one question tries; others do not wait with it
            try:
                with self._standby.patiently() as tx:
                    if self._may_answer(tx, system) and _reaches(mark(tx), needed):
                        answer = work(tx)
                        self._is_well()
                        watch.happened(STANDBY, "answered")
                        return answer
                outcome = "behind"
                self._is_well()
            except _FAILURES as error:
                outcome = "failed"
                if not isinstance(error, DatabaseBusy):  # as when a change on the primary needs what the question looks at
                    self._leave_alone()
        watch.happened(STANDBY, outcome)
        with self.read() as tx:
            return work(tx)

    def seconds_behind(self) -> float:
        """How long ago the standby repeated a change last. Raises DatabaseUnusable when it cannot be asked."""
        with self._standby.patiently() as tx:
            return self._seconds_behind(tx)

    def close(self) -> None:
        """Close every connection, the standby's too."""
        self._standby.close()
        super().close()

    def _may_answer(self, tx: Tx, system: int) -> bool:
        """Whether it follows closely. Raises DatabaseUnusable for one that follows nobody, or the primary of another database."""
        if _system(tx) != system:
            raise DatabaseUnusable(f"The database {self._standby.name} is no standby of {self.name}, but of another server.")
        return self._seconds_behind(tx) <= self._most_seconds

    def _seconds_behind(self, tx: Tx) -> float:
        row = tx.execute(_REPEATS).one()
        if not row.follows:
            raise DatabaseUnusable(f"The database {self._standby.name} is no standby: it follows no primary.")
        return float("inf") if row.seconds is None else float(row.seconds)

    def _is_well(self) -> None:
        self._left_alone_until, self._pause = 0.0, _SHORTEST_PAUSE

    def _leave_alone(self) -> None:
        self._left_alone_until = time.monotonic() + self._pause
        self._pause = min(2 * self._pause, _LONGEST_PAUSE)


class _Standby(PostgresDatabase):
    """The standby itself, which may be cut off or stand still at any moment: then its connection is given up from this side."""

    def __init__(self, address: PostgresAddress, password: str | None) -> None:
        super().__init__(address, password, connect=_CONNECT)

    @contextmanager
    def patiently(self) -> Iterator[Tx]:
        """A read that ends in DatabaseUnusable when it takes too long."""
        with self.read() as tx, _patience(tx):
            yield tx

    def _start(self, tx: Connection, statements: Sequence[bytes]) -> None:
        with _patience(tx):
            super()._start(tx, statements)


@contextmanager
def _patience(tx: Connection) -> Iterator[None]:
    """Break the connection unless the block ends in time: whoever waits for an answer hears of it."""
    timer = threading.Timer(PATIENCE_SECONDS, _break, (line_of(tx).driver,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _break(driver: psycopg.Connection[Any]) -> None:
    with suppress(OSError, psycopg.Error), socket.socket(fileno=os.dup(driver.fileno())) as line:
        line.shutdown(socket.SHUT_RDWR)


def _system(tx: Tx) -> int:
    """The number by which a primary and its standbys are known, and nobody else."""
    return int(tx.execute(_SYSTEM).scalar_one())


def _reaches(there: Mark, needed: Mark) -> bool:
    """Whether a mark is no smaller in any of its numbers; one with other numbers than were asked for is no mark."""
    return len(there) == len(needed) and all(one >= other for one, other in zip(there, needed, strict=True))
