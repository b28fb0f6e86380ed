"""What may wait to be written is written before anything else that the transaction does, and is nobody's but its block's."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import bindparam, insert, select, text
from sqlalchemy.exc import IntegrityError

from directca.db.engine import Database, Tx
from directca.db.leases import lease
from directca.db.prepared import Prepared
from tests.unit.db.test_writers import Crowd, names

ADD = Prepared(insert(lease))
NAMED = Prepared(select(lease.c.name).where(lease.c.name == bindparam("wanted")))


class TakenError(Exception):
    """What the writer calls a name that is there already."""


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
