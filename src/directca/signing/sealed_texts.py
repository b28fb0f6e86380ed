"""Short texts that are kept sealed, such as the numbers of identity documents: AES-256-GCM under the authority's passphrase.

A sealed text is a version, the salt and the nonce, and what the cipher made. It is bound to the record it belongs to, so that one
record's text cannot be passed off as another's. The passphrase is stretched by scrypt with the parameters of the key files, once
for each process that seals, and once for each salt that is opened.
"""

import os
from collections.abc import Callable
from functools import cached_property

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from directca.signing.errors import KeyUnusable, WrongPassphrase

_COST, _BLOCK, _PARALLEL = 2**14, 8, 5
_VERSION = b"\x01"
_SALT_OCTETS, _NONCE_OCTETS, _KEY_OCTETS = 16, 12, 32
_HEAD = len(_VERSION) + _SALT_OCTETS + _NONCE_OCTETS


class SealedOnDemand:
    """`SealedTexts` of a passphrase that is asked for when something is sealed or opened: most commands do neither."""

    def __init__(self, passphrase: Callable[[], bytes]) -> None:
        self._passphrase = passphrase

    def seal(self, text: str, record: str) -> bytes:
        """As `SealedTexts.seal`. Raises also what asking for the passphrase raises."""
        return self._texts.seal(text, record)

    def open(self, sealed: bytes, record: str) -> str:
        """As `SealedTexts.open`. Raises also what asking for the passphrase raises."""
        return self._texts.open(sealed, record)

    @cached_property
    def _texts(self) -> "SealedTexts":
        return SealedTexts(self._passphrase())


class SealedTexts:
    """Seals and opens. For any thread."""

    def __init__(self, passphrase: bytes) -> None:
        if not passphrase:
            raise WrongPassphrase("The passphrase for the key files is empty. Set it in the configured secret.")
        self._passphrase = passphrase
        self._salt = os.urandom(_SALT_OCTETS)

    def seal(self, text: str, record: str) -> bytes:
        """The text as nobody reads it without the passphrase, bound to a record. The first takes about 0.3 s."""
        nonce = os.urandom(_NONCE_OCTETS)
        return _VERSION + self._salt + nonce + self._own.encrypt(nonce, text.encode(), _VERSION + record.encode())

    def open(self, sealed: bytes, record: str) -> str:
        """The text of a record; about 0.3 s. Raises KeyUnusable, WrongPassphrase."""
        if len(sealed) <= _HEAD or not sealed.startswith(_VERSION):
            raise KeyUnusable(f"What is sealed of {record} is damaged. Restore it from a backup.")
        salt, nonce = sealed[1 : 1 + _SALT_OCTETS], sealed[1 + _SALT_OCTETS : _HEAD]
        cipher = self._own if salt == self._salt else self._cipher(salt)
        try:
            return cipher.decrypt(nonce, sealed[_HEAD:], _VERSION + record.encode()).decode()
        except InvalidTag as error:
            raise WrongPassphrase(
                f"The passphrase does not open what is sealed of {record}. Give the one it was made with; "
                "if that is the one, it is damaged: restore it from a backup."
            ) from error

    @cached_property
    def _own(self) -> AESGCM:
        return self._cipher(self._salt)

    def _cipher(self, salt: bytes) -> AESGCM:
        return AESGCM(Scrypt(salt=salt, length=_KEY_OCTETS, n=_COST, r=_BLOCK, p=_PARALLEL).derive(self._passphrase))
