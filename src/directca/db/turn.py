"""Whose turn it is to write: SQLite has one writer, and its waiting is a sleep of up to a tenth of a second between two tries.

Writers queue here instead, threads on a lock and processes on a lock of the operating system that they ask for often. Both only
order the queue: what keeps two writers apart is SQLite's own lock. A process that dies gives up its turn.
"""

import fcntl
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from directca.db.errors import DatabaseBusy, DatabaseUnusable

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.002


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
            _lock(file, time.monotonic() + seconds)
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


def _lock(file: int, deadline: float) -> None:
    """Lock the file. Raises DatabaseBusy when another process still holds it at the deadline."""
    pause = _SHORTEST_PAUSE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > deadline:
                raise DatabaseBusy("Another process is writing; try again in a few seconds.", retry_after=5) from error
            time.sleep(pause)
            pause = min(pause * 1.5, _LONGEST_PAUSE)
        else:
            return
