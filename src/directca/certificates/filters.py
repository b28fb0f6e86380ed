"""What a query asks for, already parsed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

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


class Order(StrEnum):
    """How a list is sorted. There are those that an index walks: another would read all that match for each page."""

    NEWEST = ""
    NAME = "name"
    NAME_DOWN = "-name"
    ENDS = "expires"
    ENDS_DOWN = "-expires"

    @property
    def is_down(self) -> bool:
        """Whether what is last in the alphabet or in time comes first."""
        return self in (Order.NEWEST, Order.NAME_DOWN, Order.ENDS_DOWN)


@dataclass(frozen=True)
class Window:
    """Which page: at most `limit` records; those that follow the one at the position `before`, or stand before the one at
    `after`, or else are behind the first `offset`. In the order of the register, what follows is older."""

    limit: int = DEFAULT_LIMIT
    offset: int = 0
    before: int | None = None
    after: int | None = None
    order: Order = Order.NEWEST
