"""Events by mail: what one person is written about one event, and what is mailed at once."""

import hashlib
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


@dataclass(frozen=True)
class Mailing:
    """What is mailed to one person at once: the letter about one event, or one that gathers several. Holds at least one."""

    letters: tuple[EventLetter, ...]

    @property
    def person_id(self) -> str:
        """Whom it is for."""
        return self.letters[0].person_id

    @property
    def message_id(self) -> str:
        """The left half of its Message-ID, which is the same for the same letters."""
        if len(self.letters) == 1:
            return self.letters[0].message_id
        events = hashlib.sha256(" ".join(one.event_id for one in self.letters).encode()).hexdigest()
        return f"{events[:32]}.{self.person_id}"
