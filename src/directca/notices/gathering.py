"""How many letters somebody gets at once: a few are sent each by itself, many are gathered in one.

Whoever brings ten thousand names, or has ten thousand certificates that expire, is written to as a person and not as a feed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from directca.notices.letter_model import EventLetter, Mailing

WINDOW = timedelta(minutes=15)
"""How long after a letter that gathers several the next may come at the earliest."""

FEW = 10
"""Of how many events somebody is written within the window with a letter for each."""


@dataclass(frozen=True)
class Together:
    """What waits for one person, at least one letter; of how many events they were `told` within the window, and when last."""

    due: tuple[EventLetter, ...]
    told: int
    last: datetime | None

    @property
    def person_id(self) -> str:
        """Whose letters they are."""
        return self.due[0].person_id

    @property
    def waits_until(self) -> datetime | None:
        """When the person may be written to again; None for now."""
        return self.last + WINDOW if self.last is not None and self.told > FEW else None


def mailings(together: Together) -> Iterator[Mailing]:
    """What is mailed to the person now: nothing to one who waits."""
    if together.waits_until is not None:
        return
    if together.told + len(together.due) <= FEW:
        yield from (Mailing((one,)) for one in together.due)
    else:
        yield Mailing(together.due)
