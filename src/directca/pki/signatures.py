"""Whether an authority's key made a signature: for what comes from elsewhere and claims to be that authority's."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from directca.pki.templates import Issuer


class BadSignatureError(ValueError):
    """The signature is not one of this authority's key."""


def check_signature(issuer: Issuer, signature: bytes, message: bytes) -> None:
    """Raise BadSignatureError unless the issuer's key made the signature over the message, by the issuer's algorithm."""
    key = load_der_public_key(issuer.spki_der)
    try:
        if not isinstance(key, rsa.RSAPublicKey):
            raise BadSignatureError("the issuer's key is not an RSA key")
        key.verify(signature, message, padding.PKCS1v15(), issuer.algorithm.hash)
    except InvalidSignature as error:
        raise BadSignatureError("the signature does not verify") from error
