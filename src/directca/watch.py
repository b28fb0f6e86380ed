"""What rooms tell of their work to whoever watches: how long a thing took, and which step of its story a verb has reached.

Rooms know neither metrics nor traces. Who serves decides, once in each process, who is told; where nobody is, telling costs
less than a microsecond. Nothing that is told is a name, an address or a secret: `what` and `of` are words of the code.
"""

import time
from collections.abc import Callable
from contextvars import ContextVar
from types import TracebackType
from typing import Protocol, Self

Told = Callable[[str, str, float, bool], None]
"""Told of a thing that ended: what it was, of which kind, its seconds, and whether it succeeded. May be called by any thread."""


class Story(Protocol):
    """The work that is done for one request: a verb, and the steps of its flow's page, in one thread at a time."""

    def begin(self, verb: str) -> None:
        """A verb begins."""

    def step(self, number: int, name: str) -> None:
        """The verb has reached a step; the step before it has ended."""

    def end(self, outcome: str) -> None:
        """The verb, and its last step, have ended."""


STORY: ContextVar[Story | None] = ContextVar("story", default=None)
"""Who follows the work of this request, if anybody does."""

_listener: list[Told] = []


def step(number: int, name: str) -> None:
    """Say that the verb has reached a step."""
    story = STORY.get()
    if story is not None:
        story.step(number, name)


def tell(listener: Told) -> None:
    """From now on, tell of what ends in this process. The last one who asked is told, and nobody else."""
    _listener[:] = [listener]


def happened(what: str, of: str) -> None:
    """Tell of a thing that took no time worth counting."""
    if _listener:
        _listener[0](what, of, 0.0, True)


class Timed:
    """Times a block: `with Timed("signature", "authority"): …`. What it raises passes through, and is a failure."""

    __slots__ = ("_began", "_of", "_what")

    def __init__(self, what: str, of: str = "") -> None:
        self._what = what
        self._of = of
        self._began = 0.0

    def __enter__(self) -> Self:
        self._began = time.perf_counter()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if _listener:
            _listener[0](self._what, self._of, time.perf_counter() - self._began, kind is None)
