"""What time does to certificates by itself: overlaps and holds end, and CRLs are made before the last one grows old."""

from collections.abc import Callable
from datetime import datetime, timedelta

from directca.certificates import register
from directca.certificates.errors import StateChanged
from directca.certificates.model import Record
from directca.db import leases
from directca.db.engine import Tx
from directca.errors import DirectCAError
from directca.pki.reasons import RevocationReason
from directca.revocation import crl
from directca.revocation.context import Revocation
from directca.revocation.model import ListId
from directca.revocation.revoke import Application, apply, publish_changes

ACTOR = "system:upkeep"
_LEASE = timedelta(seconds=30)
"""Longer than a list takes; a process that dies with it keeps others from this one list for so long."""


def revoke_superseded(ca: Revocation) -> tuple[Record, ...]:
    """Revoke the pairs whose reissue's overlap has ended."""
    return _revoke_all(ca, register.due_for_revocation, RevocationReason.SUPERSEDED)


def revoke_overheld(ca: Revocation) -> tuple[Record, ...]:
    """Revoke the pairs that were on hold for longer than the policy lets them be."""

    def overheld(tx: Tx, now: datetime) -> tuple[Record, ...]:
        return register.held_since(tx, now - ca.policy.rules.hold_maximum)

    return _revoke_all(ca, overheld, RevocationReason.UNSPECIFIED)


def produce_due_crls(ca: Revocation, *, holder: str | None = None) -> None:
    """Make each CRL that is due and whose key is here. One that cannot be made keeps no other back; the first failure is raised
    at the end.

    A `holder` makes each under a lease of its own, so that any number of processes share the work. Without one, as at a start,
    none is waited for: its holder may be the process that died before, and two that make one list do no harm.
    """
    with ca.database.read() as tx:
        found = crl.lists(tx)
    failures = []
    for of in found:
        authority = ca.authorities.get(of.authority_id)
        if authority is None or not authority.has_key or not crl.due(ca, of):
            continue
        try:
            if holder is None:
                crl.produce(ca, of, actor=ACTOR)
            else:
                _produce_alone(ca, of, holder)
        except DirectCAError as error:
            failures.append(error)
    if failures:
        raise failures[0]


def _produce_alone(ca: Revocation, of: ListId, holder: str) -> None:
    name = f"crl:{of}"
    with ca.database.write() as tx:
        if not leases.take(tx, name, holder, now=ca.clock.now(), duration=_LEASE):
            return  # another process makes it at this moment
    try:
        if crl.due(ca, of):
            # A process that slept, and lost the lease meanwhile, publishes nothing.
            crl.produce(ca, of, actor=ACTOR, fence=lambda tx: leases.require(tx, name, holder))
    finally:
        with ca.database.write() as tx:
            leases.give_back(tx, name, holder, now=ca.clock.now())


def _revoke_all(
    ca: Revocation, find: Callable[[Tx, datetime], tuple[Record, ...]], reason: RevocationReason
) -> tuple[Record, ...]:
    changed: list[Record] = []
    with ca.database.read() as tx:
        found = find(tx, ca.clock.now())
    for record in found:
        try:
            with ca.database.write() as tx:
                changed.append(apply(tx, record, Application(reason, ACTOR), ca.clock.now()))
        except StateChanged:
            continue  # somebody else was quicker; the next round looks again
    publish_changes(ca, changed, ACTOR)
    return tuple(changed)
