"""OCSP requests as strangers make them, from a CA's certificate: `status_request(issuer, 0xA1, nonce=b"...")`."""

import hashlib

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.material import NULL, integer, oid, sequence, tlv

HASHES = {"sha1": "1.3.14.3.2.26", "sha256": "2.16.840.1.101.3.4.2.1", "sha512": "2.16.840.1.101.3.4.2.3"}
NONCE = "1.3.6.1.5.5.7.48.1.2"


def cert_id(issuer_der: bytes, serial: int, algorithm: str = "sha1") -> bytes:
    """How a client names a certificate (RFC 6960 4.1.1)."""
    issuer = x509.load_der_x509_certificate(issuer_der)
    key = issuer.public_key().public_bytes(Encoding.DER, PublicFormat.PKCS1)  # type: ignore[union-attr, call-arg]  # an RSA key
    hashed = [tlv(0x04, hashlib.new(algorithm, one).digest()) for one in (issuer.subject.public_bytes(), key)]
    return sequence(sequence(oid(HASHES[algorithm]), NULL), *hashed, integer(serial))


def status_request(issuer_der: bytes, *serials: int, nonce: bytes | None = None, algorithm: str = "sha1") -> bytes:
    """A request about some certificates of one CA."""
    return asking_for(*(cert_id(issuer_der, serial, algorithm) for serial in serials), nonce=nonce)


def asking_for(*cert_ids: bytes, nonce: bytes | None = None) -> bytes:
    """A request about these."""
    listed = sequence(*(sequence(one) for one in cert_ids))
    extension = b"" if nonce is None else sequence(oid(NONCE), tlv(0x04, tlv(0x04, nonce)))
    return sequence(sequence(listed, b"" if nonce is None else tlv(0xA2, sequence(extension))))
