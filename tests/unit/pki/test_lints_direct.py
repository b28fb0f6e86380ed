"""Each rule of the group `direct` fires alone when exactly the thing that it guards is wrong."""

import dataclasses
from collections.abc import Callable

import pytest

from directca.direct.names import DirectName, Kind
from directca.pki import der, oids
from directca.pki.algorithms import SignatureAlgorithm
from directca.pki.lints import direct_profile
from directca.pki.lints.examined import Rule
from directca.pki.templates import Addresses, Subject
from tests.authority import ADDRESSES, a_template, an_ocsp_responder_template, issuing_ca, root
from tests.authority import policy as shipped
from tests.material import ALICE, rsa_key, spki_der
from tests.unit.pki.breaking import (
    Case,
    altered,
    attribute,
    decided,
    issued_by,
    named,
    odd_subject,
    subject,
    subject_of,
    template,
    with_extension,
)

CAPITAL = DirectName("Alice@direct.example.org", Kind.ADDRESS, "direct.example.org", "Alice")
HTTPS = "https://ca.example.org/crl/issuing.crl"


def other_string_type() -> Case:
    rdns = [
        [attribute(oids.COUNTRY, der.printable("US"))],
        [attribute(oids.ORGANIZATION, der.utf8("Plain"))],
        [attribute(oids.COMMON_NAME, der.utf8(ALICE))],
    ]
    case = template(subject=Subject("US", None, None, "Plain", (), ALICE))
    return altered(lambda parts: dataclasses.replace(parts, subject=subject_of(*rdns)), case)


def any_purpose() -> Case:
    profile = dataclasses.replace(shipped().profile("signing"), extended_key_usage=("2.5.29.37.0",))
    return decided(under=dataclasses.replace(shipped(), profiles={**shipped().profiles, "signing": profile}))


def root_limited() -> Case:
    issuing = a_template(
        profile="issuing_ca",
        spki_der=spki_der(rsa_key(5, 3072)),
        direct_name=None,
        subject=Subject("US", None, None, "O", (), "CA"),
        policies=shipped().assertions.all_for_authority,
    )
    case = decided(issuing, root().issuer)
    return with_extension(oids.BASIC_CONSTRAINTS, der.sequence(der.TRUE, der.integer(1)), critical=True, case=case)


def signed_with_sha384() -> Case:
    case = issued_by(algorithm=SignatureAlgorithm.RSA_SHA384)
    return dataclasses.replace(case, issuer=issuing_ca().issuer)


def checked_for(addresses: Addresses) -> Case:
    return template(addresses=addresses)


def responder_with(no_check: bytes) -> Case:
    return with_extension(oids.OCSP_NO_CHECK, no_check, case=decided(an_ocsp_responder_template()))


