"""What a verification is given, and what it keeps at hand while it goes from address to address."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from random import Random
from urllib.parse import urlsplit, urlunsplit

from cryptography import x509

from directca.certificates.model import AuthorityEntry
from directca.clock import Clock
from directca.db.engine import Database
from directca.pki.profiles import Policy
from directca.revocation.model import ListId
from directca.revocation.verification_model import Asked, Fetch, Fetched, Findings, Looks

VISIBLE_WITHIN = timedelta(seconds=60)
"""A change of status is visible everywhere after so long (policy); what is younger need not be."""


@dataclass(frozen=True)
class Verification:
    """The register, the time, the policy, a way to ask as a stranger does, and what is remembered of the last look.

    `relying_party_url` is where lists are that no certificate names yet. `through` is an address to ask instead of the one in
    certificates, scheme and host, such as before DNS is set. `sample` is how many revoked and how many good certificates OCSP is
    asked about; with `all_revoked` about every revoked one. `chooser` chooses them. `going_on` is called before each request, for
    whoever must know that work goes on.
    """

    database: Database
    clock: Clock
    policy: Policy
    fetch: Fetch
    looks: Looks
    chooser: Random
    relying_party_url: str
    through: str | None = None
    sample: int = 200
    all_revoked: bool = False
    going_on: Callable[[], None] = lambda: None

    def url_of(self, address: str) -> str:
        """Where an address is asked for."""
        if self.through is None:
            return address
        parts, way = urlsplit(address), urlsplit(self.through)
        return urlunsplit((way.scheme, way.netloc, parts.path, parts.query, ""))


@dataclass
class Visit:
    """One run: what was found so far, and what was compared already. An address is one of an authority of `entries`."""

    verification: Verification
    entries: dict[str, AuthorityEntry]
    findings: Findings = field(default_factory=Findings)
    compared: set[tuple[ListId, str]] = field(default_factory=set)
    addresses: int = 0
    lists: int = 0
    listed: int = 0
    answers: int = 0

    def ask(self, asked: Asked) -> tuple[datetime, Fetched]:
        """What comes back, and when it was asked for."""
        self.verification.going_on()
        asked_at = self.verification.clock.now()
        return asked_at, self.verification.fetch(asked)

    @cached_property
    def certificates(self) -> dict[str, x509.Certificate]:
        """The authorities' own certificates."""
        return {name: x509.load_der_x509_certificate(entry.certificate_der) for name, entry in self.entries.items()}

    def chain(self, authority_id: str) -> tuple[bytes, ...]:
        """The certificate of an authority and of those above it."""
        found, above = [], self.entries.get(authority_id)
        while above is not None:
            found.append(above.certificate_der)
            above = None if above.parent_id is None else self.entries[above.parent_id]
        return tuple(found)
