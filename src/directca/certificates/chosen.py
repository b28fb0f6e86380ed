"""What a choice of records across accounts says, and as much of each chosen record as decisions about many need."""

import re
from dataclasses import dataclass, fields
from datetime import datetime
from typing import NamedTuple

from directca.certificates.filters import Filters
from directca.certificates.model import State, Status
from directca.pki.reasons import RevocationReason

# What a pattern must spell out in one piece: "*", "*e*", "*.org" or "*@direct.*" may be every name.
_TWO_LABELS = re.compile(r"[^.@]\.[^.@]")
_SHORTEST_PART = 4


@dataclass(frozen=True)
class Selection:
    """Which records are meant: those for which everything that is said holds; what is None or empty says nothing.

    `domain` means itself and everything below it. Records that have expired are meant only where `serials` or `keys` name
    them. `keys` are SHA-256 digests of SubjectPublicKeyInfo, in hex: each means every certificate with its modulus, since
    whoever has the private key of one public exponent has that of any other.
    """

    organization_id: str | None = None
    account_id: str | None = None
    domain: str | None = None
    filters: Filters | None = None
    serials: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()

    @property
    def says_nothing(self) -> bool:
        """Whether it would mean every record there is."""
        return all(getattr(self, field.name) in (None, (), Filters()) for field in fields(self))

    @property
    def names_some(self) -> bool:
        """Whether it names somebody or something. What it says of status or dates alone may be true of every record there is."""
        named = (self.organization_id, self.account_id, self.domain, self.serials, self.keys)
        return any(named) or (self.filters is not None and _names_some(self.filters))

    @property
    def names_each(self) -> bool:
        """Whether it is a list of serials or keys."""
        return bool(self.serials or self.keys)


def _names_some(filters: Filters) -> bool:
    if filters.name_is or filters.organization or filters.signing_serial or filters.encryption_serial:
        return True
    like = filters.name_like
    if like is None or "*" not in like:
        return like is not None
    return any(len(part) >= _SHORTEST_PART and _TWO_LABELS.search(part) for part in like.split("*"))


class Candidate(NamedTuple):
    """As much of a record as decisions about many of them need."""

    id: str
    identifier: str
    state: State
    revocation_reason: RevocationReason | None
    not_after: datetime
    superseded_by: str | None
    signing_serial: str
    encryption_serial: str
    account_id: str

    def valid_at(self, moment: datetime) -> bool:
        """Whether the pair has not passed its notAfter, which is inclusive (RFC 5280 4.1.2.5)."""
        return moment <= self.not_after

    def status_at(self, moment: datetime) -> Status:
        """How the record is shown, as `model.status` has it."""
        if self.state is State.REVOKED:
            return Status.REVOKED
        if not self.valid_at(moment):
            return Status.EXPIRED
        if self.state is State.HELD:
            return Status.HELD
        return Status.ISSUED if self.superseded_by is None else Status.SUPERSEDED
