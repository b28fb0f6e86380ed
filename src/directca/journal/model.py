"""What one row of the journal says: what, when, who, about whom, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Fact = str | int | bool | None | list[str]
"""What a detail may hold: plain JSON, flat."""


@dataclass(frozen=True)
class Event:
    """Something that happened, before it has a place in the journal.

    `kind` is dotted, noun then past participle (`certificate.issued`). `actor` is who did it (`person:…`, `client:…`,
    `operator:…`, `system:…`), `subject` what it was done to (`record:…`, `account:…`). `outcome` is `success` or the slug of the
    refusal.
    `detail` holds facts for an auditor and never a secret.
    """

    kind: str
    actor: str
    subject: str
    outcome: str = "success"
    account_id: str | None = None
    detail: Mapping[str, Fact] = field(default_factory=dict)


@dataclass(frozen=True)
class Row:
    """An event in its place: `position` counts from 1 without gaps, `digest` covers the row and its predecessor's digest."""

    position: int
    at: datetime
    event: Event
    previous_digest: str
    digest: str

    def values(self) -> dict[str, Any]:
        """Everything of it by name, as the register keeps it and an export tells it."""
        event = self.event
        return {
            "position": self.position,
            "at": self.at,
            "kind": event.kind,
            "actor": event.actor,
            "subject": event.subject,
            "outcome": event.outcome,
            "account_id": event.account_id,
            "detail": dict(event.detail),
            "previous_digest": self.previous_digest,
            "digest": self.digest,
        }


@dataclass(frozen=True)
class Unreadable:
    """A row in which something stands that nobody here ever writes, so that only its place and what chains it are known."""

    position: int
    previous_digest: str
    digest: str


@dataclass(frozen=True)
class Wanted:
    """Which rows are looked for: those for which everything that is said holds. `kind` and `actor` are beginnings, so that
    `certificate` finds `certificate.issued`; `subject` and `account_id` are whole; `until` is the first moment left out."""

    since: datetime | None = None
    until: datetime | None = None
    kind: str = ""
    actor: str = ""
    subject: str = ""
    account_id: str = ""

    @property
    def says_nothing(self) -> bool:
        """Whether every row is looked for."""
        return self == Wanted()


@dataclass(frozen=True)
class Verification:
    """A walk over the whole journal that somebody began: up to which row and digest it has come, of how many there were then, and
    what it found that does not fit."""

    id: str
    actor: str
    begun_at: datetime
    moved_at: datetime
    total: int
    position: int = 0
    digest: str = "0" * 64
    problems: tuple[str, ...] = ()
    finished_at: datetime | None = None
