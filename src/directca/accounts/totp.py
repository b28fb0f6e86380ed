"""Codes of an authenticator app: TOTP (RFC 6238) with its defaults, SHA-1, six digits, thirty seconds, which every app knows."""

import base64
from datetime import datetime

from pyotp import TOTP
from pyotp.utils import strings_equal

DIGITS = 6
"""How long a code is."""

_STEP_SECONDS = 30
_SECRET_OCTETS = 20
"""As long as SHA-1's result (RFC 4226 4, R6)."""
_DRIFT = 1
"""How many steps the app's clock may be off, either way (RFC 6238 5.2)."""


def secret_from(random: bytes) -> str:
    """A secret in the Base32 in which people type it."""
    return base64.b32encode(random).decode()


def secret_octets() -> int:
    """How many random octets a secret takes."""
    return _SECRET_OCTETS


def address(secret: str, username: str, issuer: str) -> str:
    """The `otpauth://` address that an app opens, or reads from a picture."""
    return TOTP(secret).provisioning_uri(name=username, issuer_name=issuer)


def step_of(secret: str, code: str, now: datetime) -> int | None:
    """The time step whose code this is, around now; None if it is none of them. Every step is compared, in the same time."""
    made = TOTP(secret, digits=DIGITS)
    current = int(now.timestamp()) // _STEP_SECONDS
    matching = [step for step in range(current - _DRIFT, current + _DRIFT + 1) if strings_equal(made.generate_otp(step), code)]
    return matching[-1] if matching else None
