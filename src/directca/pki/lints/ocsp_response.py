"""The verdict on an OCSP answer that is about to be signed: our own rules on its bytes, then the PKIX linter's.

An answer is signed for each certificate every few hours, and pkilint costs milliseconds, so its verdict is kept by shape.
pkilint looks at each SingleResponse by itself: a shape is one SingleResponse with the frame around it, and a response may
pass unseen when all of its shapes were judged before. Blanked are exactly these slots, each with its own rule, which runs
on every response:

    producedAt                             ocsp.produced_at_is_as_decided, ocsp.times_move_forward
    thisUpdate, nextUpdate                 ocsp.answers_are_as_decided, ocsp.times_move_forward
    revocationTime, invalidityDate         ocsp.answers_are_as_decided
    hashes and serial number of a CertID   ocsp.answers_are_as_decided, ocsp.answers_are_about_certificates_of_the_ca
    nonce                                  ocsp.nonce_is_the_one_asked_with
    signature                              a placeholder; its length stays in the shape

Everything else stays, byte for byte. The reader of the view leaves no byte unread, so nothing can hide between the parts.
"""

import hashlib
from collections.abc import Iterable, Iterator

from directca.pki import der, oids
from directca.pki.certificate_view import Extension
from directca.pki.der import DerError
from directca.pki.lints import ocsp_rules
from directca.pki.lints.examined import apply
from directca.pki.lints.findings import Finding, Severity
from directca.pki.lints.ocsp_rules import ExaminedResponse
from directca.pki.lints.pkix import KnownShapes, judge_ocsp_response
from directca.pki.ocsp import OcspTemplate, Responder
from directca.pki.ocsp_view import AnswerView, ResponseView, read_response
from directca.pki.profiles import Policy

_REMEMBERED_SHAPES = 1024
_BLANKED = frozenset((oids.OCSP_NONCE, oids.INVALIDITY_DATE))
_KNOWN = KnownShapes(_REMEMBERED_SHAPES)


def examine(encoded: bytes, template: OcspTemplate, responder: Responder, policy: Policy) -> tuple[Finding, ...]:
    """Everything that is found on an encoded response, whose signature may still be a placeholder."""
    try:
        view = read_response(encoded)
    except DerError as error:
        return (Finding(Severity.ERROR, "encoding.is_an_ocsp_response", str(error)),)
    findings = apply("ocsp", ocsp_rules.RULES, ExaminedResponse(view, template, responder, policy))
    # A shape leaves out what the rules looked at: so only behind them.
    return tuple(findings) or _second_opinion(encoded, view)


def shapes_of(view: ResponseView) -> frozenset[bytes]:
    """One digest for each kind of answer in the response: the same for what differs in blanked slots only."""
    frame = _measured(_frame(view))
    return frozenset(hashlib.sha256(frame + _measured(_single(answer))).digest() for answer in view.answers)


def _second_opinion(encoded: bytes, view: ResponseView) -> tuple[Finding, ...]:
    shapes = shapes_of(view)
    known = [_KNOWN.notices(shape) for shape in shapes]
    if known and None not in known:
        return tuple({notice for notices in known if notices for notice in notices})
    findings = judge_ocsp_response(encoded)
    if all(finding.severity <= Severity.NOTICE for finding in findings):
        for shape in shapes:
            _KNOWN.add(shape, findings)
    return findings


def _frame(view: ResponseView) -> Iterator[bytes]:
    yield bytes((view.responder_tag,))
    yield view.responder.encoded
    yield view.algorithm
    yield len(view.signature).to_bytes(4, "big")
    yield _measured(view.certificates)
    yield _measured(map(_extension, view.extensions))


def _single(view: AnswerView) -> Iterator[bytes]:
    answer, cert_id = view.answer, view.cert_id
    yield cert_id.algorithm
    yield len(cert_id.name_hash).to_bytes(4, "big")
    yield len(cert_id.key_hash).to_bytes(4, "big")
    yield answer.status.value.encode()
    yield b"" if answer.reason is None else answer.reason.value.encode()
    yield _measured(map(_extension, view.extensions))


def _extension(extension: Extension) -> bytes:
    value = b"" if extension.kind in _BLANKED else extension.value
    return der.oid(extension.kind) + bytes((extension.critical,)) + value


def _measured(parts: Iterable[bytes]) -> bytes:
    """The parts, each behind its length, so that no two lists of parts look the same."""
    return b"".join(len(part).to_bytes(4, "big") + part for part in parts)
