"""Events by mail: a letter for one event and one person."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class LetterState(StrEnum):
    """What became of a letter."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"


@dataclass(frozen=True)
class EventLetter:
    """What one person is written about one event. The address is looked up when it is sent."""

    person_id: str
    event_id: str
    subject: str
    text: str
    made_at: datetime
    tries: int = 0

    @property
    def message_id(self) -> str:
        """The left half of its Message-ID: sent again, it is the same letter to its reader."""
        return f"{self.event_id}.{self.person_id}"
