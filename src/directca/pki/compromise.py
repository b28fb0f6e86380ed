"""Proofs that a private key is compromised: something that says so, signed with that key.

Two forms. A PKCS #10 request whose commonName says it, which can never be mistaken for a request for a certificate; and a message
that begins with a sentence about this very authority. Nothing that a key signs in its ordinary life says either: not a request
for issuance, whose commonName is a Direct name, nor a signed mail, which begins with its header fields or its attributes.
"""

import binascii
import re
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from directca.errors import Malformed
from directca.pki import armour, der, keys, oids, possession
from directca.pki.errors import BadProof
from directca.pki.keys import RsaKey
from directca.pki.possession import SignatureScheme
from directca.pki.shapes import exactly, identified

COMMON_NAME: Final = "This key is compromised"
"""What the commonName of a request says; letter case and a full stop at the end do not matter."""

ALGORITHMS: Final = {
    "RSASSA-PKCS1-v1_5": SignatureScheme(padding.PKCS1v15(), hashes.SHA256()),
    "RSASSA-PSS": SignatureScheme(padding.PSS(padding.MGF1(hashes.SHA256()), padding.PSS.AUTO), hashes.SHA256()),
}
"""How a message may be signed, all over SHA-256; a salt may have any length."""

LONGEST_MESSAGE: Final = 2_000
_LONGEST_TEXT: Final = 8_192
_LARGEST_EVIDENCE_KEY: Final = 4_096
_COMMON_NAME: Final = der.oid(oids.COMMON_NAME)
_TEXT_TAGS: Final = frozenset({der.UTF8_STRING, der.PRINTABLE_STRING, der.IA5_STRING})
_ARMOUR: Final = re.compile(r"-----BEGIN PUBLIC KEY-----(?P<body>[^-]*)-----END PUBLIC KEY-----")
_WITHOUT_FOLDS: Final = str.maketrans("-_", "+/", " \t\r\n\v\f")


@dataclass(frozen=True, slots=True)
class Proof:
    """A key that is shown to be in hands that say so, and the DER request that showed it; none when a message did."""

    key: RsaKey
    request_der: bytes | None = None


def statement(authority: str) -> str:
    """The sentence that a signed message begins with."""
    return f"I report to {authority} that the private key that signed this message is compromised."


def read_request(encoded: str, *, field: str) -> Proof:
    """A request that says that its key is compromised. Raises BadProof."""
    try:
        return _read_request(armour.dearmour(encoded))
    except der.DerError as error:
        raise BadProof(f"The proof is not a DER-encoded PKCS #10 request. {error}", field=field) from error
    except Malformed as error:
        raise BadProof(error.detail, field=field) from error


def read_public_key(encoded: str, *, field: str) -> RsaKey:
    """A SubjectPublicKeyInfo in PEM, base64 or base64url. Raises BadProof."""
    return public_key(_octets(encoded, field), field=field)


def public_key(spki_der: bytes, *, field: str) -> RsaKey:
    """A DER SubjectPublicKeyInfo. Raises BadProof."""
    try:
        return keys.read_spki(spki_der)
    except Malformed as error:
        raise BadProof(error.detail, field=field) from error


def check_message(key: RsaKey, message: str, signature: str, algorithm: str, authority: str) -> Proof:
    """A message that says that the key is compromised, and its signature in base64. Raises BadProof."""
    if not message.startswith(statement(authority)) or len(message) > LONGEST_MESSAGE:
        raise BadProof(
            f"The message must begin with exactly this sentence: {statement(authority)} "
            f"What comes after it is yours, up to {LONGEST_MESSAGE} characters in all.",
            field="proof.message",
        )
    scheme = ALGORITHMS.get(algorithm)
    if scheme is None:
        raise BadProof(f"The algorithm must be one of: {', '.join(ALGORITHMS)}, over SHA-256.", field="proof.algorithm")
    try:
        possession.verify(scheme, key, _octets(signature, "proof.signature"), message.encode("utf-8"))
    except Malformed as error:
        raise BadProof(
            "The signature over the message does not match the public key, so it proves nothing. Sign the UTF-8 octets of the "
            "very message that is sent, with the private key that belongs to the public one.",
            field="proof.signature",
        ) from error
    return Proof(key)


def _read_request(octets: bytes) -> Proof:
    info, algorithm, signature = exactly(3, der.children(der.read(octets, der.SEQUENCE), most=3))
    parts = der.children(info, der.SEQUENCE, most=4)
    if len(parts) not in {3, 4} or der.read_integer(parts[0]) != 0:
        raise der.DerError("It has not the parts of a request of version 1.")
    key = keys.read_spki(parts[2].encoded)
    scheme = possession.read_algorithm(algorithm)
    if _said(parts[1]).rstrip(".").casefold() != COMMON_NAME.casefold():
        raise BadProof(
            f"The commonName of the request must be “{COMMON_NAME}”. A request for anything else proves that somebody has the "
            "key, not that it is compromised."
        )
    signature_octets, unused = der.read_bit_string(signature)
    if unused:
        raise der.DerError("The signature does not end with a whole octet.")
    possession.verify(scheme, key, signature_octets, info.encoded)
    return Proof(key, octets)


def _said(subject: der.Element) -> str:
    """The one commonName of a subject."""
    names = []
    for rdn in der.children(subject, der.SEQUENCE, most=64):
        for attribute in der.children(rdn, der.SET, most=64):
            kind, rest = identified(der.children(attribute, der.SEQUENCE, most=2))
            value = exactly(1, rest)[0]
            if kind.encoded == _COMMON_NAME:
                if value.tag not in _TEXT_TAGS:
                    raise der.DerError("The commonName is neither a UTF8String nor a PrintableString.")
                names.append(der.read_text(value))
    return " ".join(names[0].split()) if len(names) == 1 else ""


def _octets(encoded: str, field: str) -> bytes:
    body = encoded if len(encoded) <= _LONGEST_TEXT else ""
    if "-----BEGIN" in body:
        pem = _ARMOUR.search(body)
        body = "" if pem is None else pem["body"]
    digits = body.translate(_WITHOUT_FOLDS).rstrip("=")
    try:
        octets = binascii.a2b_base64(digits + "=" * (-len(digits) % 4), strict_mode=True)
    except ValueError:
        octets = b""
    if not octets or len(octets) > _LARGEST_EVIDENCE_KEY:
        raise BadProof("It is not base64, or for a public key PEM (PUBLIC KEY), of a reasonable length.", field=field)
    return octets
