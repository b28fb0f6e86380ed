"""The OCSP responders of a test's world: their keys are kept in memory, everything else is the product's.

house = responding(world)
house.make()
house.ask(0xA1)
"""

import secrets
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path

from cryptography.x509.ocsp import OCSPResponse, load_der_ocsp_response

from directca.certificates import switch
from directca.pki.ocsp_request import read_request
from directca.revocation import ocsp, responders
from directca.revocation.ocsp import Ocsp, issuers_of
from directca.revocation.ocsp_model import OcspAnswer
from directca.revocation.ocsp_signers import OcspSigners
from directca.revocation.responder_model import ResponderEntry
from directca.revocation.responders import Responding
from directca.signing.errors import KeyUnusable
from directca.signing.file_keys import FileKey
from tests.authority import ADDRESSES, issuing_ca
from tests.material import rsa_key
from tests.status_requests import status_request
from tests.world import World

ACTOR = "system:test"
_FIRST_KEY = 700
KEYS = range(_FIRST_KEY, _FIRST_KEY + 4)
"""The numbers of the first keys of responders."""


@dataclass
class MemoryKeys:
    """Keys of responders that are made once for the process; `lost` are those that cannot be opened."""

    lost: set[str] = field(default_factory=set)
    _keys: dict[str, FileKey] = field(default_factory=dict)
    _numbers: "count[int]" = field(default_factory=lambda: count(_FIRST_KEY))

    def make(self, reference: str, bits: int) -> FileKey:
        self._keys[reference] = FileKey(rsa_key(next(self._numbers), bits))
        return self._keys[reference]

    def open(self, reference: str) -> FileKey:
        if reference in self.lost or reference not in self._keys:
            raise KeyUnusable(f"There is no key {reference}.")
        return self._keys[reference]

    def destroy(self, reference: str) -> bool:
        return self._keys.pop(reference, None) is not None

    def holds(self, reference: str) -> bool:
        return reference in self._keys


@dataclass(frozen=True)
class FolderKeys:
    """Keys that outlive their process: a file says which of the keys that are made once for all processes has its name."""

    folder: Path

    def make(self, reference: str, bits: int) -> FileKey:
        self.folder.mkdir(exist_ok=True)
        number = _FIRST_KEY + len(list(self.folder.iterdir()))
        (self.folder / reference).write_text(f"{number} {bits}")
        return self.open(reference)

    def open(self, reference: str) -> FileKey:
        if not self.holds(reference):
            raise KeyUnusable(f"There is no key {reference}.")
        number, bits = (self.folder / reference).read_text().split()
        return FileKey(rsa_key(int(number), int(bits)))

    def destroy(self, reference: str) -> bool:
        there = self.holds(reference)
        (self.folder / reference).unlink(missing_ok=True)
        return there

    def holds(self, reference: str) -> bool:
        return (self.folder / reference).exists()


@dataclass
class House:
    """The verbs about responders and the OCSP verb of one world."""

    world: World
    keys: "MemoryKeys | FolderKeys"
    desk: Responding
    ocsp: Ocsp

    @property
    def signers(self) -> OcspSigners:
        return self.ocsp.signers

    def make(self) -> ResponderEntry:
        made = responders.make(self.desk, "issuing", actor=ACTOR)
        self.signers.refresh()
        return made

    def answer(self, *serials: int | str, nonce: bytes | None = None, algorithm: str = "sha1") -> OcspAnswer:
        """What the verb answers about serials of the issuing CA, given as numbers or as the register writes them."""
        numbers = [int(one, 16) if isinstance(one, str) else one for one in serials]
        issuer = issuing_ca().issuer.certificate_der or b""
        return ocsp.answer(self.ocsp, read_request(status_request(issuer, *numbers, nonce=nonce, algorithm=algorithm)))

    def ask(self, *serials: int | str, nonce: bytes | None = None, algorithm: str = "sha1") -> OCSPResponse:
        """The same as another library reads it."""
        answer = self.answer(*serials, nonce=nonce, algorithm=algorithm)
        return load_der_ocsp_response(answer.own + answer.shared)

    def known(self) -> tuple[ResponderEntry, ...]:
        with self.world.database.read() as tx:
            return responders.known(tx, "issuing")


def responding(world: World, *, by_name: bool = False, keys: MemoryKeys | FolderKeys | None = None) -> House:
    """The house of a world, whose responders' keys are those given, at first none."""
    keys = MemoryKeys() if keys is None else keys
    desk = Responding(world.revocation, keys, {"issuing": ADDRESSES}, secrets.token_bytes)
    signers = OcspSigners(desk, switch.Guard(world.database))
    issuers = issuers_of(world.revocation, signers.served)
    return House(world, keys, desk, Ocsp(world.revocation, signers, issuers, by_name, timedelta(seconds=60)))
