"""Work in the pool of threads: each verb of the API is done here, timed, counted and, where somebody follows it, told."""

import threading
import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request

from directca.api.queue import Queue
from directca.errors import (
    Conflict,
    DirectCAError,
    Malformed,
    NotFound,
    RateLimited,
    Rejected,
    Unauthenticated,
    Unavailable,
)
from directca.watch import STORY

Answer = TypeVar("Answer")

SUCCESS, BUG = "success", "bug"
_FAMILIES: dict[type[Exception], str] = {
    Malformed: "malformed",
    Unauthenticated: "unauthenticated",
    Rejected: "rejected",
    NotFound: "not_found",
    Conflict: "conflict",
    RateLimited: "rate_limited",
    Unavailable: "unavailable",
}
OUTCOMES = (SUCCESS, *_FAMILIES.values(), BUG)
"""How a verb may end: well, by the family of its error, or by a bug."""

TOGETHER = frozenset({"issue", "renew", "reissue", "token"})
"""The verbs that write, do so quickly, and come in numbers: they share a thread, and the turns to write.

Not `revoke`, which makes a list that may be long, and has it published, before it answers.
"""

Judge = Callable[[Answer], str]
"""The outcome that an answer stands for, where a verb answers its errors instead of raising them."""


class Counted(Protocol):
    """Who counts the work. For any thread."""

    def waits(self) -> None:
        """One more waits for a thread."""

    def begins(self, seconds: float) -> None:
        """One that waited has its thread, after so many seconds."""

    def leaves(self) -> None:
        """One that waited goes without: it is refused, or was given up."""

    def ended(self, verb: str, outcome: str, seconds: float) -> None:
        """A verb ended, after so many seconds of work."""


class Work:
    """The pool, as the handlers of the API use it."""

    def __init__(self, counted: Counted, queue: Queue) -> None:
        self._counted = counted
        self._queue = queue

    async def do(
        self,
        verb: str,
        request: Request,
        work: Callable[[], Answer],
        judge: Judge[Answer] | None = None,
        *,
        apart: CapacityLimiter | None = None,
    ) -> Answer:
        """What the work answers, from a thread of the pool, or of one `apart`, which waits for others and not for this machine.

        What it raises passes through; before it begins, also what the queue of the pool raises: Overloaded, ClientDisconnect.
        """
        counted = self._counted
        asked = time.perf_counter()
        taken = threading.Lock()  # by the thread that does it, or by who gives it up before

        def timed() -> Answer:
            if not taken.acquire(blocking=False):
                raise ClientDisconnect
            began = time.perf_counter()
            counted.begins(began - asked)
            outcome = BUG
            story = STORY.get()
            if story is not None:
                story.begin(verb)
            try:
                answer = work()
                outcome = SUCCESS if judge is None else judge(answer)
            except DirectCAError as error:
                outcome = family(error)
                raise
            finally:
                if story is not None:
                    story.end(outcome)
                counted.ended(verb, outcome, time.perf_counter() - began)
            return answer

        counted.waits()
        try:
            if apart is not None:
                return await to_thread.run_sync(timed, limiter=apart)
            return await self._queue.run(verb, request, timed, together=verb in TOGETHER)
        finally:
            if taken.acquire(blocking=False):
                counted.leaves()


def family(error: DirectCAError) -> str:
    """The word for who must act on an error."""
    return next((word for kind, word in _FAMILIES.items() if isinstance(error, kind)), BUG)


def of_status(status: int) -> str:
    """The outcome that an HTTP status stands for."""
    if status < 400:
        return SUCCESS
    if status >= 500:
        return _FAMILIES[Unavailable]
    return {401: "unauthenticated", 403: "rejected", 404: "not_found", 429: "rate_limited"}.get(status, "malformed")
