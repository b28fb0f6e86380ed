"""OCSP responders as the register knows them, and the decisions about them, pure: which may sign, and when the next is made."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from directca.pki.reasons import RevocationReason

SETTLED = timedelta(hours=1)
"""A new responder signs nothing for an hour if another can: relying parties' clocks go wrong by minutes (RFC 5019 4)."""


@dataclass(frozen=True)
class ResponderEntry:
    """A delegated responder of an authority. Without `der` it is an intent: its certificate may be being signed.

    `tbs` are the exact bytes that were linted, kept until they are signed (invariant 6).
    """

    authority_id: str
    serial: str
    key_reference: str
    not_before: datetime
    not_after: datetime
    created_at: datetime
    tbs_sha256: str
    tbs: bytes | None
    der: bytes | None
    revoked_at: datetime | None = None
    revocation_reason: RevocationReason | None = None

    def usable_at(self, moment: datetime) -> bool:
        """Whether relying parties take its word then."""
        return self.der is not None and self.revoked_at is None and self.not_before <= moment <= self.not_after


def by_preference(entries: Iterable[ResponderEntry], now: datetime) -> tuple[ResponderEntry, ...]:
    """Those that may sign now: the newest first of those that are an hour old, then the younger ones, the oldest first."""
    usable = sorted((one for one in entries if one.usable_at(now)), key=lambda one: one.not_before, reverse=True)
    settled = [one for one in usable if one.not_before <= now - SETTLED]
    return (*settled, *reversed(usable[: len(usable) - len(settled)]))


def is_due(usable: Sequence[ResponderEntry], now: datetime, renew_before: timedelta) -> bool:
    """Whether another responder is to be made: there is none, or the one that lasts longest ends soon."""
    return max((one.not_after for one in usable), default=now) - now <= renew_before
