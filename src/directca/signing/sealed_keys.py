"""Keys that are kept as sealed octets, wherever the caller keeps those: the form of a key file without the file.

A node seals what it makes under the authority's passphrase, and every node that has the passphrase opens it.
"""

from cryptography.hazmat.primitives.asymmetric import rsa

from directca.signing import key_files
from directca.signing.file_keys import FileKey


class SealedKeys:
    """Makes and opens sealed keys. `at_once`: how many signatures one key makes at the same time."""

    def __init__(self, passphrase: bytes, *, at_once: int = 1) -> None:
        self._passphrase = passphrase
        self._at_once = at_once

    def make(self, bits: int) -> tuple[bytes, FileKey]:
        """A new RSA key and its sealed form. Raises WrongPassphrase for an empty one."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
        return key_files.encrypt(key, self._passphrase), FileKey(key, at_once=self._at_once)

    def open(self, sealed: bytes, name: str) -> FileKey:
        """A key that was sealed before; about 0.3 s. Raises KeyUnusable, WrongPassphrase, which call it by `name`."""
        return FileKey(key_files.decrypt(sealed, self._passphrase, name), at_once=self._at_once)
