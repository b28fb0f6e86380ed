"""What may wait to be written is written before anything else that the transaction does, and is nobody's but its block's."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from psycopg.errors import InFailedSqlTransaction
from sqlalchemy import bindparam, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from directca.db.engine import Database, Tx
from directca.db.errors import DatabaseUnusable
from directca.db.leases import lease
from directca.db.prepared import Prepared
from tests.unit.db.test_writers import Crowd, names

ADD = Prepared(insert(lease))
RENAME = Prepared(update(lease).where(lease.c.name == bindparam("old")).values(name=bindparam("new")))
NAMED = Prepared(select(lease.c.name).where(lease.c.name == bindparam("wanted")))


class TakenError(Exception):
    """What the writer calls a name that is there already."""


class SilentCrowd(Crowd):
    """Writers that write nothing of their own."""

    def _write(self, name: str, and_then: Callable[[Tx], None]) -> None:
        with self.database.write() as tx:
            and_then(tx)
        self.returned.append(name)


def taken(_broken: IntegrityError) -> TakenError:
    return TakenError()


def row(name: str) -> dict[str, Any]:
    return {"name": name, "holder": "me", "expires_at": datetime(2026, 11, 24, tzinfo=UTC)}


def add(tx: Tx, name: str) -> None:
    ADD.run_later(tx, row(name), taken)


def test_the_next_statement_finds_it(database: Database) -> None:
    with database.write() as tx:
        add(tx, "a")
        assert NAMED.first(tx, {"wanted": "a"}).name == "a"
        add(tx, "b")
        assert tx.execute(text("SELECT count(*) FROM lease")).scalar_one() == 2


def test_what_is_asked_sees_what_was_written_before_it_and_nothing_after(database: Database) -> None:
    with database.write() as tx:
        add(tx, "a")
        found, missing = (NAMED.asked(tx, {"wanted": name}) for name in ("a", "b"))
        renamed = RENAME.running(tx, {"old": "a", "new": "c"})
        add(tx, "b")
        assert ([row.name for row in found()], missing(), renamed()) == (["a"], [], 1)
    assert names(database) == ["b", "c"]


def test_a_rule_that_what_is_asked_breaks_is_told_to_whoever_waits(database: Database) -> None:
    def rename() -> None:
        with database.write() as tx:
            add(tx, "a")
            add(tx, "b")
            RENAME.running(tx, {"old": "a", "new": "b"})()

    with pytest.raises(IntegrityError):
        rename()
    assert names(database) == []


def test_an_answer_that_nobody_waits_for_is_not_missed(database: Database) -> None:
    crowd = Crowd(database)
    with database.write() as tx:
        add(tx, "other")
        crowd.comes("a", lambda tx: [RENAME.running(tx, {"old": "a", "new": "b"})])
        crowd.comes("c", lambda tx: [RENAME.running(tx, {"old": "c", "new": "b"})])
    crowd.ends()
    assert names(database) == ["b", "other"]
    assert [type(error) for error in crowd.raised.values()] == [IntegrityError]


def test_it_is_durable_with_its_block(database: Database) -> None:
    with database.write() as tx:
        add(tx, "a")
        ADD.run_many(tx, [row("b"), row("c")])
    assert names(database) == ["a", "b", "c"]


def test_a_block_that_raises_has_written_nothing(database: Database) -> None:
    def half() -> None:
        with database.write() as tx:
            add(tx, "a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert names(database) == []


def test_a_broken_rule_is_told_in_the_writers_words_by_the_end_of_the_block(database: Database) -> None:
    def again() -> None:
        with database.write() as tx:
            add(tx, "a")

    again()
    with pytest.raises(TakenError):
        again()
    with pytest.raises(IntegrityError), database.write() as tx:
        ADD.run_many(tx, [row("b"), row("a")])
    assert names(database) == ["a"]


@pytest.mark.parametrize("first", ["a", "b"])
def test_of_blocks_that_share_a_commit_only_the_one_that_broke_it_is_refused(database: Database, first: str) -> None:
    crowd = Crowd(database)
    with database.write() as tx:
        add(tx, "other")
        crowd.comes("a", lambda tx: add(tx, first))
        crowd.comes("c", lambda tx: add(tx, "d"))
    crowd.ends()
    refused = {"a": TakenError} if first == "a" else {}
    assert {name: type(error) for name, error in crowd.raised.items()} == refused
    assert names(database) == sorted({"other", "c", "d"} | ({"a", "b"} if first == "b" else set()))


def test_what_waits_in_a_block_that_is_undone_is_not_left_to_the_next(database: Database) -> None:
    crowd = Crowd(database)

    def adds_and_fails(tx: Tx) -> None:
        add(tx, "b-too")
        raise ZeroDivisionError

    with database.write() as tx:
        add(tx, "a")
        crowd.comes("b", adds_and_fails)
        crowd.comes("c")
    crowd.ends()
    assert {name: type(error) for name, error in crowd.raised.items()} == {"b": ZeroDivisionError}
    assert names(database) == ["a", "c"]


@pytest.mark.engine("postgresql", why="SQLite writes at once what is sure, and refuses it there")
def test_what_was_sure_and_is_refused_fails_for_all_who_share_the_commit(database: Database) -> None:
    crowd = Crowd(database)

    def first() -> None:
        with database.write() as tx:
            add(tx, "a")
            crowd.comes("b", lambda tx: ADD.run_later(tx, row("a"), sure=True))
            crowd.comes("c", lambda tx: NAMED.rows(tx, {"wanted": "a"}))
            crowd.comes("d")

    with pytest.raises(DatabaseUnusable):
        first()
    crowd.ends()
    assert set(crowd.raised) == {"b", "c"}
    assert names(database) == ["d"]  # which came too late for them


def test_a_block_that_is_undone_before_it_asked_anything_leaves_what_came_before_it(database: Database) -> None:
    crowd = SilentCrowd(database)

    def fails(tx: Tx) -> None:
        add(tx, "never")
        raise ZeroDivisionError

    with database.write() as tx:
        add(tx, "a")
        crowd.comes("b", lambda tx: ADD.run_later(tx, row("b"), sure=True))
        crowd.comes("c", fails)
        crowd.comes("d", fails)
        crowd.comes("e", lambda tx: add(tx, "e"))
    crowd.ends()
    assert {name: type(error) for name, error in crowd.raised.items()} == {"c": ZeroDivisionError, "d": ZeroDivisionError}
    assert names(database) == ["a", "b", "e"]


@pytest.mark.engine("postgresql", why="SQLite says everything at once")
def test_a_block_whose_beginning_meets_what_was_refused_undoes_no_other(database: Database) -> None:
    crowd = SilentCrowd(database)

    def adds_many(tx: Tx) -> None:
        add(tx, "b")
        NAMED.rows(tx, {"wanted": "b"})
        ADD.run_many(tx, [row("a"), *(row(f"b-{number}") for number in range(498))], sure=True)

    def first() -> None:
        with database.write() as tx:
            add(tx, "a")
            crowd.comes("b", adds_many)
            crowd.comes("c", lambda tx: add(tx, "c"))
            crowd.comes("d", lambda tx: add(tx, "d"))

    with pytest.raises(DatabaseUnusable):
        first()
    crowd.ends()
    assert set(crowd.raised) == {"b", "c"}
    assert names(database) == ["d"]  # which came too late for them


@pytest.mark.engine("postgresql", why="SQLite says everything at once")
def test_an_answer_that_the_server_has_skipped_is_not_an_empty_one(database: Database) -> None:
    def write() -> None:
        with database.write() as tx:
            add(tx, "a")
            add(tx, "b")
            renamed, found = RENAME.running(tx, {"old": "a", "new": "b"}), NAMED.asked(tx, {"wanted": "a"})
            with pytest.raises(IntegrityError):
                renamed()
            with pytest.raises(InFailedSqlTransaction):
                found()

    with pytest.raises(InFailedSqlTransaction):
        write()
    assert names(database) == []
