"""Days, numbers and money as they come in addresses and forms, where anybody can write anything: digits of ASCII, and nothing
that overflows. Python's own readers take digits of every script, and days of which there is no next one."""

import re
from datetime import UTC, datetime

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,18}")
"""What any column holds."""

_DOLLARS = re.compile(r"\$?([0-9]{1,10}|[0-9]{1,3}(?:,[0-9]{3}){1,3})(?:\.([0-9]{2}))?")
_FIRST_YEAR, _LAST_YEAR = 1970, 8999
"""Far from the ends of what Python and the databases know, so that no day or decade more is an overflow."""


def day(text: str) -> datetime | None:
    """The midnight of a day that is written as `2026-11-24`, in UTC; None for anything else."""
    plain = text.strip()
    if not _DAY.fullmatch(plain):
        return None
    try:
        found = datetime.strptime(plain, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return found if _FIRST_YEAR <= found.year <= _LAST_YEAR else None


def number(text: str) -> int | None:
    """A whole number from zero on; None for anything else."""
    return int(text) if _NUMBER.fullmatch(text) else None


def cents(text: str) -> int | None:
    """An amount in dollars, such as `250`, `$1,250.00`, in whole cents; None for anything else. A comma parts thousands alone:
    `250,00` is no amount, least of all twenty-five thousand."""
    read = _DOLLARS.fullmatch(text.strip())
    return None if read is None else int(read[1].replace(",", "")) * 100 + int(read[2] or "0")
