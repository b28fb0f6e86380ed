"""OCSP responders: a key and a certificate of 30 days that sign answers in the CA's place, made before the last one ends.

1 make the key   kept under the passphrase, before anything knows of it
2 rehearse       encode the certificate, lint those bytes
3 reserve        the exact bytes and the journal's row, before the CA's key signs (invariants 6 and 8)
4 sign           no transaction open
5 record         the certificate: from now on processes load it
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from directca.certificates import addresses, listing, switch
from directca.certificates.addresses import AddressKind, NamedAddress
from directca.certificates.listing import Listable, Revoked
from directca.clock import whole_second
from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.pki import der as encoding
from directca.pki import keys
from directca.pki.certificate_keys import spki_of
from directca.pki.reasons import RevocationReason
from directca.pki.templates import Addresses, assemble, new_serial
from directca.revocation import crl
from directca.revocation import responder_key_store as key_store
from directca.revocation import responder_store as store
from directca.revocation.context import Revocation
from directca.revocation.responder_errors import NoResponder, ResponderNotFound, ResponderRevoked
from directca.revocation.responder_model import ResponderEntry, by_preference
from directca.signing.ceremony import ResponderPlan, rehearse_responder, responder_not_after
from directca.signing.port import SigningKey

_PROFILE = "ocsp_responder"
_REMEMBERED = timedelta(seconds=5)


class ResponderKeys(Protocol):
    """Where the keys of responders lie, by reference. Durable: a key that was made outlives the process."""

    def make(self, reference: str, bits: int) -> SigningKey:
        """A new RSA key. Raises KeyUnusable when there is one of this name, or none can be kept."""
        ...

    def open(self, reference: str) -> SigningKey:
        """A key that was made before. Raises KeyUnusable, WrongPassphrase."""
        ...

    def destroy(self, reference: str) -> bool:
        """End a key for good; False when there is none."""
        ...

    def holds(self, reference: str) -> bool:
        """Whether there is one."""
        ...


@dataclass(frozen=True)
class Responding:
    """What the verbs about responders are given; `addresses` are those of each authority that has responders, by its id."""

    revocation: Revocation
    keys: ResponderKeys
    addresses: Mapping[str, Addresses]
    random: Callable[[int], bytes]


def make(desk: Responding, authority_id: str, *, actor: str) -> ResponderEntry:
    """Make a new responder of the authority. Those there are go on answering.

    Raises SigningStopped, KeyUnusable, LintFailed; NoResponder when it took so long that it was settled as abandoned.
    """
    ca, authority = desk.revocation, desk.revocation.authorities[authority_id]
    plan = ResponderPlan(new_serial(desk.random), whole_second(ca.clock.now()))
    serial = f"{plan.serial:x}"
    reference = f"ocsp-{authority_id}-{serial}.pem"

    # 1 make the key
    key = desk.keys.make(reference, ca.policy.bits(_PROFILE, responder_not_after(plan, authority)))
    # A crash here leaves a key that no responder has.

    # 2 rehearse
    template, rehearsed = rehearse_responder(plan, key.spki_der, authority, desk.addresses[authority_id])

    # 3 reserve
    intent = ResponderEntry(
        authority_id=authority_id,
        serial=serial,
        key_reference=reference,
        not_before=template.not_before,
        not_after=template.not_after,
        created_at=ca.clock.now(),
        tbs_sha256=rehearsed.sha256,
        tbs=rehearsed.to_be_signed,
        der=None,
    )
    with ca.database.write() as tx:
        switch.check(tx)
        store.add_intent(tx, intent)
        addresses.note(tx, _named(desk, authority_id), ca.clock.now())
        append(tx, _event("responder.intended", actor, intent), at=ca.clock.now())
    # A crash here, or after the signature, leaves an intent: `settle` ends it as revoked.

    # 4 sign
    der = assemble(rehearsed.to_be_signed, authority.sign(rehearsed))

    # 5 record
    with ca.database.write() as tx:
        if not store.complete(tx, intent, der):
            raise NoResponder("The responder took too long to make and was revoked. Another one is made by itself.")
        append(tx, _event("responder.made", actor, intent), at=ca.clock.now())
    return replace(intent, der=der, tbs=None)


def settle(desk: Responding, *, actor: str, older_than: timedelta) -> tuple[ResponderEntry, ...]:
    """End the intents that a crash left: the CA's key may have signed them, so they count as issued and are revoked."""
    now = desk.revocation.clock.now()
    done = []
    for entry in _all(desk):
        if entry.der is None and entry.revoked_at is None and entry.created_at <= now - older_than:
            with desk.revocation.database.write() as tx:
                if _revoke(tx, entry, RevocationReason.UNSPECIFIED, now):
                    append(tx, _event("responder.settled", actor, entry), at=now)
                    done.append(entry)
    crl.bring_up_to_date(desk.revocation, {one.authority_id for one in done}, actor=actor)
    return tuple(done)


def revoke(desk: Responding, authority_id: str, serial: str, reason: RevocationReason, *, actor: str) -> ResponderEntry:
    """Revoke a responder: no process lets it sign any more within a second, and what it signed is thrown away.

    Raises ResponderNotFound, ResponderRevoked.
    """
    ca = desk.revocation
    with ca.database.write() as tx:
        entry = store.by_serial(tx, authority_id, serial)
        if entry is None:
            raise ResponderNotFound(f"{authority_id} has no OCSP responder {serial}. See: directca responder list")
        event = ended(tx, entry, reason, ca.clock.now(), actor=actor)
        if event is None:
            raise ResponderRevoked(f"The responder {serial} is revoked already, which is final.")
        append(tx, event, at=ca.clock.now())
    crl.bring_up_to_date(ca, (authority_id,), actor=actor)
    return entry


