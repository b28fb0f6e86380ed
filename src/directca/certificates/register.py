"""The register: how records come into being, follow one another and end.

Every function works inside the caller's transaction and is a compare-and-swap on what the caller read: a record that changed
in between raises StateChanged and the whole transaction is undone. The verbs write the journal beside these calls.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from directca.certificates import key_store, listing, store
from directca.certificates.errors import (
    CompromisedKey,
    IdentifierInUse,
    KeyInUse,
    StateChanged,
    UnknownCertificate,
)
from directca.certificates.listing import Listable, Revoked
from directca.certificates.model import Certificate, Pair, Record, State, Usage, may_become
from directca.certificates.name_history import NameHistory, takes_name
from directca.db.engine import Tx
from directca.pki.reasons import RevocationReason


def history(tx: Tx, identifier: str) -> NameHistory:
    """Every record of a name."""
    return NameHistory(identifier, store.by_identifier(tx, identifier))


def reserve(tx: Tx, intent: Record, pair: Sequence[Certificate], gives_way: Record | None, now: datetime) -> None:
    """Store the intent to sign a pair, before anything is signed (invariant 6).

    An issue takes the name: `gives_way` is the current record that was seen to be revoked or expired, None when there was none.
    Raises IdentifierInUse, AlreadySucceeded or StateChanged when another request was quicker; unique indexes decide, on threads
    and on processes.
    """
    if intent.current and gives_way is not None:
        present = store.current(tx, intent.identifier)
        if present is not None and takes_name(present, now):
            raise IdentifierInUse(f"{intent.identifier} was taken by another request at this moment.", field="commonName")
        if present != gives_way:
            raise StateChanged(f"{intent.identifier} changed while the request was under way; send it again.")
        store.relink(tx, present, current=False, updated_at=now)
    store.add_intent(tx, intent, pair)


def complete(
    tx: Tx, intent: Record, pair: Sequence[Certificate], *, now: datetime, old_revoke_at: datetime | None
) -> Callable[[], Record]:
    """Store the signed pair of an intent. A successor takes its predecessor's place and both are linked.

    `old_revoke_at` is when the predecessor is to be revoked as superseded; None leaves it valid until it expires. Call what is
    returned, after what else is to be asked: it answers the record as it is now, or raises StateChanged, CompromisedKey.
    """
    store.add_signatures(tx, pair)
    if intent.supersedes is not None:
        old = store.by_id(tx, intent.supersedes)
        # A hold, too, is for every pair of the name: a successor that came after it would be good while the name is held.
        if old is None or old.state is not State.ISSUED or not old.current:
            raise StateChanged(f"{intent.identifier} changed while its successor was being signed.")
        linked = store.relink(tx, old, current=False, superseded_by=intent.id, revoke_at=old_revoke_at, updated_at=now)
        if old_revoke_at is not None and old_revoke_at <= now:
            revoke(tx, linked, RevocationReason.SUPERSEDED, now)
    issued = store.issue(tx, intent, pair, now)

    def done() -> Record:
        try:
            return issued()
        except StateChanged:
            if key_store.has_compromised(tx, pair):
                raise CompromisedKey(
                    "A key of this request was found to be compromised at this moment; make a new one."
                ) from None
            raise

    return done


def settle(tx: Tx, intent: Record, now: datetime) -> Record:
    """End an intent that a crash left: the CA key may have signed it, so it counts as issued and is revoked (invariant 6).

    Its serials go on the CRL; its name, and its predecessor, are free again.
    """
    done = store.move(
        tx,
        intent,
        State.REVOKED,
        current=False,
        supersedes=None,
        settled=True,
        revocation_reason=RevocationReason.UNSPECIFIED,
        revoked_at=now,
        updated_at=now,
    )
    _list(tx, done, now)
    return done


def revoke(tx: Tx, record: Record, reason: RevocationReason, now: datetime, *, invalidity_date: datetime | None = None) -> Record:
    """Revoke, hold or release both certificates; `removeFromCRL` releases. The caller has decided that it may.

    Raising the reason of a revoked pair to keyCompromise keeps the moment of revocation, and so does ending a hold by a
    revocation. `invalidity_date` is when the keys
    became suspect, if that is known; one that is known already stays unless another is given.
    """
    invalidity_date = invalidity_date or record.invalidity_date
    if record.state is State.REVOKED:
        assert reason is RevocationReason.KEY_COMPROMISE  # policy lets nothing else through
        done = store.relink(tx, record, revocation_reason=reason, invalidity_date=invalidity_date, updated_at=now)
    else:
        target = _target(reason)
        assert may_become(record.state, target)  # policy lets nothing else through
        released = target is State.ISSUED
        # A hold that becomes a revocation keeps its date (X.509 7.3): who signed meanwhile was not to be relied on.
        since = record.revoked_at if record.state is State.HELD and target is State.REVOKED else now
        done = store.move(
            tx,
            record,
            target,
            revocation_reason=None if released else reason,
            revoked_at=None if released else since,
            revoke_at=None if target is State.REVOKED else record.revoke_at,
            invalidity_date=None if released else invalidity_date,
            updated_at=now,
        )
    _list(tx, done, now)
    if reason is RevocationReason.KEY_COMPROMISE:
        key_store.add_compromised(tx, record, now)
    return done


def block_keys(tx: Tx, record: Record, now: datetime) -> bool:
    """Never certify the keys of a record again; False when that is so already."""
    return key_store.add_compromised(tx, record, now)


def check_keys(tx: Tx, identifier: str, signing: str, encryption: str) -> None:
    """Refuse keys that are compromised, or certified for another name or the other use.

    Keys are given as the SHA-256 of their modulus in hex: another public exponent makes no other key. A renewal certifies the
    same key for the same name and use again, which is allowed.
    """
    keys_asked(tx, identifier, signing, encryption)()


def keys_asked(tx: Tx, identifier: str, signing: str, encryption: str) -> Callable[[], None]:
    """`check_keys`, asked for with what is asked besides; it raises when it is called."""
    uses = key_store.key_uses(tx, signing, encryption)
    wanted = {
        signing: (Usage.SIGNING, "signingCertificatePkcs10Data"),
        encryption: (Usage.ENCRYPTION, "encryptionCertificatePkcs10Data"),
    }

    def check() -> None:
        for key, usage, holder in uses():
            wanted_usage, field = wanted[key]
            if usage is None:
                raise CompromisedKey("This key was revoked as compromised; make a new one.", field=field)
            if holder != identifier or usage is not wanted_usage:
                raise KeyInUse("This key is certified already for another name or another use; make a new one.", field=field)

    return check


def pair_of(tx: Tx, record: Record) -> Pair:
    """A record with its two certificates."""
    found = store.certificates_of(tx, [record])[record.id]
    return Pair(record, found[Usage.SIGNING], found[Usage.ENCRYPTION])


def by_id(tx: Tx, record_id: str) -> Record | None:
    """The record with this id, in whatever state."""
    return store.by_id(tx, record_id)


def own(tx: Tx, account_id: str, record_id: str) -> Record:
    """The account's record with this id. Raises UnknownCertificate, which does not tell another account's from none."""
    found = store.by_id(tx, record_id)
    if found is None or found.account_id != account_id or found.position is None:
        raise UnknownCertificate("There is no such certificate pair in your account.")
    return found


def unfinished(tx: Tx, *, before: datetime) -> tuple[Record, ...]:
    """Intents that began before a moment and have not ended: what a crash left."""
    return store.intents(tx, before=before)


def due_for_revocation(tx: Tx, now: datetime) -> tuple[Record, ...]:
    """Superseded pairs whose overlap has ended."""
    return store.due_for_revocation(tx, now)


def held_since(tx: Tx, before: datetime) -> tuple[Record, ...]:
    """Pairs that are held since before a moment."""
    return store.held_since(tx, before)


def has_issued(tx: Tx, organization_id: str) -> bool:
    """Whether a pair was ever issued for this organization."""
    return store.has_issued(tx, organization_id)


def held_by_account(tx: Tx, authority_id: str, account_id: str, now: datetime) -> tuple[int, datetime | None]:
    """How many names of an account have a current pair, and when the first of these ends; None without any.

    A pair counts from its intent until it is revoked or has expired; a successor takes its predecessor's place.
    """
    return store.held_by_account(tx, authority_id, account_id, now)


def of_organization(tx: Tx, organization_id: str) -> tuple[Record, ...]:
    """The pairs of an organization that are issued or held."""
    return store.of_organization(tx, organization_id)


def _list(tx: Tx, record: Record, now: datetime) -> None:
    """Let the next CRLs show what a record has become."""
    certificates = _listable(tx, record)
    if record.revoked_at is None:
        listing.hide(tx, record.authority_id, certificates, now)
    else:
        revoked = Revoked(record.revoked_at, record.revocation_reason, record.invalidity_date)
        listing.show(tx, record.authority_id, certificates, revoked, now)


def _listable(tx: Tx, record: Record) -> tuple[Listable, ...]:
    return tuple(Listable(serial, partition, record.not_after) for serial, partition in store.listable(tx, record))


def _target(reason: RevocationReason) -> State:
    match reason:
        case RevocationReason.CERTIFICATE_HOLD:
            return State.HELD
        case RevocationReason.REMOVE_FROM_CRL:
            return State.ISSUED
        case _:
            return State.REVOKED
