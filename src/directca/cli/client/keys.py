"""The subscriber's keys: made here, never sent anywhere; only certification requests leave this machine."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from directca.cli.client.failures import Misused
from directca.cli.client.records import Record

SIGNING, ENCRYPTION = "signing", "encryption"
ROLES = (SIGNING, ENCRYPTION)


@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateKey:
    """One private key, with its PEM form."""

    key: rsa.RSAPrivateKey = field(repr=False)
    pem: bytes = field(repr=False)


def make(bits: int) -> PrivateKey:
    """A new RSA key; takes a second or so."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits)
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return PrivateKey(key=key, pem=pem)


def read(pem: bytes, source: str) -> PrivateKey:
    """A key from its file. `source` is the file's name, for the error."""
    try:
        key = serialization.load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise Misused(f"{source} is not an unencrypted private key in PEM form.") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise Misused(f"{source} is not an RSA key.")
    return PrivateKey(key=key, pem=pem)


def certification_request(name: str, key: PrivateKey) -> str:
    """A PKCS #10 request in PEM.

    It holds the name alone, since everything else comes from vetted records. The same key and name make the same bytes
    each time (PKCS #1 v1.5 and DER leave no choice), so that a repeated order is equal to the first one.
    """
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key.key, hashes.SHA256())
    return request.public_bytes(serialization.Encoding.PEM).decode()


def certificates(record: Record) -> Iterator[tuple[str, x509.Certificate]]:
    """The certificates that a record carries, by role. Raises ValueError if one is not what the record says."""
    for role, pem, serial in (
        (SIGNING, record.signing_certificate, record.signing_serial),
        (ENCRYPTION, record.encryption_certificate, record.encryption_serial),
    ):
        if pem is None:
            continue
        certificate = x509.load_pem_x509_certificate(pem.encode())
        if certificate.serial_number != int(serial, 16):
            raise ValueError(f"the {role} certificate's serial number is not the record's")
        yield role, certificate


def belongs(certificate: x509.Certificate, key: PrivateKey) -> bool:
    """Whether the certificate is for that key."""
    return certificate.public_key() == key.key.public_key()


def bundle(name: str, key: PrivateKey, certificate: x509.Certificate, chain: str, password: bytes) -> bytes:
    """A PKCS #12 file: private key, certificate, chain."""
    above = x509.load_pem_x509_certificates(chain.encode())
    protection = serialization.BestAvailableEncryption(password)
    return pkcs12.serialize_key_and_certificates(name.encode(), key.key, certificate, above, protection)
