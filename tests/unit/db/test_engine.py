"""Transactions commit whole or not at all, wait for one another, and say what the operator can do when the file is bad."""

import os
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy import exc, text

from directca.db import engine
from directca.db.engine import Database, Tx
from directca.db.errors import DatabaseBusy, DatabaseUnusable
from directca.db.sqlite import SqliteDatabase
from directca.db.turn import ProcessTurn

pytestmark = pytest.mark.engine("sqlite", why="it is about the file")

INSERT = "INSERT INTO lease (name, holder, expires_at) VALUES ('{}', 'me', '2026-11-24 00:00:00.000000')"


def names(database: Database) -> list[str]:
    with database.read() as tx:
        return list(tx.execute(text("SELECT name FROM lease ORDER BY name")).scalars())


def test_a_block_commits_when_it_ends(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text(INSERT.format("a")))
    assert names(database) == ["a"]


def test_a_block_that_raises_changes_nothing(database: Database) -> None:
    def half() -> None:
        with database.write() as tx:
            tx.execute(text(INSERT.format("a")))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert names(database) == []


def test_a_read_sees_one_moment(database: Database) -> None:
    with database.read() as before:
        assert list(before.execute(text("SELECT name FROM lease")).scalars()) == []
        with database.write() as tx:
            tx.execute(text(INSERT.format("a")))
        assert list(before.execute(text("SELECT name FROM lease")).scalars()) == []
    assert names(database) == ["a"]


