"""Secrets that are kept as sealed octets, wherever the caller keeps those: AES-256-GCM under a key that scrypt makes of the
authority's passphrase (RFC 7914, SP 800-38D).

A secret is sealed for one place, `about`, and opens nowhere else: who can write to a table cannot put one person's into another's
row. Stretching the passphrase takes a tenth of a second and is done once for each salt; secrets that lie together share one.
"""

import hmac
import os
import threading

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from directca.signing.errors import KeyUnusable, WrongPassphrase

_COST, _BLOCK, _PARALLEL = 2**14, 8, 5
_KEY_OCTETS, _SALT_OCTETS, _NONCE_OCTETS = 32, 16, 12
_FORM = b"\x01"


def passphrase_for(purpose: str, passphrase: bytes) -> bytes:
    """A passphrase for one purpose that is made of the authority's and opens nothing else: what speaks with strangers needs
    secrets of its own, and never what opens the authority's keys. An empty one stays empty."""
    return hmac.digest(passphrase, b"directca passphrase for " + purpose.encode(), "sha256").hex().encode() if passphrase else b""


class SealedSecrets:
    """Seals and opens. One for the process; safe to use from many threads."""

    def __init__(self, passphrase: bytes) -> None:
        self._passphrase = passphrase
        self._keys: dict[bytes, AESGCM] = {}
        self._stretching = threading.Lock()

    def seal(self, secret: bytes, about: str, like: bytes | None) -> bytes:
        """The secret, sealed for one place; `like` is one that lies beside it, if there is any. Raises WrongPassphrase."""
        salt = like[1 : 1 + _SALT_OCTETS] if like is not None else next(iter(self._keys), os.urandom(_SALT_OCTETS))
        nonce = os.urandom(_NONCE_OCTETS)
        return _FORM + salt + nonce + self._key(salt).encrypt(nonce, secret, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """A secret that was sealed for this place. Raises KeyUnusable, WrongPassphrase."""
        salt, nonce = sealed[1 : 1 + _SALT_OCTETS], sealed[1 + _SALT_OCTETS :][:_NONCE_OCTETS]
        if sealed[:1] != _FORM or len(nonce) < _NONCE_OCTETS:
            raise KeyUnusable("A sealed secret is damaged. Restore the database from a backup.")
        try:
            return self._key(salt).decrypt(nonce, sealed[1 + _SALT_OCTETS + _NONCE_OCTETS :], about.encode())
        except InvalidTag as error:
            raise KeyUnusable(
                "The passphrase does not open a sealed secret. Give the one it was made with; "
                "if that is the one, the secret is damaged: restore the database from a backup."
            ) from error

    def _key(self, salt: bytes) -> AESGCM:
        if not self._passphrase:
            raise WrongPassphrase("The passphrase for the key files is empty. Set it in the configured secret.")
        with self._stretching:
            if salt not in self._keys:
                scrypt = Scrypt(salt=salt, length=_KEY_OCTETS, n=_COST, r=_BLOCK, p=_PARALLEL)
                self._keys[salt] = AESGCM(scrypt.derive(self._passphrase))
            return self._keys[salt]
