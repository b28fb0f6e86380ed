"""Log lines about what strangers can provoke: each kind once a minute at most, with how often it happened since.

`guard` is the one place for work that must not end whoever does it: a thread, or a process, that others depend on.
"""

import time
from collections.abc import Callable
from typing import Any

_EVERY_SECONDS = 60.0


class Rarely:
    """Says a thing, and not again for a minute. `say` is the method of a log, such as `log.warning`."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._said: dict[str, float] = {}
        self._unsaid: dict[str, int] = {}

    def say(self, say: Callable[..., Any], what: str, **facts: object) -> None:
        """Say it, unless it was said in the last minute. `what` is one of few sentences, never made from what was sent."""
        now = self._monotonic()
        if now < self._said.get(what, float("-inf")) + _EVERY_SECONDS:
            self._unsaid[what] = self._unsaid.get(what, 0) + 1
            return
        self._said[what] = now
        say(what, before=self._unsaid.pop(what, 0), **facts)

    def guard(self, work: Callable[[], object], error: Callable[..., Any], what: str) -> None:
        """Do the work. Whatever it raises is said, with where it was raised, and ends nothing; a later try may succeed."""
        try:
            work()
        except Exception:  # noqa: BLE001  (what nobody foresaw is exactly what must not end the others)
            self.say(error, what, exc_info=True)
