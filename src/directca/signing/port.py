"""The port behind which private keys live. A key is used, never seen."""

from typing import Protocol

from directca.pki.algorithms import SignatureAlgorithm


class SigningKey(Protocol):
    """One CA's private key.

    Durable: the key outlives the process, wherever it lies. Concurrent: `sign` may be called from many threads at once.
    Retried: never by the port; RSA signatures of PKCS #1 v1.5 are deterministic, so a caller may ask again for the same
    bytes. Errors: `KeyUnusable` when the key cannot be used now, nothing else. No method ever yields private material,
    and neither do `repr`, pickling or an exception.
    """

    @property
    def spki_der(self) -> bytes:
        """The SubjectPublicKeyInfo of the key."""
        ...

    @property
    def is_here(self) -> bool:
        """Whether the key can be reached now; a root's may be kept offline."""
        ...

    def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
        """The signature over the message, which the key hashes itself."""
        ...


class KeySealer(Protocol):
    """Makes keys that others keep as octets which nobody reads without the authority's passphrase."""

    def make(self, bits: int) -> tuple[bytes, SigningKey]:
        """A new RSA key and its sealed form. Raises WrongPassphrase."""
        ...

    def open(self, sealed: bytes, name: str) -> SigningKey:
        """A key that was sealed before. Raises KeyUnusable, WrongPassphrase, which call it by `name`."""
        ...


class SecretSealer(Protocol):
    """Keeps secrets as octets which nobody reads without the authority's passphrase. Concurrent; deterministic in nothing."""

    def seal(self, secret: bytes, about: str, like: bytes | None) -> bytes:
        """The secret, sealed for the one place `about`. `like` is one that lies beside it. Raises WrongPassphrase."""
        ...

    def open(self, sealed: bytes, about: str) -> bytes:
        """A secret that was sealed for this place. Raises KeyUnusable, WrongPassphrase."""
        ...
