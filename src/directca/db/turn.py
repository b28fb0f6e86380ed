"""Whose turn it is to write: SQLite has one writer, and its waiting is a sleep of up to a tenth of a second between two tries.

Writers queue here instead: the threads of a process in the order in which they came, processes at a lock of the operating
system that they ask for often. Both only order the queue: what keeps two writers apart is SQLite's own lock. A process that
dies gives up its turn.
"""

import fcntl
import os
import select
import threading
import time
import weakref
from collections import deque
from contextlib import suppress
from pathlib import Path

from directca.db.errors import DatabaseBusy, DatabaseUnusable

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.002


class ThreadQueue:
    """The turn among the threads of this process: whoever has it passes it on to the one who has waited longest."""

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    def wait(self, seconds: float) -> None:
        """Return with the turn. Raises DatabaseBusy when it has not come after so many seconds."""
        with self._mutex:
            if not self._taken:
                self._taken = True
                return
            place = threading.Lock()
            place.acquire()
            self._waiting.append(place)
        try:
            if place.acquire(timeout=seconds) or not self._gave_up(place):
                return
        except BaseException:  # Ctrl-C: whoever waits no more must not be given the turn
            if not self._gave_up(place):
                self.leave()
            raise
        raise DatabaseBusy("The database is busy; try again in a few seconds.", retry_after=5)

    def _gave_up(self, place: threading.Lock) -> bool:
        """Leave the queue; False when the turn came at this very moment, and whoever passed it on relies on it being used."""
        with self._mutex:
            if place not in self._waiting:
                return False
            self._waiting.remove(place)
            return True

    def somebody_waits(self) -> bool:
        """Whether there is somebody to pass the turn to; who has it may ask, and only a wait that ends by itself changes it."""
        return bool(self._waiting)

    def pass_on(self) -> bool:
        """Give the turn to the next; False, and the turn is kept, when nobody waits."""
        with self._mutex:
            if not self._waiting:
                return False
            self._waiting.popleft().release()
            return True

    def leave(self) -> None:
        """Give the turn to the next, or back when nobody waits."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False


class ProcessTurn:
    """The turn among processes, for one thread at a time; `path` is the file that they lock."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        # Shared by what is forked from this process: whoever gives the turn back wakes who waits. Others only ask often.
        self._given_back = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._given_back)

    def take(self, seconds: float) -> None:
        """Return with the turn. Raises DatabaseBusy when another process still has it after so many seconds."""
        # A process opens the file for itself: one that is inherited by a fork would share the lock.
        if self._file is None:
            self._file = self._open()
        self._lock(self._file, time.monotonic() + seconds)

    def give_back(self) -> None:
        """End the turn."""
        if self._file is not None:
            fcntl.flock(self._file, fcntl.LOCK_UN)
            os.eventfd_write(self._given_back, 1)

    def close(self) -> None:
        """Give the file back; the next turn opens it again."""
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

    def _lock(self, file: int, deadline: float) -> None:
        """Lock the file. Raises DatabaseBusy when another process still holds it at the deadline."""
        pause = _SHORTEST_PAUSE
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                if time.monotonic() > deadline:
                    raise DatabaseBusy("Another process is writing; try again in a few seconds.", retry_after=5) from error
                self._pause(pause)
                pause = min(pause * 1.5, _LONGEST_PAUSE)
            else:
                return

    def _pause(self, seconds: float) -> None:
        if select.select([self._given_back], [], [], seconds)[0]:
            with suppress(BlockingIOError):  # another process that waits was quicker
                os.eventfd_read(self._given_back)
