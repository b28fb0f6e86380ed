"""The PKIX linter judges each new shape once; a shape leaves out only what our own rules look at."""

import dataclasses
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from directca.pki import der, oids
from directca.pki.certificate_view import read_certificate
from directca.pki.lints import pkix
from directca.pki.lints.errors import LintFailed
from directca.pki.lints.findings import Finding, Severity
from directca.pki.lints.pkix import KnownShapes
from directca.pki.lints.shape import shape_of
from directca.pki.templates import Addresses, key_id
from directca.signing.rehearsal import rehearse_certificate
from tests.authority import ADDRESSES, ISSUED, a_template, an_ocsp_responder_template, issuing_ca, policy, root
from tests.material import rsa_key, spki_der
from tests.unit.pki.breaking import Case, decided, with_extension, with_field

NOTICE = Finding(Severity.NOTICE, "a.rule", "")


def shape(case: Case) -> bytes:
    return shape_of(read_certificate(case.encoded))


def test_certificates_that_differ_in_checked_slots_have_one_shape() -> None:
    other = a_template(
        "bob@clinic.example.org",
        key=1,
        serial=2**127,
        not_before=ISSUED + timedelta(days=5),
        subject=dataclasses.replace(a_template("bob@clinic.example.org").subject, organization="R&D", locality="X"),
    )
    assert shape(decided()) == shape(decided(other))


@pytest.mark.parametrize(
    "make",
    [
        lambda: decided(a_template("direct.example.org")),
        lambda: decided(a_template(profile="encryption")),
        lambda: decided(a_template(addresses=dataclasses.replace(ADDRESSES, ocsp="http://ocsp.example.org/a"))),
        lambda: decided(a_template(addresses=Addresses("http://other.example.org/a.crl", ADDRESSES.ca_issuers))),
        lambda: decided(a_template(policies=a_template().policies[::-1])),
        lambda: decided(a_template(subject=dataclasses.replace(a_template().subject, state=None))),
        lambda: decided(a_template(subject=dataclasses.replace(a_template().subject, organization="Plain"))),
        lambda: decided(a_template(spki_der=spki_der(rsa_key(5, 3072)))),
        lambda: decided(issuer=root().issuer),
        lambda: decided(an_ocsp_responder_template()),
        lambda: with_field(outer_algorithm=der.sequence(der.oid("1.2.840.113549.1.1.12"), der.NOTHING)),
        lambda: with_extension("1.2.3.4", der.NOTHING),
        lambda: with_extension(oids.SUBJECT_KEY_ID, der.octet_string(b"\x01" * 19)),
        lambda: with_extension(oids.SUBJECT_KEY_ID, der.octet_string(key_id(spki_der(rsa_key()))), critical=True),
    ],
)
def test_a_certificate_that_differs_elsewhere_has_another_shape(make: Callable[[], Case]) -> None:
    assert shape(make()) != shape(decided())


def test_a_shape_found_at_fault_is_judged_again_each_time() -> None:
    faulty = with_extension(oids.SUBJECT_KEY_ID, der.octet_string(key_id(spki_der(rsa_key()))), critical=True)
    for _ in range(2):
        findings = pkix.examine_certificate(faulty.encoded, read_certificate(faulty.encoded))
        assert "pkix.certificate_skid_extension_critical" in {finding.rule for finding in findings}


def test_the_pkix_linter_stops_what_our_own_rules_let_pass() -> None:
    """The path of an address may hold what our rules know nothing against, but a host name has at most 253 characters."""
    long_host = ".".join(["a" * 60] * 5)
    asked = a_template(addresses=dataclasses.replace(ADDRESSES, ca_issuers=f"http://{long_host}.org/a.cer"))
    case = decided(asked)
    assert case.broken_rules() == set()
    assert pkix.judge_certificate(case.encoded)
    to_be_signed = der.children(der.read(case.encoded))[0].encoded
    with pytest.raises(LintFailed):
        rehearse_certificate(to_be_signed, asked, issuing_ca().issuer, policy())


def test_known_shapes_are_bounded_and_the_oldest_is_forgotten() -> None:
    known = KnownShapes(2)
    known.add(b"1", ())
    known.add(b"2", (NOTICE,))
    assert known.notices(b"1") == ()
    known.add(b"3", ())
    assert known.notices(b"2") is None
    assert known.notices(b"1") == ()
    assert known.notices(b"3") == ()


def test_a_shape_at_fault_cannot_be_remembered() -> None:
    known = KnownShapes(2)
    with pytest.raises(ValueError, match="at fault"):
        known.add(b"1", (Finding(Severity.WARNING, "a.rule", ""),))
    assert known.notices(b"1") is None


@pytest.mark.parametrize("encoded", [b"", b"\x30\x00", b"\x04\x00", b"\x30\x03\x02\x01\x01"])
def test_what_the_linter_cannot_read_is_an_error(encoded: bytes) -> None:
    assert max(finding.severity for finding in pkix.judge_certificate(encoded)) is Severity.ERROR
    assert max(finding.severity for finding in pkix.judge_revocation_list(encoded)) is Severity.ERROR


def test_many_threads_may_judge_at_once() -> None:
    clean = decided().encoded
    faulty = with_extension(oids.SUBJECT_KEY_ID, der.octet_string(key_id(spki_der(rsa_key()))), critical=True).encoded
    expected = pkix.judge_certificate(faulty)
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(pkix.judge_certificate, [clean, faulty] * 16))
    assert verdicts == [(), expected] * 16
