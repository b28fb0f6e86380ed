"""A request for the status of certificates, read from a stranger's bytes (RFC 6960 4.1, RFC 9654).

Whoever asks is nobody we know, so the reader is the strict one of `der`: a request is understood in one way or refused.
What is asked about is kept as the bytes it came in, because the answer must name it in the same bytes (RFC 6960 4.2.1).
"""

from dataclasses import dataclass

from directca.pki import der, oids
from directca.pki.certificate_view import Extension, read_new_extension
from directca.pki.der import DerError, Element
from directca.pki.shapes import exactly, identified

MOST_CERTIFICATES = 100
MOST_NONCE_OCTETS = 128

_MOST_SERIAL_OCTETS = 20
_MOST_EXTENSIONS = 16
_VERSION, _REQUESTOR_NAME, _EXTENSIONS, _SINGLE_EXTENSIONS, _SIGNATURE = 0xA0, 0xA1, 0xA2, 0xA0, 0xA0
_GENERAL_NAMES = frozenset((0x81, 0x82, 0x86, 0x87, 0x88, 0xA0, 0xA3, 0xA4, 0xA5))
# NULL and nothing are both in use as the parameters of a hash (RFC 5754 2).
_HASHES = {
    der.sequence(der.oid(kind), parameters): name
    for kind, name in ((oids.SHA1, "sha1"), (oids.SHA256, "sha256"))
    for parameters in (der.NOTHING, b"")
}

# What an extension that is understood may ask for, and gets without being looked at: the basic response, which every
# client takes (4.4.3); the algorithm that every client verifies (4.4.7.2.2); an answer from the CA's own responder (4.4.6).
_UNDERSTOOD = frozenset((oids.OCSP_NONCE, oids.ACCEPTABLE_RESPONSES, oids.PREFERRED_SIGNATURE_ALGORITHMS))
_UNDERSTOOD_OF_ONE = frozenset((oids.SERVICE_LOCATOR,))


class BadOcspRequest(ValueError):
    """The bytes are not a request that can be answered; whoever sent them is told `malformedRequest` and nothing else."""


@dataclass(frozen=True, slots=True)
class CertId:
    """One certificate that is asked about (4.1.1), `encoded` as it was sent.

    `algorithm` is the AlgorithmIdentifier as sent; `hash` is its name, None for one that no issuer is found by.
    """

    algorithm: bytes
    hash: str | None
    name_hash: bytes
    key_hash: bytes
    serial: int
    encoded: bytes


@dataclass(frozen=True, slots=True)
class OcspRequest:
    """Everything in a request that an answer depends on, the certificates in the order asked."""

    certificates: tuple[CertId, ...]
    nonce: bytes | None


def read_request(encoded: bytes) -> OcspRequest:
    """Read a DER OCSPRequest. Raises BadOcspRequest and nothing else, whatever the bytes are.

    A requestorName and a signature are let pass and mean nothing here: status is told to anybody.
    """
    try:
        parts = der.children(der.read(encoded), der.SEQUENCE, 2)
        if len(parts) == 2:
            _read_signature(parts.pop())
        (to_be_signed,) = exactly(1, parts)
        return _read_to_be_signed(to_be_signed)
    except DerError as error:
        raise BadOcspRequest(str(error)) from error


def _read_to_be_signed(element: Element) -> OcspRequest:
    fields = der.children(element, der.SEQUENCE, 3)
    if fields and fields[0].tag == _VERSION:
        # v1 is the default, which DER leaves out, and there is no other version (4.1.1).
        raise DerError("A request has a version that is not the default, or has the default written out.")
    if fields and fields[0].tag == _REQUESTOR_NAME:
        _read_requestor_name(fields.pop(0))
    extensions = _read_extensions(fields.pop(), _EXTENSIONS, _UNDERSTOOD) if len(fields) == 2 else ()
    (listed,) = exactly(1, fields)
    requests = der.children(listed, der.SEQUENCE, MOST_CERTIFICATES)
    if not requests:
        raise DerError("A request that asks about nothing.")
    return OcspRequest(tuple(map(_read_request, requests)), _read_nonce(extensions))


def _read_request(element: Element) -> CertId:
    parts = der.children(element, der.SEQUENCE, 2)
    if len(parts) == 2:
        _read_extensions(parts.pop(), _SINGLE_EXTENSIONS, _UNDERSTOOD_OF_ONE)
    (cert_id,) = exactly(1, parts)
    return read_cert_id(cert_id)


def read_cert_id(element: Element) -> CertId:
    """A CertID. Raises DerError, also for a serial number longer than any certificate has (RFC 5280 4.1.2.2)."""
    algorithm, name_hash, key_hash, serial = exactly(4, der.children(element, der.SEQUENCE, 4))
    if len(serial.content) > _MOST_SERIAL_OCTETS:
        raise DerError(f"A serial number of {len(serial.content)} octets.")
    return CertId(
        algorithm=algorithm.encoded,
        hash=_read_hash(algorithm),
        name_hash=der.read_octets(name_hash),
        key_hash=der.read_octets(key_hash),
        serial=der.read_integer(serial),
        encoded=element.encoded,
    )


def _read_hash(element: Element) -> str | None:
    if element.encoded in _HASHES:
        return _HASHES[element.encoded]
    identified(der.children(element, der.SEQUENCE, 2))
    return None


def _read_extensions(element: Element, tag: int, understood: frozenset[str]) -> tuple[Extension, ...]:
    (listed,) = exactly(1, der.children(element, tag, 1))
    extensions = tuple(map(read_new_extension, der.children(listed, der.SEQUENCE, _MOST_EXTENSIONS)))
    kinds = {extension.kind for extension in extensions}
    if not extensions or len(kinds) != len(extensions):
        raise DerError("A list of extensions is empty, or has one of them twice.")
    if any(extension.critical and extension.kind not in understood for extension in extensions):
        raise DerError("A critical extension that is not understood here.")
    return extensions


def _read_nonce(extensions: tuple[Extension, ...]) -> bytes | None:
    for extension in extensions:
        if extension.kind == oids.OCSP_NONCE:
            nonce = der.read_octets(der.read(extension.value))
            if not 1 <= len(nonce) <= MOST_NONCE_OCTETS:
                raise DerError(f"A nonce has 1 to {MOST_NONCE_OCTETS} octets, this one {len(nonce)} (RFC 9654 2.1).")
            return nonce
    return None


def _read_requestor_name(element: Element) -> None:
    (name,) = exactly(1, der.children(element, most=1))
    if name.tag not in _GENERAL_NAMES:
        raise DerError("A requestorName that is no GeneralName.")


def _read_signature(element: Element) -> None:
    (signature,) = exactly(1, der.children(element, _SIGNATURE, 1))
    parts = der.children(signature, der.SEQUENCE, 3)
    if len(parts) not in {2, 3}:
        raise DerError("A Signature has two or three fields.")