def test_writers_wait_for_one_another(database: Database) -> None:
    def write(name: str) -> None:
        with database.write() as tx:
            tx.execute(text(INSERT.format(name)))

    threads = [threading.Thread(target=write, args=(f"t{number:02}",)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert names(database) == [f"t{number:02}" for number in range(16)]


def test_a_writer_that_waits_too_long_is_told_so(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 50)
    refused: list[str] = []

    def second() -> None:
        try:
            with database.write():
                pass
        except DatabaseBusy as busy:
            refused.append(busy.slug)

    with database.write():
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert refused == ["database_busy"]


def test_a_commit_is_durable_by_default(tmp_path: Path) -> None:
    fresh = SqliteDatabase(tmp_path / "fresh.sqlite")
    with fresh.read() as tx:
        assert tx.execute(text("PRAGMA synchronous")).scalar_one() == 2  # FULL
        assert tx.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert tx.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
    fresh.close()


@pytest.mark.parametrize(
    "content", [b"this is not a database, whatever its name says" * 100, b"SQLite format 3\0" + b"\xff" * 5000]
)
def test_a_file_that_is_no_database_is_called_damaged(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "damaged.sqlite"
    path.write_bytes(content)
    with pytest.raises(DatabaseUnusable, match="restore"):
        SqliteDatabase(path).check()


def test_a_page_that_was_overwritten_is_found(database: Database) -> None:
    with database.write() as tx:
        for number in range(300):
            tx.execute(text(INSERT.format(f"n{number}")))
    database.close()
    content = bytearray(database.path.read_bytes())
    content[8192 : 8192 + 4096 * 4] = b"\xa5" * 4096 * 4
    database.path.write_bytes(content)
    with pytest.raises(DatabaseUnusable, match="damaged"):
        database.check()


def test_of_a_large_file_the_schema_and_the_length_are_looked_at(database: Database) -> None:
    with database.write() as tx:
        for number in range(3000):
            tx.execute(text(INSERT.format(f"n{number}")))
    database.close()
    database.check(whole_up_to=1)
    content = database.path.read_bytes()
    database.path.write_bytes(content[: len(content) // 2])
    with pytest.raises(DatabaseUnusable, match="damaged"):
        database.check(whole_up_to=1)
    database.close()
    database.path.write_bytes(b"\xa5" * 4096 + content[4096:])
    with pytest.raises(DatabaseUnusable, match="damaged"):
        database.check(whole_up_to=1)


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatabaseUnusable, match="cannot be used"):
        SqliteDatabase(tmp_path / "nowhere" / "directca.sqlite").check()


def test_a_backup_is_one_moment_of_a_database_in_use(database: Database, tmp_path: Path) -> None:
    stop = threading.Event()

    def keep_writing() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            with database.write() as tx:
                tx.execute(text(INSERT.format(f"a{number}")))
                tx.execute(text(INSERT.format(f"b{number}")))

    writer = threading.Thread(target=keep_writing)
    writer.start()
    try:
        database.backup(tmp_path / "copy.sqlite")
    finally:
        stop.set()
        writer.join()
    copy = SqliteDatabase(tmp_path / "copy.sqlite")
    copy.check()
    found = names(copy)
    assert len([name for name in found if name[0] == "a"]) == len([name for name in found if name[0] == "b"])
    copy.close()


def test_a_folder_where_nothing_may_be_written_is_named(tmp_path: Path) -> None:
    missing = SqliteDatabase(tmp_path / "nowhere" / "directca.sqlite")

    def write() -> None:
        with missing.write():
            pass

    with pytest.raises(DatabaseUnusable, match="cannot be used"):
        write()


def test_a_database_is_usable_after_it_was_closed(database: Database) -> None:
    for name in ("a", "b"):
        with database.write() as tx:
            tx.execute(text(INSERT.format(name)))
        database.close()
    assert names(database) == ["a", "b"]


def test_transactions_may_nest_on_connections_of_their_own(database: Database) -> None:
    with database.read() as outer, database.read() as inner:
        assert outer is not inner
        with database.write() as tx:
            tx.execute(text(INSERT.format("a")))
    assert names(database) == ["a"]


def test_the_database_of_another_process_is_waited_for(database: Database) -> None:
    script = (
        "import sys, time; from pathlib import Path; from directca.db.sqlite import SqliteDatabase; from sqlalchemy import text\n"
        f"d = SqliteDatabase(Path({str(database.path)!r}))\n"
        "with d.write() as tx:\n"
        f"    tx.execute(text({INSERT.format('other')!r})); print('in', flush=True); time.sleep(0.5)\n"
    )
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"in\n"
        with database.write() as tx:
            assert list(tx.execute(text("SELECT name FROM lease")).scalars()) == ["other"]
    assert other.returncode == 0


def test_a_process_that_holds_its_turn_is_not_waited_for_without_end(database: Database) -> None:
    path = database.path.with_name(database.path.name + "-writer")
    holder, other = ProcessTurn(path), ProcessTurn(path)
    holder.take(1)
    with pytest.raises(DatabaseBusy, match="Another process"):
        other.take(0.05)
    holder.give_back()
    other.take(0.05)


def test_a_guest_is_let_go_before_those_who_pass_the_turn_to_and_fro(database: Database) -> None:
    """Two forked writers that never pause, and a command in a process of its own: it waits for one batch, not for luck."""
    stop, pids, waits = time.monotonic() + 4, list[int](), list[float]()
    database.close()
    for number in range(2):
        pid = os.fork()
        if pid == 0:
            try:
                _write_without_pause(database, number, stop)
            finally:
                os._exit(0)
        pids.append(pid)
    guest = SqliteDatabase(database.path, synchronous="OFF")
    while time.monotonic() < stop - 0.5:
        began = time.monotonic()
        with guest.write() as tx:
            tx.execute(text("UPDATE lease SET holder = 'guest' WHERE name = 'w0'"))
        waits.append(time.monotonic() - began)
        time.sleep(0.02)
    guest.close()
    for pid in pids:
        os.waitpid(pid, 0)
    assert len(waits) > 10
    assert sorted(waits)[len(waits) // 2] < 0.25


def _write_without_pause(database: Database, number: int, stop: float) -> None:
    def write() -> None:
        while time.monotonic() < stop:
            with database.write() as tx:
                tx.execute(text(INSERT.format(f"w{number}").replace("INSERT", "INSERT OR REPLACE")))
                time.sleep(0.004)

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_who_could_not_write_says_so_until_it_can(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    database.check_writing()
    with database.read() as tx:
        pages = tx.execute(text("PRAGMA page_count")).scalar_one()

    def write_much() -> None:
        with database.write() as tx:
            tx.execute(text(f"PRAGMA max_page_count={pages}"))
            for number in range(2000):
                tx.execute(text(INSERT.format(f"n{number}")))

    with pytest.raises(DatabaseUnusable, match="full"):
        write_much()
    written: list[bool] = []
    monkeypatch.setattr(database, "write", lambda: written.append(True) or Database.write(database))
    database.check_writing()  # there is room for a little, so all is well again
    database.check_writing()
    assert written == [True]


@pytest.mark.parametrize(
    "code", [sqlite3.SQLITE_PROTOCOL, sqlite3.SQLITE_NOMEM, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_SCHEMA, None]
)
def test_whatever_keeps_the_file_from_being_used_is_said_in_our_words(database: Database, code: int | None) -> None:
    error = sqlite3.OperationalError("locking protocol")
    if code is not None:
        error.sqlite_errorcode = code

    def raised(by: sqlite3.OperationalError | exc.OperationalError) -> None:
        with database.read():
            raise by

    for one in (error, exc.OperationalError("SELECT 1", {}, error)):
        with pytest.raises(DatabaseUnusable, match="locking protocol"):
            raised(one)


@pytest.mark.parametrize("statement", ["SELECT 1 FROM nowhere", "SELECT nothing FROM lease", "SELEKT 1"])
def test_a_wrong_statement_is_the_programs_mistake_and_not_the_files(database: Database, statement: str) -> None:
    def asked(where: AbstractContextManager[Tx]) -> None:
        with where as tx:
            tx.execute(text(statement))

    for where in (database.read(), database.write()):
        with pytest.raises(exc.OperationalError):
            asked(where)
    assert names(database) == []
