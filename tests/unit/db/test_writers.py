"""Writers that wait share a commit: none returns before it, and a block that raises undoes its own changes alone."""

import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, text

from directca.db import engine, turn
from directca.db.engine import Database, Tx
from directca.db.errors import DatabaseBusy, DatabaseUnusable
from directca.db.leases import lease
from directca.db.opening import open_database
from directca.db.prepared import Prepared
from directca.db.sqlite import SqliteDatabase
from directca.db.turn import ThreadQueue
from directca.fibers import place
from tests.engines import address_of
from tests.statements import commits_of

INSERT = "INSERT INTO lease (name, holder, expires_at) VALUES ('{}', 'me', '2026-11-24 00:00:00.000000')"
SECONDS = 10


def insert(tx: Tx, name: str) -> None:
    tx.execute(text(INSERT.format(name)))


def names(database: Database) -> list[str]:
    with database.read() as tx:
        return list(tx.execute(text("SELECT name FROM lease ORDER BY name")).scalars())


class Crowd:
    """Writers in threads of their own, which come while the first one is still in its block, and so wait for it."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.returned: list[str] = []
        self._pool = ThreadPoolExecutor(32)
        self._calls: dict[str, Future[None]] = {}

    @property
    def raised(self) -> dict[str, BaseException]:
        """What writers that have ended raised, by name."""
        ended = {name: call.exception() for name, call in self._calls.items() if call.done()}
        return {name: error for name, error in ended.items() if error is not None}

    def write(self, name: str, and_then: Callable[[Tx], None] = lambda _: None) -> None:
        """Let a writer begin and wait until it has ended."""
        self._calls[name] = self._pool.submit(self._write, name, and_then)
        self.ends()

    def comes(self, name: str, and_then: Callable[[Tx], None] = lambda _: None) -> None:
        """Start a writer and wait until it waits."""
        waiting = self.database._writers._queue._waiting
        before = len(waiting)
        self._calls[name] = self._pool.submit(self._write, name, and_then)
        deadline = time.monotonic() + SECONDS
        while len(waiting) == before:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def ends(self) -> None:
        """Wait until every writer has ended."""
        assert not wait(self._calls.values(), SECONDS).not_done

    def _write(self, name: str, and_then: Callable[[Tx], None]) -> None:
        with self.database.write() as tx:
            insert(tx, name)
            and_then(tx)
        self.returned.append(name)


def fails(_: Tx) -> None:
    raise ZeroDivisionError


def breaks_the_commit(tx: Tx) -> None:
    """A foreign key that is wrong, and looked at only when the transaction commits."""
    tx.execute(text("PRAGMA defer_foreign_keys=ON"))
    tx.execute(text("INSERT INTO ledger_balance (account_id, available, reserved) VALUES ('nobody', 0, 0)"))


@pytest.mark.engine("sqlite", why="commits are counted by SQLite's trace")
def test_writers_that_wait_share_one_commit(database: Database) -> None:
    crowd = Crowd(database)
    with commits_of(database) as commits:
        with database.write() as tx:
            insert(tx, "a")
            for name in ("b", "c", "d"):
                crowd.comes(name)
        crowd.ends()
    assert names(database) == ["a", "b", "c", "d"]
    assert commits == ["COMMIT"]


def test_no_writer_returns_before_its_commit(database: Database) -> None:
    crowd, seen = Crowd(database), list[tuple[list[str], list[str]]]()
    with database.write() as tx:
        insert(tx, "a")
        crowd.comes("b")
        crowd.comes("c", lambda _: seen.append((list(crowd.returned), names(database))))
    crowd.ends()
    assert seen == [([], [])]  # while c wrote, b had not returned, and nobody else saw anything
    assert names(database) == ["a", "b", "c"]


@pytest.mark.engine("sqlite", why="commits are counted by SQLite's trace")
def test_a_large_crowd_is_not_kept_waiting_for_one_commit(database: Database) -> None:
    crowd = Crowd(database)
    with commits_of(database) as commits:
        with database.write() as tx:
            insert(tx, "first")
            for number in range(20):
                crowd.comes(f"t{number:02}")
        crowd.ends()
    assert len(names(database)) == 21
    assert len(commits) == 2


@pytest.mark.parametrize("broken", ["b", "c", "d"])
def test_a_block_that_raises_undoes_its_own_changes_alone(database: Database, broken: str) -> None:
    crowd = Crowd(database)
    with database.write() as tx:
        insert(tx, "a")
        for name in ("b", "c", "d"):
            crowd.comes(name, fails if name == broken else lambda _: None)
    crowd.ends()
    assert [type(error) for error in crowd.raised.values()] == [ZeroDivisionError]
    assert names(database) == sorted({"a", "b", "c", "d"} - {broken})


def test_the_first_block_may_raise_while_others_wait(database: Database) -> None:
    crowd = Crowd(database)

    def first() -> None:
        with database.write() as tx:
            insert(tx, "a")
            crowd.comes("b")
            crowd.comes("c")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        first()
    crowd.ends()
    assert (names(database), crowd.raised) == (["b", "c"], {})


@pytest.mark.engine("sqlite", why="SQLite alone checks a foreign key at the commit")
def test_a_commit_that_fails_fails_for_all_who_share_it(database: Database) -> None:
    crowd = Crowd(database)

    def first() -> None:
        with database.write() as tx:
            insert(tx, "a")
            crowd.comes("b", breaks_the_commit)
            crowd.comes("c")

    with pytest.raises(DatabaseUnusable, match="FOREIGN KEY"):
        first()
    crowd.ends()
    assert names(database) == []
    assert sorted(crowd.raised) == ["b", "c"]
    crowd.write("d")
    assert names(database) == ["d"]  # and the next one is not hindered


def test_a_transaction_that_sqlite_gives_up_fails_for_all_who_share_it(database: Database) -> None:
    crowd = Crowd(database)

    def gives_up(tx: Tx) -> None:
        tx.execute(text("ROLLBACK"))
        raise ZeroDivisionError

    def first() -> None:
        with database.write() as tx:
            insert(tx, "a")
            crowd.comes("b", gives_up)

    with pytest.raises(DatabaseUnusable):
        first()
    crowd.ends()
    assert isinstance(crowd.raised["b"], ZeroDivisionError)
    crowd.write("c")
    assert names(database) == ["c"]


def test_a_database_that_cannot_be_opened_keeps_nobody_waiting(tmp_path: Path) -> None:
    crowd = Crowd(SqliteDatabase(tmp_path / "nowhere" / "directca.sqlite"))
    for name in ("a", "b"):
        crowd.write(name)
    assert sorted(crowd.raised) == ["a", "b"]


def test_the_turn_goes_to_the_one_who_has_waited_longest() -> None:
    queue, order = ThreadQueue(), list[int]()

    def take(number: int) -> None:
        queue.wait(SECONDS, queue.leave)
        order.append(number)
        queue.leave()

    queue.wait(SECONDS, queue.leave)
    threads = [threading.Thread(target=take, args=(number,)) for number in range(5)]
    for number, thread in enumerate(threads):
        thread.start()
        while len(queue._waiting) <= number:
            time.sleep(0.001)
    queue.leave()
    for thread in threads:
        thread.join(SECONDS)
    assert order == [0, 1, 2, 3, 4]


def test_who_waits_too_long_leaves_the_queue() -> None:
    queue = ThreadQueue()
    queue.wait(SECONDS, queue.leave)
    with pytest.raises(DatabaseBusy):
        queue.wait(0.01, queue.leave)
    assert not queue.pass_on()  # nobody is there to take the turn
    queue.leave()
    queue.wait(0.01, queue.leave)


class InterruptedPlace:
    """A place in the queue whose wait is interrupted (Ctrl-C) at the very moment at which the turn comes."""

    def __init__(self) -> None:
        self._place = place()
        self.tell = self._place.tell

    def wait(self, seconds: float | None = None) -> bool:
        self._place.wait(seconds)
        raise KeyboardInterrupt


def test_who_is_interrupted_as_the_turn_comes_leaves_nobody_waiting(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    crowd, interrupted = Crowd(database), list[str]()

    def interrupted_writer() -> None:
        try:
            with database.write() as tx:
                insert(tx, "interrupted")
        except KeyboardInterrupt as error:
            interrupted.append(type(error).__name__)

    thread = threading.Thread(target=interrupted_writer)

    def while_it_comes(_: Tx) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(turn, "place", InterruptedPlace)
            thread.start()
            while not database._writers._queue._waiting:
                time.sleep(0.001)

    crowd.write("first", while_it_comes)
    thread.join(SECONDS)
    assert (crowd.returned, interrupted) == (["first"], ["KeyboardInterrupt"])
    crowd.write("later")
    assert names(database) == ["first", "later"]


@pytest.mark.engine("sqlite", why="the file is damaged")
def test_damage_that_a_prepared_statement_meets_is_told_as_such(database: Database) -> None:
    with database.write() as tx:
        for number in range(300):
            insert(tx, f"n{number}")
    database.close()
    content = bytearray(database.path.read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    database.path.write_bytes(content)
    every_lease = Prepared(select(lease))
    with pytest.raises(DatabaseUnusable, match="restore"), database.read() as tx:
        every_lease.rows(tx, {})


def test_an_interrupted_commit_is_passed_on_and_keeps_nobody_waiting(database: Database) -> None:
    crowd = Crowd(database)

    class Interrupted:
        """The driver's connection, whose commit meets Ctrl-C."""

        def __init__(self, driver: sqlite3.Connection) -> None:
            self._driver = driver

        def __getattr__(self, name: str) -> Any:
            return getattr(self._driver, name)

        def commit(self) -> None:
            raise KeyboardInterrupt

    def first() -> None:
        with database.write() as tx:
            insert(tx, "a")
            crowd.comes("b", be_interrupted)

    def be_interrupted(_: Tx) -> None:
        batch = database._writers._batch
        assert batch is not None
        stands_in: Any = Interrupted(batch.driver)
        batch.driver = stands_in

    with pytest.raises(DatabaseUnusable, match="interrupted"):
        first()
    crowd.ends()
    assert [type(error) for error in crowd.raised.values()] == [KeyboardInterrupt]
    assert names(database) == []
    crowd.write("c")
    assert names(database) == ["c"]


