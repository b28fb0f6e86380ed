"""A standby answers when it knows all that was told before the question; otherwise, whatever happens to it, the primary does."""

import itertools
import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from bench.postgres import Postgres
from psycopg import errors
from sqlalchemy import text

from directca import watch
from directca.db import standby as engine
from directca.db.address import Standby, read_address
from directca.db.engine import Mark, Tx
from directca.db.opening import open_database
from directca.db.standby import WithStandby
from directca.errors import Malformed

SECONDS = 30
NOBODY = "postgresql://directca@127.0.0.1:1/directca"


def opened(address: str, standby: str, *, most_seconds: int = SECONDS) -> WithStandby:
    nowhere = Path("/nowhere")
    at = read_address(standby, nowhere)
    assert not isinstance(at, Path)
    made = open_database(read_address(address, nowhere), None, Standby(at, most_seconds))
    assert isinstance(made, WithStandby)
    return made


@pytest.fixture(scope="module")
def place(postgresql: Postgres) -> str:
    """The name of a database."""
    name = postgresql.new_database().rpartition("/")[2]
    postgresql.run("CREATE TABLE counted (n INTEGER PRIMARY KEY)", name)
    return name


@pytest.fixture
def database(postgresql: Postgres, standby: Postgres, place: str) -> Iterator[WithStandby]:
    made = opened(postgresql.address(place), standby.address(place))
    yield made
    made.close()


@pytest.fixture(autouse=True)
def told(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What became of each question."""
    seen: list[str] = []
    monkeypatch.setattr(watch, "_listener", [lambda what, of, _seconds, _ok: seen.append(of) if what == "standby" else None])
    return seen


def newest(tx: Tx) -> Mark:
    return (int(tx.execute(text("SELECT coalesce(max(n), 0) FROM counted")).scalar_one()),)


def seen(tx: Tx) -> tuple[bool, int]:
    """Whether a standby answers, and the newest that it has."""
    row = tx.execute(text("SELECT pg_is_in_recovery() AS standby, coalesce(max(n), 0) AS newest FROM counted")).one()
    return bool(row.standby), int(row.newest)


def add(database: WithStandby) -> int:
    with database.write() as tx:
        return int(tx.execute(text("INSERT INTO counted SELECT coalesce(max(n), 0) + 1 FROM counted RETURNING n")).scalar_one())


def eventually(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def in_step(database: WithStandby) -> None:
    eventually(lambda: database.ask(seen, newest)[0])


@contextmanager
def paused(standby: Postgres) -> Iterator[None]:
    standby.run("SELECT pg_wal_replay_pause()")
    eventually(lambda: standby.run("SELECT pg_get_wal_replay_pause_state()") == [("paused",)])
    try:
        yield
    finally:
        standby.run("SELECT pg_wal_replay_resume()")


def test_it_answers_what_it_knows_all_about(database: WithStandby, told: list[str]) -> None:
    written = add(database)
    in_step(database)
    told.clear()
    assert database.ask(seen, newest) == (True, written)
    assert told == ["answered"]


def test_whoever_just_wrote_finds_it(database: WithStandby, standby: Postgres, told: list[str]) -> None:
    add(database)
    in_step(database)
    with paused(standby):
        told.clear()
        assert database.ask(seen, newest)[0]  # nothing was written since
        written = add(database)
        assert [database.ask(seen, newest) for _ in range(3)] == [(False, written)] * 3
        assert told == ["answered", "behind", "behind", "behind"]
    in_step(database)
    assert database.ask(seen, newest) == (True, written)


def test_one_that_has_repeated_nothing_for_long_is_not_asked(
    postgresql: Postgres, standby: Postgres, place: str, told: list[str]
) -> None:
    strict = opened(postgresql.address(place), standby.address(place), most_seconds=0)
    add(strict)
    time.sleep(0.1)
    assert not strict.ask(seen, newest)[0]
    assert told == ["behind"]
    strict.close()


def test_one_that_is_not_there_is_left_alone(
    postgresql: Postgres, place: str, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = opened(postgresql.address(place), NOBODY)
    assert [alone.ask(seen, newest)[0] for _ in range(3)] == [False] * 3
    assert told == ["failed", "left_alone", "left_alone"]
    monkeypatch.setattr(alone, "_left_alone_until", 0.0)
    began = time.monotonic()
    alone.ask(seen, newest)
    assert told[-1] == "failed"
    assert alone._left_alone_until - began > 1.5  # longer than the first time
    alone.close()


def test_connections_to_it_that_broke_are_replaced(database: WithStandby, standby: Postgres, told: list[str]) -> None:
    in_step(database)
    assert standby.end_sessions() > 0
    told.clear()
    assert database.ask(seen, newest)[0]
    assert told == ["answered"]


def test_one_that_stands_still_is_waited_for_no_longer_than_a_moment(
    database: WithStandby, standby: Postgres, told: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    in_step(database)
    monkeypatch.setattr(engine, "PATIENCE_SECONDS", 0.2)
    asked = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'directca/%'"
    processes = [int(str(pid)) for (pid,) in standby.run(asked)]
    assert processes
    processes.append(standby.process.pid)  # who would give new connections
    try:
        for one in processes:
            with suppress(ProcessLookupError):  # one that has just ended
                os.kill(one, signal.SIGSTOP)
        began = time.monotonic()
        told.clear()
        assert not database.ask(seen, newest)[0]
        assert told == ["failed"]
        assert time.monotonic() - began < SECONDS / 3
    finally:
        for one in processes:
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGCONT)


@pytest.mark.parametrize("options", ["", "?target_session_attrs=any"])
def test_one_that_was_promoted_is_no_standby(postgresql: Postgres, place: str, told: list[str], options: str) -> None:
    """Whatever it is primary of now: it may know things that never happened."""
    promoted = opened(postgresql.address(place), postgresql.address(place) + options)
    assert not promoted.ask(seen, newest)[0]
    assert told == ["failed"]
    promoted.close()


def test_one_of_another_server_is_not_believed(database: WithStandby, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    in_step(database)
    numbers = itertools.count()
    monkeypatch.setattr(engine, "_system", lambda _tx: next(numbers))
    told.clear()
    assert not database.ask(seen, newest)[0]
    assert told == ["failed"]


def test_a_mark_with_fewer_numbers_is_none(database: WithStandby, told: list[str]) -> None:
    in_step(database)
    told.clear()

    def mark(tx: Tx) -> Mark:
        return () if seen(tx)[0] else newest(tx)

    assert not database.ask(seen, mark)[0]
    assert told == ["behind"]


def test_a_question_that_it_gave_up_is_the_primarys(database: WithStandby, told: list[str]) -> None:
    """As when the primary removes what the question still looks at; the next question may be the standby's again."""

    def conflicting(tx: Tx) -> tuple[bool, int]:
        found = seen(tx)
        if found[0]:
            raise errors.SerializationFailure("canceling statement due to conflict with recovery")
        return found

    in_step(database)
    told.clear()
    assert not database.ask(conflicting, newest)[0]
    assert database.ask(seen, newest)[0]
    assert told == ["failed", "answered"]


def test_the_callers_own_mistake_is_told_once(database: WithStandby) -> None:
    in_step(database)
    asked: list[bool] = []

    def mistaken(tx: Tx) -> None:
        asked.append(seen(tx)[0])
        raise Malformed("No.")

    with pytest.raises(Malformed):
        database.ask(mistaken, newest)
    assert asked == [True]
