"""The PKIX linter judges each new shape of an answer once; a shape leaves out only what our own rules look at."""

import dataclasses
from datetime import timedelta

import pytest

from directca.pki import der, ocsp
from directca.pki.lints import ocsp_response
from directca.pki.lints.findings import Finding, Severity
from directca.pki.lints.ocsp_response import examine, shapes_of
from directca.pki.lints.pkix import KnownShapes, judge_ocsp_response
from directca.pki.ocsp import CertStatus, SingleAnswer
from directca.pki.ocsp_view import read_response
from directca.pki.reasons import RevocationReason
from tests.authority import ISSUED, policy
from tests.responder import a_cert_id, a_response_template, an_answer, responder

HOLD = an_answer(3, CertStatus.REVOKED, reason=RevocationReason.CERTIFICATE_HOLD)
DATED = dataclasses.replace(HOLD, invalidity_date=ISSUED - timedelta(days=9))


def encoded(*answers: SingleAnswer, octets: int = 256, **changes: object) -> bytes:
    template = a_response_template(*answers, **changes)
    return ocsp.assemble(ocsp.encode(template, responder()), b"\xff" * octets, responder())


def shapes(*answers: SingleAnswer, octets: int = 256, **changes: object) -> frozenset[bytes]:
    return shapes_of(read_response(encoded(*answers, octets=octets, **changes)))


def test_answers_that_differ_in_checked_slots_have_one_shape() -> None:
    later = {"this_update": ISSUED + timedelta(days=1), "next_update": ISSUED + timedelta(days=1, hours=2)}
    plain = shapes()
    assert len(plain) == 1
    assert shapes(an_answer(2**127, **later), produced_at=ISSUED + timedelta(days=1)) == plain
    assert shapes(*(an_answer(n) for n in range(1, 9))) == plain
    assert shapes(nonce=b"n" * 32) == shapes(nonce=b"m")
    other = {"revoked_at": ISSUED - timedelta(days=5), "invalidity_date": ISSUED - timedelta(days=6)}
    assert shapes(dataclasses.replace(DATED, **other)) == shapes(DATED)  # type: ignore[arg-type]


def test_a_response_has_the_shapes_of_its_answers() -> None:
    assert shapes(an_answer(), HOLD, an_answer(5)) == shapes() | shapes(HOLD)


DIFFERENT = {
    "good": shapes,
    "unknown": lambda: shapes(an_answer(status=CertStatus.UNKNOWN)),
    "revoked": lambda: shapes(dataclasses.replace(HOLD, reason=None)),
    "held": lambda: shapes(HOLD),
    "superseded": lambda: shapes(dataclasses.replace(HOLD, reason=RevocationReason.SUPERSEDED)),
    "invalidityDate": lambda: shapes(DATED),
    "SHA-256": lambda: shapes(an_answer(cert_id=a_cert_id(hash_name="sha256"))),
    "by name": lambda: shapes(by_name=True),
    "nonce": lambda: shapes(nonce=b"n"),
    "longer signature": lambda: shapes(octets=384),
}


def test_answers_that_differ_elsewhere_have_different_shapes() -> None:
    found = {name: make() for name, make in DIFFERENT.items()}
    assert len(set(found.values())) == len(found)


def test_another_responder_s_answers_have_another_shape() -> None:
    other = dataclasses.replace(responder(), certificate_der=der.sequence(responder().certificate_der))
    template = a_response_template()
    with_other = ocsp.assemble(ocsp.encode(template, responder()), b"\xff" * 256, other)
    assert shapes_of(read_response(with_other)) != shapes()


@pytest.mark.parametrize("make", [lambda: encoded(an_answer(), HOLD, DATED, nonce=b"n" * 32), lambda: encoded(by_name=True)])
def test_the_pkix_linter_finds_nothing_on_what_we_make(make: object) -> None:
    assert judge_ocsp_response(make()) == ()  # type: ignore[operator]


def test_the_pkix_linter_sees_what_is_at_fault() -> None:
    short = dataclasses.replace(responder(), key_id=b"\x01" * 19)
    at_fault = ocsp.assemble(ocsp.encode(a_response_template(), short), b"\xff" * 256, short)
    assert {finding.rule for finding in judge_ocsp_response(at_fault)} == {"pkix.ocsp_responderid_keyhash_is_not_sha1"}
    assert {finding.rule for finding in judge_ocsp_response(b"\x30\x00")} == {"pkix.is_an_ocsp_response"}


def test_each_new_shape_is_judged_once_and_one_at_fault_every_time(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[bytes] = []
    verdicts = {True: (Finding(Severity.ERROR, "a.rule", ""),), False: (Finding(Severity.NOTICE, "a.notice", ""),)}
    fails = False

    def judge(response: bytes) -> tuple[Finding, ...]:
        judged.append(response)
        return verdicts[fails]

    monkeypatch.setattr(ocsp_response, "_KNOWN", KnownShapes(8))
    monkeypatch.setattr(ocsp_response, "judge_ocsp_response", judge)

    def look(*answers: SingleAnswer) -> tuple[Finding, ...]:
        return examine(encoded(*answers), a_response_template(*answers), responder(), policy())

    assert look(an_answer()) == look(an_answer(5)) == verdicts[False]
    assert len(judged) == 1
    fails = True
    assert look(an_answer(), HOLD) == look(an_answer(), HOLD) == verdicts[True]
    assert len(judged) == 3
    fails = False
    assert look(an_answer(), HOLD) == look(HOLD) == look(HOLD, an_answer()) == verdicts[False]
    assert len(judged) == 4
