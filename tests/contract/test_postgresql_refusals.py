"""Whoever is refused, for a name that is taken or a balance that is empty, costs PostgreSQL no new connection."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from bench.postgres import Postgres
from sqlalchemy import column, func, insert, select, table, text

from directca.db import postgresql as engine
from directca.db.address import read_address
from directca.db.engine import Database, Tx
from directca.db.opening import open_database
from directca.db.prepared import Prepared
from directca.errors import Malformed

_PROCESS = Prepared(select(func.pg_backend_pid().label("process")))
_COUNTED = Prepared(insert(table("counted", column("n"))))


@pytest.fixture
def database(postgresql: Postgres) -> Iterator[Database]:
    made = open_database(read_address(postgresql.new_database(), Path("/nowhere")), None)
    with made.write() as tx:
        tx.execute(text("CREATE TABLE counted (n INTEGER PRIMARY KEY)"))
    yield made
    made.close()


def count(database: Database) -> int:
    with database.read() as tx:
        return int(tx.execute(text("SELECT count(*) FROM counted")).scalar_one())


def test_who_is_refused_changes_nothing_and_leaves_the_connection_to_the_next(database: Database) -> None:
    processes: set[int] = set()

    def refused_reading() -> None:
        with database.read() as tx:
            processes.add(_PROCESS.rows(tx, {})[0].process)
            _PROCESS.asked(tx, {})
            raise Malformed("No.")

    def refused_writing() -> None:
        with database.write() as tx:
            _COUNTED.run_later(tx, {"n": 1})
            processes.add(_PROCESS.rows(tx, {})[0].process)  # so that is said by now
            _COUNTED.run_later(tx, {"n": 2})
            raise Malformed("No.")

    for refused in (refused_reading, refused_writing, refused_writing, refused_reading):
        with pytest.raises(Malformed):
            refused()
        assert count(database) == 0
    with database.write() as tx:
        _COUNTED.run_later(tx, {"n": 1})
    assert count(database) == len(processes) == 1
    assert isinstance(database, engine.PostgresDatabase)
    assert database._engine.pool.checkedout() == len(database._resting) == 1


def test_who_is_refused_hears_of_that_though_the_server_went_away_meanwhile(database: Database, postgresql: Postgres) -> None:
    def refused(block: AbstractContextManager[Tx]) -> None:
        with block:
            postgresql.end_sessions()
            raise Malformed("No.")

    for block in (database.read(), database.write()):
        with pytest.raises(Malformed):
            refused(block)
        assert count(database) == 0


def test_who_is_refused_amidst_a_streamed_answer_leaves_no_connection_with_half_of_it(database: Database) -> None:
    streamed = text("SELECT generate_series(1, 1000)").execution_options(yield_per=10)
    answers = []

    def refused() -> None:
        with database.read() as tx:
            answers.append(tx.execute(streamed))
            answers[-1].fetchone()
            raise Malformed("No.")

    with pytest.raises(Malformed):
        refused()
    assert isinstance(database, engine.PostgresDatabase)
    assert len(database._resting) == 0
    with database.read() as tx:  # somebody else, while the cursor of the refused is still to be closed
        answers[-1].close()
        assert tx.execute(text("SELECT count(*) FROM counted")).scalar_one() == 0
