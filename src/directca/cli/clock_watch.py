"""Whether somebody set the machine's clock: the certificate policy has that audited, since every date here rests on it."""

import time
from collections.abc import Callable
from datetime import timedelta

from directca.clock import Clock

TOLERANCE = timedelta(seconds=2)
"""Between two looks. A time service that keeps the clock right moves it by less."""


def since_boot() -> float:
    """Seconds that no setting of the clock changes; on Linux those count in which the machine was asleep."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


class ClockWatch:
    """Compares the clock with one that cannot be set."""

    def __init__(self, clock: Clock, steady: Callable[[], float] = since_boot) -> None:
        self._clock = clock
        self._steady = steady
        self.noted()

    def moved(self) -> timedelta | None:
        """By how much the clock was set, forward or back, until it is `noted`; None if it just went on."""
        moved = self._difference() - self._offset
        if abs(moved) > TOLERANCE:
            return moved
        self.noted()
        return None

    def noted(self) -> None:
        """The clock as it goes now is the one to compare with."""
        self._offset = self._difference()

    def _difference(self) -> timedelta:
        return timedelta(seconds=self._clock.now().timestamp() - self._steady())
