"""Threads to which the event loop hands work, with as little between the two as there can be.

What the framework brings for this bounds the number of threads, checks for cancellation and keeps scopes of its own, and takes
four times as much of a core for each request (measured: 40 µs against 11). Here the queue in front bounds how much is done.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

from directca.fibers import Lane

Answer = TypeVar("Answer")

IDLE_SECONDS = 10.0
"""How long a thread waits for more work before it ends."""


@dataclass(slots=True, eq=False)
class _Job:
    work: Callable[[], Any]
    loop: asyncio.AbstractEventLoop
    answered: "asyncio.Future[Any]"
    """Cancelled with the caller, of whom the thread knows nothing."""
    ended: bool = False
    """Whether the work is done, as far as the event loop has heard."""
    outlived: "asyncio.Future[None] | None" = None
    """What a caller who was cancelled waits for."""


class Threads:
    """As many threads as are busy at once; each waits a while for more work, and those who worked last work next.

    One more is for work that is done `together`.
    """

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle: deque[_Thread] = deque()
        self._idle_seconds = idle_seconds
        self._lane = Lane(idle_seconds)

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """What the work answers, from a thread of its own, in the caller's context. What it raises passes through.

        The work that has begun is done: a caller who is cancelled is let go when it has ended, so a process that ends does not
        end before it.
        """
        try:
            thread = self._idle.pop()
        except IndexError:
            thread = _Thread(self._idle, self._idle_seconds)
            thread.start()
        return await _answer(work, lambda job: thread.jobs.put(partial(copy_context().run, _do, job, thread.rest)))

    async def together(self, work: Callable[[], Answer]) -> Answer:
        """The same from the one thread in which work goes on where other work waits for a turn to write or for its commit.

        It is for work that is short but for that: what else it waits for, all of them wait for.
        """
        return await _answer(work, lambda job: self._lane.do(partial(_do, job), copy_context()))


class _Thread(threading.Thread):
    """One of them. It is in `idle` while it waits for work."""

    def __init__(self, idle: "deque[_Thread]", idle_seconds: float) -> None:
        super().__init__(name="directca work", daemon=True)
        self.jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._idle = idle
        self._idle_seconds = idle_seconds

    def run(self) -> None:
        """Work, until there has been none for a while."""
        while True:
            try:
                self.jobs.get(timeout=self._idle_seconds)()  # kept nowhere: a thread that waits has nothing of the last request
            except Empty:
                try:
                    self._idle.remove(self)
                except ValueError:
                    continue  # somebody has taken this thread a moment ago: the job is on its way
                return

    def rest(self) -> None:
        """Be there for more work. Before the answer: who comes next must find it."""
        self._idle.append(self)


async def _answer(work: Callable[[], Answer], begin: Callable[[_Job], None]) -> Answer:
    """What the work answers that is begun so."""
    loop = asyncio.get_running_loop()
    job = _Job(work, loop, loop.create_future())
    begin(job)
    try:
        answer: Answer = await job.answered
    except asyncio.CancelledError:
        await _ended(job)
        raise
    finally:
        del job  # which holds what was raised, whose traceback holds this frame
    return answer


def _do(job: _Job, before_answer: Callable[[], None] = lambda: None) -> None:
    """Do it, in whichever thread, and have the event loop told."""
    answer: Any = None
    raised: BaseException | None = None
    try:
        answer = job.work()
    except StopIteration as error:  # which a future does not carry
        raised = RuntimeError("work raised StopIteration")
        raised.__cause__ = error
    except BaseException as error:  # noqa: BLE001  (whatever it is, it is the caller's who waits for it)
        raised = error
    before_answer()
    try:
        job.loop.call_soon_threadsafe(_settle, job, answer, raised)
    except RuntimeError:
        if not job.loop.is_closed():
            raise
    finally:
        del job, raised  # whose traceback holds this frame: what a refusal held would stay until the collector comes by


async def _ended(job: _Job) -> None:
    """Wait for work of which nobody wants the answer, however often that is cancelled."""
    while not job.ended:
        job.outlived = job.loop.create_future()
        with suppress(asyncio.CancelledError):
            await job.outlived
    if not job.answered.cancelled():
        job.answered.exception()  # known, so that the event loop need not complain of it


def _settle(job: _Job, answer: Any, raised: BaseException | None) -> None:
    job.ended = True
    if job.outlived is not None and not job.outlived.done():
        job.outlived.set_result(None)
    if job.answered.cancelled():
        return
    if raised is not None:
        job.answered.set_exception(raised)
    else:
        job.answered.set_result(answer)
