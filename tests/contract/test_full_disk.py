"""A PostgreSQL whose disk is full: small changes find room where others find none, and readiness believes none of them."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import postgres
from bench.postgres import OLDEST, Postgres
from sqlalchemy import text

from directca.db.address import read_address
from directca.db.engine import Database
from directca.db.errors import DatabaseUnusable
from directca.db.opening import open_database
from faults.disk import Disk, a_disk

MEGABYTES = 160
SETTINGS = {"min_wal_size": "32MB", "max_wal_size": "32MB"}


@pytest.fixture
def disk() -> Iterator[Disk]:
    """One that can be filled."""
    with tempfile.TemporaryDirectory(prefix="directca-full") as folder:
        Path(folder).chmod(0o755)  # the server is another user
        with a_disk(Path(folder, "disk"), MEGABYTES) as made:
            if not made.mounted:
                pytest.skip("mounting a small disk takes root")
            yield made


@pytest.fixture
def database(disk: Disk) -> Iterator[Database]:
    """On that disk, with a table that is to grow, and one whose page has room."""
    binaries = postgres.programs()
    if binaries is None:
        pytest.skip(f"no PostgreSQL {OLDEST} or newer is installed")
    folder = disk.folder / "server"
    folder.mkdir()
    with postgres.server(binaries, folder, SETTINGS) as started:
        made = opened(started)
        try:
            with made.write() as tx:
                tx.execute(text("CREATE TABLE long (n INTEGER PRIMARY KEY, filler TEXT NOT NULL)"))
                tx.execute(text("CREATE TABLE short (n INTEGER PRIMARY KEY)"))
                tx.execute(text("INSERT INTO short VALUES (0)"))
            yield made
        finally:
            made.close()


def opened(server: Postgres) -> Database:
    return open_database(read_address(server.new_database(), Path("/nowhere")), None)


def add_much(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("INSERT INTO long SELECT n, repeat('x', 1000) FROM generate_series(1, 200) AS n"))


def add_little(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("INSERT INTO short SELECT max(n) + 1 FROM short"))


def counts(database: Database) -> tuple[int, int]:
    with database.read() as tx:
        row = tx.execute(text("SELECT (SELECT count(*) FROM long), (SELECT count(*) FROM short)")).one()
        return row[0], row[1]


def test_a_full_disk_is_told_until_there_is_room_whatever_small_changes_find(database: Database, disk: Disk) -> None:
    database.check_writing()
    disk.fill()
    with pytest.raises(DatabaseUnusable, match="No space left"):
        add_much(database)
    for _ in range(2):
        add_little(database)
        with pytest.raises(DatabaseUnusable, match="No space left"):
            database.check_writing()
    assert counts(database) == (0, 3)
    disk.free()
    database.check_writing()
    add_much(database)
    database.check_writing()
    assert counts(database) == (200, 3)


def test_the_trial_needs_room_on_the_disk_and_takes_none_of_a_session(postgresql: Postgres) -> None:
    """Of how much room a server lets anybody have for a while: a disk that is full can be had by root alone."""
    database = opened(postgresql)
    with database.read() as tx:
        name = tx.execute(text("SELECT current_database()")).scalar_one()
        usual = tx.execute(text("SHOW work_mem")).scalar_one()
    database._trouble.came_to_nothing()
    postgresql.run(f"ALTER DATABASE {name} SET temp_file_limit = '512kB'")
    database.close()
    for _ in range(2):
        with pytest.raises(DatabaseUnusable, match="temp_file_limit"):
            database.check_writing()
    postgresql.run(f"ALTER DATABASE {name} RESET temp_file_limit")
    database.close()
    database.check_writing()
    with database.write() as tx:
        database._touch(tx)
        assert tx.execute(text("SHOW work_mem")).scalar_one() == usual
    database.close()
