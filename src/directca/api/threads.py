"""Threads to which the event loop hands work, with as little between the two as there can be.

What the framework brings for this bounds the number of threads, checks for cancellation and keeps scopes of its own, and takes
four times as much of a core for each request (measured: 40 µs against 11). Here the queue in front bounds how much is done.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context, copy_context
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

Answer = TypeVar("Answer")

IDLE_SECONDS = 10.0
"""How long a thread waits for more work before it ends."""


@dataclass(slots=True, eq=False)
class _Job:
    work: Callable[[], Any]
    context: Context
    loop: asyncio.AbstractEventLoop
    answered: "asyncio.Future[Any]"
    """Cancelled with the caller, of whom the thread knows nothing."""
    ended: bool = False
    """Whether the work is done, as far as the event loop has heard."""
    outlived: "asyncio.Future[None] | None" = None
    """What a caller who was cancelled waits for."""


class Threads:
    """As many threads as are busy at once; each waits a while for more work, and those who worked last work next."""

    def __init__(self, idle_seconds: float = IDLE_SECONDS) -> None:
        self._idle: deque[_Thread] = deque()
        self._idle_seconds = idle_seconds

    async def run(self, work: Callable[[], Answer]) -> Answer:
        """What the work answers, from a thread, in the caller's context. What it raises passes through.

        The work that has begun is done: a caller who is cancelled is let go when it has ended, so a process that ends does not
        end before it.
        """
        loop = asyncio.get_running_loop()
        try:
            thread = self._idle.pop()
        except IndexError:
            thread = _Thread(self._idle, self._idle_seconds)
            thread.start()
        job = _Job(work, copy_context(), loop, loop.create_future())
        thread.jobs.put(job)
        try:
            answer: Answer = await job.answered
        except asyncio.CancelledError:
            await _ended(job)
            raise
        finally:
            del job  # which holds what was raised, whose traceback holds this frame
        return answer


class _Thread(threading.Thread):
    """One of them. It is in `idle` while it waits for work."""

    def __init__(self, idle: "deque[_Thread]", idle_seconds: float) -> None:
        super().__init__(name="directca work", daemon=True)
        self.jobs: SimpleQueue[_Job] = SimpleQueue()
        self._idle = idle
        self._idle_seconds = idle_seconds

    def run(self) -> None:
        """Work, until there has been none for a while."""
        while True:
            try:
                self._do(self.jobs.get(timeout=self._idle_seconds))
            except Empty:
                try:
                    self._idle.remove(self)
                except ValueError:
                    continue  # somebody has taken this thread a moment ago: the job is on its way
                return

    def _do(self, job: _Job) -> None:
        # In a function of its own: a thread that waits keeps nothing of the last request.
        answer: Any = None
        raised: BaseException | None = None
        try:
            answer = job.context.run(job.work)
        except StopIteration as error:  # which a future does not carry
            raised = RuntimeError("work raised StopIteration")
            raised.__cause__ = error
        except BaseException as error:  # noqa: BLE001  (whatever it is, it is the caller's who waits for it)
            raised = error
        self._idle.append(self)  # before the answer: who comes next must find it
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
