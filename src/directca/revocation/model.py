"""Who asks for a revocation, and what a published CRL is."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Requester:
    """Who wants a pair revoked. `account_id` is whose pairs they may touch; `officer` is an officer of the authority."""

    actor: str
    account_id: str
    officer: bool = False


@dataclass(frozen=True)
class Crl:
    """A CRL as published: its number, its period, the DER that relying parties get, how many entries it has,
    and the version of the authority's status that it shows."""

    authority_id: str
    number: int
    this_update: datetime
    next_update: datetime
    der: bytes
    entries: int
    status_version: int

    def fresh_at(self, moment: datetime) -> bool:
        """Whether relying parties may still use it (RFC 5280 5.1.2.5)."""
        return moment < self.next_update
