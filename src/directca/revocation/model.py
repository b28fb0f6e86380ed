"""Who asks for a revocation, which lists there are, and what a published CRL is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

CLOCK_SKEW = timedelta(minutes=1)
"""How far the clocks of two machines of one authority may differ."""


@dataclass(frozen=True)
class Requester:
    """Who wants a pair revoked. `account_id` is whose pairs they may touch; `officer` is an officer of the authority, who last
    showed a second factor at `shown_at`; `operator` is the authority's operator at the machine, or the authority itself, who
    show none."""

    actor: str
    account_id: str
    officer: bool = False
    shown_at: datetime | None = None
    operator: bool = False


def the_authority(actor: str, account_id: str = "") -> Requester:
    """The authority itself, by its operator or by its periodic work: may do what officers may."""
    return Requester(actor, account_id, officer=True, operator=True)


@dataclass(frozen=True, order=True)
class ListId:
    """One of an authority's lists: the full one, or, with its name, that of a partition."""

    authority_id: str
    partition: str = ""

    def __str__(self) -> str:
        return f"{self.authority_id}/{self.partition}" if self.partition else self.authority_id


@dataclass(frozen=True)
class ListFacts:
    """What is known of a CRL: its number, its period, how many entries it has, the version of status that it shows, the URIs
    in its issuingDistributionPoint (none in a full list), and the SHA-256 of its DER, None for an older release's."""

    of: ListId
    number: int
    this_update: datetime
    next_update: datetime
    entries: int
    status_version: int
    points: tuple[str, ...]
    sha256: str | None

    def fresh_at(self, moment: datetime) -> bool:
        """Whether relying parties may use it (RFC 5280 5.1.2.4, 5.1.2.5): not one that a clock which ran ahead dated into the
        future, but for what two machines' clocks may differ."""
        return self.this_update - CLOCK_SKEW <= moment < self.next_update


@dataclass(frozen=True)
class Crl:
    """A CRL as published: the DER that relying parties get, and what is known of it."""

    facts: ListFacts
    der: bytes
