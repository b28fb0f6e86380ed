"""A certificate as its bytes say it, read strictly and without any knowledge of how they were made.

This is what the lints look at: an encoder that errs must not be the one who reports what it wrote. Anything that RFC 5280
4.1 does not have in this place, or that is not DER, is a DerError.
"""

from dataclasses import dataclass, field, replace
from functools import lru_cache

from directca.pki import der, oids
from directca.pki.algorithms import SignatureAlgorithm
from directca.pki.der import DerError, Element
from directca.pki.extensions import read_key_id, read_policies
from directca.pki.forms import Form, KnownForms, form_of
from directca.pki.shapes import exactly
from directca.pki.templates import Issuer, Template, encode_name, key_id


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of a name: its type, the tag of its string, and the text."""

    kind: str
    tag: int
    text: str


@dataclass(frozen=True, slots=True)
class Extension:
    """One extension, its value still encoded."""

    kind: str
    critical: bool
    value: bytes


@dataclass(frozen=True, slots=True)
class PublicKey:
    """The subject's key: its AlgorithmIdentifier as bytes and, if it is RSA, the numbers."""

    der: bytes
    algorithm: bytes
    modulus: int
    exponent: int


@dataclass(frozen=True, slots=True)
class CertificateView:
    """The fields of a certificate. Names, algorithms and extension values that must match bytes are kept as bytes.

    Certificates of one `form` differ in the slots of forms only.
    """

    tbs: bytes
    version: int
    serial: Element
    inner_algorithm: bytes
    issuer_der: bytes
    not_before: Element
    not_after: Element
    subject_der: bytes
    subject: tuple[tuple[Attribute, ...], ...]
    key: PublicKey
    extensions: tuple[Extension, ...]
    outer_algorithm: bytes
    signature: bytes
    form: Form | None = field(default=None, compare=False)

    def extension(self, kind: str) -> Extension | None:
        """The extension of that kind; the first, if a broken certificate has two."""
        for candidate in self.extensions:
            if candidate.kind == kind:
                return candidate
        return None

    def values(self, kind: str) -> tuple[str, ...]:
        """The texts of all attributes of that kind in the subject."""
        return tuple(attribute.text for rdn in self.subject for attribute in rdn if attribute.kind == kind)


_KNOWN: KnownForms[Form, CertificateView] = KnownForms()


@lru_cache(maxsize=64)
def read_certificate(encoded: bytes) -> CertificateView:
    """Read a DER certificate with an RSA key. Raises DerError.

    The last few are kept: a pair is looked at twice, one by one and side by side. Of one whose form is known only the slots
    are read.
    """
    known = _KNOWN.find(encoded)
    if known is not None:
        return _filled(encoded, *known)
    view = _read_certificate(encoded)
    form = form_of(encoded)
    if form is None:
        return view
    view = replace(view, form=form)
    _KNOWN.add(form, view)
    return view


def _read_certificate(encoded: bytes) -> CertificateView:
    tbs, outer_algorithm, signature = exactly(3, der.children(der.read(encoded), der.SEQUENCE))
    fields = der.children(tbs, der.SEQUENCE)
    if len(fields) != 8:
        raise DerError("A TBSCertificate of version 3 with extensions and without unique identifiers has eight fields.")
    version, serial, inner_algorithm, issuer, validity, subject, key, extensions = fields
    (version_number,) = exactly(1, der.children(version, 0xA0))
    not_before, not_after = exactly(2, der.children(validity, der.SEQUENCE))
    signature_bits, unused = der.read_bit_string(signature)
    if unused:
        raise DerError("A signature of RSA is whole octets.")
    return CertificateView(
        tbs=tbs.encoded,
        version=der.read_integer(version_number),
        serial=serial,
        inner_algorithm=inner_algorithm.encoded,
        issuer_der=issuer.encoded,
        not_before=not_before,
        not_after=not_after,
        subject_der=subject.encoded,
        subject=_read_name(subject),
        key=read_key(key),
        extensions=_read_extensions(extensions),
        outer_algorithm=outer_algorithm.encoded,
        signature=signature_bits,
    )


