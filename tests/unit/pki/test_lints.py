"""No rule fires on what the product issues; a field that is missing or foreign is found by each rule it concerns."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from directca.pki import der, oids
from directca.pki.certificate_view import self_issuer
from directca.pki.extensions import DNS, MAIL, URI
from directca.pki.lints.certificate import examine, examine_pair, stop_on
from directca.pki.lints.errors import LintFailed
from directca.pki.lints.examined import apply
from directca.pki.lints.findings import Finding, Severity
from directca.pki.templates import Addresses, Subject, encode
from tests.authority import ADDRESSES, ISSUED, SUBJECT, a_template, an_ocsp_responder_template, issuing_ca
from tests.authority import policy as shipped
from tests.material import ALICE, rsa_key, spki_der
from tests.unit.pki.breaking import (
    Case,
    decided,
    late,
    taken_apart,
    template,
    with_extension,
    without_extension,
)

END_OF_2030 = datetime(2030, 12, 31, 23, 59, 59, tzinfo=UTC)
FIFTEEN = "1.3.6.1.4.1.41179.0.1.15"

TOGETHER: list[tuple[str, set[str], Callable[[], Case]]] = [
    (
        "two alternative names",
        {"alternative_name_is_one_direct_name", "alternative_name_is_the_common_name", "direct_name_is_as_decided"},
        lambda: with_extension(oids.SUBJECT_ALT_NAME, der.sequence(der.ia5(ALICE, MAIL), der.ia5("b.example.org", DNS))),
    ),
    (
        "an IP address as alternative name",
        {"alternative_name_is_one_direct_name", "alternative_name_is_the_common_name", "direct_name_is_as_decided"},
        lambda: with_extension(oids.SUBJECT_ALT_NAME, der.sequence(der.implicit(7, b"\x0a\x00\x00\x01"))),
    ),
    (
        "no alternative name",
        {
            "alternative_name_is_one_direct_name",
            "direct_name_is_as_decided",
            "extensions_are_those_of_the_profile",
        },
        lambda: without_extension(oids.SUBJECT_ALT_NAME),
    ),
    (
        "no key usage",
        {"extensions_are_those_of_the_profile", "key_usage_is_of_the_profile"},
        lambda: without_extension(oids.KEY_USAGE),
    ),
    (
        "no extended key usage",
        {"extensions_are_those_of_the_profile", "extended_key_usage_is_of_the_profile"},
        lambda: without_extension(oids.EXTENDED_KEY_USAGE),
    ),
    (
        "no basic constraints",
        {"extensions_are_those_of_the_profile", "basic_constraints_are_of_the_profile"},
        lambda: without_extension(oids.BASIC_CONSTRAINTS),
    ),
    (
        "no policies",
        {"extensions_are_those_of_the_profile", "policies_are_as_decided", "policies_are_of_the_profile"},
        lambda: without_extension(oids.CERTIFICATE_POLICIES),
    ),
    (
        "no CRL address",
        {"extensions_are_those_of_the_profile", "addresses_are_as_decided"},
        lambda: without_extension(oids.CRL_DISTRIBUTION_POINTS),
    ),
    (
        "no authority information",
        {"extensions_are_those_of_the_profile", "addresses_are_as_decided"},
        lambda: without_extension(oids.AUTHORITY_INFO_ACCESS),
    ),
    (
        "no authority key identifier",
        {"extensions_are_those_of_the_profile", "authority_key_id_is_the_key_id_of_the_ca"},
        lambda: without_extension(oids.AUTHORITY_KEY_ID),
    ),
    (
        "no subject key identifier",
        {"extensions_are_those_of_the_profile", "subject_key_id_is_of_the_key"},
        lambda: without_extension(oids.SUBJECT_KEY_ID),
    ),
    (
        "two CRL addresses",
        {"crl_address_is_reachable_by_http", "addresses_are_as_decided"},
        lambda: with_extension(
            oids.CRL_DISTRIBUTION_POINTS,
            der.sequence(*[der.sequence(der.explicit(0, der.explicit(0, der.ia5("http://a.example.org/a.crl", URI))))] * 2),
        ),
    ),
    (
        "a category that nobody enabled",
        {"policies_are_of_the_profile", "policies_are_among_those_of_the_ca"},
        lambda: template(policies=(*a_template().policies[:2], "1.3.6.1.4.1.41179.2.5")),
    ),
    (
        "a CP version that nobody enabled",
        {"policies_are_of_the_profile", "policies_are_among_those_of_the_ca"},
        lambda: template(policies=(FIFTEEN, *a_template().policies[1:])),
    ),
]


@pytest.mark.parametrize(("_why", "rules", "make"), TOGETHER, ids=[why for why, _, _ in TOGETHER])
def test_these_rules_fire_together(_why: str, rules: set[str], make: Callable[[], Case]) -> None:
    assert {name.partition(".")[2] for name in make().broken_rules()} == rules


@pytest.mark.parametrize("profile", ["signing", "encryption", "dual"])
@pytest.mark.parametrize("name", [ALICE, "direct.example.org"])
def test_nothing_is_found_on_what_subscribers_get(profile: str, name: str) -> None:
    case = decided(a_template(name, profile))
    assert examine(case.encoded, case.template, case.issuer, case.policy) == ()


def test_nothing_is_found_on_an_ocsp_responder() -> None:
    case = decided(an_ocsp_responder_template())
    assert examine(case.encoded, case.template, case.issuer, case.policy) == ()


def test_only_a_notice_is_found_with_our_own_policy_and_an_ocsp_address() -> None:
    assertions = dataclasses.replace(
        shipped().assertions, own_policy="1.3.6.1.4.1.99999.1", own_cps_uri="http://ca.example.org/cps"
    )
    issuer = dataclasses.replace(issuing_ca().issuer, policies=frozenset(assertions.all_for_authority))
    asked = a_template(
        policies=(*a_template().policies, "1.3.6.1.4.1.99999.1"),
        addresses=dataclasses.replace(ADDRESSES, ocsp="http://ocsp.example.org/issuing"),
    )
    case = decided(asked, issuer, dataclasses.replace(shipped(), assertions=assertions))
    # RFC 5280 4.2.1.4 recommends policies without qualifiers and allows the CPS one: a notice, which stops nothing.
    findings = examine(case.encoded, case.template, case.issuer, case.policy)
    assert [(finding.severity, finding.rule) for finding in findings] == [
        (Severity.NOTICE, "pkix.certificate_policies_policy_has_qualifier")
    ]


def test_a_key_of_3072_bits_passes_after_2030_and_one_of_2048_until_then() -> None:
    assert late(3072, END_OF_2030 + timedelta(seconds=1)).broken_rules() == set()
    assert late(2048, END_OF_2030).broken_rules() == set()


def test_an_ip_address_in_an_address_passes_in_development_only() -> None:
    asked = a_template(addresses=Addresses("http://127.0.0.1:8600/crl/a.crl", "http://127.0.0.1:8600/aia/a.cer"))
    assert decided(asked).broken_rules() == {
        "direct.crl_address_is_reachable_by_http",
        "direct.information_access_is_reachable_by_http",
    }
    case = decided(asked, under=dataclasses.replace(shipped(), development=True))
    assert examine(case.encoded, case.template, case.issuer, case.policy) == ()


def test_no_flipped_bit_goes_unnoticed() -> None:
    """Whatever single bit of the certificate changes, the signature apart: a rule fires, or the bytes are no certificate."""
    case = decided()
    end = len(encode(case.template, case.issuer, case.policy)) + 4
    for at in range(4 * 8, end * 8):
        flipped = bytearray(case.encoded)
        flipped[at // 8] ^= 0x80 >> at % 8
        findings = examine(bytes(flipped), case.template, case.issuer, case.policy)
        assert findings, f"bit {at} can change"


def test_what_is_no_certificate_is_found_to_be_none() -> None:
    case = decided()
    for encoded in (b"", b"\x30\x00", case.encoded[:-1], case.encoded + b"\x00", der.sequence(case.encoded)):
        assert [finding.rule for finding in examine(encoded, case.template, case.issuer, case.policy)] == [
            "encoding.is_a_certificate"
        ]


def test_a_finding_above_a_notice_stops_and_a_notice_does_not() -> None:
    stop_on((Finding(Severity.NOTICE, "a.rule", ""),))
    for severity in (Severity.WARNING, Severity.ERROR):
        with pytest.raises(LintFailed) as stopped:
            stop_on((Finding(Severity.NOTICE, "a.rule", ""), Finding(severity, "b.rule", "why")))
        assert [finding.rule for finding in stopped.value.findings] == ["b.rule"]
        assert "b.rule" not in stopped.value.detail
        assert "b.rule" in str(stopped.value)


def test_an_empty_list_of_rules_is_refused() -> None:
    with pytest.raises(ValueError, match="no rules"):
        apply("nothing", (), None)


def test_a_pair_differs_in_key_serial_and_key_usage_only() -> None:
    signing = decided(a_template(profile="signing", key=0)).encoded
    assert examine_pair(signing, decided(a_template(profile="encryption", key=1)).encoded) == ()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        (lambda: {"spki_der": spki_der(rsa_key(0))}, "pair.has_two_keys"),
        (lambda: {"serial": a_template(key=0).serial}, "pair.has_two_serials"),
        (lambda: {"not_after": ISSUED + timedelta(days=9)}, "pair.is_identical_elsewhere"),
        (lambda: {"subject": dataclasses.replace(SUBJECT, state=None)}, "pair.is_identical_elsewhere"),
        (
            lambda: {"addresses": dataclasses.replace(ADDRESSES, ocsp="http://o.example.org/a")},
            "pair.is_identical_elsewhere",
        ),
        (lambda: {"policies": a_template().policies[::-1]}, "pair.is_identical_elsewhere"),
    ],
)
def test_a_pair_that_differs_elsewhere_is_found(changes: Callable[[], dict[str, object]], rule: str) -> None:
    signing = decided(a_template(profile="signing", key=0)).encoded
    encryption = decided(a_template(profile="encryption", key=1, **changes())).encoded
    assert [finding.rule for finding in examine_pair(signing, encryption)] == [rule]


def test_the_parts_put_together_again_are_the_certificate() -> None:
    case = decided()
    assert taken_apart(encode(case.template, case.issuer, case.policy)).put_together() == case.encoded


def test_a_root_is_its_own_issuer() -> None:
    asked = a_template(
        profile="root",
        spki_der=spki_der(rsa_key(5, 3072)),
        direct_name=None,
        subject=Subject("US", None, None, "O", (), "Root"),
        policies=(),
    )
    case = decided(asked, self_issuer(asked))
    assert examine(case.encoded, case.template, case.issuer, case.policy) == ()
