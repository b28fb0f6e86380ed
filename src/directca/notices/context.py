"""What the verbs of notices work with, and the port by which something is sent to webhooks."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from directca.clock import Clock
from directca.db.engine import Database
from directca.notices.config import NoticeConfig
from directca.notices.webhook_model import Answered, Message
from directca.pki.profiles import Rules
from directca.signing.port import SecretSealer

_ID_BYTES = 12


@dataclass(frozen=True)
class Notices:
    """The database, the time, the rules of the policy, where random octets come from, and the settings."""

    database: Database
    clock: Clock
    rules: Rules
    random: Callable[[int], bytes]
    config: NoticeConfig = field(default_factory=NoticeConfig)
    authority: str = ""
    """The address by which letters name the authority."""

    def identifier(self, kind: str) -> str:
        """A new identifier, which nobody guesses."""
        return f"{kind}_{self.random(_ID_BYTES).hex()}"


class Poster(Protocol):
    """Sends something to a webhook over HTTP."""

    def post(self, message: Message, most: int) -> Answered:
        """Send it once, and wait for the answer; `most` octets of that are read.

        Bounded in time and octets, whatever the other side does. Every address of the host is looked at, and the connection goes
        to one of those very addresses; redirects are not followed. It may arrive although the outcome says otherwise. For any
        number of threads. Raises nothing: what went wrong is the outcome.
        """


@dataclass(frozen=True)
class Webhooks:
    """Notices with what opens the secrets of webhooks, and what sends to them."""

    notices: Notices
    sealer: SecretSealer
    poster: Poster