def _filled(encoded: bytes, form: Form, model: CertificateView) -> CertificateView:
    """A certificate of a known form: what is common is the model's, the rest is taken from its place."""
    slots, wholes = form.slots, form.wholes
    signature, unused = der.read_bit_string(Element(der.BIT_STRING, encoded[slots.signature], b""))
    if unused:
        raise DerError("A signature of RSA is whole octets.")
    subject, extensions = list(model.subject), list(model.extensions)
    subject[form.places.common_name] = (_renamed(subject[form.places.common_name][0], encoded[slots.common_name]),)
    for place, value in (
        (form.places.subject_key_id, wholes.subject_key_id),
        (form.places.alternative_name, wholes.alternative_name),
    ):
        extensions[place] = Extension(extensions[place].kind, extensions[place].critical, encoded[value])
    return CertificateView(
        tbs=encoded[wholes.tbs],
        version=model.version,
        serial=_primitive(der.INTEGER, encoded[slots.serial]),
        inner_algorithm=model.inner_algorithm,
        issuer_der=model.issuer_der,
        not_before=_primitive(model.not_before.tag, encoded[slots.not_before]),
        not_after=_primitive(model.not_after.tag, encoded[slots.not_after]),
        subject_der=encoded[wholes.subject],
        subject=tuple(subject),
        key=PublicKey(
            encoded[wholes.key],
            model.key.algorithm,
            der.read_integer(Element(der.INTEGER, encoded[slots.modulus], b"")),
            model.key.exponent,
        ),
        extensions=tuple(extensions),
        outer_algorithm=model.outer_algorithm,
        signature=signature,
        form=form,
    )


def _primitive(tag: int, content: bytes) -> Element:
    return Element(tag, content, der.tlv(tag, content))


def _renamed(attribute: Attribute, text: bytes) -> Attribute:
    return Attribute(attribute.kind, attribute.tag, der.read_text(Element(attribute.tag, text, b"")))


def read_issuer(certificate_der: bytes) -> Issuer:
    """A CA certificate as those see it that are certified by it. Raises DerError if it is not one that can issue."""
    view = read_certificate(certificate_der)
    subject_key_id = view.extension(oids.SUBJECT_KEY_ID)
    if subject_key_id is None:
        raise DerError("A CA certificate has a subjectKeyIdentifier.")
    policies = view.extension(oids.CERTIFICATE_POLICIES)
    return Issuer(
        name_der=view.subject_der,
        key_id=read_key_id(subject_key_id.value),
        spki_der=view.key.der,
        not_before=der.read_time(view.not_before),
        not_after=der.read_time(view.not_after),
        policies=frozenset() if policies is None else frozenset(read_policies(policies.value)),
        certificate_der=certificate_der,
    )


def self_issuer(template: Template, algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256) -> Issuer:
    """A root before it has a certificate: the issuer of its own."""
    return Issuer(
        name_der=encode_name(template.subject),
        key_id=key_id(template.spki_der),
        spki_der=template.spki_der,
        not_before=template.not_before,
        not_after=template.not_after,
        policies=frozenset(),
        certificate_der=None,
        algorithm=algorithm,
    )


def read_key(element: Element) -> PublicKey:
    """An RSA key. Raises DerError for any other."""
    algorithm, bits = exactly(2, der.children(element, der.SEQUENCE))
    kind, _parameters = exactly(2, der.children(algorithm, der.SEQUENCE))
    if der.read_oid(kind) != oids.RSA_ENCRYPTION:
        raise DerError("The subject's key is not an RSA key.")
    octets, unused = der.read_bit_string(bits)
    if unused:
        raise DerError("The subject's key is not whole octets.")
    modulus, exponent = exactly(2, der.children(der.read(octets), der.SEQUENCE))
    return PublicKey(element.encoded, algorithm.encoded, der.read_integer(modulus), der.read_integer(exponent))


def _read_name(element: Element) -> tuple[tuple[Attribute, ...], ...]:
    return tuple(
        tuple(_read_attribute(attribute) for attribute in der.children(rdn, der.SET))
        for rdn in der.children(element, der.SEQUENCE)
    )


@lru_cache(maxsize=512)
def _read_attribute(element: Element) -> Attribute:
    kind, value = exactly(2, der.children(element, der.SEQUENCE))
    return Attribute(der.read_oid(kind), value.tag, der.read_text(value))


def _read_extensions(element: Element) -> tuple[Extension, ...]:
    (listed,) = exactly(1, der.children(element, 0xA3))
    return tuple(read_extension(entry) for entry in der.children(listed, der.SEQUENCE))


@lru_cache(maxsize=512)
def read_extension(element: Element) -> Extension:
    """An Extension, remembered: most are the same in every certificate of a CA."""
    return read_new_extension(element)


def read_new_extension(element: Element) -> Extension:
    """An Extension, read and not remembered, for what strangers send and what is in no two objects the same.

    A `critical` that is written although it is FALSE is not DER (X.690 11.5).
    """
    parts = der.children(element, der.SEQUENCE, 3)
    critical = len(parts) == 3
    if critical and not der.read_boolean(parts[1]):
        raise DerError("A default value, critical FALSE, is written out.")
    if len(parts) not in {2, 3}:
        raise DerError("An Extension has two or three fields.")
    return Extension(der.read_oid(parts[0]), critical, der.read_octets(parts[-1]))
