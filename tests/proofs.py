"""Proofs that a key is compromised, made as those who found one make them: by another library than the one that reads them."""

import base64

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import NameOID

from directca.pki.compromise import statement
from tests.material import PrivateKey, rsa_key

NAME = "https://ca.example.org"
SAYS_IT = f"{statement(NAME)} Found on a public web server."


def request_saying(*names: str, key: PrivateKey | None = None, digest: hashes.HashAlgorithm | None = None) -> bytes:
    """A request with these commonNames, in DER."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name) for name in names])
    made = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key or rsa_key(), digest or hashes.SHA256())
    return made.public_bytes(serialization.Encoding.DER)


def in_base64(octets: bytes) -> str:
    return base64.b64encode(octets).decode("ascii")


def signed(message: str = SAYS_IT, key: int = 0, *, pss: bool = False, digest: hashes.HashAlgorithm | None = None) -> str:
    """A signature in base64."""
    chosen = digest or hashes.SHA256()
    scheme = padding.PSS(padding.MGF1(chosen), padding.PSS.MAX_LENGTH) if pss else padding.PKCS1v15()
    return in_base64(rsa_key(key).sign(message.encode(), scheme, chosen))
