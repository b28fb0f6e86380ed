"""Statements of the hot paths: compiled once, run at the driver.

SQLAlchemy writes the SQL and converts the values; what is left out is its machinery for each execution, which takes several
times as long as the engine does (measured: 45 to 80 µs a statement against 10 on SQLite, 110 against 25 on PostgreSQL).
"""

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any, Protocol

from sqlalchemy import Insert
from sqlalchemy.engine import Dialect
from sqlalchemy.sql import ClauseElement
from sqlalchemy.types import TypeEngine

from directca.db import sqlite_driver
from directca.db.engine import Tx
from directca.db.schema import UtcDateTime
from directca.db.sqlite_driver import Conflict, SqliteRunner

Parameters = Mapping[str, Any]


class Answer(Protocol):
    """What a statement answered, waited for if need be."""

    def rows(self) -> list[tuple[Any, ...]]:
        """Its rows."""

    def changed(self) -> int:
        """How many rows it changed."""


class Runner(Protocol):
    """An engine's driver, as it runs statements. Raises SQLAlchemy's IntegrityError, and otherwise what the driver raises."""

    def asked(self, tx: Tx, sql: str, values: Sequence[Any]) -> "Answer":
        """Run one, at the latest when its answer is wanted, or before the next that is answered."""

    def later(self, tx: Tx, sql: str, rows: Sequence[Sequence[Any]], conflict: Conflict | None, *, sure: bool) -> None:
        """Run one with each of these, at the latest before the next that is answered, or the end of the block; where it is `sure`
        that no rule is broken, with the commit."""


RUNNERS: dict[str, Runner] = {"sqlite": SqliteRunner()}
"""By the name of the engine. One whose driver is loaded only where it is needed adds its own when it is."""


class Prepared:
    """One statement. An insert without values takes its columns from the first parameters it is given, and then always those.

    Raises SQLAlchemy's IntegrityError as `tx.execute` does.
    """

    def __init__(self, clause: Any) -> None:
        self.clause = clause
        self._compiled: dict[str, _Compiled] = {}  # by the name of the engine

    def rows(self, tx: Tx, parameters: Parameters) -> list[Any]:
        """Every row, with its columns as attributes."""
        compiled = self._for(tx, parameters)
        return compiled.converted(compiled.runner.asked(tx, compiled.sql, compiled.values(parameters)).rows())

    def asked(self, tx: Tx, parameters: Parameters) -> Callable[[], list[Any]]:
        """`rows`, asked for now and waited for when what this returns is called. What several statements ask in this way, one
        after another, PostgreSQL answers in one round trip; and what one of them breaks is raised from whichever call waits.
        """
        compiled = self._for(tx, parameters)
        answer = compiled.runner.asked(tx, compiled.sql, compiled.values(parameters))
        return lambda: compiled.converted(answer.rows())

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
        cursor = sqlite_driver.driver_of(tx).execute(compiled.sql, compiled.values(parameters))
        while rows := cursor.fetchmany(size):
            yield rows

    def run(self, tx: Tx, parameters: Parameters) -> int:
        """Change rows; how many."""
        compiled = self._for(tx, parameters)
        return compiled.runner.asked(tx, compiled.sql, compiled.values(parameters)).changed()

    def running(self, tx: Tx, parameters: Parameters) -> Callable[[], int]:
        """`run`, whose answer is waited for when what this returns is called, as with `asked`."""
        compiled = self._for(tx, parameters)
        return compiled.runner.asked(tx, compiled.sql, compiled.values(parameters)).changed

    def run_many(self, tx: Tx, parameters: Sequence[Parameters], *, sure: bool = False) -> None:
        """Run it once for each, as `run_later` does."""
        compiled = self._for(tx, parameters[0])
        compiled.runner.later(tx, compiled.sql, [compiled.values(one) for one in parameters], None, sure=sure)

    def run_later(self, tx: Tx, parameters: Parameters, conflict: Conflict | None = None, *, sure: bool = False) -> None:
        """Run it at the latest before the next statement that is answered, or the end of the block: for what is not asked about.

        A rule of the schema that it breaks is raised from whichever call sends it, as `conflict` says. Where it is `sure` that
        none is, it goes with the commit of the block, or of all that share it: should it fail nevertheless, so do they.
        """
        compiled = self._for(tx, parameters)
        compiled.runner.later(tx, compiled.sql, [compiled.values(parameters)], conflict, sure=sure)

    def _for(self, tx: Tx, parameters: Parameters) -> "_Compiled":
        dialect = tx.dialect
        compiled = self._compiled.get(dialect.name)
        if compiled is None:
            compiled = self._compiled[dialect.name] = _Compiled(self.clause, dialect, parameters)
        return compiled


class _Compiled:
    """The SQL, in which order it takes its values, and how values are converted on the way in and out."""

    def __init__(self, clause: ClauseElement, dialect: Dialect, parameters: Parameters) -> None:
        columns = None
        if isinstance(clause, Insert):
            columns = list(parameters) if clause.select is None else None
            clause = clause.inline()  # nobody asks for a number that the engine gives
        compiled: Any = clause.compile(dialect=dialect, column_keys=columns)
        self.runner = RUNNERS[dialect.name]
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


def _row_maker(names: list[str]) -> Callable[[Any], Any]:
    row: Any = namedtuple("Row", names, rename=True)  # type: ignore[misc]  # its columns are known at run time only
    maker: Callable[[Any], Any] = row._make
    return maker
