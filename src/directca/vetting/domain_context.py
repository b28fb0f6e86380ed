"""What the verbs about domains work with, and the two ports through which they touch the world."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from directca.clock import Clock
from directca.db.engine import Database
from directca.pki.profiles import Rules
from directca.vetting.config import DomainConfig
from directca.vetting.domain_model import View
from directca.vetting.evidence import Recording


class Lookup(Protocol):
    """Looks at a domain in the DNS."""

    def look(self, domain: str) -> tuple[View, ...]:
        """The domain as it is now from every vantage point, from its authoritative servers, without a cache of ours.

        Bounded in time, questions and bytes, whatever servers answer. Asks nobody at an address that `may_be_asked` refuses. For
        any number of threads. Raises nothing: what went wrong is in the views.
        """


@dataclass(frozen=True)
class Letter:
    """A message with a code, for one role address."""

    to: str
    domain: str
    organization: str
    code: str
    minutes: int


class Mailer(Protocol):
    """Sends codes by the one mail server of the settings."""

    @property
    def is_set(self) -> bool:
        """Whether there is such a server at all."""

    def send(self, letter: Letter) -> None:
        """Return once the server has taken the message. Not repeated. For any number of threads. Raises MailNotSent."""


@dataclass(frozen=True)
class Domains:
    """The desk at which control of domains is shown."""

    database: Database
    clock: Clock
    random: Callable[[int], bytes]
    rules: Rules
    config: DomainConfig
    lookup: Lookup
    mailer: Mailer

    def recording(self, actor: str) -> Recording:
        """Who writes evidence down now."""
        return Recording(actor, self.clock.now(), self.rules, self.random)
