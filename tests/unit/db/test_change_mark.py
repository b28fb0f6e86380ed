"""The mark changes with each commit, of other connections and other processes, and with nothing else."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from sqlalchemy import text

from directca.db.change_mark import DataVersion
from directca.db.engine import Database

pytestmark = pytest.mark.engine("sqlite", why="it is SQLite's number of what others committed")

WRITE = "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('CREATE TABLE of_another (n)'); c.commit()"


@pytest.fixture
def mark(database: Database) -> Iterator[DataVersion]:
    with database.write() as tx:
        tx.execute(text("CREATE TABLE counted (n)"))
    made = DataVersion(database.path)
    yield made
    made.close()


def test_it_stays_until_something_is_committed(database: Database, mark: DataVersion) -> None:
    first = mark.read()
    assert first is not None
    with database.read() as tx:
        tx.execute(text("SELECT * FROM counted")).all()
    assert mark.read() == first
    with database.write() as tx:
        tx.execute(text("INSERT INTO counted VALUES (1)"))
        assert mark.read() == first
    second = mark.read()
    assert second != first
    with suppress(ZeroDivisionError), database.write() as tx:
        tx.execute(text("INSERT INTO counted VALUES (1)"))
        raise ZeroDivisionError
    assert mark.read() == second


def test_it_tells_of_another_process(database: Database, mark: DataVersion) -> None:
    first = mark.read()
    subprocess.run([sys.executable, "-c", WRITE, str(database.path)], check=True)
    assert mark.read() != first


def test_without_a_database_nothing_is_told(tmp_path: Path) -> None:
    assert DataVersion(tmp_path / "none.sqlite").read() is None
