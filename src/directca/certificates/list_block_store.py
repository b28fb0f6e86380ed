"""Entries of long lists in blocks of about a thousand, derived from the entries themselves and kept beside them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Integer,
    LargeBinary,
    String,
    Table,
    bindparam,
    delete,
    func,
    insert,
    select,
    update,
)

from directca.certificates.listing_store import crl_entry
from directca.db.engine import Tx
from directca.db.long_values import writes_much
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, metadata
from directca.pki.crl import EntryBlock

# The version of its authority at which all blocks of a list together were its entries.
crl_kept = Table(
    "crl_kept",
    metadata,
    Column("authority_id", String, primary_key=True),
    Column("partition", String, primary_key=True),
    Column("version", BigInteger, nullable=False),
)

crl_block = Table(
    "crl_block",
    metadata,
    Column("authority_id", String, primary_key=True),
    Column("partition", String, primary_key=True),
    # A block covers the serials from its first one to the first one of the next block.
    Column("first", LargeBinary, primary_key=True),
    Column("last", LargeBinary, nullable=False),
    Column("count", Integer, nullable=False),
    Column("newest", LargeBinary, nullable=False),
    Column("ascending", Boolean, nullable=False),
    Column("earliest_end", UtcDateTime, nullable=False),
    Column("entries", LargeBinary, nullable=False),
    sqlite_with_rowid=False,  # the blocks lie in the order of the list
)

_PLACE = (crl_block.c.authority_id == bindparam("of"), crl_block.c.partition == bindparam("list"))
_ENTRY_PLACE = (
    crl_entry.c.authority_id == bindparam("of"),
    crl_entry.c.partition == bindparam("list"),
    crl_entry.c.serial >= bindparam("low"),
    crl_entry.c.serial < bindparam("high"),
)
_HEADS = Prepared(select(crl_block.c.first, crl_block.c.earliest_end).where(*_PLACE).order_by(crl_block.c.first))
_BLOCKS = Prepared(
    select(crl_block.c.entries, crl_block.c.count, crl_block.c.newest, crl_block.c.first, crl_block.c.last, crl_block.c.ascending)
    .where(*_PLACE, crl_block.c.first >= bindparam("low"), crl_block.c.first < bindparam("high"))
    .order_by(crl_block.c.first)
)
_ENTRIES = Prepared(select(crl_entry.c.der).where(*_ENTRY_PLACE).order_by(crl_entry.c.serial))
# Beside a count, SQLite reads the span itself, and not the index of notAfter from its beginning.
_EARLIEST_END = Prepared(
    select(func.min(crl_entry.c.not_after).label("earliest_end"), func.count().label("entries")).where(*_ENTRY_PLACE)
)
_COUNT = Prepared(
    select(func.count().label("entries")).where(
        crl_entry.c.authority_id == bindparam("of"), crl_entry.c.partition == bindparam("list")
    )
)
_KEPT_VERSION = Prepared(
    select(crl_kept.c.version).where(crl_kept.c.authority_id == bindparam("of"), crl_kept.c.partition == bindparam("list"))
)
_REMOVE = Prepared(delete(crl_block).where(*_PLACE, crl_block.c.first == bindparam("start")))
_REMOVE_ALL = Prepared(delete(crl_block).where(*_PLACE))
_ADD = Prepared(insert(crl_block))
_BLOCKS_AT_ONCE, _MANY = 32, 100


class Head(NamedTuple):
    """Where a block begins, and the first notAfter of its entries."""

    first: bytes
    earliest_end: datetime


class Span(NamedTuple):
    """A part of a list: serials from `low`, up to and without `high`."""

    authority_id: str
    name: str
    low: bytes
    high: bytes

    def values(self) -> dict[str, object]:
        """As statements take it."""
        return {"of": self.authority_id, "list": self.name, "low": self.low, "high": self.high}


def kept_version(tx: Tx, authority_id: str, name: str) -> int | None:
    """At which version the blocks of a list were its entries; None for a list without."""
    row = _KEPT_VERSION.first(tx, {"of": authority_id, "list": name})
    return None if row is None else row.version


def heads(tx: Tx, authority_id: str, name: str) -> list[Head]:
    """The blocks of a list, in its order, without their entries."""
    return [Head(row.first, row.earliest_end) for row in _HEADS.rows(tx, {"of": authority_id, "list": name})]


def blocks(tx: Tx, span: Span) -> Iterator[EntryBlock]:
    """The blocks that begin in a part of a list."""
    for rows in _BLOCKS.runs(tx, span.values(), _BLOCKS_AT_ONCE):
        for entries, count, newest, first, last, ascending in rows:
            yield EntryBlock(entries, count, newest, first, last, bool(ascending))


def entries(tx: Tx, span: Span, at_once: int) -> Iterator[list[bytes]]:
    """The encoded entries of a part of a list, in its order, so many at a time."""
    for rows in _ENTRIES.runs(tx, span.values(), at_once):
        yield [der for (der,) in rows]


def earliest_end(tx: Tx, span: Span) -> datetime | None:
    """The first notAfter of the entries of a part of a list; None without any."""
    row = _EARLIEST_END.first(tx, span.values())
    return None if row is None else row.earliest_end


def count_entries(tx: Tx, authority_id: str, name: str) -> int:
    """How many entries a list has."""
    row = _COUNT.first(tx, {"of": authority_id, "list": name})
    return 0 if row is None else row.entries


def remove(tx: Tx, authority_id: str, name: str, firsts: Sequence[bytes] | None) -> None:
    """Let go of the blocks that begin so; of all with None."""
    if firsts is None:
        _REMOVE_ALL.run(tx, {"of": authority_id, "list": name})
    elif firsts:
        _REMOVE.run_many(tx, [{"of": authority_id, "list": name, "start": first} for first in firsts])


def add(tx: Tx, authority_id: str, name: str, added: Sequence[tuple[EntryBlock, datetime]]) -> None:
    """Keep some blocks, each with the first notAfter of its entries."""
    if not added:
        return
    if len(added) >= _MANY:
        writes_much(tx)
    place = {"authority_id": authority_id, "partition": name}
    _ADD.run_many(
        tx,
        [
            {
                **place,
                "first": one.first,
                "last": one.last,
                "count": one.count,
                "newest": one.newest,
                "ascending": one.ascending,
                "earliest_end": earliest_end,
                "entries": one.entries,
            }
            for one, earliest_end in added
        ],
    )


def set_kept_version(tx: Tx, authority_id: str, name: str, version: int) -> None:
    """Say at which version the blocks of a list are its entries."""
    place = (crl_kept.c.authority_id == authority_id, crl_kept.c.partition == name)
    if tx.execute(update(crl_kept).where(*place).values(version=version)).rowcount == 0:
        tx.execute(insert(crl_kept), {"authority_id": authority_id, "partition": name, "version": version})
