"""Proof of possession: the signature by which a request shows that its sender holds the private key (RFC 2986 4.2).

Accepted are RSASSA-PKCS1-v1_5 and RSASSA-PSS over SHA-256, SHA-384 and SHA-512 (RFC 4055). PSS takes one hash for both the
message and the mask, as every maker of such requests does.
"""

from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from directca.pki import der
from directca.pki.errors import BadCsr, UnsupportedAlgorithm
from directca.pki.keys import RsaKey
from directca.pki.shapes import identified

_RSASSA_PSS: Final = der.oid("1.2.840.113549.1.1.10")
_MASK_GENERATION: Final = der.oid("1.2.840.113549.1.1.8")
_PKCS1_HASHES: Final[dict[bytes, hashes.HashAlgorithm]] = {
    der.oid("1.2.840.113549.1.1.11"): hashes.SHA256(),
    der.oid("1.2.840.113549.1.1.12"): hashes.SHA384(),
    der.oid("1.2.840.113549.1.1.13"): hashes.SHA512(),
}
_HASHES: Final[dict[bytes, hashes.HashAlgorithm]] = {
    der.oid("2.16.840.1.101.3.4.2.1"): hashes.SHA256(),
    der.oid("2.16.840.1.101.3.4.2.2"): hashes.SHA384(),
    der.oid("2.16.840.1.101.3.4.2.3"): hashes.SHA512(),
}
_SALT_LEFT_OUT: Final = 20
_PKCS1: Final = padding.PKCS1v15()


@dataclass(frozen=True, slots=True)
class SignatureScheme:
    """How a request is signed."""

    padding: padding.PKCS1v15 | padding.PSS
    hash: hashes.HashAlgorithm


def read_algorithm(identifier: der.Element) -> SignatureScheme:
    """The scheme of an AlgorithmIdentifier. Raises UnsupportedAlgorithm for any that is not accepted, DerError for none."""
    kind, parameters = identified(der.children(identifier, der.SEQUENCE))
    pkcs1_hash = _PKCS1_HASHES.get(kind.encoded)
    if pkcs1_hash is not None:
        _require_null_or_nothing(parameters)
        return SignatureScheme(_PKCS1, pkcs1_hash)
    if kind.encoded == _RSASSA_PSS:
        return _read_pss(parameters)
    raise UnsupportedAlgorithm(
        "The request is signed with an algorithm that is not accepted, such as SHA-1 or MD5. "
        "Sign it with RSA over SHA-256, SHA-384 or SHA-512."
    )


def verify(scheme: SignatureScheme, key: RsaKey, signature: bytes, message: bytes) -> None:
    """Raise BadCsr unless the signature over the message was made with the private half of the key."""
    try:
        key.public_key().verify(signature, message, scheme.padding, scheme.hash)
    except (InvalidSignature, ValueError) as error:
        raise BadCsr(
            "The request's signature does not match its public key, so it proves nothing. "
            "Make the request again, with the private key that belongs to it."
        ) from error


def _read_pss(parameters: list[der.Element]) -> SignatureScheme:
    if len(parameters) != 1:
        raise der.DerError("RSASSA-PSS without its parameters.")
    fields = der.children(parameters[0], der.SEQUENCE)
    # Hash and mask left out mean SHA-1, a salt left out means 20 octets (RFC 4055 3.1); a fourth field would be the trailer's
    # default, which DER leaves out.
    if [entry.tag for entry in fields] not in ([0xA0, 0xA1], [0xA0, 0xA1, 0xA2]):
        raise _unaccepted_pss()
    digest = _read_hash(der.read(fields[0].content, der.SEQUENCE))
    mask_kind, mask_parameters = identified(der.children(der.read(fields[1].content, der.SEQUENCE)))
    if mask_kind.encoded != _MASK_GENERATION or len(mask_parameters) != 1:
        raise _unaccepted_pss()
    salt_octets = der.read_integer(der.read(fields[2].content)) if len(fields) == 3 else _SALT_LEFT_OUT
    if _read_hash(mask_parameters[0]) is not digest or not 0 <= salt_octets <= 2 * digest.digest_size:
        raise _unaccepted_pss()
    return SignatureScheme(padding.PSS(padding.MGF1(digest), salt_octets), digest)


def _read_hash(identifier: der.Element) -> hashes.HashAlgorithm:
    kind, parameters = identified(der.children(identifier, der.SEQUENCE))
    digest = _HASHES.get(kind.encoded)
    if digest is None:
        raise _unaccepted_pss()
    _require_null_or_nothing(parameters)
    return digest


def _unaccepted_pss() -> UnsupportedAlgorithm:
    return UnsupportedAlgorithm(
        "The request's RSASSA-PSS parameters are not accepted: message and mask take the same hash, SHA-256, SHA-384 or "
        "SHA-512, and a salt no longer than twice the hash."
    )


def _require_null_or_nothing(parameters: list[der.Element]) -> None:
    # RFC 4055 2.1, 5: NULL is what is written; absent must be accepted as well.
    if [parameter.encoded for parameter in parameters] not in ([], [der.NOTHING]):
        raise der.DerError("An algorithm has parameters where NULL belongs.")
