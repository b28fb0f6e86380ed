"""The engine and its transactions.

A verb opens `with database.write() as tx` and passes `tx` to the stores: everything in the block commits together or not at
all. SQLite runs in WAL with `synchronous=FULL`, so a commit that returned has reached the disk. A write transaction begins
IMMEDIATE: it takes the write lock at once instead of failing half-way when it wants to upgrade from a read.
"""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, event, exc, text

from directca.db.errors import DatabaseBusy, DatabaseUnusable

Tx = Connection
"""An open transaction: what every store function takes first."""

BUSY_TIMEOUT_MS = 10_000
"""How long one writer waits for another before it gives up, in milliseconds."""


class Database:
    """One SQLite database file, shared by the threads of a process and by several processes.

    Raises `DatabaseUnusable` when the file cannot be opened or is not a sound database.
    """

    def __init__(self, path: Path, *, synchronous: str = "FULL", pool_size: int = 48) -> None:
        self.path = path
        # SQLite has one writer. Waiting here, in a fair queue of threads, is quicker than in SQLite's sleeping back-off.
        self._writer = threading.Lock()
        self._engine = create_engine(
            f"sqlite:///{path}",
            pool_size=pool_size,
            max_overflow=0,
            hide_parameters=True,  # an error's text reaches the log, and parameters hold digests and requests (invariant 21)
            pool_timeout=BUSY_TIMEOUT_MS / 1000,
            connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000, "cached_statements": 512},
        )
        event.listen(self._engine, "connect", _configure(synchronous))

    @contextmanager
    def write(self) -> Iterator[Tx]:
        """A transaction that may change things. It commits when the block ends and rolls back when the block raises."""
        if not self._writer.acquire(timeout=BUSY_TIMEOUT_MS / 1000):
            raise DatabaseBusy("The database is busy; try again in a few seconds.", retry_after=5)
        try:
            with _translated(self.path), self._engine.connect() as tx:
                driver = _begin(tx, "BEGIN IMMEDIATE")
                try:
                    yield tx
                except BaseException:
                    driver.rollback()
                    raise
                driver.commit()
        finally:
            self._writer.release()

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """A transaction that sees one consistent moment and changes nothing."""
        with _translated(self.path), self._engine.connect() as tx:
            _begin(tx, "BEGIN")
            yield tx

    def check(self) -> None:
        """Raise `DatabaseUnusable` unless the file opens and its structure is sound. Reads the whole file: not for hot paths."""
        with self.read() as tx:
            verdict = tx.execute(text("PRAGMA quick_check(1)")).scalar_one()
        if verdict != "ok":
            raise DatabaseUnusable(_damaged(self.path))

    def backup(self, target: Path) -> None:
        """Copy the database to a new file while others go on reading and writing; the copy is one consistent moment."""
        with self._engine.connect() as tx:
            source: sqlite3.Connection = tx.connection.driver_connection  # type: ignore[assignment]  # the DBAPI's own object
            copy = sqlite3.connect(target)
            try:
                source.backup(copy)
            finally:
                copy.close()

    def close(self) -> None:
        """Give back every connection."""
        self._engine.dispose()


def _configure(synchronous: str) -> Any:
    def on_connect(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        cursor = connection.cursor()
        try:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute(f"PRAGMA synchronous={synchronous}")
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.execute("PRAGMA cache_size=-65536")  # 64 MiB a connection at most
            cursor.execute("PRAGMA mmap_size=1073741824")
            cursor.execute("PRAGMA temp_store=MEMORY")
        finally:
            cursor.close()

    return on_connect


def _begin(tx: Connection, words: str) -> sqlite3.Connection:
    """Begin a transaction at the driver. Not by an engine event: one listener makes every statement a third slower."""
    driver: sqlite3.Connection = tx.connection.driver_connection  # type: ignore[assignment]  # the DBAPI's own object
    driver.execute(words)
    return driver


@contextmanager
def _translated(path: Path) -> Iterator[None]:
    """Turn the driver's words into ours, where the operator is the one to act."""
    try:
        yield
    except (exc.OperationalError, sqlite3.OperationalError) as error:
        message = str(error.orig if isinstance(error, exc.OperationalError) else error)
        if "locked" in message or "busy" in message:
            raise DatabaseBusy("The database is busy; try again in a few seconds.", retry_after=5) from error
        if "unable to open" in message or "readonly" in message or "full" in message or "disk I/O" in message:
            raise DatabaseUnusable(
                f"The database {path} cannot be used: {message}. Check the folder's permissions and free space."
            ) from error
        raise
    except exc.TimeoutError as error:
        raise DatabaseBusy("Every database connection is in use; try again in a few seconds.", retry_after=5) from error
    except exc.DatabaseError as error:
        if isinstance(error.orig, sqlite3.DatabaseError) and (
            "malformed" in str(error.orig) or "not a database" in str(error.orig)
        ):
            raise DatabaseUnusable(_damaged(path)) from error
        raise


def _damaged(path: Path) -> str:
    return f"The database {path} is damaged: restore it from a backup with `directca restore`."
