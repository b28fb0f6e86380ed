"""Each rule for OCSP answers fires alone when exactly the thing that it guards is wrong."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest

from directca.pki import der, ocsp, oids
from directca.pki.algorithms import SignatureAlgorithm
from directca.pki.lints import ocsp_response, ocsp_rules
from directca.pki.lints.errors import LintFailed
from directca.pki.lints.ocsp_rules import OcspRule
from directca.pki.ocsp import CertStatus, OcspTemplate, Responder, SingleAnswer
from directca.pki.reasons import RevocationReason
from directca.pki.templates import extension
from directca.signing.rehearsal import rehearse_ocsp
from tests.authority import ISSUED, a_certificate, policy, root
from tests.responder import SERIAL, a_cert_id, a_response_template, an_answer, responder

SECOND = timedelta(seconds=1)
NONCE = b"n" * 32
PLACEHOLDER = b"\xff" * 256
REVOKED = an_answer(status=CertStatus.REVOKED, reason=RevocationReason.SUPERSEDED, invalidity_date=ISSUED - timedelta(days=3))
HELD = an_answer(3, CertStatus.REVOKED, reason=RevocationReason.CERTIFICATE_HOLD)
SERVICE_LOCATOR = extension(oids.SERVICE_LOCATOR, der.sequence())
DATE = extension(oids.INVALIDITY_DATE, der.generalized_time(ISSUED - timedelta(days=3)))
SHA512_ID = der.sequence(
    der.sequence(der.oid("2.16.840.1.101.3.4.2.3")), der.octet_string(b"1" * 64), der.octet_string(b"2" * 64), der.integer(5)
)


@dataclasses.dataclass(frozen=True)
class Case:
    encoded: bytes
    template: OcspTemplate
    responder: Responder

    def rules(self) -> set[str]:
        return {finding.rule for finding in ocsp_response.examine(self.encoded, self.template, self.responder, policy())}


def decided(*answers: SingleAnswer, by: Responder | None = None, **changes: object) -> Case:
    """What was decided, encoded faithfully: whatever is wrong was decided so."""
    template = a_response_template(*answers, **changes)
    by = by or responder()
    return Case(ocsp.assemble(ocsp.encode(template, by), PLACEHOLDER, by), template, by)


def held_against(*answers: SingleAnswer, by: Responder | None = None, **changes: object) -> Case:
    """The bytes of a plain answer, held against something else that was decided."""
    case = decided(REVOKED)
    template = a_response_template(*(answers or (REVOKED,)), **changes)
    return dataclasses.replace(case, template=template, responder=by or case.responder)


def fields_of(case: Case) -> tuple[list[bytes], list[bytes]]:
    """The fields of the ResponseData, and what stands behind it in the BasicOCSPResponse."""
    tagged = der.children(der.read(case.encoded))[1]
    response = der.children(der.children(tagged)[0])[1]
    tbs, *behind = der.children(der.read(der.read_octets(response)))
    return [field.encoded for field in der.children(tbs)], [part.encoded for part in behind]


def put_together(fields: list[bytes], behind: list[bytes], kind: str = oids.BASIC_OCSP_RESPONSE, status: int = 0) -> bytes:
    basic = der.sequence(der.sequence(*fields), *behind)
    response_bytes = der.sequence(der.oid(kind), der.octet_string(basic))
    return der.sequence(der.enumerated(status), der.explicit(0, response_bytes))


def with_fields(fields: dict[int, bytes] | None = None, behind: dict[int, bytes] | None = None, case: Case | None = None) -> Case:
    """Fields of the ResponseData, or what stands behind it, replaced by their position; a new position is appended."""
    case = case or decided(REVOKED, HELD)
    inside, outside = fields_of(case)
    for parts, changes in ((inside, fields or {}), (outside, behind or {})):
        for at, new in changes.items():
            parts[at : at + 1] = [new]
    return dataclasses.replace(case, encoded=put_together(inside, outside))


def with_answer(*fields: bytes, case: Case | None = None) -> Case:
    """The one SingleResponse made of other fields."""
    return with_fields({2: der.sequence(der.sequence(*fields))}, case=case or decided())


def singles(case: Case) -> list[bytes]:
    """The fields of the first SingleResponse."""
    fields, _ = fields_of(case)
    return [field.encoded for field in der.children(der.children(der.read(fields[2]))[0])]


def signed_with_sha384() -> Case:
    case = decided(by=dataclasses.replace(responder(), algorithm=SignatureAlgorithm.RSA_SHA384))
    return dataclasses.replace(case, responder=responder())


def with_extensions(*extensions: bytes, nonce: bytes | None = None) -> Case:
    return with_fields({3: der.explicit(1, der.sequence(*extensions))}, case=decided(nonce=nonce))


def with_single_extensions(*extensions: bytes, answer: SingleAnswer) -> Case:
    case = decided(answer)
    return with_answer(*singles(case)[:4], der.explicit(1, der.sequence(*extensions)), case=case)


def living(**times: object) -> Responder:
    return dataclasses.replace(responder(), **times)  # type: ignore[arg-type]


def nonce(octets: bytes, *, critical: bool = False) -> bytes:
    return extension(oids.OCSP_NONCE, der.octet_string(octets), critical=critical)


def decided_nothing() -> Case:
    return dataclasses.replace(with_fields({2: der.sequence()}), template=dataclasses.replace(a_response_template(), answers=()))


ALONE: list[tuple[OcspRule, str, Callable[[], Case]]] = [
    (ocsp_rules.responder_is_named_as_decided, "key for name", lambda: held_against(by_name=True)),
    (
        ocsp_rules.responder_is_named_as_decided,
        "name for key",
        lambda: with_fields({0: der.explicit(1, responder().subject_der)}),
    ),
    (ocsp_rules.responder_is_named_as_decided, "another key", lambda: held_against(by=living(key_id=b"\x01" * 20))),
    (
        ocsp_rules.responder_is_named_as_decided,
        "another name",
        lambda: with_fields({0: der.explicit(1, root().issuer.name_der)}, case=decided(by_name=True)),
    ),
    (
        ocsp_rules.responder_is_named_as_decided,
        "another tag",
        lambda: with_fields({0: der.explicit(3, der.octet_string(responder().key_id))}),
    ),
    (ocsp_rules.signature_algorithm_is_the_responders, "SHA-384", signed_with_sha384),
    (
        ocsp_rules.certificate_of_the_responder_comes_along,
        "another's",
        lambda: with_fields(behind={2: der.explicit(0, der.sequence(a_certificate()))}),
    ),
    (
        ocsp_rules.certificate_of_the_responder_comes_along,
        "two",
        lambda: with_fields(behind={2: der.explicit(0, der.sequence(responder().certificate_der * 2))}),
    ),
    (
        ocsp_rules.certificate_of_the_responder_comes_along,
        "none",
        lambda: with_fields(behind={2: der.explicit(0, der.sequence())}),
    ),
    (ocsp_rules.something_is_answered, "nothing", decided_nothing),
    (ocsp_rules.answers_are_as_decided, "good for revoked", lambda: held_against(an_answer())),
    (ocsp_rules.answers_are_as_decided, "another certificate", lambda: held_against(dataclasses.replace(REVOKED, cert_id=b""))),
    (
        ocsp_rules.answers_are_as_decided,
        "another reason",
        lambda: held_against(dataclasses.replace(REVOKED, reason=RevocationReason.KEY_COMPROMISE)),
    ),
    (
        ocsp_rules.answers_are_as_decided,
        "another time",
        lambda: held_against(dataclasses.replace(REVOKED, revoked_at=ISSUED - timedelta(days=2, seconds=1))),
    ),
    (
        ocsp_rules.answers_are_as_decided,
        "another invalidityDate",
        lambda: held_against(dataclasses.replace(REVOKED, invalidity_date=None)),
    ),
    (
        ocsp_rules.answers_are_as_decided,
        "another nextUpdate",
        lambda: held_against(dataclasses.replace(REVOKED, next_update=REVOKED.next_update - SECOND)),
    ),
    (ocsp_rules.answers_are_as_decided, "one less", lambda: held_against(REVOKED, HELD)),
    (
        ocsp_rules.answers_are_as_decided,
        "another order",
        lambda: dataclasses.replace(decided(REVOKED, HELD), template=a_response_template(HELD, REVOKED)),
    ),
    (ocsp_rules.answers_are_as_decided, "good with a time", lambda: decided(an_answer(revoked_at=ISSUED))),
    (
        ocsp_rules.answers_are_about_certificates_of_the_ca,
        "another CA",
        lambda: decided(an_answer(cert_id=a_cert_id(issuer=root().issuer))),
    ),
    (
        ocsp_rules.answers_are_about_certificates_of_the_ca,
        "another hash",
        lambda: decided(an_answer(cert_id=SHA512_ID)),
    ),
    (
        ocsp_rules.one_certificate_has_one_status,
        "good and revoked",
        lambda: decided(an_answer(), dataclasses.replace(REVOKED, cert_id=a_cert_id(SERIAL, "sha256"))),
    ),
    (
        ocsp_rules.times_move_forward,
        "true later than said",
        lambda: decided(an_answer(this_update=ISSUED + timedelta(seconds=6))),
    ),
    (
        ocsp_rules.times_move_forward,
        "over when said",
        lambda: decided(an_answer(next_update=ISSUED + timedelta(seconds=5))),
    ),
    (
        ocsp_rules.next_update_is_within_the_policy,
        "twelve hours and a second",
        lambda: decided(an_answer(next_update=ISSUED + timedelta(hours=12, seconds=1))),
    ),
    (ocsp_rules.produced_at_is_as_decided, "another", lambda: held_against(produced_at=ISSUED + timedelta(seconds=6))),
    (
        ocsp_rules.responder_certificate_is_valid_throughout,
        "not yet",
        lambda: decided(by=living(not_before=ISSUED + timedelta(seconds=6))),
    ),
    (
        ocsp_rules.responder_certificate_is_valid_throughout,
        "over at nextUpdate",
        lambda: decided(by=living(not_after=ISSUED + timedelta(hours=12) - SECOND)),
    ),
    (
        ocsp_rules.revocations_lie_in_the_past,
        "a second ahead",
        lambda: decided(dataclasses.replace(REVOKED, revoked_at=ISSUED + SECOND)),
    ),
    (ocsp_rules.nonce_is_the_one_asked_with, "none for one", lambda: held_against(nonce=NONCE)),
    (ocsp_rules.nonce_is_the_one_asked_with, "one for none", lambda: with_extensions(nonce(NONCE))),
    (ocsp_rules.nonce_is_the_one_asked_with, "another", lambda: with_extensions(nonce(b"m" * 32), nonce=NONCE)),
    (ocsp_rules.nonce_is_the_one_asked_with, "empty", lambda: decided(nonce=b"")),
    (ocsp_rules.nonce_is_the_one_asked_with, "129 octets", lambda: decided(nonce=b"n" * 129)),
    (ocsp_rules.extensions_are_a_nonce_or_none, "another", lambda: with_extensions(SERVICE_LOCATOR)),
    (ocsp_rules.extensions_are_a_nonce_or_none, "critical", lambda: with_extensions(nonce(NONCE, critical=True), nonce=NONCE)),
    (
        ocsp_rules.extensions_are_a_nonce_or_none,
        "one more",
        lambda: with_extensions(nonce(NONCE), SERVICE_LOCATOR, nonce=NONCE),
    ),
    (
        ocsp_rules.extensions_of_an_answer_are_an_invalidity_date_or_none,
        "another",
        lambda: with_single_extensions(SERVICE_LOCATOR, answer=an_answer()),
    ),
    (
        ocsp_rules.extensions_of_an_answer_are_an_invalidity_date_or_none,
        "critical",
        lambda: with_single_extensions(
            extension(oids.INVALIDITY_DATE, der.generalized_time(ISSUED - timedelta(days=3)), critical=True), answer=REVOKED
        ),
    ),
    (
        ocsp_rules.extensions_of_an_answer_are_an_invalidity_date_or_none,
        "twice",
        lambda: with_single_extensions(DATE, DATE, answer=REVOKED),
    ),
]


@pytest.mark.parametrize(("rule", "_why", "make"), ALONE, ids=[f"{rule.__name__}-{why}" for rule, why, _ in ALONE])
def test_exactly_this_rule_fires(rule: OcspRule, _why: str, make: Callable[[], Case]) -> None:
    assert make().rules() == {f"ocsp.{rule.__name__}"}


def test_every_rule_has_a_case() -> None:
    assert {rule for rule, _, _ in ALONE} == set(ocsp_rules.RULES)


def test_two_rules_see_an_invalidity_date_of_a_good_certificate() -> None:
    assert with_single_extensions(DATE, answer=an_answer()).rules() == {
        "ocsp.answers_are_as_decided",
        "ocsp.extensions_of_an_answer_are_an_invalidity_date_or_none",
    }


def test_what_is_allowed_passes() -> None:
    everything = (REVOKED, HELD, an_answer(5), an_answer(9, CertStatus.UNKNOWN), an_answer(5, cert_id=a_cert_id(5, "sha256")))
    for by_name in (False, True):
        for asked_with in (None, b"1", NONCE, b"n" * 128):
            assert decided(*everything, by_name=by_name, nonce=asked_with).rules() == set()
    edge = an_answer(this_update=ISSUED + timedelta(seconds=5), next_update=ISSUED + timedelta(hours=12, seconds=5))
    assert decided(edge, by=living(not_before=ISSUED + timedelta(seconds=5), not_after=edge.next_update)).rules() == set()
    assert decided(dataclasses.replace(REVOKED, revoked_at=ISSUED)).rules() == set()
    assert decided(dataclasses.replace(REVOKED, reason=RevocationReason.UNSPECIFIED)).rules() == set()


def reason(code: int) -> bytes:
    return der.explicit(1, der.generalized_time(ISSUED) + der.explicit(0, der.enumerated(code)))


def answer_with(at: int, field: bytes) -> Case:
    fields = singles(decided())
    fields[at] = field
    return with_answer(*fields)


def whole(**changes: object) -> Case:
    case = decided()
    return dataclasses.replace(case, encoded=put_together(*fields_of(case), **changes))  # type: ignore[arg-type]


UNREADABLE: dict[str, Callable[[], Case]] = {
    "another status": lambda: whole(status=3),
    "another kind": lambda: whole(kind="1.3.6.1.5.5.7.48.1.9"),
    "version written out": lambda: with_fields({0: der.explicit(0, der.integer(0)) + fields_of(decided())[0][0]}),
    "no certificates": lambda: with_fields(behind={2: b""}),
    "empty extensions": with_extensions,
    "empty extensions of an answer": lambda: with_single_extensions(answer=an_answer()),
    "UTCTime": lambda: with_fields({1: der.time(ISSUED)}),
    "UTCTime in an answer": lambda: answer_with(2, der.time(ISSUED)),
    "UTCTime of a revocation": lambda: answer_with(1, der.explicit(1, der.time(ISSUED))),
    "UTCTime of an invalidityDate": lambda: with_single_extensions(
        extension(oids.INVALIDITY_DATE, der.time(ISSUED)), answer=REVOKED
    ),
    "no nextUpdate": lambda: with_answer(*singles(decided())[:3]),
    "good with content": lambda: answer_with(1, der.implicit(0, b"\x00")),
    "constructed good": lambda: answer_with(1, der.explicit(0, b"")),
    "status of another kind": lambda: answer_with(1, der.implicit(3, b"")),
    "reason unspecified": lambda: answer_with(1, reason(0)),
    "reason 7": lambda: answer_with(1, reason(7)),
    "reason removeFromCRL": lambda: answer_with(1, reason(8)),
    "reason aACompromise": lambda: answer_with(1, reason(10)),
    "signature of part of an octet": lambda: with_fields(behind={1: der.bit_string(b"\xf0", 4)}),
}


@pytest.mark.parametrize("make", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_an_answer_of_ours_cannot_be_is_not_read(make: Callable[[], Case]) -> None:
    assert make().rules() == {"encoding.is_an_ocsp_response"}


def test_no_flipped_bit_goes_unnoticed() -> None:
    case = decided(REVOKED, nonce=NONCE)
    signature = case.encoded.index(PLACEHOLDER)
    for at in range(len(case.encoded) * 8):
        # The signature is a placeholder here, and verified by the signing room when it is not.
        if not signature <= at // 8 < signature + len(PLACEHOLDER):
            flipped = bytearray(case.encoded)
            flipped[at // 8] ^= 0x80 >> at % 8
            assert dataclasses.replace(case, encoded=bytes(flipped)).rules(), f"bit {at} can change"


def test_what_fails_is_not_rehearsed() -> None:
    template, other = a_response_template(), a_response_template(an_answer(5))
    with pytest.raises(LintFailed):
        rehearse_ocsp(ocsp.encode(template, responder()), other, responder(), policy())
