"""The generic cell rate algorithm, as virtual scheduling (ITU-T I.371 annex A, ATM Forum TM 4.0 section 4.4.2).

All that is known of a caller is one moment, the theoretical arrival time: when the next call would come if all came evenly. It
may run ahead of the clock by the burst and no further. So in any time t no more than burst + rate × t are admitted, and no window
has an edge at which twice as many could pass.

Pure. Moments and times are whole microseconds, so that nothing is rounded but the interval, and that against the caller.
"""

from dataclasses import dataclass
from functools import cached_property

SECOND = 1_000_000
_MINUTE = 60 * SECOND


@dataclass(frozen=True)
class Rate:
    """How many calls are admitted at once, and how many a minute over time. Both are at least 1."""

    burst: int
    per_minute: int

    @cached_property
    def interval(self) -> int:
        """The time between two calls that come evenly, in microseconds."""
        return -(-_MINUTE // self.per_minute)

    @cached_property
    def window(self) -> int:
        """The time in which a spent burst comes back whole, in microseconds."""
        return self.burst * self.interval


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a call is admitted, and how the caller stands after it; times are in microseconds."""

    admitted: bool
    arrival: int
    """The theoretical arrival time from now on."""
    remaining: int
    """How many calls would be admitted at this moment."""
    retry_after: int
    """How long until one more is admitted; 0 when one is at this moment."""
    whole_after: int
    """How long until the whole burst is there again."""


def spend(rate: Rate, arrival: int, now: int, calls: int = 1) -> Verdict:
    """Admit so many calls or none of them. What is refused is not counted, so that a caller who keeps asking is not kept out."""
    earliest = _since(rate, arrival, now)
    after = earliest + calls * rate.interval
    if after > now + rate.window:
        return _verdict(rate, earliest, now, admitted=False)
    return _verdict(rate, after, now, admitted=True)


def charge(rate: Rate, arrival: int, now: int, calls: int) -> int:
    """The theoretical arrival time after calls that were admitted already, whatever was left for them. Of a debt no more than one
    whole burst is kept."""
    return min(_since(rate, arrival, now) + calls * rate.interval, now + 2 * rate.window)


def look(rate: Rate, arrival: int, now: int) -> Verdict:
    """How the caller stands, without a call."""
    earliest = _since(rate, arrival, now)
    return _verdict(rate, earliest, now, admitted=earliest + rate.interval <= now + rate.window)


def _since(rate: Rate, arrival: int, now: int) -> int:
    """What is past is forgotten. What is further ahead than any debt was noted before the clock was set back, and counts as the
    greatest debt: a caller waits for one burst to come back, not until the old time is reached."""
    return min(max(arrival, now), now + 2 * rate.window)


def _verdict(rate: Rate, arrival: int, now: int, *, admitted: bool) -> Verdict:
    room = now + rate.window - arrival
    return Verdict(
        admitted=admitted,
        arrival=arrival,
        remaining=max(0, room // rate.interval),
        retry_after=max(0, rate.interval - room),
        whole_after=max(0, arrival - now),
    )
