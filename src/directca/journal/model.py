"""What one row of the journal says: what, when, who, about whom, and how it ended."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

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
