"""Pieces of work that share a thread: one goes on where another has to wait.

Threads that run Python wait for one another at the interpreter's lock, and again at every call that gives it up for a moment, as
each statement of SQLite does. Work of one `Lane` does not: it changes hands only where one piece waits for another, which is at
a `Place`. So those that come together write together, in one turn and with one commit, and nothing is handed from thread to
thread in between (greenlets: https://greenlet.readthedocs.io).

Whoever waits at a place must not hold a lock of `threading` meanwhile: the next piece of work that wants it would stop the thread
that alone could give it back.
"""

import os
import select
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context, copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Protocol, TypeVar

from greenlet import getcurrent, greenlet

Answer = TypeVar("Answer")

_EITHER = select.POLLIN | select.POLLOUT


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


def elsewhere(work: Callable[[], Answer]) -> Answer:
    """What the work answers, or raises: in a lane from a thread of its own, and the others go on meanwhile. Otherwise from here.

    For what waits for somebody outside and has nothing to watch. It is done at once where the system has no thread to give.
    """
    if not isinstance(getcurrent(), _Fiber):
        return work()
    mine, thread = place(), ThreadPoolExecutor(1, thread_name_prefix="directca elsewhere")
    try:
        found = [thread.submit(copy_context().run, work)]
    except RuntimeError:
        return work()
    found[0].add_done_callback(lambda _: mine.tell())
    thread.shutdown(wait=False)  # it ends with its only work
    mine.wait()
    return found.pop().result()  # kept nowhere: what it raises holds this frame


class Wire:
    """A connection at which one waits for the other side: a thread by itself, and in a lane the others go on meanwhile."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLIN)

    def has_come(self) -> bool:
        """Whether there is something to read now, or the connection has ended."""
        return bool(self._poll.poll(0))

    def wait(self, seconds: float | None = None, *, to_send: bool = False) -> bool:
        """Wait until there is something to read, or the connection has ended, or `to_send` until there is room to send as well;
        False after so many seconds without."""
        fiber = getcurrent()
        if isinstance(fiber, _Fiber):
            return fiber.lane.watch(self._descriptor, _EITHER if to_send else select.POLLIN, _OfFiber(fiber), seconds)
        poll = self._poll
        if to_send:
            poll = select.poll()
            poll.register(self._descriptor, _EITHER)
        return bool(poll.poll(None if seconds is None else seconds * 1000))


class Lane:
    """One thread for pieces of work, each of which begins when no other can go on. It ends when there was none for a while."""

    def __init__(self, idle_seconds: float) -> None:
        self._idle_seconds = idle_seconds
        self._mutex = threading.Lock()
        self._thread: threading.Thread | None = None
        self._come: SimpleQueue[_Work | _OfFiber] = SimpleQueue()
        self._told: deque[_OfFiber] = deque()
        self._deadlines: dict[_OfFiber, float] = {}
        self._watched: dict[int, _OfFiber] = {}
        self._poll = select.poll()
        self._bell: int | None = None
        self._sleeps = False  # in `_poll`, where only the bell wakes it
        self._begun = 0

    def do(self, work: Callable[[], None], context: Context) -> None:
        """Have the work done in this context, of which there may be no other use meanwhile. What it raises ends it alone, as it
        would end a thread. For any thread. Raises RuntimeError, with nothing done, when the system has no thread to give."""
        with self._mutex:
            if self._thread is None:
                thread = threading.Thread(target=self._run, name="directca lane", daemon=True)
                thread.start()
                self._thread = thread  # only one that runs: whoever comes after a failure tries again
            self._put(_Work(work, context))

    def tell(self, place: "_OfFiber") -> None:
        """Go on soon with who waits there. For any thread."""
        if threading.current_thread() is self._thread:
            self._told.append(place)
        else:
            self._put(place)

    def watch(self, descriptor: int, events: int, place: "_OfFiber", seconds: float | None) -> bool:
        """Wait at the place for one of these events; False after so many seconds without. Nobody else watches the same."""
        if self._bell is None:
            self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
            weakref.finalize(self, os.close, self._bell)
            self._poll.register(self._bell, select.POLLIN)
        self._poll.register(descriptor, events)
        self._watched[descriptor] = place
        try:
            return place.wait(seconds)
        finally:
            del self._watched[descriptor]
            self._poll.unregister(descriptor)

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
        if self._watched and self._look(0):
            return True
        seconds = self._patience()
        if not seconds and self._deadlines:
            return self._nothing_comes()
        try:
            come = self._next(seconds)
        except Empty:
            return self._nothing_comes()
        if isinstance(come, _OfFiber):
            come.go_on()
        else:
            self._begun += 1
            _Fiber(self, come).switch()
        return True

    def _next(self, seconds: float) -> "_Work | _OfFiber":
        """What has come, or comes within so many seconds. Raises Empty without it, and when something watched has happened."""
        if not self._watched:
            return self._come.get(timeout=seconds)
        try:
            return self._come.get_nowait()
        except Empty:
            self._sleeps = True  # before the last look: whoever puts something in after it rings
            if self._come.empty():
                self._look(seconds)
            self._sleeps = False
            raise

    def _look(self, seconds: float) -> bool:
        """Tell those who wait for what has happened, or happens within so many seconds. Whether there was one."""
        for descriptor, _ in self._poll.poll(seconds * 1000):
            if descriptor == self._bell:
                os.eventfd_read(descriptor)
            else:
                self._watched[descriptor].tell()
        return bool(self._told)

    def _put(self, come: "_Work | _OfFiber") -> None:
        self._come.put(come)
        if self._sleeps and self._bell is not None:
            os.eventfd_write(self._bell, 1)

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
