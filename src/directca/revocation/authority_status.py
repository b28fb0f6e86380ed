"""Revoke an issuing authority itself: its parent lists it, and it certifies nothing any more.

`docs/flows/revoke-authority.md` tells the same story.
"""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from directca.certificates import authorities, authority_standing, listing
from directca.certificates.authority_standing import AuthorityStanding
from directca.certificates.model import AuthorityEntry
from directca.clock import rfc3339, whole_second
from directca.db.engine import Tx
from directca.errors import Unavailable
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.pki.certificate_view import read_issuer
from directca.pki.reasons import RevocationReason
from directca.revocation import crl
from directca.revocation.authority_errors import AuthorityAlreadyRevoked, BadInvalidityDate, TrustAnchor, UnknownAuthority
from directca.revocation.context import Revocation
from directca.revocation.model import ListId

_GRAVITY: Mapping[RevocationReason, int] = MappingProxyType(
    {
        RevocationReason.SUPERSEDED: 0,
        RevocationReason.CESSATION_OF_OPERATION: 0,
        RevocationReason.KEY_COMPROMISE: 1,
        RevocationReason.CA_COMPROMISE: 2,
    }
)

REASONS = tuple(_GRAVITY)
"""The reasons for which an authority can be revoked: there is no hold, and nothing takes it back."""


@dataclass(frozen=True)
class AuthorityRevocation:
    """What is wanted: the reason, since when key or certificate are not to be trusted, if that is known, and why in words."""

    reason: RevocationReason
    invalid_since: datetime | None
    explanation: str


def revoke(ca: Revocation, authority_id: str, wanted: AuthorityRevocation, *, actor: str) -> AuthorityStanding:
    """Revoke an authority's certificate, or raise the reason of one that is revoked to a compromise.

    From the commit on nothing is issued under it. Its parent's list is made before this returns if the parent's key is here;
    else, or if that fails, the list is due. Raises UnknownAuthority, TrustAnchor, AuthorityAlreadyRevoked, BadInvalidityDate.
    """
    with ca.database.write() as tx:
        now = whole_second(ca.clock.now())

        # 1 find
        entry = find(tx, authority_id)
        before = authority_standing.standing(tx, entry.id)

        # 2 decide
        after = decide(entry, before, wanted, now)

        # 3 record
        authority_standing.revoke(tx, entry, before, after, now)
        append(tx, _event(entry, before, wanted, actor), at=ca.clock.now())
    # A crash here leaves a revocation that no list shows yet: issuance has stopped, and the parent's list is due.

    # 4 publish
    parent = ca.authorities.get(entry.parent_id or "")
    if parent is not None and parent.has_key:
        with suppress(Unavailable):  # it stays due, and upkeep makes it
            crl.produce(ca, ListId(entry.parent_id or ""), actor=actor)
    return after


def find(tx: Tx, authority_id: str) -> AuthorityEntry:
    """An authority by its id. Raises UnknownAuthority."""
    known = authorities.known(tx)
    for entry in known:
        if entry.id == authority_id:
            return entry
    raise UnknownAuthority(f"There is no authority {authority_id!r} here, only: {', '.join(one.id for one in known)}.")


def decide(entry: AuthorityEntry, before: AuthorityStanding, wanted: AuthorityRevocation, now: datetime) -> AuthorityStanding:
    """How the authority stands afterwards. A second revocation only raises the reason, and keeps the moment of the first."""
    if entry.parent_id is None:
        raise TrustAnchor(
            f"{entry.subject_dn} is a root: no list can revoke it. Tell relying parties to remove it, and stop signing."
        )
    assert wanted.reason in _GRAVITY  # callers offer no other
    since = None if wanted.invalid_since is None else whole_second(wanted.invalid_since)
    if since is not None and not read_issuer(entry.certificate_der).not_before <= since <= now:
        raise BadInvalidityDate(
            "The moment since which the key is suspect must lie between the certificate's beginning and now.",
            field="invalid_since",
        )
    if before.revoked_at is None:
        return AuthorityStanding(now, wanted.reason, since)
    said = before.reason or RevocationReason.UNSPECIFIED
    if _GRAVITY[wanted.reason] <= _GRAVITY.get(said, 0):
        raise AuthorityAlreadyRevoked(
            f"{entry.subject_dn} was revoked on {rfc3339(before.revoked_at)} with reason {said.value}, which is final. "
            "Only a graver one can still be said: keyCompromise or cACompromise."
        )
    return AuthorityStanding(before.revoked_at, wanted.reason, before.invalidity_date if since is None else since)


def is_listed(tx: Tx, entry: AuthorityEntry) -> bool:
    """Whether the parent's published list shows the authority's status as it is now."""
    newest = None if entry.parent_id is None else crl.newest(tx, ListId(entry.parent_id))
    return newest is not None and newest.status_version >= listing.behind_version(tx, entry.parent_id or "", listing.FULL)


def _event(entry: AuthorityEntry, before: AuthorityStanding, wanted: AuthorityRevocation, actor: str) -> Event:
    detail: dict[str, Fact] = {
        "subject": entry.subject_dn,
        "serial": f"{authority_standing.serial(entry):x}",
        "reason": wanted.reason.value,
        "before": None if before.reason is None else before.reason.value,
        "invalidity_date": None if wanted.invalid_since is None else rfc3339(wanted.invalid_since),
        "explanation": wanted.explanation,
    }
    return Event("authority.revoked", actor, f"authority:{entry.id}", detail=detail)
