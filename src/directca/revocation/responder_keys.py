"""Where the keys of OCSP responders are kept: sealed, in the database, so that each node answers with the same responders.

A new node signs with a responder whose certificate relying parties have seen for days, and one node's loss takes no key along.
Whoever has a copy of the database has nothing without the passphrase, which is never in it.
"""

from typing import Protocol

from directca.clock import Clock
from directca.db.engine import Database
from directca.revocation import responder_key_store as store
from directca.signing.errors import KeyUnusable
from directca.signing.port import KeySealer, SigningKey


class OlderKeys(Protocol):
    """Sealed keys that lie in files of this machine, from before there were nodes."""

    def sealed(self, reference: str) -> bytes | None:
        """A key's sealed form; None when there is none. Raises KeyUnusable."""
        ...

    def destroy(self, reference: str) -> bool:
        """End a key's file; False when there is none. Raises KeyUnusable."""
        ...

    def holds(self, reference: str) -> bool:
        """Whether there is one."""
        ...


class StoredKeys:
    """The port `ResponderKeys`, on the database. A key that still lies in a file is taken into it when it is first opened."""

    def __init__(self, database: Database, clock: Clock, sealer: KeySealer, older: OlderKeys) -> None:
        self._database = database
        self._clock = clock
        self._sealer = sealer
        self._older = older

    def make(self, reference: str, bits: int) -> SigningKey:
        """A new RSA key, kept when this returns. Raises KeyUnusable when there is one of this name, WrongPassphrase."""
        sealed, key = self._sealer.make(bits)
        with self._database.write() as tx:
            added = store.add(tx, reference, sealed, self._clock.now())
        if not added:
            raise KeyUnusable(f"There is a key {reference} already, and it is not replaced.")
        return key

    def open(self, reference: str) -> SigningKey:
        """A key that any node made; about 0.3 s. Raises KeyUnusable, WrongPassphrase."""
        with self._database.read() as tx:
            sealed = store.find(tx, reference)
        if sealed is not None:
            return self._sealer.open(sealed, f"{reference}, in the database,")
        sealed = self._older.sealed(reference)
        if sealed is None:
            raise KeyUnusable(f"The key {reference} is not there. Another responder takes its place; revoke this one.")
        key = self._sealer.open(sealed, reference)  # before others get it: one that cannot be opened here stays where it is
        with self._database.write() as tx:
            store.add(tx, reference, sealed, self._clock.now())
        self._older.destroy(reference)
        return key

    def destroy(self, reference: str) -> bool:
        """End a key for good; False when there is none. Raises KeyUnusable."""
        with self._database.write() as tx:
            kept = store.remove(tx, reference)
        return self._older.destroy(reference) or kept

    def holds(self, reference: str) -> bool:
        """Whether there is one."""
        with self._database.read() as tx:
            return store.holds(tx, reference) or self._older.holds(reference)
