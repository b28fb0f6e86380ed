"""A prepared statement means what it means when SQLAlchemy executes it."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import JSON, Boolean, Column, Integer, LargeBinary, MetaData, String, Table, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError, StatementError

from directca.db.engine import Database
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime

pytestmark = pytest.mark.tampers  # it makes a table of its own

NOON = datetime(2026, 11, 24, 12, 0, 0, 123456, tzinfo=UTC)
thing = Table(
    "thing",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", String, unique=True),
    Column("at", UtcDateTime),
    Column("facts", JSON),
    Column("good", Boolean),
    Column("body", LargeBinary),
)
ROW: dict[str, Any] = {"name": "a", "at": NOON, "facts": {"x": [1, "é"]}, "good": True, "body": b"\x00\xff"}
ADD = insert(thing).returning(thing.c.id)
BY_NAME = select(thing).where(thing.c.name == bindparam("wanted"), thing.c.good.is_(True))
RENAME = (
    update(thing).where(thing.c.name == bindparam("old")).values(name=bindparam("new"), at=bindparam("moment", type_=UtcDateTime))
)


@pytest.fixture
def things(database: Database) -> Iterator[Database]:
    with database.write() as tx:
        thing.create(tx)
    yield database
    with database.write() as tx:
        thing.drop(tx)


def test_it_reads_back_what_it_wrote(things: Database) -> None:
    with things.write() as tx:
        (made,) = Prepared(ADD).rows(tx, ROW)
        found = Prepared(BY_NAME).first(tx, {"wanted": "a"})
        same = tx.execute(BY_NAME, {"wanted": "a"}).one()
    assert made.id == found.id
    assert tuple(found) == tuple(same)
    assert (found.at, found.facts, found.good, found.body) == (NOON, {"x": [1, "é"]}, True, b"\x00\xff")


def test_both_ways_see_one_another_in_one_transaction(things: Database) -> None:
    with things.write() as tx:
        tx.execute(ADD, ROW)
        assert Prepared(RENAME).run(tx, {"old": "a", "new": "b", "moment": NOON}) == 1
        assert tx.execute(BY_NAME, {"wanted": "b"}).one().at == NOON
        assert Prepared(RENAME).run(tx, {"old": "a", "new": "c", "moment": NOON}) == 0


def test_a_block_that_raises_undoes_both(things: Database) -> None:
    def half() -> None:
        with things.write() as tx:
            tx.execute(ADD, ROW)
            Prepared(ADD).rows(tx, {**ROW, "name": "b"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    with things.read() as tx:
        assert Prepared(select(thing)).rows(tx, {}) == []


def test_a_broken_rule_is_the_same_error(things: Database) -> None:
    add = Prepared(ADD)
    with things.write() as tx:
        add.rows(tx, ROW)
        with pytest.raises(IntegrityError), tx.begin_nested():
            add.rows(tx, ROW)


def test_many_rows(things: Database) -> None:
    with things.write() as tx:
        Prepared(insert(thing)).run_many(tx, [{**ROW, "name": name} for name in "abc"])
        assert [row.name for row in Prepared(select(thing.c.name).order_by(thing.c.id)).rows(tx, {})] == ["a", "b", "c"]


def test_a_naive_moment_is_refused(things: Database) -> None:
    with things.write() as tx, pytest.raises((ValueError, StatementError), match="naive"):
        Prepared(ADD).rows(tx, {**ROW, "at": NOON.replace(tzinfo=None)})
