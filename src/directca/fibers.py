"""Pieces of work that share a thread: one goes on where another has to wait.

Threads that run Python wait for one another at the interpreter's lock, and again at every call that gives it up for a moment, as
each statement of SQLite does. Work of one `Lane` does not: it changes hands only where one piece waits for another, which is at
a `Place`. So those that come together write together, in one turn and with one commit, and nothing is handed from thread to
thread in between (greenlets: https://greenlet.readthedocs.io).

Whoever waits at a place must not hold a lock of `threading` meanwhile: the next piece of work that wants it would stop the thread
that alone could give it back.
"""

import threading
import time
from collections import deque
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol

from greenlet import getcurrent, greenlet


class Place(Protocol):
    """Where one waits, once, for the word of another."""

    def wait(self, seconds: float | None = None) -> bool:
        """Whether the word has come; False after so many seconds without it, or somewhat more."""

    def tell(self) -> None:
        """Give the word, once. For any thread."""


def place() -> Place:
    """A new place for whoever asks: a thread, or a piece of work of a lane."""
    fiber = getcurrent()
    return _OfFiber(fiber) if isinstance(fiber, _Fiber) else _OfThread()


def let_others_first() -> None:
    """In a lane, return when all that has come by now has gone on to where it waits. Elsewhere at once."""
    fiber = getcurrent()
    if isinstance(fiber, _Fiber):
        _OfFiber(fiber).fall_behind()


class Lane:
    """One thread for pieces of work, each of which begins when no other can go on. It ends when there was none for a while."""

    def __init__(self, idle_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._mutex = threading.Lock()
        self._thread: threading.Thread | None = None
        self._come: SimpleQueue[_Work | _OfFiber] = SimpleQueue()
        self._told: deque[_OfFiber] = deque()
        self._deadlines: dict[_OfFiber, float] = {}
        self._begun = 0

    def do(self, work: Callable[[], None], context: Context) -> None:
        """Have the work done in this context, of which there may be no other use meanwhile. What it raises ends it alone, as it
        would end a thread. For any thread. Raises RuntimeError, with nothing done, when the system has no thread to give."""
        with self._mutex:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="directca lane", daemon=True)
                thread.start()
                self._thread = thread  # only one that runs: whoever comes after a failure tries again
            self._come.put(_Work(work, context))

    def tell(self, place: "_OfFiber") -> None:
        """Go on soon with who waits there. For any thread."""
        if threading.current_thread() is self._thread:
            self._told.append(place)
        else:
            self._come.put(place)

    def go_on_late(self, place: "_OfFiber") -> None:
        """Go on with who waits there, after all that has come."""
        self._come.put(place)

    def bound(self, place: "_OfFiber", seconds: float) -> None:
        """Go on with who waits there after so many seconds."""
        self._deadlines[place] = time.monotonic() + seconds

    def unbound(self, place: "_OfFiber") -> None:
        """Nobody waits there any longer."""
        self._deadlines.pop(place, None)

    def ended(self) -> None:
        """A piece of work has ended."""
        self._begun -= 1

    def _run(self) -> None:
        while self._goes_on():
            pass

    def _goes_on(self) -> bool:
        """Do the next thing; False when there is none. Who was told comes first: perhaps it is its turn to write. Who has waited
        long enough comes before all that is new, of which there may be no end."""
        # In a function of its own: a thread that waits keeps nothing of the last request.
        if self._told:
            self._told.popleft().go_on()
            return True
        seconds = self._patience()
        if not seconds and self._deadlines:
            return self._nothing_comes()
        try:
            come = self._come.get(timeout=seconds)
        except Empty:
            return self._nothing_comes()
        if isinstance(come, _OfFiber):
            come.go_on()
        else:
            self._begun += 1
            _Fiber(self, come).switch()
        return True

    def _patience(self) -> float:
        if not self._deadlines:
            return self._idle_seconds
        return max(0.0, min(self._deadlines.values()) - time.monotonic())

    def _nothing_comes(self) -> bool:
        now = time.monotonic()
        for late in [one for one, deadline in self._deadlines.items() if deadline <= now]:
            late.go_on()
        return self._begun > 0 or not self._may_end()

    def _may_end(self) -> bool:
        with self._mutex:
            if not self._come.empty():
                return False
            self._thread = None
            return True


@dataclass(slots=True)
class _Work:
    do: Callable[[], None]
    context: Context


class _Fiber(greenlet):
    """A piece of work that has begun."""

    def __init__(self, lane: Lane, work: _Work) -> None:
        super().__init__()
        self.lane = lane
        self.gr_context = work.context
        self._to_do = [work.do]

    def run(self) -> None:
        """Do it."""
        try:
            self._to_do.pop()()  # kept nowhere: what it raises and somebody keeps holds this frame
        except Exception as error:  # noqa: BLE001  (the others of the lane go on)
            threading.excepthook(threading.ExceptHookArgs((type(error), error, error.__traceback__, threading.current_thread())))
        finally:
            self.lane.ended()


class _OfThread:
    """A place of a thread."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def wait(self, seconds: float | None = None) -> bool:
        return self._lock.acquire(timeout=-1 if seconds is None else seconds)

    def tell(self) -> None:
        self._lock.release()


class _OfFiber:
    """A place of a piece of work."""

    __slots__ = ("_fiber", "_is_told", "_waits")

    def __init__(self, fiber: _Fiber) -> None:
        self._fiber = fiber
        self._is_told = self._waits = False

    def wait(self, seconds: float | None = None) -> bool:
        if not self._is_told:
            if seconds is not None:
                self._fiber.lane.bound(self, seconds)
            self._leave()
            self._fiber.lane.unbound(self)
        return self._is_told

    def tell(self) -> None:
        self._is_told = True
        self._fiber.lane.tell(self)

    def fall_behind(self) -> None:
        """Let go on whoever has come."""
        self._fiber.lane.go_on_late(self)
        self._leave()

    def go_on(self) -> None:
        """Go on with who waits here, unless nobody does: the word may come before the wait, or after its end."""
        if self._waits:
            self._fiber.switch()

    def _leave(self) -> None:
        parent = self._fiber.parent
        assert parent is not None  # the lane's thread itself
        self._waits = True
        parent.switch()
        self._waits = False
