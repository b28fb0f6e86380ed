"""SQLite: one file, for one machine.

It runs in WAL with `synchronous=FULL`, so a commit that returned has reached the disk. A write transaction begins IMMEDIATE: it
takes the write lock at once instead of failing half-way when it wants to upgrade from a read.
"""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

from sqlalchemy import Connection, create_engine, event, exc, text

from directca.db.change_mark import DataVersion
from directca.db.engine import BUSY_TIMEOUT_MS, Answer, ChangeMark, Database, Tx
from directca.db.errors import DatabaseBusy, DatabaseUnusable
from directca.db.long_values import has_written_much
from directca.db.neighbours import used_by_another
from directca.db.sqlite_driver import driver_of
from directca.db.turn import ProcessTurn
from directca.db.writers import Batch, Writers

_MOST_CONNECTIONS = 256
"""More than a process has threads, each of which has two transactions at most: connections at rest are not the pool's to give."""

_CHECKPOINT_PAGES = 8192
"""How many pages the log may hold before a commit copies them back: 32 MiB, so that few commits do."""

_AT_HAND = ("PRAGMA cache_size=-65536", "PRAGMA mmap_size=1073741824")
"""64 MiB a connection at most of what it has read or written; and the file itself, mapped, as far as there is room for it."""

_SCAN_CACHE = -4096
"""4 MiB."""


class SqliteDatabase(Database):
    """One SQLite database file. Raises `DatabaseUnusable` when the file cannot be opened or is not a sound database."""

    def __init__(self, path: Path, *, synchronous: str = "FULL", pool_size: int = _MOST_CONNECTIONS) -> None:
        self.path = path
        self._engine = create_engine(
            f"sqlite:///{path}",
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,  # an error's text reaches the log, and parameters hold digests and requests (invariant 21)
            pool_timeout=BUSY_TIMEOUT_MS / 1000,
            connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000, "cached_statements": 512},
        )
        event.listen(self._engine, "connect", _configure(synchronous))
        self._translation = _Translation(path)
        self._turn = ProcessTurn(path.with_name(path.name + "-writer"))
        super().__init__(str(path), Writers(self._turn, self._begin_batch, self._end_batch))
        # Connections at rest, the one used last on top: its pages and statements are still at hand.
        self._resting: list[Connection] = []

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that SQLite gives one snapshot."""
        with self._translated(), self._connection() as tx:
            driver_of(tx).execute("BEGIN")
            yield tx

    def look(self, work: Callable[[Tx], Answer]) -> Answer:
        """Without a transaction around the statement's own."""
        with self._translated(), self._connection() as tx:
            return work(tx)

    @contextmanager
    def scan(self) -> Iterator[Tx]:
        """As little memory as SQLite can do with."""
        with self._translated(), self._engine.connect() as tx:
            driver = driver_of(tx)
            driver.execute(f"PRAGMA cache_size={_SCAN_CACHE}")
            driver.execute("PRAGMA mmap_size=0")
            driver.execute("PRAGMA temp_store=FILE")
            driver.execute("BEGIN")
            try:
                yield tx
            finally:
                tx.invalidate()  # one with so little at hand is nothing for the others

    def _connection(self) -> "_Lent":
        return _Lent(self)

    def _take(self) -> Connection:
        try:
            return self._resting.pop()
        except IndexError:
            return self._engine.connect()

    def _rest(self, tx: Connection) -> None:
        tx.rollback()  # SQLAlchemy's own idea of a transaction ends too
        driver = driver_of(tx)
        if driver.in_transaction:
            driver.rollback()
        if has_written_much(tx):
            for pragma in (*_AT_HAND, "PRAGMA shrink_memory"):
                driver.execute(pragma)
        self._resting.append(tx)

    def _begin_batch(self) -> Batch:
        tx = self._take()
        try:
            driver = driver_of(tx)
            driver.execute("BEGIN IMMEDIATE")
        except BaseException:
            tx.close()
            raise
        return Batch(tx, _Driver(driver))

    def _end_batch(self, batch: Batch) -> None:
        if batch.failure is None:
            self._rest(batch.tx)
        else:
            batch.tx.close()

    def check(self, *, whole_up_to: int | None = None) -> None:
        """Raise `DatabaseUnusable` unless the file opens and its structure is sound. Of a large file only the schema is read and
        the length compared."""
        with self.read() as tx:
            pages, octets = (tx.execute(text(f"PRAGMA {name}")).scalar_one() for name in ("page_count", "page_size"))
            if whole_up_to is None or pages * octets <= whole_up_to:
                sound = tx.execute(text("PRAGMA quick_check(1)")).scalar_one() == "ok"
            else:
                tx.execute(text("SELECT count(*) FROM sqlite_master WHERE sql IS NOT NULL"))
                sound = _bytes_on_disk(self.path) >= pages * octets
        if not sound:
            raise DatabaseUnusable(_damaged(self.path))

    def changes(self, *, at_once: bool) -> ChangeMark:
        """SQLite's own number of what others have committed, which is always of this moment."""
        return DataVersion(self.path)

    def backup(self, target: Path) -> None:
        """Copy the database to a new file while others go on reading and writing; the copy is one consistent moment."""
        with self._connection() as tx:
            copy = sqlite3.connect(target)
            try:
                driver_of(tx).backup(copy)
            finally:
                copy.close()

    def older_nodes(self, tx: Tx, floor: str) -> tuple[str, ...]:
        """A server of another process in the folder of the file: one of this release would have found nothing to change."""
        return (f"a server in {self.path.parent}",) if used_by_another(self.path.parent) else ()

    def close(self) -> None:
        """Close every connection and the files of the turn."""
        while self._resting:
            self._resting.pop().close()
        self._engine.dispose()
        self._turn.close()

    def confirm(self) -> None:
        """Nothing is seen before it is on the disk."""

    def _touch(self, tx: Tx) -> None:
        version = tx.execute(text("PRAGMA user_version")).scalar_one()
        tx.execute(text(f"PRAGMA user_version={int(version)}"))

    def _translated(self) -> AbstractContextManager[None]:
        return self._translation