ALONE: list[tuple[Rule, str, Callable[[], Case]]] = [
    (direct_profile.serial_shows_128_random_bits, "60 bits", lambda: template(serial=2**60)),
    (direct_profile.signature_algorithm_is_the_issuers, "SHA-384", signed_with_sha384),
    (
        direct_profile.name_attributes_are_of_the_profile_and_in_order,
        "E=",
        lambda: template(
            subject=odd_subject(
                (oids.COUNTRY, "US"),
                (oids.ORGANIZATION, "O"),
                ("1.2.840.113549.1.9.1", ALICE),
                (oids.COMMON_NAME, ALICE),
            )
        ),
    ),
    (
        direct_profile.name_attributes_are_of_the_profile_and_in_order,
        "O before C",
        lambda: template(subject=odd_subject((oids.ORGANIZATION, "O"), (oids.COUNTRY, "US"), (oids.COMMON_NAME, ALICE))),
    ),
    (
        direct_profile.name_attributes_are_of_the_profile_and_in_order,
        "no O",
        lambda: template(subject=odd_subject((oids.COUNTRY, "US"), (oids.COMMON_NAME, ALICE))),
    ),
    (
        direct_profile.name_attributes_are_of_the_profile_and_in_order,
        "two ST",
        lambda: template(
            subject=odd_subject(
                (oids.COUNTRY, "US"),
                (oids.STATE, "NJ"),
                (oids.STATE, "NY"),
                (oids.ORGANIZATION, "O"),
                (oids.COMMON_NAME, ALICE),
            )
        ),
    ),
    (direct_profile.country_is_two_capital_letters, "small letters", lambda: template(subject=subject(country="us"))),
    (direct_profile.subscribers_country_is_assigned, "anybody's", lambda: template(subject=subject(country="XX"))),
    (direct_profile.name_strings_are_printable_where_possible, "UTF8String", other_string_type),
    (
        direct_profile.name_strings_are_clean,
        "two spaces",
        lambda: template(subject=subject(organization="Example  Clinic")),
    ),
    (
        direct_profile.name_strings_are_clean,
        "right-to-left override",
        lambda: template(subject=subject(organization="Example \u202e Clinic")),
    ),
    (
        direct_profile.extensions_are_those_of_the_profile,
        "one more",
        lambda: with_extension("1.3.6.1.4.1.11129.2.4.3", der.NOTHING),
    ),
    (
        direct_profile.criticality_is_of_the_profile,
        "critical policies",
        lambda: with_extension(
            oids.CERTIFICATE_POLICIES,
            der.sequence_of(der.sequence(der.oid(policy)) for policy in a_template().policies),
            critical=True,
        ),
    ),
    (
        direct_profile.criticality_is_of_the_profile,
        "keyUsage not critical",
        lambda: with_extension(oids.KEY_USAGE, der.named_bits([0])),
    ),
    (
        direct_profile.key_usage_is_of_the_profile,
        "dataEncipherment",
        lambda: with_extension(oids.KEY_USAGE, der.named_bits([0, 3]), critical=True),
    ),
    (
        direct_profile.extended_key_usage_is_of_the_profile,
        "clientAuth besides",
        lambda: with_extension(
            oids.EXTENDED_KEY_USAGE, der.sequence(der.oid(oids.EMAIL_PROTECTION), der.oid("1.3.6.1.5.5.7.3.2"))
        ),
    ),
    (direct_profile.no_extended_key_usage_is_for_anything, "anyExtendedKeyUsage", any_purpose),
    (
        direct_profile.basic_constraints_are_of_the_profile,
        "a CA",
        lambda: with_extension(oids.BASIC_CONSTRAINTS, der.sequence(der.TRUE), critical=True),
    ),
    (direct_profile.basic_constraints_are_of_the_profile, "pathLen 1", root_limited),
    (
        direct_profile.basic_constraints_are_of_the_profile,
        "FALSE written out",
        lambda: with_extension(oids.BASIC_CONSTRAINTS, der.sequence(b"\x01\x01\x00"), critical=True),
    ),
    (
        direct_profile.alternative_name_is_one_direct_name,
        "wildcard",
        lambda: named("*.example.org", Kind.DOMAIN),
    ),
    (direct_profile.alternative_name_is_one_direct_name, "IP address", lambda: named("10.0.0.1", Kind.DOMAIN)),
    (direct_profile.alternative_name_is_one_direct_name, "address as dNSName", lambda: named(ALICE, Kind.DOMAIN)),
    (
        direct_profile.alternative_name_is_one_direct_name,
        "domain as rfc822Name",
        lambda: named("direct.example.org", Kind.ADDRESS),
    ),
    (direct_profile.alternative_name_is_one_direct_name, "capital", lambda: named(CAPITAL.value, Kind.ADDRESS)),
    (
        direct_profile.alternative_name_is_the_common_name,
        "another CN",
        lambda: template(subject=subject(common_name="bob@direct.example.org")),
    ),
    (
        direct_profile.crl_address_is_reachable_by_http,
        "https",
        lambda: checked_for(dataclasses.replace(ADDRESSES, crl=HTTPS)),
    ),
    (
        direct_profile.crl_address_is_reachable_by_http,
        "not .crl",
        lambda: checked_for(dataclasses.replace(ADDRESSES, crl="http://ca.example.org/crl")),
    ),
    (
        direct_profile.crl_address_is_reachable_by_http,
        "IP address",
        lambda: checked_for(dataclasses.replace(ADDRESSES, crl="http://127.0.0.1/a.crl")),
    ),
    (
        direct_profile.crl_address_is_reachable_by_http,
        "localhost",
        lambda: checked_for(dataclasses.replace(ADDRESSES, crl="http://localhost/a.crl")),
    ),
    (
        direct_profile.information_access_is_reachable_by_http,
        "ldap",
        lambda: checked_for(dataclasses.replace(ADDRESSES, ca_issuers="ldap://ca.example.org/a.cer")),
    ),
    (
        direct_profile.information_access_is_reachable_by_http,
        "OCSP over https",
        lambda: checked_for(dataclasses.replace(ADDRESSES, ocsp="https://ca.example.org/ocsp")),
    ),
    (direct_profile.no_check_is_null, "octets for NULL", lambda: responder_with(der.octet_string(b""))),
]


@pytest.mark.parametrize(("rule", "_why", "make"), ALONE, ids=[f"{rule.__name__}-{why}" for rule, why, _ in ALONE])
def test_exactly_this_rule_fires(rule: Rule, _why: str, make: Callable[[], Case]) -> None:
    assert make().broken_rules() == {f"direct.{rule.__name__}"}


def test_every_rule_of_the_group_has_a_case() -> None:
    assert {rule for rule, _, _ in ALONE} == set(direct_profile.RULES)
