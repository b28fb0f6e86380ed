"""Statements of the hot paths: compiled once, run at the driver.

SQLAlchemy writes the SQL and converts the values; what is left out is its machinery for each execution, which takes several
times as long as SQLite does (measured: 45 to 80 µs a statement against 10). Any other engine than SQLite runs the statement
through SQLAlchemy as usual: the meaning is the same.
"""

import sqlite3
from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import Insert, exc
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeEngine

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime
from directca.db.sqlite_driver import driver_of

Parameters = Mapping[str, Any]


class Prepared:
    """One statement. An insert without values takes its columns from the first parameters it is given, and then always those.

    Raises SQLAlchemy's IntegrityError as `tx.execute` does.
    """

    def __init__(self, clause: Any) -> None:
        self.clause = clause
        self._compiled: _Compiled | None = None

    def rows(self, tx: Tx, parameters: Parameters) -> list[Any]:
        """Every row, with its columns as attributes."""
        if tx.dialect.name != "sqlite":
            return list(tx.execute(self.clause, dict(parameters)).all())
        compiled = self._for(tx, parameters)
        return compiled.converted(_execute(tx, compiled.sql, compiled.values(parameters)).fetchall())

    def first(self, tx: Tx, parameters: Parameters) -> Any | None:
        """The first row, None without any."""
        found = self.rows(tx, parameters)
        return found[0] if found else None

    def runs(self, tx: Tx, parameters: Parameters, size: int) -> Iterator[Sequence[Any]]:
        """Every row as a plain tuple, `size` rows at a time, so that a million of them need no more room than one run.

        For columns whose values the driver gives as they are.
        """
        if tx.dialect.name != "sqlite":
            with tx.execute(self.clause.execution_options(yield_per=size), dict(parameters)) as found:
                yield from found.partitions()
            return
        compiled = self._for(tx, parameters)
        cursor = _execute(tx, compiled.sql, compiled.values(parameters))
        while rows := cursor.fetchmany(size):
            yield rows

    def run(self, tx: Tx, parameters: Parameters) -> int:
        """Change rows; how many."""
        if tx.dialect.name != "sqlite":
            return tx.execute(self.clause, dict(parameters)).rowcount
        compiled = self._for(tx, parameters)
        return _execute(tx, compiled.sql, compiled.values(parameters)).rowcount

    def run_many(self, tx: Tx, parameters: Sequence[Parameters]) -> None:
        """Run it once for each."""
        if tx.dialect.name != "sqlite":
            tx.execute(self.clause, [dict(one) for one in parameters])
            return
        compiled = self._for(tx, parameters[0])
        _execute_many(tx, compiled.sql, [compiled.values(one) for one in parameters])

    def _for(self, tx: Tx, parameters: Parameters) -> "_Compiled":
        if self._compiled is None:
            self._compiled = _Compiled(self.clause, tx.dialect, parameters)
        return self._compiled


class _Compiled:
    """The SQL, in which order it takes its values, and how values are converted on the way in and out."""

    def __init__(self, clause: ClauseElement, dialect: Dialect, parameters: Parameters) -> None:
        columns = list(parameters) if isinstance(clause, Insert) and clause.select is None else None
        compiled: Any = clause.compile(dialect=dialect, column_keys=columns)
        self.sql = str(compiled)
        self._defaults = {name: bind.effective_value for name, bind in compiled.binds.items() if not bind.required}
        self._names = list(compiled.positiontup or ())
        self._into = [
            (place, converter)
            for place, name in enumerate(self._names)
            if (converter := _converter(compiled.binds[name].type, dialect, into=True)) is not None
        ]
        exported = [] if not hasattr(clause, "exported_columns") else list(clause.exported_columns.items())
        self._out = [
            (place, converter)
            for place, (_, column) in enumerate(exported)
            if (converter := _converter(column.type, dialect, into=False)) is not None
        ]
        self._make = _row_maker([name for name, _ in exported])

    def values(self, parameters: Parameters) -> list[Any]:
        """The parameters in the statement's order; a literal of the statement keeps its value."""
        given = {**self._defaults, **parameters} if self._defaults else parameters
        values = list(map(given.__getitem__, self._names))
        for place, convert in self._into:
            values[place] = convert(values[place])
        return values

    def converted(self, found: list[tuple[Any, ...]]) -> list[Any]:
        """Rows with attributes, values converted."""
        make, out = self._make, self._out
        if not out:
            return [make(row) for row in found]
        rows = []
        for row in found:
            values = list(row)
            for place, convert in out:
                values[place] = convert(values[place])
            rows.append(make(values))
        return rows


def _converter(kind: TypeEngine[Any], dialect: Dialect, *, into: bool) -> Callable[[Any], Any] | None:
    """What converts a column's values; a moment, which many rows of a transaction have in common, is converted once."""
    engine = kind.dialect_impl(dialect)
    convert = engine.bind_processor(dialect) if into else engine.result_processor(dialect, None)
    return lru_cache(maxsize=256)(convert) if convert is not None and isinstance(kind, UtcDateTime) else convert


def _execute(tx: Tx, sql: str, values: list[Any]) -> sqlite3.Cursor:
    driver = driver_of(tx)
    try:
        return driver.execute(sql, values)
    except sqlite3.IntegrityError as error:
        raise exc.IntegrityError(sql, None, error) from error


def _execute_many(tx: Tx, sql: str, rows: list[list[Any]]) -> None:
    driver = driver_of(tx)
    try:
        driver.executemany(sql, rows)
    except sqlite3.IntegrityError as error:
        raise exc.IntegrityError(sql, None, error) from error


def _row_maker(names: list[str]) -> Callable[[Any], Any]:
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # its columns are known at run time only
    maker: Callable[[Any], Any] = row._make
    return maker
