"""Time as an argument: every rule of the authority can be tested at any date."""

from datetime import UTC, datetime
from typing import Protocol


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


def rfc3339(moment: datetime) -> str:
    """The moment as `2026-11-24T08:00:00Z`, the form in which every edge shows time."""
    # strftime writes years before 1000 without their zeros.
    return moment.replace(tzinfo=None).isoformat(timespec="seconds") + "Z"
