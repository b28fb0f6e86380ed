"""Words that a person types or reads: passwords that are made here, dates that are typed."""

import base64
from collections.abc import Callable
from datetime import datetime

from directca.cli.errors import BadOption
from directca.clock import written_moment


def new_password(random: Callable[[int], bytes]) -> str:
    """A password of 120 random bits, in six groups that can be read out."""
    text = base64.b32encode(random(15)).decode("ascii").lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def moment(text: str, *, field: str) -> datetime:
    """A day (its midnight, UTC) or an RFC 3339 moment. Raises BadOption."""
    read = written_moment(text)
    if read is None:
        raise BadOption(f"{text!r} is not a date. Write it as 2026-11-24 or 2026-11-24T08:00:00Z.", field=field)
    return read
