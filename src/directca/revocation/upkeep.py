"""What time does to certificates by itself: overlaps and holds end, and CRLs are made before the last one grows old."""

from collections.abc import Callable
from datetime import datetime

from directca.certificates import register
from directca.certificates.errors import StateChanged
from directca.certificates.model import Record
from directca.db.engine import Tx
from directca.pki.reasons import RevocationReason
from directca.revocation import crl
from directca.revocation.context import Revocation
from directca.revocation.revoke import apply, publish_changes

ACTOR = "system:upkeep"


def revoke_superseded(ca: Revocation) -> tuple[Record, ...]:
    """Revoke the pairs whose reissue's overlap has ended."""
    return _revoke_all(ca, register.due_for_revocation, RevocationReason.SUPERSEDED)


def revoke_overheld(ca: Revocation) -> tuple[Record, ...]:
    """Revoke the pairs that were on hold for longer than the policy lets them be."""

    def overheld(tx: Tx, now: datetime) -> tuple[Record, ...]:
        return register.held_since(tx, now - ca.policy.rules.hold_maximum)

    return _revoke_all(ca, overheld, RevocationReason.UNSPECIFIED)


def produce_due_crls(ca: Revocation) -> None:
    """Make each CRL that is due."""
    for authority_id in ca.authorities:
        if crl.due(ca, authority_id):
            crl.produce(ca, authority_id, actor=ACTOR)


def _revoke_all(
    ca: Revocation, find: Callable[[Tx, datetime], tuple[Record, ...]], reason: RevocationReason
) -> tuple[Record, ...]:
    changed: list[Record] = []
    with ca.database.read() as tx:
        found = find(tx, ca.clock.now())
    for record in found:
        try:
            with ca.database.write() as tx:
                changed.append(apply(tx, record, reason, ACTOR, ca.clock.now()))
        except StateChanged:
            continue  # somebody else was quicker; the next round looks again
    publish_changes(ca, changed, ACTOR)
    return tuple(changed)