def ended(tx: Tx, entry: ResponderEntry, reason: RevocationReason, now: datetime, *, actor: str) -> Event | None:
    """Revoke a responder in the caller's transaction, who must append the journal's row in it (invariant 8) and publish the list;
    None when it is revoked already."""
    return _event("responder.revoked", actor, entry, reason=reason.value) if _revoke(tx, entry, reason, now) else None


def with_key(tx: Tx, authority_ids: Iterable[str], modulus_sha256: str) -> tuple[ResponderEntry, ...]:
    """Every responder that has, had or may get a certificate for a key. An authority makes some twenty in a year."""
    entries = (entry for authority_id in authority_ids for entry in store.of_authority(tx, authority_id))
    return tuple(one for one in entries if keys.read_spki(spki(one)).modulus_sha256 == modulus_sha256)


def with_serial(tx: Tx, authority_ids: Iterable[str], serial: str) -> ResponderEntry | None:
    """The responder that has a certificate with a serial, of whichever of some authorities."""
    found = (store.by_serial(tx, authority_id, serial) for authority_id in authority_ids)
    return next((one for one in found if one is not None and one.der is not None), None)


def make_if_none(desk: Responding, authority_id: str, *, actor: str) -> ResponderEntry | None:
    """Make a responder where none may sign and none is being made; None where nobody is missing. Raises as `make` does."""
    now = desk.revocation.clock.now()
    with desk.revocation.database.read() as tx:
        entries = store.of_authority(tx, authority_id)
    if by_preference(entries, now) or any(one.der is None and one.revoked_at is None for one in entries):
        return None  # an intent that a crash left is settled, and another made, by upkeep
    return make(desk, authority_id, actor=actor)


def destroy_old_keys(desk: Responding, *, actor: str) -> tuple[str, ...]:
    """End the keys of responders that have expired or are revoked: nobody may sign with them any more."""
    now = desk.revocation.clock.now()
    done = []
    for entry in _all(desk):
        ended = entry.revoked_at is not None or entry.not_after < now
        if ended and desk.keys.holds(entry.key_reference):
            with desk.revocation.database.write() as tx:
                append(tx, _event("responder.key_destroyed", actor, entry), at=now)
            desk.keys.destroy(entry.key_reference)
            done.append(entry.key_reference)
    return tuple(done)


def known(tx: Tx, authority_id: str) -> tuple[ResponderEntry, ...]:
    """Every responder that an authority ever had or intended, oldest first."""
    return store.of_authority(tx, authority_id)


def keys_kept(tx: Tx) -> frozenset[str]:
    """The references of all keys that the database holds."""
    return key_store.references(tx)


def require(tx: Tx, authority_id: str, now: datetime) -> None:
    """Raise NoResponder unless a responder of the authority may sign: before that no certificate may name the address of OCSP
    (invariant 16)."""
    if not by_preference(store.of_authority(tx, authority_id), now):
        raise NoResponder("No OCSP responder can answer for this authority, so nothing is issued; the operator must make one.")


class UsableResponders:
    """Whether every one of some authorities has a responder, asked before anything is certified. One per process; safe for
    threads. What was found is believed for five seconds: a responder may be revoked."""

    def __init__(self, authority_ids: Iterable[str]) -> None:
        self._ids = tuple(authority_ids)
        self._found_at: datetime | None = None

    def check(self, tx: Tx, now: datetime) -> None:
        """Raise NoResponder unless each has one that may sign."""
        found_at = self._found_at
        if found_at is None or not found_at <= now < found_at + _REMEMBERED:
            for authority_id in self._ids:
                require(tx, authority_id, now)
            self._found_at = now


def _all(desk: Responding) -> tuple[ResponderEntry, ...]:
    with desk.revocation.database.read() as tx:
        return tuple(entry for authority_id in desk.addresses for entry in store.of_authority(tx, authority_id))


def spki(entry: ResponderEntry) -> bytes:
    """The key that was, or is being, certified; to-be-signed bytes are wrapped as a certificate begins."""
    assert entry.der is not None or entry.tbs is not None  # one of them was stored
    return spki_of(entry.der or encoding.sequence(entry.tbs or b""))


def _revoke(tx: Tx, entry: ResponderEntry, reason: RevocationReason, now: datetime) -> bool:
    """List the responder's certificate as every other; the feed tells of it."""
    if not store.revoke(tx, entry, whole_second(now), reason):
        return False
    listed = Listable(entry.serial, listing.FULL, entry.not_after)
    listing.show(tx, entry.authority_id, [listed], Revoked(whole_second(now), reason), now)
    return True


def _named(desk: Responding, authority_id: str) -> tuple[NamedAddress, ...]:
    uri = desk.addresses[authority_id].ca_issuers
    return () if uri is None else (NamedAddress(uri, AddressKind.CA_ISSUERS, authority_id),)


def _event(kind: str, actor: str, entry: ResponderEntry, **more: Fact) -> Event:
    detail: dict[str, Fact] = {"serial": entry.serial, "not_after": entry.not_after.isoformat(), **more}
    return Event(kind, actor, f"authority:{entry.authority_id}", detail=detail)
