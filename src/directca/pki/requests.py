"""PKCS #10 certification requests (RFC 2986): what a subscriber asks for, and the proof that the key is theirs.

A request is read strictly (DER, version 1, one plain subject, a signature that verifies) and believed in nothing but its key
and its commonName. Subject and attributes are hints: the certificate's names come from vetted records, its extensions from the
profile, so what a request asks for in an extensionRequest is listed for information and never copied.
"""

from dataclasses import dataclass
from math import gcd
from typing import Final, NamedTuple

from directca.direct.names import DirectName
from directca.errors import Malformed
from directca.pki import armour, der, keys, names, possession
from directca.pki.errors import BadCsr, CommonNameMismatch, SameKeyTwice
from directca.pki.forms import KnownForms
from directca.pki.keys import RsaKey
from directca.pki.request_forms import RequestForm, form_of
from directca.pki.shapes import exactly, identified

_ATTRIBUTES: Final = 0xA0
_CONSTRUCTED: Final = 0x20
_DEEPEST_ATTRIBUTE: Final = 16
_LONGEST_REMEMBERED: Final = 2 * 1024  # octets, so that what strangers send fills no memory; a key of 4096 bits needs fewer
_EXTENSION_REQUESTS: Final = frozenset(
    {
        der.oid("1.2.840.113549.1.9.14"),  # RFC 2985 5.4.2
        der.oid("1.3.6.1.4.1.311.2.1.14"),  # the same under Microsoft's arc
    }
)


@dataclass(frozen=True, slots=True)
class CertificationRequest:
    """A request whose signature was verified."""

    common_name: DirectName
    organization: str | None
    organizational_units: tuple[str, ...]
    key: RsaKey
    requested_extensions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RequestPair:
    """The two requests of one order: the same name, different keys."""

    signing: CertificationRequest
    encryption: CertificationRequest

    @property
    def common_name(self) -> DirectName:
        """The name that both are for."""
        return self.signing.common_name


def parse(encoded: str, *, field: str | None = None) -> CertificationRequest:
    """Read one request from PEM, base64 or base64url, and verify it. `field` is the input that a refusal blames.

    Raises BadCsr, BadDirectName, UnsupportedKey, UnsupportedAlgorithm, or WeakKey for a number that no key can be. Whether the
    key is good enough is for `keys.check_quality`.
    """
    try:
        return _parse(armour.dearmour(encoded))
    except der.DerError as error:
        raise BadCsr(f"The request is not a DER-encoded PKCS #10 certification request. {error}", field=field) from error
    except Malformed as error:
        error.field = field
        raise


def pair(signing: CertificationRequest, encryption: CertificationRequest) -> RequestPair:
    """Put the two requests of an order together.

    Raises CommonNameMismatch, and SameKeyTwice also when two different keys share a prime: who holds one holds both then, and
    so does everybody who sees them.
    """
    if signing.common_name != encryption.common_name:
        raise CommonNameMismatch(
            "The signing and the encryption request have different common names. Make both for the same Direct name.",
            field="encryptionCertificatePkcs10Data",
        )
    if gcd(signing.key.modulus, encryption.key.modulus) != 1:
        raise SameKeyTwice(
            "The signing and the encryption request have the same key, or two keys that share a prime: whoever has one has both. "
            "Make a second key by itself, for one purpose each.",
            field="encryptionCertificatePkcs10Data",
        )
    return RequestPair(signing, encryption)


class _Read(NamedTuple):
    """What stands in a request, its signature not yet verified."""

    information: bytes
    subject: names.RequestedSubject
    key: RsaKey
    scheme: possession.SignatureScheme
    extensions: tuple[str, ...]
    signature: bytes


_KNOWN: KnownForms[RequestForm, _Read] = KnownForms()


def _parse(octets: bytes) -> CertificationRequest:
    """Read and verify a request; of one whose form is known only what is new in it is read."""
    known = _KNOWN.find(octets)
    found = _read(octets) if known is None else _filled(octets, *known)
    possession.verify(found.scheme, found.key, found.signature, found.information)
    if known is None and len(octets) <= _LONGEST_REMEMBERED:
        _KNOWN.add(form_of(octets), found)
    subject = found.subject
    return CertificationRequest(
        subject.common_name, subject.organization, subject.organizational_units, found.key, found.extensions
    )


def _read(octets: bytes) -> _Read:
    info, algorithm, signature = exactly(3, der.children(der.read(octets, der.SEQUENCE)))
    version, subject, public_key, attributes = exactly(4, der.children(info, der.SEQUENCE))
    if der.read_integer(version) != 0:
        raise BadCsr("The request's version is not 1, the only one that PKCS #10 has.")
    key = keys.read_spki(public_key.encoded)
    scheme = possession.read_algorithm(algorithm)
    claimed = names.read_subject(subject)
    extensions = _read_attributes(attributes)
    signature_octets, unused = der.read_bit_string(signature)
    if unused:
        raise der.DerError("The signature does not end with a whole octet.")
    return _Read(info.encoded, claimed, key, scheme, extensions, signature_octets)


def _filled(octets: bytes, form: RequestForm, model: _Read) -> _Read:
    """A request of a known form: what is common is the model's, the rest is taken from its place."""
    slots, common = form.slots, model.subject
    key = keys.read_alike(model.key, octets[slots.modulus], octets[form.key])
    name = names.read_common_name(der.Element(form.common_name_tag, octets[slots.common_name], b""))
    subject = names.RequestedSubject(name, common.organization, common.organizational_units)
    return _Read(octets[form.information], subject, key, model.scheme, model.extensions, octets[slots.signature])


def _read_attributes(attributes: der.Element) -> tuple[str, ...]:
    """The identifiers of the extensions asked for. Makers of requests seldom sort this set, so its order is let be."""
    extensions: tuple[str, ...] | None = None
    for attribute in der.children(attributes, _ATTRIBUTES):
        kind, rest = identified(der.children(attribute, der.SEQUENCE))
        found = der.children(exactly(1, rest)[0], der.SET)
        for value in found:
            _require_der(value, depth=0)
        if kind.encoded in _EXTENSION_REQUESTS:
            if extensions is not None:
                raise BadCsr("The request has more than one list of requested extensions. Leave one, or none.")
            extensions = _read_extensions(exactly(1, found)[0])
    return extensions or ()


def _read_extensions(extensions: der.Element) -> tuple[str, ...]:
    found = []
    for extension in der.children(extensions, der.SEQUENCE):
        kind, rest = identified(der.children(extension, der.SEQUENCE))
        if len(rest) not in {1, 2}:
            raise der.DerError("A requested extension is not an identifier, a criticality and a value.")
        if len(rest) == 2:
            der.read_boolean(rest[0])
        der.read_octets(rest[-1])
        found.append(der.read_oid(kind))
    if len(set(found)) != len(found):
        raise BadCsr("The request asks for the same extension twice. Leave one, or none.")
    return tuple(found)


def _require_der(value: der.Element, depth: int) -> None:
    if depth > _DEEPEST_ATTRIBUTE:
        raise der.DerError("An attribute is nested too deeply.")
    if value.tag & _CONSTRUCTED:
        for inner in der.elements(value.content):
            _require_der(inner, depth + 1)
