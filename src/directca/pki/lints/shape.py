"""What two certificates have in common when they differ only in slots that our own rules check.

The PKIX linter costs milliseconds, so its verdict is kept by shape. The shape is made from the encoded bytes. Blanked are
exactly these slots, and each has its own rule, which runs on every certificate:

    serial number            rfc5280.serial_*, direct.serial_shows_128_random_bits, policy.serial_is_as_decided
    notBefore, notAfter      rfc5280.times_*, rfc5280.validity_*, policy.validity_*
    texts of the subject     rfc5280.name_*, direct.name_*, direct.country_*, policy.subject_is_as_decided
    subjectAltName's text    direct.alternative_name_*, policy.direct_name_is_as_decided
    modulus                  policy.key_* (its length and the exponent stay in the shape)
    subjectKeyIdentifier     rfc5280.subject_key_id_is_of_the_key
    signature                a placeholder; its length stays in the shape

Everything else stays, byte for byte. The reader of the view leaves no byte unread, so nothing can hide between the parts.
"""

import hashlib
from functools import lru_cache

from directca.pki import der, oids
from directca.pki.certificate_view import Attribute, CertificateView, Extension
from directca.pki.extensions import read_general_names, read_key_id


def shape_of(view: CertificateView) -> bytes:
    """A digest that is the same for certificates which differ in blanked slots only. Raises DerError."""
    key = view.key
    parts = (
        view.version.to_bytes(4, "big"),
        view.inner_algorithm,
        view.issuer_der,
        # A self-issued certificate is held to other rules, and blanked names would hide that it is one.
        bytes((view.issuer_der == view.subject_der,)),
        bytes((view.not_before.tag, view.not_after.tag)),
        der.sequence_of(_rdn(rdn) for rdn in view.subject),
        key.algorithm,
        key.modulus.bit_length().to_bytes(4, "big"),
        der.integer(key.exponent),
        *map(_extension, view.extensions),
        view.outer_algorithm,
        len(view.signature).to_bytes(4, "big"),
    )
    return hashlib.sha256(b"".join(len(part).to_bytes(4, "big") + part for part in parts)).digest()


@lru_cache(maxsize=256)
def _rdn(attributes: tuple[Attribute, ...]) -> bytes:
    return der.sequence_of(der.oid(attribute.kind) + der.tlv(attribute.tag, b"") for attribute in attributes)


def _extension(extension: Extension) -> bytes:
    kind, value = extension.kind, extension.value
    if kind == oids.SUBJECT_KEY_ID:
        value = len(read_key_id(value)).to_bytes(4, "big")
    elif kind == oids.SUBJECT_ALT_NAME:
        value = bytes(tag for tag, _ in read_general_names(value))
    return der.oid(kind) + bytes((extension.critical,)) + value
