"""Invitations into an account."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class InvitationState(StrEnum):
    """What became of it."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"
    """By a newer one for the same address."""
    LAPSED = "lapsed"
    """Whoever sent it may invite nobody at this moment. Never stored: what is stored waits, and waits again if they may."""


@dataclass(frozen=True)
class Invitation:
    """Whoever reads the mail of `email` may have access to the account, once, until it expires."""

    id: str
    account_id: str
    email: str
    administrator: bool
    state: InvitationState
    invited_by: str
    invited_at: datetime
    expires_at: datetime
    settled_at: datetime | None = None
