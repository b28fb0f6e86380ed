"""Moments as callers write them, in a body or in an address."""

import re
from datetime import UTC, datetime

from directca.api.bodies import BadParameter
from directca.clock import whole_second

_WRITTEN = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:[Zz]|[+-]\d\d:\d\d)?)?", re.ASCII)
"""A day, or a moment of RFC 3339 5.6 (which knows `t`, `z` and a space too), of which seconds and offset may be left out. Python
reads more, and not the same in each of its versions: weeks, ordinal days, any character before the time."""


def moment(text: str | None, *, field: str) -> datetime | None:
    """A day (its midnight, UTC) or an RFC 3339 moment, to the whole second. Raises BadParameter."""
    read = exact_moment(text, field=field)
    return None if read is None else whole_second(read)


def exact_moment(text: str | None, *, field: str) -> datetime | None:
    """The same with its fraction of a second. Raises BadParameter."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text.upper()) if _WRITTEN.fullmatch(text) else None
        if read is not None:
            return (read.replace(tzinfo=UTC) if read.tzinfo is None else read).astimezone(UTC)
    except (ValueError, OverflowError):
        pass  # no such day, or one outside of the years that there are
    raise BadParameter(f"{field} must be a date or an RFC 3339 moment, such as 2027-01-31.", field=field)


def of_address(text: str | None) -> str | None:
    """A moment as it stands in an address, where a `+` that was not escaped arrives as a space."""
    return None if text is None else text[:11] + text[11:].replace(" ", "+")
