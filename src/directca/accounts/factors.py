"""What every verb about second factors needs, and what a person enters to show one."""

import base64
import binascii
from dataclasses import dataclass, field
from hashlib import sha256

from directca.accounts.factor import App
from directca.accounts.passkeys import Site
from directca.accounts.people import People
from directca.accounts.totp import DIGITS
from directca.signing.port import SecretSealer

_CODE_OCTETS = 10
_CODES = 10
_GROUP = 4


@dataclass(frozen=True)
class Factors:
    """The people, what seals the secrets of their apps, and the site that their passkeys belong to."""

    people: People
    sealer: SecretSealer
    site: Site


@dataclass(frozen=True)
class Shown:
    """What somebody entered, and from where: a code of an app or a recovery code, or a passkey's answer as JSON."""

    address: str
    code: str = field(default="", repr=False)
    passkey: str = field(default="", repr=False)
    browser_secret: str | None = field(default=None, repr=False)

    @property
    def kind(self) -> str:
        """What it looks like: `passkey`, `app`, `recovery_code`."""
        if self.passkey:
            return "passkey"
        code = typed(self.code)
        return "app" if code.isdigit() and len(code) == DIGITS else "recovery_code"


def opened(factors: Factors, app: App) -> str:
    """The secret of an app. Raises KeyUnusable, WrongPassphrase."""
    return factors.sealer.open(app.sealed, place_of(app.id, app.person_id)).decode()


def place_of(app_id: str, person_id: str) -> str:
    """For what place an app's secret is sealed."""
    return f"authenticator_app {app_id} of {person_id}"


def typed(code: str) -> str:
    """A code as it is compared: people write spaces, hyphens and small letters."""
    return "".join(char for char in code[:64] if char.isascii() and char.isalnum()).upper()


def new_codes(factors: Factors) -> tuple[str, ...]:
    """Ten recovery codes of 80 random bits, as they are shown: in groups of four."""
    drawn = [base64.b32encode(factors.people.random(_CODE_OCTETS)).decode() for _ in range(_CODES)]
    return tuple("-".join(one[place : place + _GROUP] for place in range(0, len(one), _GROUP)) for one in drawn)


def code_id(person_id: str, code: str) -> str:
    """What the table holds of a recovery code."""
    return sha256(f"{person_id} {typed(code)}".encode()).hexdigest()


def challenge_text(challenge: bytes, purpose: str) -> str:
    """A challenge as a session keeps it, together with what it is for: nothing that was asked for one thing serves another."""
    return f"{purpose}:{base64.urlsafe_b64encode(challenge).decode()}"


def challenge_of(text: str | None, purpose: str) -> bytes | None:
    """The challenge, if it was made for this purpose."""
    for_what, _, encoded = (text or "").partition(":")
    if for_what != purpose or not encoded:
        return None
    try:
        return base64.urlsafe_b64decode(encoded)
    except binascii.Error:
        return None
