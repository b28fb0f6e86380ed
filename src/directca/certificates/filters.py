"""What a query asks for, already parsed."""

from dataclasses import dataclass
from datetime import datetime

from directca.certificates.model import Status

MAXIMUM_LIMIT = 1000
DEFAULT_LIMIT = 10


@dataclass(frozen=True)
class Filters:
    """What records are wanted; None does not filter. Names and serials are lower case; `name_like` uses `*` as wildcard."""

    name_is: str | None = None
    name_like: str | None = None
    signing_serial: str | None = None
    encryption_serial: str | None = None
    status: Status | None = None
    expires_before: datetime | None = None
    expires_after: datetime | None = None
    organization: str | None = None


@dataclass(frozen=True)
class Window:
    """Which page: at most `limit` records; older than `before`, or newer than `after`, or else behind the first `offset`."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0
    before: int | None = None
    after: int | None = None
