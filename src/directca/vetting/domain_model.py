"""Control of a domain as it is shown: challenges, attempts, and what was seen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from directca.vetting.model import DomainClaim, DomainMethod

RECORD_PREFIX = "DirectCA-Verification="


class ChallengeState(StrEnum):
    """Where a challenge stands. It is met once; that an open one has run out is told by its date, never stored."""

    OPEN = "open"
    MET = "met"
    FAILED = "failed"
    WITHDRAWN = "withdrawn"


class DomainStanding(StrEnum):
    """What became of a claim, at a moment."""

    PENDING = "pending"
    VERIFIED = "verified"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    FAILED = "failed"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class AttemptKind(StrEnum):
    """What was tried."""

    LOOK = "look"
    MAIL = "mail"
    CODE = "code"


class Outcome(StrEnum):
    """How an attempt ended. One that a crash cut off has only begun."""

    BEGUN = "begun"
    PROVEN = "proven"
    NOT_PROVEN = "not_proven"
    HELD_ELSEWHERE = "held_elsewhere"
    TOO_LATE = "too_late"
    SENT = "sent"
    NOT_SENT = "not_sent"


@dataclass(frozen=True)
class Challenge:
    """What one organization has to do to show control of one domain. Bound for good to its account, organization, domain, method.

    `token` stands in the TXT record; a code's digest, and the mailbox that it was sent to, take its place where it is mailed.
    `claim_id` is the claim on file that it has led to.
    """

    id: str
    account_id: str
    organization_id: str
    domain: str
    method: DomainMethod
    state: ChallengeState
    made_at: datetime
    expires_at: datetime
    token: str | None = None
    mailbox: str | None = None
    code_sha256: str | None = field(default=None, repr=False)
    tries: int = 0
    settled_at: datetime | None = None
    claim_id: str | None = None

    @property
    def record(self) -> str:
        """The TXT record that is looked for; no record at all without a token."""
        return f"{RECORD_PREFIX}{self.token}" if self.token else ""

    @property
    def recipient(self) -> str:
        """The address that a code is mailed to."""
        return f"{self.mailbox}@{self.domain}"


@dataclass(frozen=True)
class Attempt:
    """One attempt, with what was seen, in plain JSON."""

    id: str
    challenge_id: str
    domain: str
    kind: AttemptKind
    outcome: Outcome
    seen: Mapping[str, Any]
    actor: str
    at: datetime


@dataclass(frozen=True)
class ServerAnswer:
    """What one authoritative server says: the texts at the very domain. `problem` is why it counts as silent, or says nothing."""

    server: str
    address: str
    texts: tuple[str, ...] = ()
    answered: bool = False
    problem: str | None = None


@dataclass(frozen=True)
class View:
    """The domain as it looks from one vantage point: the zone it is in, and its servers' answers. With a `problem` it shows
    nothing. `dnssec` is what the resolver there says of its own validation."""

    vantage: str
    zone: str = ""
    dnssec: str = "unknown"
    servers: tuple[ServerAnswer, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class DomainView:
    """A claim as its organization sees it: the challenge, and what is on file; one that no challenge made has none."""

    organization_id: str
    legal_name: str
    domain: str
    method: DomainMethod
    standing: DomainStanding
    challenge: Challenge | None
    claim: DomainClaim | None


@dataclass(frozen=True)
class Claimant:
    """Who acts. `account_id` is whose domains they may touch; None is the operator, who may touch all."""

    actor: str
    account_id: str | None


@dataclass(frozen=True)
class Wanted:
    """What is claimed, as it was asked for. Without an organization the account's only one is meant."""

    domain: str
    method: DomainMethod
    organization_id: str | None = None
    mailbox: str | None = None
