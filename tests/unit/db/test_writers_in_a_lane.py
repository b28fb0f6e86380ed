"""Writers that share a thread write together: in one turn and with one commit, and each answers for itself."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial

import pytest
from sqlalchemy import text

from directca.db import engine
from directca.db.engine import Database
from directca.db.errors import DatabaseBusy
from directca.db.sqlite import SqliteDatabase
from tests.lanes import SECONDS, Doing
from tests.statements import commits_of

INSERT = "INSERT INTO lease (name, holder, expires_at) VALUES ('{}', 'me', '2026-11-24 00:00:00.000000')"


def names(database: Database) -> list[str]:
    with database.read() as tx:
        return list(tx.execute(text("SELECT name FROM lease ORDER BY name")).scalars())


class Writing:
    """Writers of one lane."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.returned: list[str] = []
        self._doing = Doing()

    def together(self, *names: str, and_then: Callable[[str], None] = lambda _: None) -> dict[str, BaseException | None]:
        """Let them write at once, each its name, and wait until all have ended. What each raised."""
        calls = self._doing.together(*(partial(self._write, name, and_then) for name in names))
        return {name: call.exception(SECONDS) for name, call in zip(names, calls, strict=True)}

    def begin(self, name: str, and_then: Callable[[str], None] = lambda _: None) -> Future[None]:
        """Let one write."""
        return self._doing.begin(partial(self._write, name, and_then))

    def _write(self, name: str, and_then: Callable[[str], None]) -> None:
        with self.database.write() as tx:
            tx.execute(text(INSERT.format(name)))
            and_then(name)
        self.returned.append(name)


@pytest.mark.engine("sqlite", why="commits are counted by SQLite's trace")
def test_those_that_come_together_share_one_commit_without_waiting_for_each_other_to_begin(database: Database) -> None:
    writing = Writing(database)
    with commits_of(database) as commits:
        assert not any(writing.together("a", "b", "c", "d").values())
    assert names(database) == ["a", "b", "c", "d"]
    assert commits == ["COMMIT"]


def test_none_returns_before_the_commit(database: Database) -> None:
    writing, seen = Writing(database), list[tuple[list[str], list[str]]]()

    def look(_: str) -> None:
        seen.append((list(writing.returned), names(database)))

    assert not any(writing.together("a", "b", "c", and_then=look).values())
    assert seen == [([], [])] * 3
    assert sorted(writing.returned) == ["a", "b", "c"]


@pytest.mark.parametrize("broken", ["a", "b", "c"])
def test_one_that_raises_undoes_its_own_alone(database: Database, broken: str) -> None:
    def fail(name: str) -> None:
        if name == broken:
            raise ZeroDivisionError

    raised = Writing(database).together("a", "b", "c", and_then=fail)
    assert {name for name, error in raised.items() if error is not None} == {broken}
    assert isinstance(raised[broken], ZeroDivisionError)
    assert names(database) == sorted({"a", "b", "c"} - {broken})


def test_a_thread_that_has_the_turn_is_waited_for_and_gives_it_to_them(database: Database) -> None:
    writing = Writing(database)
    with database.write() as tx:
        tx.execute(text(INSERT.format("thread")))
        calls = [writing.begin(name) for name in ("a", "b")]
        with pytest.raises(TimeoutError):
            calls[0].result(0.05)
    for call in calls:
        call.result(SECONDS)
    assert names(database) == ["a", "b", "thread"]


def test_a_turn_that_does_not_come_is_given_up_and_those_behind_are_served(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing = Writing(database)
    monkeypatch.setattr(engine, "BUSY_TIMEOUT_MS", 20)
    with database.write() as tx:
        tx.execute(text(INSERT.format("thread")))
        assert isinstance(writing.begin("a").exception(SECONDS), DatabaseBusy)
    writing.begin("b").result(SECONDS)
    assert names(database) == ["b", "thread"]


@pytest.mark.engine("sqlite", why="who else writes is another process with the file that they lock")
def test_what_the_first_has_waited_for_in_vain_nobody_waits_for_again(
    database: SqliteDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    writing, asked = Writing(database), list[float]()

    def never_comes(seconds: float) -> None:
        asked.append(seconds)
        time.sleep(seconds)
        raise DatabaseBusy("Another process is writing; try again in a few seconds.", retry_after=5)

    with monkeypatch.context() as patched:
        patched.setattr(database._turn, "take", never_comes)
        patched.setattr(engine, "BUSY_TIMEOUT_MS", 500)
        raised = writing.together("a", "b", "c", "d")
    assert {type(error) for error in raised.values()} == {DatabaseBusy}
    assert sum(asked) < 1  # the wait of the first; the others have come a moment later, and may wait that moment longer
    assert not any(writing.together("e", "f").values())
    assert names(database) == ["e", "f"]


def test_threads_and_those_of_a_lane_write_side_by_side_and_nothing_is_lost(database: Database) -> None:
    writing, calls = Writing(database), list[Future[None]]()

    def of_a_thread(number: int) -> None:
        with database.write() as tx:
            tx.execute(text(INSERT.format(f"thread-{number:02}")))

    threads = [threading.Thread(target=of_a_thread, args=(number,)) for number in range(16)]
    for number, thread in enumerate(threads):
        thread.start()
        calls.append(writing.begin(f"lane-{number:02}"))
    for thread in threads:
        thread.join(SECONDS)
    for call in calls:
        call.result(SECONDS)
    assert names(database) == [f"{who}-{number:02}" for who in ("lane", "thread") for number in range(16)]
