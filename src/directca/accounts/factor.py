"""What a person has besides a password: an authenticator app, passkeys, recovery codes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class FactorKind(StrEnum):
    """What shows that somebody has something."""

    APP = "app"
    """Codes of six digits that change with time (TOTP, RFC 6238)."""
    PASSKEY = "passkey"
    """A key that never leaves its device (WebAuthn)."""


@dataclass(frozen=True)
class Factor:
    """One that a person has added, as pages list it."""

    id: str
    kind: FactorKind
    name: str
    created_at: datetime
    used_at: datetime | None


@dataclass(frozen=True)
class App:
    """An authenticator app: the sealed secret, and the time step of the last code that was taken; None until the first."""

    id: str
    person_id: str
    name: str
    sealed: bytes
    last_step: int | None
    created_at: datetime


@dataclass(frozen=True)
class Passkey:
    """A passkey: the public half, and how often the device says that it signed."""

    id: str
    person_id: str
    name: str
    credential_id: bytes
    public_key: bytes
    sign_count: int


@dataclass(frozen=True)
class HeldFactors:
    """All that a person can show, and how many recovery codes are left."""

    factors: tuple[Factor, ...]
    codes_left: int
