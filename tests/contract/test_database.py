"""What every engine of the `Database` port does, on SQLite and on PostgreSQL."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from bench.postgres import Postgres
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from directca.db import migrate, postgresql
from directca.db.address import read_address
from directca.db.engine import Database, Tx
from directca.db.errors import DatabaseBusy, DatabaseUnusable
from directca.db.opening import open_database
from tests.live import ROOT

Opened = Callable[[], Database]

WRITE = """
import sys
from pathlib import Path
from sqlalchemy import text
from directca.db.address import read_address
from directca.db.opening import open_database
database = open_database(read_address(sys.argv[1], Path.cwd()))
for _ in range(int(sys.argv[2])):
    with database.write() as tx:
        number = tx.execute(text("SELECT max(n) FROM counted")).scalar_one()
        tx.execute(text("INSERT INTO counted VALUES (:n)"), {"n": number + 1})
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of an empty database."""
    if request.param == "sqlite":
        return str(tmp_path / "directca.sqlite")
    server: Postgres = request.getfixturevalue("postgresql")
    return server.new_database()


@pytest.fixture
def opened(where: str, tmp_path: Path) -> Iterator[Opened]:
    """Opens the database, as often as is asked."""
    made: list[Database] = []

    def another() -> Database:
        made.append(open_database(read_address(where, tmp_path)))
        return made[-1]

    yield another
    for one in made:
        one.close()


@pytest.fixture
def counted(opened: Opened) -> Database:
    """With a table of numbers, in which there is 0."""
    database = opened()
    with database.write() as tx:
        tx.execute(text("CREATE TABLE counted (n INTEGER PRIMARY KEY)"))
        tx.execute(text("INSERT INTO counted VALUES (0)"))
    return database


def numbers(database: Database) -> list[int]:
    with database.read() as tx:
        return [row.n for row in tx.execute(text("SELECT n FROM counted ORDER BY n"))]


def add(database: Database, number: int) -> None:
    with database.write() as tx:
        tx.execute(text("INSERT INTO counted VALUES (:n)"), {"n": number})


def test_the_whole_schema_is_made_and_found_again(opened: Opened) -> None:
    database = opened()
    migrate.upgrade(database)
    present, wanted = migrate.revisions(database)
    assert present == wanted
    migrate.upgrade(opened())
    database.check()


def test_what_a_block_wrote_others_see_when_it_has_ended(counted: Database, opened: Opened) -> None:
    other = opened()
    with counted.write() as tx:
        tx.execute(text("INSERT INTO counted VALUES (1)"))
        assert numbers(other) == [0]
    assert numbers(other) == [0, 1]


def test_a_block_that_raises_leaves_nothing(counted: Database) -> None:
    def write_and_fail() -> None:
        with counted.write() as tx:
            tx.execute(text("INSERT INTO counted VALUES (1)"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_and_fail()
    assert numbers(counted) == [0]
    add(counted, 2)
    assert numbers(counted) == [0, 2]


def test_a_reader_sees_one_moment(counted: Database, opened: Opened) -> None:
    other = opened()
    with counted.read() as tx:
        before = tx.execute(text("SELECT count(*) FROM counted")).scalar_one()
        add(other, 1)
        assert tx.execute(text("SELECT count(*) FROM counted")).scalar_one() == before
    with counted.scan() as tx:
        assert tx.execute(text("SELECT count(*) FROM counted")).scalar_one() == before + 1


def test_a_look_sees_what_is_committed_and_passes_on_what_is_raised(counted: Database, opened: Opened) -> None:
    def sum_of(tx: Tx) -> int:
        return int(tx.execute(text("SELECT sum(n) FROM counted")).scalar_one())

    def refuse(tx: Tx) -> None:
        raise ZeroDivisionError(sum_of(tx))

    assert counted.look(sum_of) == 0
    with opened().write() as tx:
        tx.execute(text("INSERT INTO counted VALUES (1)"))
        assert counted.look(sum_of) == 0
    assert counted.look(sum_of) == 1
    with pytest.raises(ZeroDivisionError, match="1"):
        counted.look(refuse)
    add(counted, 2)
    assert counted.look(sum_of) == 3


def test_blocks_that_share_a_commit_fail_one_by_one(counted: Database) -> None:
    """Each block that raises takes back its own changes, whoever shares the transaction with it."""
    together = threading.Barrier(8)
    failed = []

    def work(number: int) -> None:
        together.wait()
        try:
            with counted.write() as tx:
                tx.execute(text("INSERT INTO counted VALUES (:n)"), {"n": 10 + number})
                if number % 2:
                    tx.execute(text("INSERT INTO counted VALUES (0)"))  # is there already
        except IntegrityError:
            failed.append(number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert sorted(failed) == [1, 3, 5, 7]
    assert numbers(counted) == [0, 10, 12, 14, 16]


def test_a_failed_statement_under_a_savepoint_costs_nothing_else(counted: Database) -> None:
    with counted.write() as tx:
        tx.execute(text("INSERT INTO counted VALUES (1)"))
        with pytest.raises(IntegrityError), tx.begin_nested():
            tx.execute(text("INSERT INTO counted VALUES (0)"))
        tx.execute(text("INSERT INTO counted VALUES (2)"))
    assert numbers(counted) == [0, 1, 2]


def test_processes_write_one_after_the_other(counted: Database, where: str) -> None:
    """What the one read last is what the other committed: no number is given twice, and none is left out."""
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    others = [subprocess.Popen([sys.executable, "-c", WRITE, where, "40"], env=environment) for _ in range(2)]
    assert [one.wait(60) for one in others] == [0, 0]
    assert numbers(counted) == list(range(81))


def test_whoever_waits_too_long_is_told_so(counted: Database, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("engine", "sqlite", "postgresql"):
        monkeypatch.setattr(f"directca.db.{module}.BUSY_TIMEOUT_MS", 200, raising=True)
    monkeypatch.setitem(postgresql._SESSION, "lock_timeout", 200)
    other = opened()
    with counted.write(), pytest.raises(DatabaseBusy):
        add(other, 1)
    add(other, 1)
    assert numbers(counted) == [0, 1]


def test_it_may_be_used_again_after_it_was_closed(counted: Database) -> None:
    counted.close()
    add(counted, 1)
    assert numbers(counted) == [0, 1]


def test_writing_is_looked_at_only_after_a_failure(counted: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = trials_of(counted, monkeypatch)
    counted.check_writing()
    assert not tried
    with pytest.raises(DatabaseBusy), counted.write():
        raise DatabaseBusy("another has it")
    counted.check_writing()
    counted.check_writing()
    assert tried == [True]


@pytest.mark.parametrize("found", [DatabaseBusy, DatabaseUnusable])
def test_what_one_process_of_a_server_found_each_of_them_says(
    counted: Database, monkeypatch: pytest.MonkeyPatch, found: type[DatabaseBusy | DatabaseUnusable]
) -> None:
    """A balancer asks whichever worker takes its connection, and that may be one in which nothing has failed yet."""
    tried = trials_of(counted, monkeypatch)
    counted.close()
    pid = os.fork()
    if pid == 0:
        with suppress(found), counted.write():
            raise found("found by another worker")
        os._exit(0)
    os.waitpid(pid, 0)
    counted.check_writing()
    counted.check_writing()
    assert tried == [True]


def trials_of(database: Database, monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """A list that grows with each trial."""
    tried: list[bool] = []
    touch = database._touch

    def tell_and_touch(tx: Tx) -> None:
        tried.append(True)
        touch(tx)

    monkeypatch.setattr(database, "_touch", tell_and_touch)
    return tried