class _Lent:
    """A connection for one transaction; whatever was not committed when the block ends is undone."""

    __slots__ = ("_database", "_tx")

    def __init__(self, database: SqliteDatabase) -> None:
        self._database = database

    def __enter__(self) -> Connection:
        self._tx = self._database._take()
        return self._tx

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if kind is None:
            self._database._rest(self._tx)
        else:
            self._tx.close()  # undoes, and forgets whatever state the failure left


class _Driver:
    """SQLite's connection, as those who share a commit need it."""

    errors: type[Exception] = sqlite3.Error

    def __init__(self, driver: sqlite3.Connection) -> None:
        self._driver = driver

    @property
    def in_transaction(self) -> bool:
        return self._driver.in_transaction

    def begin_block(self) -> None:
        self._driver.execute("SAVEPOINT block")

    def end_block(self, *, begun: bool) -> None:
        if begun:  # whatever was to be refused was refused at once
            self._driver.execute("RELEASE block")

    def undo_block(self) -> None:
        self._driver.execute("ROLLBACK TO block")
        self._driver.execute("RELEASE block")

    def commit(self) -> None:
        self._driver.commit()

    def again(self, failure: BaseException) -> Exception:
        damaged = type(failure) is sqlite3.DatabaseError  # the driver's word for a file that is no sound database
        return (sqlite3.DatabaseError if damaged else sqlite3.OperationalError)(str(failure))


def _configure(synchronous: str) -> Any:
    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute(f"PRAGMA synchronous={synchronous}")
            cursor.execute("PRAGMA foreign_keys=ON")
            for pragma in _AT_HAND:
                cursor.execute(pragma)
            cursor.execute("PRAGMA temp_store=MEMORY")
            cursor.execute(f"PRAGMA wal_autocheckpoint={_CHECKPOINT_PAGES}")
        finally:
            cursor.close()

    return on_connect


class _Translation:
    """Turns the driver's words into ours, where the operator is the one to act. One serves all blocks at once."""

    __slots__ = ("_path",)

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> None:
        """The block begins."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            ours = _translated(error, self._path)
            if ours is not None:
                raise ours from error


def _translated(error: BaseException, path: Path) -> Exception | None:
    """What to raise instead; None where the driver's own word is the right one."""
    if isinstance(error, exc.OperationalError | sqlite3.OperationalError):
        message = str(error.orig if isinstance(error, exc.OperationalError) else error)
        if "locked" in message or "busy" in message:
            return DatabaseBusy("The database is busy; try again in a few seconds.", retry_after=5)
        if _is_statement_wrong(error):
            return None
        return DatabaseUnusable(f"The database {path} cannot be used: {message}. Check the folder's permissions and free space.")
    if isinstance(error, exc.TimeoutError):
        return DatabaseBusy("Every database connection is in use; try again in a few seconds.", retry_after=5)
    if isinstance(error, exc.DatabaseError | sqlite3.DatabaseError):
        message = str(error.orig if isinstance(error, exc.DatabaseError) else error)
        if "malformed" in message or "not a database" in message:
            return DatabaseUnusable(_damaged(path))
    return None


def _is_statement_wrong(error: exc.OperationalError | sqlite3.OperationalError) -> bool:
    """Whether it is the program's mistake (a table that is not there, a misspelt word) and not the file's, or the machine's."""
    driver = error.orig if isinstance(error, exc.OperationalError) else error
    return getattr(driver, "sqlite_errorcode", None) == sqlite3.SQLITE_ERROR


def _bytes_on_disk(path: Path) -> int:
    """The file and its log, in which the newest pages may still be."""
    log = path.with_name(path.name + "-wal")
    return path.stat().st_size + (log.stat().st_size if log.exists() else 0)


def _damaged(path: Path) -> str:
    return f"The database {path} is damaged: restore it from a backup with `directca restore`."
