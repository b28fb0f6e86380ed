"""Reports of compromised keys: what somebody claims, and what came of it."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class SignedMessage:
    """A message that the key signed; the key is told by itself or by the serial of a certificate that has it."""

    message: str
    signature: str
    algorithm: str
    public_key: str | None = None
    serial: str | None = None


@dataclass(frozen=True)
class Claim:
    """A proof as it was sent: a certification request, or a signed message; and since when the key is known to be suspect."""

    proof: str | SignedMessage
    invalidity_date: datetime | None = None


@dataclass(frozen=True)
class Report:
    """What came of a proven claim: whether the key is certified here, and how many pairs were revoked now.

    `responders` are the OCSP responders that were revoked now, by their serials; `unanswered` is why no other could be made
    when nobody was left to answer.
    """

    id: str
    modulus_sha256: str
    spki_sha256: str
    method: str
    reported_at: datetime
    reporter: str
    is_certified: bool
    revoked: int
    is_of_authority: bool = False
    responders: tuple[str, ...] = ()
    unanswered: str | None = None
