"""An answer about the status of certificates: the facts, and their one encoding as ResponseData (RFC 6960 4.2.1).

As with certificates and CRLs, the bytes are made once, and linted, signed and served as they are. The responder is a
delegated one (4.2.2.2): its certificate comes with every answer, so that a receiver needs nothing else.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, IntEnum
from functools import lru_cache

from directca.pki import der, oids
from directca.pki.algorithms import SignatureAlgorithm
from directca.pki.certificate_view import read_certificate
from directca.pki.reasons import RevocationReason
from directca.pki.templates import Issuer, extension, key_id

GOOD, UNKNOWN = der.implicit(0, b""), der.implicit(2, b"")


class CertStatus(Enum):
    """What is known about a certificate (2.2). GOOD is said of what this CA issued, and of nothing else."""

    GOOD = "good"
    REVOKED = "revoked"
    UNKNOWN = "unknown"


class ResponseStatus(IntEnum):
    """Whether there is an answer, and if not, why (4.2.1); the number 4 is not used."""

    SUCCESSFUL = 0
    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    SIG_REQUIRED = 5
    UNAUTHORIZED = 6


@dataclass(frozen=True, slots=True)
class SingleAnswer:
    """The status of one certificate, `cert_id` in the bytes in which it was asked about.

    `revoked_at` belongs to REVOKED, `reason` and `invalidity_date` too; a reason that may not be given is not written.
    """

    cert_id: bytes
    status: CertStatus
    this_update: datetime
    next_update: datetime
    revoked_at: datetime | None = None
    reason: RevocationReason | None = None
    invalidity_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class OcspTemplate:
    """Everything about one response that was decided before it is encoded. `by_name`: how the responder is named."""

    produced_at: datetime
    answers: tuple[SingleAnswer, ...]
    nonce: bytes | None
    by_name: bool


@dataclass(frozen=True, slots=True)
class Responder:
    """A delegated responder: its certificate, what that says, and the CA that it answers for.

    `key_id` is the SHA-1 of the key's bits, by which a response names its responder (4.2.1).
    """

    certificate_der: bytes
    subject_der: bytes
    spki_der: bytes
    key_id: bytes
    not_before: datetime
    not_after: datetime
    issuer: Issuer
    algorithm: SignatureAlgorithm = SignatureAlgorithm.RSA_SHA256

    @property
    def id(self) -> str:
        """The SHA-256 of the certificate, in hex."""
        return _fingerprint(self.certificate_der)


def read_responder(certificate_der: bytes, issuer: Issuer) -> Responder:
    """A responder as its certificate says it. Raises DerError; whether it may answer for the issuer is found out elsewhere."""
    view = read_certificate(certificate_der)
    return Responder(
        certificate_der=certificate_der,
        subject_der=view.subject_der,
        spki_der=view.key.der,
        key_id=key_id(view.key.der),
        not_before=der.read_time(view.not_before),
        not_after=der.read_time(view.not_after),
        issuer=issuer,
    )


def issuer_hashes(issuer: Issuer) -> dict[str, tuple[bytes, bytes]]:
    """By the name of the hash: what a CertID of this CA has as issuerNameHash and issuerKeyHash (4.1.1)."""
    return dict(_issuer_hashes(issuer.name_der, issuer.spki_der))


def encode(template: OcspTemplate, responder: Responder) -> bytes:
    """The ResponseData. Version 1 is the default and not written.

    Raises DerError when a value has no encoding, ValueError for a revocation without a time.
    """
    named = der.explicit(1, responder.subject_der) if template.by_name else der.explicit(2, der.octet_string(responder.key_id))
    return der.sequence(
        named,
        der.generalized_time(template.produced_at),
        der.sequence_of(map(_single_response, template.answers)),
        b"" if template.nonce is None else der.explicit(1, der.sequence(_nonce(template.nonce))),
    )


def assemble(to_be_signed: bytes, signature: bytes, responder: Responder) -> bytes:
    """The OCSPResponse: the bytes that were signed, the signature, the responder's certificate."""
    return b"".join(parts(to_be_signed, signature, responder))


