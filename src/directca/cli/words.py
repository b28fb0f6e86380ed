"""Words that a person types or reads: passwords that are made here, dates that are typed."""

import base64
from collections.abc import Callable
from datetime import UTC, datetime

from directca.cli.errors import BadOption


def new_password(random: Callable[[int], bytes]) -> str:
    """A password of 120 random bits, in six groups that can be read out."""
    text = base64.b32encode(random(15)).decode("ascii").lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def moment(text: str, *, field: str) -> datetime:
    """A day (its midnight, UTC) or a moment in ISO 8601. Raises BadOption."""
    try:
        read = datetime.fromisoformat(text)
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise BadOption(f"{text!r} is not a date. Write it as 2026-11-24 or 2026-11-24T08:00:00Z.", field=field) from error
