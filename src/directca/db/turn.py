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
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from directca.db.errors import DatabaseBusy, DatabaseUnusable
from directca.fibers import Place, place

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.0002, 0.002
_LONGEST_COURTESY = 0.25


class ThreadQueue:
    """The turn among the threads of this process, and among the pieces of work in one thread: whoever has it passes it on to the
    one who has waited longest.
    """

    def __init__(self) -> None:
        self._mutex = threading.Lock()
        self._taken = False
        self._waiting: deque[Place] = deque()

    def wait(self, seconds: float, abandon: Callable[[], None]) -> None:
        """Return with the turn. Raises DatabaseBusy when it has not come after so many seconds.

        `abandon` gives the turn away again, if the wait is interrupted at the very moment at which the turn came.
        """
        with self._mutex:
            if not self._taken:
                self._taken = True
                return
            mine = place()
            self._waiting.append(mine)
        try:
            if mine.wait(seconds) or not self._gave_up(mine):
                return
        except BaseException:  # Ctrl-C: whoever waits no more must not be given the turn
            if not self._gave_up(mine):
                abandon()
            raise
        raise DatabaseBusy("The database is busy; try again in a few seconds.", retry_after=5)

    @contextmanager
    def turn(self, seconds: float) -> Iterator[None]:
        """Have the turn for a block. Raises DatabaseBusy when it has not come after so many seconds."""
        self.wait(seconds, self.leave)
        try:
            yield
        finally:
            self.leave()

    def _gave_up(self, mine: Place) -> bool:
        """Leave the queue; False when the turn came at this very moment, and whoever passed it on relies on it being used."""
        with self._mutex:
            if mine not in self._waiting:
                return False
            self._waiting.remove(mine)
            return True

    def somebody_waits(self) -> bool:
        """Whether there is somebody to pass the turn to; who has it may ask, and only a wait that ends by itself changes it."""
        return bool(self._waiting)

    def pass_on(self) -> bool:
        """Give the turn to the next; False, and the turn is kept, when nobody waits."""
        with self._mutex:
            if not self._waiting:
                return False
            self._waiting.popleft().tell()
            return True

    def leave(self) -> None:
        """Give the turn to the next, or back when nobody waits."""
        with self._mutex:
            if self._waiting:
                self._waiting.popleft().tell()
            else:
                self._taken = False


class ProcessTurn:
    """The turn among processes, for one thread at a time; `path` is the file that they lock.

    Processes that were forked after this was made are at home and pass the turn to and fro without a pause. A guest, such as an
    operator's command, could ask for long without ever meeting the moment in between: so it locks a second file, the gate, and
    those at home let it go first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None
        self._gate: int | None = None
        self._maker = os.getpid()
        # Shared by what is forked from this process: whoever gives the turn back wakes who waits. Others only ask often.
        self._given_back = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        weakref.finalize(self, os.close, self._given_back)

    def take(self, seconds: float) -> None:
        """Return with the turn. Raises DatabaseBusy when another process still has it after so many seconds."""
        # A process opens the files for itself: one that is inherited by a fork would share the lock.
        if self._file is None or self._gate is None:
            self._file, self._gate = self._open(self._path), self._open(self._path.with_name(self._path.name + "-gate"))
        deadline = time.monotonic() + seconds
        if os.getpid() == self._maker:
            self._lock(self._gate, deadline)
            try:
                self._lock(self._file, deadline)
            finally:
                fcntl.flock(self._gate, fcntl.LOCK_UN)
        else:
            self._let_a_guest_go_first(self._gate)
            self._lock(self._file, deadline)

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
        if self._gate is not None:
            os.close(self._gate)
            self._gate = None

    @staticmethod
    def _open(path: Path) -> int:
        try:
            return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise DatabaseUnusable(
                f"The file {path} cannot be used: {error.strerror}. Check the folder's permissions and free space."
            ) from error

    @staticmethod
    def _let_a_guest_go_first(gate: int) -> None:
        """Wait while a guest waits, though not for one that has been stopped there."""
        deadline = time.monotonic() + _LONGEST_COURTESY
        while time.monotonic() < deadline:
            try:
                fcntl.flock(gate, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                time.sleep(_LONGEST_PAUSE)
            else:
                fcntl.flock(gate, fcntl.LOCK_UN)
                return

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
