"""A bound on how long requests take to arrive that costs those which have arrived nothing worth mentioning.

A timer for each request is a fifth of what answering one from memory costs. So who waits is written down, and one timer looks
after all of them, once a second and only while somebody waits.
"""

import asyncio
from typing import Any


class Patience:
    """To be used on one event loop: `begin`, then wait, then `end`. A task that waits for too long is woken by cancellation."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: dict[asyncio.Task[Any], float] = {}
        self._late: set[asyncio.Task[Any]] = set()
        self._watch: asyncio.TimerHandle | None = None

    def begin(self) -> "asyncio.Task[Any]":
        """The present task begins to wait."""
        task = asyncio.current_task()
        assert task is not None  # a server runs each request in one
        self._since[task] = 0.0  # the watch notes when it first saw it
        if self._watch is None:
            self._watch = asyncio.get_running_loop().call_later(min(1.0, self._seconds / 2), self._look)
        return task

    def end(self, task: "asyncio.Task[Any]") -> None:
        """It waits no longer."""
        self._since.pop(task, None)

    def has_ended(self, task: "asyncio.Task[Any]") -> bool:
        """Whether the cancellation that a task has met is ours: it is then undone, and the task goes on."""
        if task not in self._late:
            return False
        self._late.discard(task)
        task.uncancel()
        return True

    def _look(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        for task, since in list(self._since.items()):
            if since == 0.0:
                self._since[task] = now
            elif now - since >= self._seconds / 2:
                del self._since[task]
                self._late.add(task)
                task.cancel()
        again = min(1.0, self._seconds / 2)
        self._watch = loop.call_later(again, self._look) if self._since else None
