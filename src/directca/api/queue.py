"""The queue in which requests wait for a thread of the pool, and in which nobody waits for long.

With more to do than the machine bears, a queue without a bound makes every answer late, and work is done for clients that have
given up. So whoever would wait too long is refused at once, with nothing done, and those who are let in are answered in time. How
long somebody would wait follows from who is ahead and from what work of each kind has cost lately. That is a guess: nobody waits
longer than four times the bound, and once nothing at all has moved for so long, nobody is let in to wait.

What is too long depends on the machine, too: where four wait for each thread, whoever comes next takes several times as long as
in a pool that is just full. From there on software is refused unless the wait is short all the same; people would rather wait.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import Callable
from typing import TypeVar

from starlette.requests import ClientDisconnect, Request

from directca.api.threads import Threads
from directca.errors import Unavailable

Answer = TypeVar("Answer")

PAGE = "page"
"""The kind of work that makes a page for people. The other kinds are the verbs."""

_LONGEST_HINT = 30
_FIRST_COST = 0.01
_AT_MOST = 4
_CROWD = 4
"""So many that wait for each thread are many."""
_SHORT = 1 / 4
"""A wait of this share of the bound is short."""
_NEWEST = 1 / 16
"""The share that the newest work has in what work of its kind is taken to cost."""


class Overloaded(Unavailable):
    """There is more to do than the server can do in time. Nothing of the request was done."""

    slug = "overloaded"

    def __init__(self, wait: float) -> None:
        super().__init__(
            "The server has more to do than it can do in time. Nothing of this request was done; send it again later.",
            retry_after=min(max(1, math.ceil(wait)), _LONGEST_HINT),
        )


class Costs:
    """What work of each kind costs the pool, in seconds: of each moment of its time the share that it had with all that ran then.

    So it does not matter how crowded the pool was when it was measured, and the costs of all add up to the time that they took.
    Work that waits for a disk by itself seems dearer than it is among others, until it has been among others.
    """

    def __init__(self, most: float) -> None:
        self._most = most  # one that was caught in something must not stand for all of its kind
        self._usual: dict[str, float] = {}
        self._running = 0
        self._since = 0.0
        self._shares = 0.0  # what a single one would have had by now that ran from the start

    def of(self, kind: str) -> float:
        """What one more of this kind will cost."""
        return self._usual.get(kind, _FIRST_COST)

    def begin(self, now: float) -> float:
        """One begins. What is returned is to be handed in when it ends."""
        self._pass(now)
        self._running += 1
        return self._shares

    def end(self, kind: str, begun: float, now: float) -> None:
        """It has ended."""
        self._pass(now)
        self._running -= 1
        usual = self.of(kind)
        self._usual[kind] = usual + (min(self._shares - begun, self._most) - usual) * _NEWEST

    def _pass(self, now: float) -> None:
        if self._running:
            self._shares += (now - self._since) / self._running
        self._since = now


class Queue:
    """The queue before one pool of `threads`; to be used on its event loop. First come, first served.

    `longest_wait` is in seconds. `refused` is told of every refusal.
    """

    def __init__(
        self, threads: int, longest_wait: float, refused: Callable[[], None], now: Callable[[], float] = time.perf_counter
    ) -> None:
        self._free = threads
        self._crowd = _CROWD * threads
        self._threads = Threads()
        self._longest_wait = longest_wait
        self._refused = refused
        self._now = now
        self._costs = Costs(most=longest_wait)
        self._waiting: dict[asyncio.Future[None], str] = {}
        self._ahead: Counter[str] = Counter()
        self._moved = 0.0

    async def run(self, kind: str, request: Request, work: Callable[[], Answer], *, together: bool = False) -> Answer:
        """What the work answers, from a thread of the pool, when its turn has come; or from the one in which work is done
        `together`. Work that has begun is done.

        Raises Overloaded, and ClientDisconnect when the client has gone before its turn; then the work was not begun. What the
        work raises passes through.
        """
        waited = await self._turn(kind)
        try:
            if waited and await request.is_disconnected():
                raise ClientDisconnect
            begun = self._costs.begin(self._now())
            try:
                return await (self._threads.together(work) if together else self._threads.run(work))
            finally:
                self._costs.end(kind, begun, self._now())
        finally:
            self._give_back()

    def wait(self) -> float:
        """How long somebody who comes now would wait, in seconds."""
        if self._free:
            return 0.0
        return sum(self._costs.of(kind) * count for kind, count in self._ahead.items())

    async def _turn(self, kind: str) -> bool:
        """Take a thread, now or when the turn has come; whether there was a wait."""
        if self._free:
            self._take()
            return False
        stands = self._now() - self._moved
        if (wait := self.wait()) > self._bound(kind) or stands > _AT_MOST * self._longest_wait:
            self._refused()
            raise Overloaded(max(wait, stands))
        loop = asyncio.get_running_loop()
        turn = loop.create_future()
        self._waiting[turn] = kind
        self._ahead[kind] += 1
        late = loop.call_later(_AT_MOST * self._longest_wait, self._turn_away, turn)
        try:
            await turn
        except asyncio.CancelledError:
            if self._leave(turn) is None and not turn.cancelled() and turn.exception() is None:
                self._give_back()  # the turn had come in the same moment
            raise
        finally:
            late.cancel()
        return True

    def _bound(self, kind: str) -> float:
        """How long one more of this kind may have to wait."""
        is_crowded = kind != PAGE and len(self._waiting) >= self._crowd
        return self._longest_wait * _SHORT if is_crowded else self._longest_wait

    def _turn_away(self, turn: asyncio.Future[None]) -> None:
        if self._leave(turn) is not None and not turn.done():
            self._refused()
            turn.set_exception(Overloaded(self.wait()))

    def _leave(self, turn: asyncio.Future[None]) -> str | None:
        kind = self._waiting.pop(turn, None)
        if kind is not None:
            self._ahead[kind] -= 1
        return kind

    def _take(self) -> None:
        self._free -= 1
        self._moved = self._now()

    def _give_back(self) -> None:
        self._free += 1
        while self._free and self._waiting:
            turn = next(iter(self._waiting))
            self._leave(turn)
            if not turn.done():  # whoever was cancelled a moment ago still has to leave
                self._take()
                turn.set_result(None)
