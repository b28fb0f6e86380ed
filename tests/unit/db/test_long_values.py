"""While many megabytes are written, SQLite has few of them in memory; before and after it has as much at hand as ever."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from bench import peak
from sqlalchemy import Column, Integer, LargeBinary, MetaData, String, Table, insert, text

from directca.db import long_values
from directca.db.engine import Tx
from directca.db.sqlite import SqliteDatabase

MEBIBYTE = 2**20
LONG = 32 * MEBIBYTE
USUAL, LITTLE = (-65536, 1073741824), (-4096, 0)
kept = Table(
    "kept",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("long", LargeBinary),
    Column("after", String, nullable=False),
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[SqliteDatabase]:
    made = SqliteDatabase(tmp_path / "kept.sqlite", synchronous="OFF")
    with made.write() as tx:
        kept.create(tx)
        tx.execute(insert(kept), {"number": 1, "after": "later"})
    yield made
    made.close()


def at_hand(tx: Tx) -> tuple[int, int]:
    cache, mapped = (tx.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("cache_size", "mmap_size"))
    return cache, mapped


def put(tx: Tx, value: bytes) -> None:
    long_values.put(tx, kept.c.long, (kept.c.number == 1,), value)


def test_a_long_value_is_kept_whole_and_leaves_the_connection_as_it_was(database: SqliteDatabase) -> None:
    value = bytes(range(256)) * (5 * 4096)
    with database.write() as tx:
        assert at_hand(tx) == USUAL
        put(tx, value)
        assert at_hand(tx) == LITTLE
    with database.read() as tx:
        assert at_hand(tx) == USUAL
        assert tx.execute(text("SELECT long FROM kept")).scalar_one() == value


def test_a_short_value_changes_nothing_about_the_connection(database: SqliteDatabase) -> None:
    with database.write() as tx:
        put(tx, b"short")
        assert at_hand(tx) == USUAL


def test_a_block_that_fails_leaves_no_connection_with_little_for_long(database: SqliteDatabase) -> None:
    def fail() -> None:
        with database.write() as tx:
            put(tx, bytes(5 * MEBIBYTE))
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    with database.read():
        pass
    with database.read() as tx:
        assert at_hand(tx) == USUAL
        assert tx.execute(text("SELECT long FROM kept")).scalar_one() is None


def writing(path: Path) -> peak.Work:
    """To be measured in a process of its own."""
    database = SqliteDatabase(path, synchronous="OFF")
    value = bytes(LONG)

    def work() -> None:
        with database.write() as tx:
            put(tx, value)

    return work


def test_what_is_written_is_not_held_a_third_time(database: SqliteDatabase) -> None:
    """SQLite has a value and the row of it in memory, unless its column is the last one; what it caches adds little to these."""
    used = peak.of(writing, database.path).megabytes
    assert used < 2.5 * LONG / MEBIBYTE
