"""The signer port over a private key in an encrypted file: for development and small authorities.

The certificate policy asks for hardware in production, which comes behind the same port.
"""

import threading
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from directca.pki.algorithms import SignatureAlgorithm
from directca.signing import key_files
from directca.signing.errors import KeyUnusable


class FileKey:
    """A SigningKey whose private half lies in a file and, once loaded, in this process.

    No more signatures are made at once than the process has cores (`at_once`): each keeps a core busy for milliseconds, and one
    more would only push aside the thread that everybody waits for, such as a writer of the database.
    """

    __slots__ = ("_key", "_room", "_spki_der")

    def __init__(self, key: rsa.RSAPrivateKey, *, at_once: int = 1) -> None:
        self._key = key
        self._room = threading.BoundedSemaphore(at_once) if at_once > 1 else threading.Lock()
        self._spki_der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    @property
    def spki_der(self) -> bytes:
        """The SubjectPublicKeyInfo of the key."""
        return self._spki_der

    @property
    def is_here(self) -> bool:
        """Always: it is in this process."""
        return True

    def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """The signature over the message. Raises KeyUnusable."""
        try:
            with self._room:
                return self._key.sign(message, padding.PKCS1v15(), algorithm.hash)
        except ValueError as error:
            raise KeyUnusable("The CA's key cannot sign. Restore the key file from a backup.") from error

    def __reduce__(self) -> str:
        raise KeyUnusable("A private key is not copied out of its process.")


class DeferredKey:
    """A key file that is opened when it is first needed: a root signs twice a day, and until then its key is in no memory.

    The file may be taken away, since a root's key is best kept offline, and be put back at any time. While it is not there, the
    key is not here: one that was opened before is forgotten.
    """

    def __init__(self, path: Path, passphrase: bytes, spki_der: bytes) -> None:
        self._path = path
        self._passphrase = passphrase
        self._spki_der = spki_der
        self._opening = threading.Lock()
        self._key: FileKey | None = None

    @property
    def spki_der(self) -> bytes:
        """The SubjectPublicKeyInfo that the file should hold, which is checked when it is opened."""
        return self._spki_der

    @property
    def is_here(self) -> bool:
        """Whether the file is there; a key that was opened is forgotten once it is not."""
        with self._opening:
            return self._look()

    def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """The signature over the message. Raises KeyUnusable, also for a file that holds another key, and WrongPassphrase."""
        with self._opening:
            if not self._look():
                raise KeyUnusable(f"The key file {self._path} is not here. If it was not taken away on purpose, restore it.")
            if self._key is None:
                opened = load(self._path, self._passphrase)
                if opened.spki_der != self._spki_der:
                    raise KeyUnusable(f"The key file {self._path} does not hold the key of this CA. Restore the right file.")
                self._key = opened
            key = self._key
        return key.sign(message, algorithm)

    def _look(self) -> bool:
        if self._path.is_file():
            return True
        self._key = None
        return False

    def __repr__(self) -> str:
        return f"DeferredKey({self._path.name})"

    def __reduce__(self) -> str:
        raise KeyUnusable("A private key is not copied out of its process.")


def create(path: Path, passphrase: bytes, *, bits: int) -> FileKey:
    """Make a key and its file, which must not exist. Raises KeyUnusable, WrongPassphrase (for an empty one)."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    key_files.write(path, key_files.encrypt(key, passphrase))
    return FileKey(key)


def load(path: Path, passphrase: bytes, *, at_once: int = 1) -> FileKey:
    """Open a key file; about 0.3 s, so once per process. Raises KeyUnusable, WrongPassphrase."""
    return FileKey(key_files.decrypt(key_files.read(path), passphrase, str(path)), at_once=at_once)