def test_a_change_that_waits_for_another_process_is_told_before_it_has_given_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = open_database(address_of(database))
    monkeypatch.setattr(engine, "_LONGEST_WAIT", 0.05)
    crowd = Crowd(database)
    with elsewhere.write() as tx:
        insert(tx, "a")
        started = threading.Thread(target=crowd.write, args=("b",))
        started.start()
        assert comes_true(lambda: database._writers.waits() > 0.05)
        with pytest.raises(DatabaseUnusable, match="takes no changes"):
            database.check_writing()
    started.join(SECONDS)
    database.check_writing()
    assert (database._writers.waits(), names(database)) == (0.0, ["a", "b"])
    elsewhere.close()


def test_a_commit_that_does_not_come_is_told_while_it_is_waited_for(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_LONGEST_WAIT", 0.05)
    told: list[str] = []

    def commit() -> None:
        assert comes_true(lambda: database._writers.waits() > 0.05)
        with pytest.raises(DatabaseUnusable, match="takes no changes") as raised:
            database.check_writing()
        told.append(str(raised.value))

    with database.write() as tx:
        insert(tx, "a")
        batch = database._writers._batch
        assert batch is not None
        at_last = batch.driver.commit
        monkeypatch.setattr(batch.driver, "commit", lambda: (commit(), at_last()))
    assert len(told) == 1
    database.check_writing()
    assert names(database) == ["a"]


def comes_true(what: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + SECONDS
    while not what() and time.monotonic() < deadline:
        time.sleep(0.005)
    return what()
