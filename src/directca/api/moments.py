"""Moments as callers write them, in a body or in an address."""

from datetime import datetime

from directca.api.bodies import BadParameter
from directca.clock import whole_second, written_moment


def moment(text: str | None, *, field: str) -> datetime | None:
    """A day (its midnight, UTC) or an RFC 3339 moment, to the whole second. Raises BadParameter."""
    read = exact_moment(text, field=field)
    return None if read is None else whole_second(read)


def exact_moment(text: str | None, *, field: str) -> datetime | None:
    """The same with its fraction of a second. Raises BadParameter."""
    if text is None:
        return None
    read = written_moment(text)
    if read is not None:
        return read
    raise BadParameter(f"{field} must be a date or an RFC 3339 moment, such as 2027-01-31.", field=field)


def of_address(text: str | None) -> str | None:
    """A moment as it stands in an address, where a `+` that was not escaped arrives as a space."""
    return None if text is None else text[:11] + text[11:].replace(" ", "+")
