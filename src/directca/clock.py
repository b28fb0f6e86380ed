"""Time as an argument: every rule of the authority can be tested at any date."""

import re
from datetime import UTC, datetime
from typing import Protocol

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)?)?", re.ASCII)
"""A day, or a moment of RFC 3339 5.6 (which knows `t`, `z` and a space too), of which seconds and offset may be left out. Python
reads more, and not the same in each of its versions: weeks, ordinal days, any character before the time."""


class Clock(Protocol):
    """Tells the present moment."""

    def now(self) -> datetime:
        """The present moment: aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment: aware, in UTC."""
        return datetime.now(UTC)


def whole_second(moment: datetime) -> datetime:
    """The moment without its fraction: certificates and CRLs carry whole seconds (RFC 5280 4.1.2.5)."""
    return moment.replace(microsecond=0)


def written_moment(text: str) -> datetime | None:
    """The moment that somebody wrote as a day (its midnight, UTC) or as RFC 3339 has it; None for anything else."""
    if not _WRITTEN.fullmatch(text):
        return None
    try:
        read = datetime.fromisoformat(text.upper())
        return (read.replace(tzinfo=UTC) if read.tzinfo is None else read).astimezone(UTC)
    except (ValueError, OverflowError):
        return None  # no such day, or one outside of the years that there are


def rfc3339(moment: datetime) -> str:
    """The moment as `2026-11-24T08:00:00Z`, the form in which every edge shows time."""
    # strftime writes years before 1000 without their zeros.
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
