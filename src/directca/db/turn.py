"""Whose turn it is to write: SQLite has one writer, and its waiting is a sleep of up to a tenth of a second between two tries.

Writers queue here instead, threads on a lock and processes on a lock of the operating system, and are woken when it is their
turn. Both only order the queue: what keeps two writers apart is SQLite's own lock. A process that dies gives up its turn.
"""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from directca.db.errors import DatabaseBusy, DatabaseUnusable


class WriterTurn:
    """One queue per database file; `path` is the file that processes lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.Lock()
        self._file: int | None = None

    @contextmanager
    def taken(self, seconds: float) -> Iterator[None]:
        """Hold the turn for the block. Raises DatabaseBusy when this process has not had it for so many seconds."""
        if not self._threads.acquire(timeout=seconds):
            raise DatabaseBusy("The database is busy; try again in a few seconds.", retry_after=5)
        try:
            # A process opens the file for itself: one that is inherited by a fork would share the lock.
            file = self._file = self._open() if self._file is None else self._file
            fcntl.flock(file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(file, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def close(self) -> None:
        """Give the file back; the next turn opens it again."""
        with self._threads:
            if self._file is not None:
                os.close(self._file)
                self._file = None

    def _open(self) -> int:
        try:
            return os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DatabaseUnusable(
                f"The file {self._path} cannot be used: {error.strerror}. Check the folder's permissions and free space."
            ) from error
