"""An OCSP response as its bytes say it, read strictly and without any knowledge of how they were made. DerError otherwise.

Only a successful basic response of version 1 that brings certificates is read (RFC 6960 4.2.1): ours are no other.
"""

from dataclasses import dataclass
from datetime import datetime

from directca.pki import der, oids
from directca.pki.certificate_view import Extension, read_new_extension
from directca.pki.der import DerError, Element
from directca.pki.ocsp import CertStatus, SingleAnswer
from directca.pki.ocsp_request import CertId, read_cert_id
from directca.pki.reasons import RevocationReason
from directca.pki.shapes import exactly

BY_NAME, BY_KEY = 0xA1, 0xA2

_GOOD, _REVOKED, _UNKNOWN = 0x80, 0xA1, 0x82
_SUCCESSFUL = 0
_UNDATED = {_GOOD: CertStatus.GOOD, _UNKNOWN: CertStatus.UNKNOWN}
_REASONS = {reason.code: reason for reason in RevocationReason if reason.on_full_crl}


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One SingleResponse: what it says, the certificate that it says it of, and its extensions."""

    cert_id: CertId
    answer: SingleAnswer
    extensions: tuple[Extension, ...]


@dataclass(frozen=True, slots=True)
class ResponseView:
    """The fields of a response. `responder` is the inside of the ResponderID, `responder_tag` tells name from key."""

    to_be_signed: bytes
    responder_tag: int
    responder: Element
    produced_at: datetime
    answers: tuple[AnswerView, ...]
    extensions: tuple[Extension, ...]
    algorithm: bytes
    signature: bytes
    certificates: tuple[bytes, ...]


def read_response(encoded: bytes) -> ResponseView:
    """Read a DER OCSPResponse. Raises DerError."""
    status, outer = exactly(2, der.children(der.read(encoded), der.SEQUENCE))
    if der.read_integer(status, der.ENUMERATED) != _SUCCESSFUL:
        raise DerError("The response is not a successful one, and brings bytes all the same.")
    (response_bytes,) = exactly(1, der.children(outer, 0xA0))
    kind, response = exactly(2, der.children(response_bytes, der.SEQUENCE))
    if der.read_oid(kind) != oids.BASIC_OCSP_RESPONSE:
        raise DerError("The response is not a basic one.")
    basic = der.read(der.read_octets(response))
    tbs, algorithm, signature, certificates = exactly(4, der.children(basic, der.SEQUENCE))
    fields = der.children(tbs, der.SEQUENCE)
    if len(fields) not in {3, 4}:
        raise DerError("A ResponseData of version 1 has three or four fields.")
    (responder,) = exactly(1, der.children(fields[0]))
    bits, unused = der.read_bit_string(signature)
    if unused:
        raise DerError("A signature of RSA is whole octets.")
    (listed,) = exactly(1, der.children(certificates, 0xA0))
    return ResponseView(
        to_be_signed=tbs.encoded,
        responder_tag=fields[0].tag,
        responder=responder,
        produced_at=_read_moment(fields[1]),
        answers=tuple(map(_read_single_response, der.children(fields[2], der.SEQUENCE))),
        extensions=_read_extensions(fields[3]) if len(fields) == 4 else (),
        algorithm=algorithm.encoded,
        signature=bits,
        certificates=tuple(one.encoded for one in der.children(listed, der.SEQUENCE)),
    )


def _read_single_response(element: Element) -> AnswerView:
    fields = der.children(element, der.SEQUENCE)
    extensions = _read_extensions(fields.pop()) if len(fields) == 5 else ()
    cert_id, status, this_update, tagged = exactly(4, fields)
    (next_update,) = exactly(1, der.children(tagged, 0xA0))
    named = read_cert_id(cert_id)
    standing, revoked_at, reason = _read_status(status)
    answer = SingleAnswer(
        cert_id=named.encoded,
        status=standing,
        this_update=_read_moment(this_update),
        next_update=_read_moment(next_update),
        revoked_at=revoked_at,
        reason=reason,
        invalidity_date=_read_invalidity_date(extensions),
    )
    return AnswerView(named, answer, extensions)


def _read_status(element: Element) -> tuple[CertStatus, datetime | None, RevocationReason | None]:
    if element.tag in _UNDATED:
        if element.content:
            raise DerError("A status that is NULL has content.")
        return _UNDATED[element.tag], None, None
    parts = der.children(element, _REVOKED)
    reason = _read_reason(parts.pop()) if len(parts) == 2 else None
    (revoked_at,) = exactly(1, parts)
    return CertStatus.REVOKED, _read_moment(revoked_at), reason


def _read_reason(element: Element) -> RevocationReason:
    (value,) = exactly(1, der.children(element, 0xA0))
    code = der.read_integer(value, der.ENUMERATED)
    if code not in _REASONS:
        raise DerError(f"The reason code {code} has no place in an answer.")
    return _REASONS[code]


def _read_extensions(element: Element) -> tuple[Extension, ...]:
    (listed,) = exactly(1, der.children(element, 0xA1))
    extensions = tuple(map(read_new_extension, der.children(listed, der.SEQUENCE)))
    if not extensions:
        raise DerError("An empty list of extensions is left out.")
    return extensions


def _read_invalidity_date(extensions: tuple[Extension, ...]) -> datetime | None:
    for extension in extensions:
        if extension.kind == oids.INVALIDITY_DATE:
            return _read_moment(der.read(extension.value))
    return None


def _read_moment(element: Element) -> datetime:
    if element.tag != der.GENERALIZED_TIME:
        raise DerError("A time of a response is a GeneralizedTime, whatever its year.")
    return der.read_time(element)
