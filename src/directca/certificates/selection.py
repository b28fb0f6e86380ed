"""Records chosen by what they have in common, across accounts: for what the authority itself does to many at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from directca.certificates import selection_store as store
from directca.certificates.chosen import Candidate, Selection
from directca.db.engine import Tx
from directca.pki.certificate_keys import spki_of


@dataclass(frozen=True)
class Chosen:
    """What a selection found, in the order of the register, and what of its lists is not known here."""

    candidates: Iterator[Candidate]
    unknown: tuple[str, ...]


def choose(tx: Tx, selection: Selection, now: datetime) -> Chosen:
    """The records of a selection, as a stream: none is read before it is asked for."""
    if not selection.names_each:
        return Chosen(store.standing(tx, selection, now), ())
    ids, unknown = _named(tx, selection)
    return Chosen(store.some(tx, sorted(ids)), unknown)


def key_uses(tx: Tx, modulus_sha256: str) -> tuple[str, ...]:
    """The ids of the records with a certificate for a key, by the SHA-256 of its modulus."""
    return store.of_modulus(tx, modulus_sha256)


def recently_blocked(tx: Tx, since: datetime) -> tuple[str, ...]:
    """The ids of the records that are issued or held although one of their keys was found compromised since a moment."""
    return store.with_blocked_key(tx, since)


def block_key(tx: Tx, modulus_sha256: str, now: datetime) -> bool:
    """Never certify a key again, whether it ever was or not; False when that is so already."""
    return store.block(tx, modulus_sha256, now)


def certificate_of(tx: Tx, serial: str) -> bytes | None:
    """The certificate with a serial, of whichever authority; None when none was issued."""
    return store.der_of_serial(tx, serial)


def _named(tx: Tx, selection: Selection) -> tuple[set[str], tuple[str, ...]]:
    unknown: list[str] = []
    ids: set[str] = set()
    for serial in selection.serials:
        found = store.of_serial(tx, serial)
        ids.update(found)
        if not found:
            unknown.append(serial)
    moduli = _moduli(tx, frozenset(selection.keys)) if selection.keys else {}
    for key in selection.keys:
        if key not in moduli:
            unknown.append(key)
            continue
        ids.update(store.of_modulus(tx, moduli[key]))
    return ids, tuple(unknown)


def _moduli(tx: Tx, keys: frozenset[str]) -> dict[str, str]:
    """The digest of the modulus of each key that is certified here. One walk over all certificates, whatever the number of keys:
    what they have in the register is the digest of their modulus alone."""
    found: dict[str, str] = {}
    for modulus_sha256, der in store.every_key(tx):
        digest = sha256(spki_of(der)).hexdigest()
        if digest in keys:
            found[digest] = modulus_sha256
    return found
