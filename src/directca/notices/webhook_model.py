"""Webhooks, what is sent to them, and what became of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class WebhookState(StrEnum):
    """Whether anything is sent to a webhook."""

    PENDING = "pending"
    """It has not answered the challenge yet."""
    ACTIVE = "active"
    DISABLED = "disabled"
    """Switched off by the account, or after it failed for long."""


class DeliveryState(StrEnum):
    """What became of one event for one webhook."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    FAILED = "failed"
    """Given up; it can be replayed."""


class Outcome(StrEnum):
    """How one try ended."""

    DELIVERED = "delivered"
    REFUSED = "refused"
    """It answered with a status other than 2xx."""
    REDIRECTED = "redirected"
    """It answered with a redirect, which is not followed."""
    TIMEOUT = "timeout"
    NO_ADDRESS = "no_address"
    """Its name has no address."""
    ADDRESS_REFUSED = "address_refused"
    """Its name leads to an address that is not public."""
    UNREACHABLE = "unreachable"
    TLS_FAILED = "tls_failed"
    """Its certificate is not trusted or not for its name, or TLS failed in another way."""
    BAD_ANSWER = "bad_answer"
    """What it answered is no HTTP."""
    BROKEN = "broken"
    """A fault of ours; the operator's log says more."""


@dataclass(frozen=True)
class Webhook:
    """Where an account wants events sent. `kinds` are those that it wants, none for all. `sealed` is its secret, sealed;
    `sealed_before` the one before, which signs as well until `before_ends_at`. `failures` counts looks in a row at which nothing
    arrived, since `failing_since`; nothing is sent before `wait_until`."""

    id: str
    account_id: str
    url: str
    kinds: tuple[str, ...]
    state: WebhookState
    sealed: bytes = field(repr=False)
    made_at: datetime
    sealed_before: bytes | None = field(default=None, repr=False)
    before_ends_at: datetime | None = None
    tried_at: datetime | None = None
    verified_at: datetime | None = None
    disabled_why: str | None = None
    failures: int = 0
    failing_since: datetime | None = None
    wait_until: datetime | None = None

    @property
    def place(self) -> str:
        """For what place its secrets are sealed."""
        return f"webhook {self.id} of {self.account_id}"


@dataclass(frozen=True)
class Delivery:
    """One event for one webhook. `body` is what is sent, the same at each try; it is given up at `ends_at`."""

    id: str
    webhook_id: str
    account_id: str
    event_id: str
    kind: str
    body: str
    state: DeliveryState
    tries: int
    made_at: datetime
    next_at: datetime
    ends_at: datetime
    settled_at: datetime | None = None
    outcome: str | None = None
    status: int | None = None


@dataclass(frozen=True)
class Attempt:
    """One try: when, how it ended, the status and the first characters of the answer."""

    number: int
    at: datetime
    outcome: str
    status: int | None
    seen: str
    milliseconds: int


@dataclass(frozen=True)
class Message:
    """What is sent over HTTP."""

    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Answered:
    """How it ended, and what came back: at most as many octets of the body as were asked for."""

    outcome: Outcome
    status: int | None = None
    body: bytes = b""
    milliseconds: int = 0


@dataclass(frozen=True)
class NewSecret:
    """A webhook with the secret that is shown this once."""

    webhook: Webhook
    secret: str = field(repr=False)
