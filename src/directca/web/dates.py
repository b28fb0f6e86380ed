"""How pages write dates, serials and money: for people first, exact beside it."""

import re
from datetime import datetime, timedelta

from markupsafe import Markup, escape

_STEPS = (
    (timedelta(days=730), timedelta(days=365), "year"),
    (timedelta(days=60), timedelta(days=30), "month"),
    (timedelta(days=2), timedelta(days=1), "day"),
    (timedelta(hours=2), timedelta(hours=1), "hour"),
    (timedelta(minutes=2), timedelta(minutes=1), "minute"),
)


def in_words(moment: datetime, now: datetime) -> str:
    """`in 23 days`, `3 hours ago`, `just now`: the distance, in the largest unit of which there are at least two."""
    distance = moment - now
    size = abs(distance)
    for least, unit, name in _STEPS:
        if size >= least:
            count = f"{round(size / unit)} {name}s"
            return f"in {count}" if distance > timedelta() else f"{count} ago"
    return "in a moment" if distance > timedelta(seconds=1) else "just now"


def iso_date(moment: datetime) -> str:
    """`2027-01-16`, the day in UTC."""
    return moment.strftime("%Y-%m-%d")


def iso_moment(moment: datetime) -> str:
    """`2027-01-16 08:05 UTC`."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")


def grouped(text: str) -> str:
    """A serial or fingerprint in groups of four, so that two can be compared by eye."""
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def breakable(text: str) -> Markup:
    """An address, a domain or a URI that a narrow column breaks behind its signs, and not within a word."""
    return Markup("<wbr>").join(escape(part) for part in re.split(r"(?<=[@.:/_-])(?=[^@.:/_-])", text))


def dollars(cents: int) -> str:
    """`$1,234.50`, `-$0.05`: an amount in whole cents."""
    return f"{'-' if cents < 0 else ''}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"
