"""What certificates rest on, where its end comes nearer: claims on domains, proofings of representatives."""

from dataclasses import dataclass
from datetime import datetime

from directca.db.engine import Tx
from directca.vetting import ending_store
from directca.vetting.model import DomainClaim, Proofing
from directca.vetting.policy import proofing_ends


@dataclass(frozen=True)
class EndingClaim:
    """A verified claim on a domain, and whose it is."""

    account_id: str
    organization: str
    claim: DomainClaim


@dataclass(frozen=True)
class EndingProofing:
    """The proofing that an organization relies on, whose it is, and from when on it holds no longer."""

    account_id: str
    organization: str
    proofing: Proofing
    ends_at: datetime


def ending_claims(tx: Tx, after: datetime, until: datetime) -> tuple[EndingClaim, ...]:
    """The verified claims that end in a span of time, the first to end first."""
    return tuple(EndingClaim(*row) for row in ending_store.claims(tx, after, until))


def ending_proofings(tx: Tx, years: int, after: datetime, until: datetime) -> tuple[EndingProofing, ...]:
    """The newest valid proofing of each organization that is not ended, where it ends in a span of time."""
    found = (EndingProofing(*row, proofing_ends(row[2].facts.proofed_at, years)) for row in ending_store.proofings(tx))
    return tuple(sorted((one for one in found if after < one.ends_at <= until), key=lambda one: one.ends_at))
