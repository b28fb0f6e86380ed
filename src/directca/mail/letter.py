"""A letter, and the port by which it leaves."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True)
class Letter:
    """Plain text for one address. Secrets stand in the text alone: subjects are shown where nobody has to unlock anything.

    `id` is the left half of the Message-ID: a letter that is sent again under the same one is the same letter to its reader.
    """

    to: str
    subject: str
    text: str = field(repr=False)
    id: str | None = None


class Post(Protocol):
    """Sends letters by the one mail server of the settings."""

    @property
    def is_set(self) -> bool:
        """Whether there is such a server at all."""

    def send(self, letter: Letter) -> None:
        """Return once the server has taken the letter. Not repeated. For any number of threads, and never inside a transaction.

        Raises NoMailServer, LetterNotSent.
        """
