"""Moments as callers write them in a body."""

from datetime import UTC, datetime

from directca.api.bodies import BadParameter
from directca.clock import whole_second


def moment(text: str | None, *, field: str) -> datetime | None:
    """A day (its midnight, UTC) or an RFC 3339 moment, to the whole second. Raises BadParameter."""
    if text is None:
        return None
    try:
        read = datetime.fromisoformat(text)
        return whole_second((read.replace(tzinfo=UTC) if read.tzinfo is None else read).astimezone(UTC))
    except (ValueError, OverflowError) as error:
        raise BadParameter(f"{field} must be a date or an RFC 3339 moment, such as 2027-01-31.", field=field) from error
