"""A value of many megabytes, written in pieces, so that it is not copied as a whole by each layer that it passes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, func, literal_column, select, update

from directca.db.engine import Tx
from directca.db.sqlite_driver import driver_of

_LONG = 4 * 2**20
_PIECE = 2**20
_MUCH = "directca: much was written"
_LITTLE = ("PRAGMA cache_size=-4096", "PRAGMA mmap_size=0")


def writes_much(tx: Tx) -> None:
    """Say that a transaction is about to write many megabytes: SQLite lays them down as they come, and has none in memory at the
    end. What its connection has at hand otherwise it is given again when it rests."""
    tx.info[_MUCH] = True
    if tx.dialect.name == "sqlite":
        for pragma in _LITTLE:
            driver_of(tx).execute(pragma)


def has_written_much(tx: Tx) -> bool:
    """Whether that was said since it was last asked."""
    return tx.info.pop(_MUCH, None) is not None


def put(tx: Tx, column: Column[Any], where: Sequence[ColumnElement[bool]], value: bytes) -> None:
    """Set a column of the one row for which the conditions hold, of a table that has row ids on SQLite."""
    table = column.table
    assert isinstance(table, Table)  # stores name columns of their own tables
    if tx.dialect.name != "sqlite" or len(value) < _LONG:
        tx.execute(update(table).where(*where).values({column.name: value}))
        return
    row: int = tx.execute(select(literal_column("rowid")).select_from(table).where(*where)).scalar_one()
    writes_much(tx)
    tx.execute(update(table).where(*where).values({column.name: func.zeroblob(len(value))}))
    pieces = memoryview(value)
    with driver_of(tx).blobopen(table.name, column.name, row) as blob:
        for start in range(0, len(value), _PIECE):
            blob.write(pieces[start : start + _PIECE])
