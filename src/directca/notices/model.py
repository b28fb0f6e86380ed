"""What customers are told: events, their kinds, and who fetches them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any


class EventKind(StrEnum):
    """What happened."""

    CERTIFICATE_ISSUED = "certificate.issued"
    CERTIFICATE_HELD = "certificate.held"
    CERTIFICATE_RELEASED = "certificate.released"
    CERTIFICATE_REVOKED = "certificate.revoked"
    CERTIFICATE_EXPIRING = "certificate.expiring"
    CERTIFICATE_EXPIRED = "certificate.expired"
    DOMAIN_VERIFIED = "domain.verified"
    DOMAIN_EXPIRING = "domain.expiring"
    DOMAIN_EXPIRED = "domain.expired"
    PROOFING_EXPIRING = "proofing.expiring"
    PROOFING_EXPIRED = "proofing.expired"
    CASE_DECIDED = "case.decided"
    CASE_NOTED = "case.noted"
    ORGANIZATION_SUSPENDED = "organization.suspended"
    ORGANIZATION_REINSTATED = "organization.reinstated"
    ORGANIZATION_ENDED = "organization.ended"
    ORDER_WAITING = "order.waiting"
    BALANCE_LOW = "account.balance_low"
    WEBHOOK_DISABLED = "webhook.disabled"


MEANINGS: Mapping[EventKind, str] = {
    EventKind.CERTIFICATE_ISSUED: "A pair was issued, reissued or renewed.",
    EventKind.CERTIFICATE_HELD: "A pair was suspended.",
    EventKind.CERTIFICATE_RELEASED: "A suspended pair is good again.",
    EventKind.CERTIFICATE_REVOKED: "A pair was revoked, whoever ordered it.",
    EventKind.CERTIFICATE_EXPIRING: "The pair that a name stands for ends soon; `days` is how many days before.",
    EventKind.CERTIFICATE_EXPIRED: "The pair that a name stands for has ended.",
    EventKind.DOMAIN_VERIFIED: "Control of a domain was shown, or shown again.",
    EventKind.DOMAIN_EXPIRING: "Control of a domain must be shown again soon.",
    EventKind.DOMAIN_EXPIRED: "Control of a domain is shown no longer; nothing is issued in it.",
    EventKind.PROOFING_EXPIRING: "The proofing of a representative's identity must be repeated soon.",
    EventKind.PROOFING_EXPIRED: "The proofing of a representative's identity holds no longer; nothing is issued.",
    EventKind.CASE_DECIDED: "The authority decided on an application: `decision` is approved, rejected, sent_back or refused.",
    EventKind.CASE_NOTED: "The authority wrote something about an application.",
    EventKind.ORGANIZATION_SUSPENDED: "An organization is suspended; nothing is issued to it.",
    EventKind.ORGANIZATION_REINSTATED: "The suspension of an organization was lifted.",
    EventKind.ORGANIZATION_ENDED: "An organization was ended; its certificates are revoked.",
    EventKind.ORDER_WAITING: "A certificate that was asked for is not issued yet: `reason` says what it waits for.",
    EventKind.BALANCE_LOW: "The balance has fallen below the account's threshold.",
    EventKind.WEBHOOK_DISABLED: "Nothing has arrived at a webhook for long, so nothing more is sent to it.",
}
"""What each kind says, for people."""


@dataclass(frozen=True)
class Told:
    """What a row of the journal says to the account that it is about: only what is the account's to know."""

    account_id: str
    kind: EventKind
    subject: str
    data: Mapping[str, Any]


@dataclass(frozen=True)
class Event:
    """Something that happened to what is an account's. `position` counts from 1 without gaps in the account; `id` is the same
    wherever and however often the event is told. `journal_position` is the row of the journal that it was made of."""

    account_id: str
    position: int
    id: str
    kind: EventKind
    subject: str
    data: Mapping[str, Any]
    at: datetime
    journal_position: int


@dataclass(frozen=True)
class Subscriber:
    """Who asks: an application, for the account that let it in. `actor` is how the journal names it."""

    actor: str
    account_id: str
    application: str


@dataclass(frozen=True)
class Feed:
    """Some events, oldest first: those `behind` a position. `acknowledged` is up to where the application has acknowledged them,
    `last` the newest position of the account, `first` the oldest that is kept (0: none)."""

    events: tuple[Event, ...]
    behind: int
    acknowledged: int
    first: int
    last: int

    @property
    def more(self) -> bool:
        """Whether others follow."""
        reached = self.events[-1].position if self.events else self.behind
        return self.first > 0 and reached < self.last
