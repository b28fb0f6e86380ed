"""The signature algorithms that an issuing key of this authority may use."""

from enum import Enum

from cryptography.hazmat.primitives import hashes

from directca.pki import der


class SignatureAlgorithm(Enum):
    """RSA with PKCS #1 v1.5 padding, as every Direct implementation verifies it; the value is the object identifier."""

    RSA_SHA256 = "1.2.840.113549.1.1.11"
    RSA_SHA384 = "1.2.840.113549.1.1.12"
    RSA_SHA512 = "1.2.840.113549.1.1.13"

    @property
    def identifier(self) -> bytes:
        """The AlgorithmIdentifier; its parameters are NULL, never absent (RFC 4055 5)."""
        return _IDENTIFIERS[self]

    @property
    def hash(self) -> hashes.HashAlgorithm:
        """What the message is hashed with."""
        return _HASHES[self]


_IDENTIFIERS = {algorithm: der.sequence(der.oid(algorithm.value), der.NOTHING) for algorithm in SignatureAlgorithm}
_HASHES: dict[SignatureAlgorithm, hashes.HashAlgorithm] = {
    SignatureAlgorithm.RSA_SHA256: hashes.SHA256(),
    SignatureAlgorithm.RSA_SHA384: hashes.SHA384(),
    SignatureAlgorithm.RSA_SHA512: hashes.SHA512(),
}
