"""Work of a lane that waits for a server of PostgreSQL keeps nobody else of it waiting, not even where the server is frozen."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from directca.db.address import read_address
from directca.db.engine import Database
from directca.db.opening import open_database
from directca.db.postgresql import PostgresDatabase
from directca.db.psycopg_driver import line_of
from tests.engines import Postgresql
from tests.lanes import SECONDS, Doing

pytestmark = pytest.mark.engine("postgresql", why="SQLite answers where it is asked")
INSERT = text("INSERT INTO lease (name, holder, expires_at) VALUES ('a', 'me', '2026-11-24 00:00:00.000000')")
COUNT = text("SELECT count(*) FROM lease")


@pytest.fixture
def other(engine: Postgresql) -> Iterator[Database]:
    """The same database, as another process has it."""
    with closing(open_database(read_address(engine.address, Path()))) as opened:
        yield opened


def count(database: Database) -> int:
    with database.read() as tx:
        return int(tx.execute(COUNT).scalar_one())


def waits_alone(call: Future[None], doing: Doing, database: Database) -> None:
    """It waits, and somebody else of the lane is served meanwhile."""
    with pytest.raises(TimeoutError):
        call.result(0.1)
    assert doing.begin(lambda: count(database)).result(SECONDS) == 0
    assert not call.done()


def test_who_waits_for_the_turn_of_another_node_keeps_no_reader_waiting(database: Database, other: Database) -> None:
    doing = Doing()

    def writes() -> None:
        with database.write() as tx:
            tx.execute(INSERT)

    with other.write():
        writing = doing.begin(writes)
        waits_alone(writing, doing, database)
    writing.result(SECONDS)
    assert count(database) == 1


@pytest.mark.parametrize("beside", [b"", b"SELECT 1"])
def test_a_statement_that_takes_long_keeps_nobody_else_waiting(database: Database, other: Database, beside: bytes) -> None:
    """One that has the way to the server for itself, and one that shares it with another."""
    doing = Doing()

    def lock(tx: Connection, how: bytes) -> None:
        if beside:
            line_of(tx).later(beside)
        line_of(tx).ask(b"SELECT pg_advisory_xact_lock%s(4711)" % how)

    def asks() -> None:
        with database.read() as tx:
            lock(tx, b"_shared")

    doing.begin(asks).result(SECONDS)  # it is prepared now
    with other.read() as held:
        lock(held, b"")
        asking = doing.begin(asks)
        waits_alone(asking, doing, database)
    asking.result(SECONDS)


def test_a_server_that_cannot_be_reached_keeps_nobody_else_waiting(
    database: PostgresDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    doing, reached = Doing(), threading.Event()
    connect = database._engine.connect

    def slowly() -> Connection:
        assert reached.wait(SECONDS)
        return connect()

    monkeypatch.setattr(database, "_resting", [])
    monkeypatch.setattr(database._engine, "connect", slowly)
    reading = doing.begin(lambda: count(database))
    assert doing.begin(lambda: "goes on").result(SECONDS) == "goes on"
    assert not reading.done()
    reached.set()
    assert reading.result(SECONDS) == 0