def parts(to_be_signed: bytes, signature: bytes, responder: Responder) -> tuple[bytes, bytes]:
    """The OCSPResponse in two pieces; the second is the certificate, one object for all responses of a responder.

    It is more than half of a response, so whoever keeps many keeps the pieces.
    """
    certificates = _certificates(responder.certificate_der)
    signed = to_be_signed + responder.algorithm.identifier + der.bit_string(signature)
    basic = _header(der.SEQUENCE, len(signed) + len(certificates))
    response = _header(der.OCTET_STRING, len(basic) + len(signed) + len(certificates))
    inside = len(response) + len(basic) + len(signed) + len(certificates)
    response_bytes = _header(der.SEQUENCE, len(_BASIC) + inside)
    tagged = _header(0xA0, len(response_bytes) + len(_BASIC) + inside)
    body = len(_SUCCESSFUL) + len(tagged) + len(response_bytes) + len(_BASIC) + inside
    outer = _header(der.SEQUENCE, body)
    return b"".join((outer, _SUCCESSFUL, tagged, response_bytes, _BASIC, response, basic, signed)), certificates


def refusal(status: ResponseStatus) -> bytes:
    """An OCSPResponse that says why there is no answer; it is not signed (2.3). ValueError for SUCCESSFUL, which has one."""
    if status is ResponseStatus.SUCCESSFUL:
        raise ValueError("a successful response has an answer")
    return der.sequence(der.enumerated(status))


def written_reason(reason: RevocationReason | None) -> RevocationReason | None:
    """The reason as it is written: one that a full CRL cannot give is none here either, so that both say the same."""
    return reason if reason is not None and reason.on_full_crl else None


_BASIC = der.oid(oids.BASIC_OCSP_RESPONSE)
_SUCCESSFUL = der.enumerated(ResponseStatus.SUCCESSFUL)


def _header(tag: int, size: int) -> bytes:
    """Tag and length of a value whose content is put behind it."""
    if size < 0x80:
        return bytes((tag, size))
    octets = (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | octets)) + size.to_bytes(octets, "big")


def _single_response(answer: SingleAnswer) -> bytes:
    return der.sequence(
        answer.cert_id,
        _status(answer),
        der.generalized_time(answer.this_update),
        der.explicit(0, der.generalized_time(answer.next_update)),
        _single_extensions(answer),
    )


def _status(answer: SingleAnswer) -> bytes:
    if answer.status is CertStatus.GOOD:
        return GOOD
    if answer.status is CertStatus.UNKNOWN:
        return UNKNOWN
    if answer.revoked_at is None:
        raise ValueError("a revocation has a time")
    reason = written_reason(answer.reason)
    return der.explicit(
        1,
        der.generalized_time(answer.revoked_at) + (b"" if reason is None else der.explicit(0, der.enumerated(reason.code))),
    )


def _single_extensions(answer: SingleAnswer) -> bytes:
    if answer.status is not CertStatus.REVOKED or answer.invalidity_date is None:
        return b""
    date = der.generalized_time(answer.invalidity_date)
    # 4.4.5: an extension of CRL entries may stand at a single answer.
    return der.explicit(1, der.sequence(extension(oids.INVALIDITY_DATE, date)))


def _nonce(nonce: bytes) -> bytes:
    return extension(oids.OCSP_NONCE, der.octet_string(nonce))


@lru_cache(maxsize=64)
def _certificates(certificate_der: bytes) -> bytes:
    return der.explicit(0, der.sequence(certificate_der))


@lru_cache(maxsize=64)
def _fingerprint(certificate_der: bytes) -> str:
    return hashlib.sha256(certificate_der).hexdigest()


@lru_cache(maxsize=64)
def _issuer_hashes(name_der: bytes, spki_der: bytes) -> tuple[tuple[str, tuple[bytes, bytes]], ...]:
    # The key's bits without tag, length and count of unused bits (4.1.1). SHA-1 names an issuer here and protects nothing.
    bits, _ = der.read_bit_string(der.children(der.read(spki_der), der.SEQUENCE)[1])
    return (
        ("sha1", (hashlib.sha1(name_der, usedforsecurity=False).digest(), key_id(spki_der))),
        ("sha256", (hashlib.sha256(name_der).digest(), hashlib.sha256(bits).digest())),
    )
