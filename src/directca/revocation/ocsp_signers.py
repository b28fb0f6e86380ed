"""The responders that this process can sign with: loaded once each, before they are needed."""

from datetime import datetime, timedelta

from directca.errors import DirectCAError
from directca.pki.ocsp import read_responder
from directca.revocation import responder_store as store
from directca.revocation.responder_errors import NoResponder
from directca.revocation.responder_model import ResponderEntry, by_preference
from directca.revocation.responders import Responding
from directca.signing.rehearsed_only import Guard
from directca.signing.responder import OcspSigner

_LEFT = timedelta(seconds=1)
"""An answer ends after it begins, and not after the responder that signed it."""

_AGAIN = timedelta(minutes=1)
"""A key that could not be opened is tried again after so long: opening one takes a third of a second."""


class OcspSigners:
    """`refresh` is for one thread; everything else for many. A fork takes along what was loaded."""

    def __init__(self, desk: Responding, guard: Guard) -> None:
        self.desk = desk
        self._guard = guard
        self._entries: dict[str, tuple[ResponderEntry, ...]] = {}
        self._signers: dict[tuple[str, str], OcspSigner] = {}
        self._failed: dict[tuple[str, str], tuple[datetime, DirectCAError]] = {}

    @property
    def served(self) -> tuple[str, ...]:
        """The authorities that have responders."""
        return tuple(self.desk.addresses)

    def refresh(self) -> None:
        """Look which responders there are, and load those that this process has not loaded yet."""
        ca = self.desk.revocation
        with ca.database.read() as tx:
            entries = {authority_id: store.of_authority(tx, authority_id) for authority_id in self.desk.addresses}
        now = ca.clock.now()
        for entry in (one for listed in entries.values() for one in by_preference(listed, now)):
            place = entry.authority_id, entry.serial
            failed = self._failed.get(place)
            if place not in self._signers and (failed is None or now >= failed[0] + _AGAIN):
                self._load(entry, now)
        self._entries = entries
        living = {(one.authority_id, one.serial) for listed in entries.values() for one in by_preference(listed, now)}
        self._signers = {place: signer for place, signer in self._signers.items() if place in living}
        self._failed = {place: failure for place, failure in self._failed.items() if place in living}

    def usable(self, authority_id: str, now: datetime) -> tuple[ResponderEntry, ...]:
        """The responders that may sign and that this process has loaded, by preference."""
        entries = by_preference(self._entries.get(authority_id, ()), now)
        return tuple(one for one in entries if one.not_after >= now + _LEFT and (authority_id, one.serial) in self._signers)

    def choose(self, authority_id: str, now: datetime) -> OcspSigner:
        """The responder that signs. Raises NoResponder."""
        signers = self._signers
        for entry in by_preference(self._entries.get(authority_id, ()), now):
            signer = signers.get((authority_id, entry.serial))
            if signer is not None and entry.not_after >= now + _LEFT:
                return signer
        raise NoResponder("No OCSP responder can answer now; the operator must make one.")

    def revoked(self) -> frozenset[str]:
        """The serials of those that are revoked."""
        return frozenset(one.serial for listed in self._entries.values() for one in listed if one.revoked_at is not None)

    def problems(self) -> dict[str, str]:
        """Why responders could not be loaded, by their serial."""
        return {serial: str(error) for (_, serial), (_, error) in self._failed.items()}

    def _load(self, entry: ResponderEntry, now: datetime) -> None:
        ca, place = self.desk.revocation, (entry.authority_id, entry.serial)
        assert entry.der is not None  # no other is usable
        try:
            responder = read_responder(entry.der, ca.authorities[entry.authority_id].issuer)
            key = self.desk.keys.open(entry.key_reference)
            self._signers = {**self._signers, place: OcspSigner(responder, key, ca.policy, self._guard)}
            self._failed.pop(place, None)
        except DirectCAError as error:
            self._failed[place] = now, error
