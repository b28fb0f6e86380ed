"""What waits for a second pair of eyes: a proposal, who says what about it, and where it stands."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class ProposalKind(StrEnum):
    """What is proposed."""

    REVOCATION = "revocation"
    """That these pairs are revoked."""
    ENDING = "ending"
    """That an organization is ended."""
    ISSUANCE = "issuance"
    """That a pair is issued which the settings let wait for an officer; its applicant asks for it once more."""
    AUTHORITY = "authority"
    """That an issuing authority is revoked."""


class ProposalState(StrEnum):
    """Where a proposal stands."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    """By as many as the settings want; it is being carried out."""
    DONE = "done"
    FAILED = "failed"
    """It was confirmed, and could not be carried out any more."""
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    EXPIRED = "expired"


class Answer(StrEnum):
    """What somebody else says of a proposal."""

    CONFIRM = "confirm"
    REFUSE = "refuse"


@dataclass(frozen=True)
class NewProposal:
    """What somebody wants, and another must confirm.

    `content` is all that will be done, as JSON; `records` are the pairs that it is about, each with its account. `plan` tells
    what would become of it at this moment, and is no part of what is confirmed. `account_id` is whose it is, if of one account.
    """

    kind: ProposalKind
    subject: str
    content: Mapping[str, Any]
    reason: str
    confirmations_needed: int
    account_id: str | None = None
    records: tuple[tuple[str, str], ...] = ()
    plan: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Opinion:
    """What one person said of a proposal, and why."""

    answer: Answer
    actor: str
    names: tuple[str, ...]
    reason: str
    at: datetime


@dataclass(frozen=True)
class Proposal:
    """A proposal. `digest` is the SHA-256 of what will be done: whoever confirms says which they saw."""

    id: str
    kind: ProposalKind
    state: ProposalState
    subject: str
    account_id: str | None
    content: str
    digest: str
    pairs: int
    plan: Mapping[str, Any]
    reason: str
    proposed_by: str
    proposer_names: tuple[str, ...]
    via: str
    proposed_at: datetime
    expires_at: datetime
    confirmations_needed: int
    closed_at: datetime | None = None
    result: str | None = None
    opinions: tuple[Opinion, ...] = ()

    @property
    def journalled(self) -> str:
        """How the journal names who proposed it."""
        return f"{self.proposed_by} via {self.via}" if self.via else self.proposed_by

    @property
    def confirmations(self) -> int:
        """By how many it is confirmed."""
        return sum(1 for one in self.opinions if one.answer is Answer.CONFIRM)

    @property
    def told_until(self) -> datetime:
        """Until when an applicant is told of it: while it waits, and for as long after what was decided, or not, as it may wait.
        A confirmation holds for so long."""
        return (self.closed_at or self.expires_at) + (self.expires_at - self.proposed_at)

    def state_at(self, moment: datetime) -> ProposalState:
        """Where it stands at a moment, whether or not its end has been written down."""
        expired = self.state is ProposalState.OPEN and moment >= self.expires_at
        return ProposalState.EXPIRED if expired else self.state
