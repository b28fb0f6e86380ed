"""Each rule of the group `policy` fires alone when exactly the thing that it guards is wrong."""

import dataclasses
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from directca.direct.names import parse
from directca.pki.lints import policy
from directca.pki.lints.examined import Rule
from directca.pki.templates import Addresses
from tests.authority import ADDRESSES, ISSUED, a_template, issuing_ca
from tests.authority import policy as shipped
from tests.material import rsa_key, spki_der
from tests.unit.pki.breaking import (
    Case,
    decided,
    held_against,
    issued_by,
    key,
    late,
    modulus,
    subject,
    template,
)

END_OF_2030 = datetime(2030, 12, 31, 23, 59, 59, tzinfo=UTC)


def two_versions() -> Case:
    versions = ("1.3.6.1.4.1.41179.0.1.2", "1.3.6.1.4.1.41179.0.1.3")
    assertions = dataclasses.replace(shipped().assertions, cp_versions=versions)
    issuer = dataclasses.replace(issuing_ca().issuer, policies=frozenset(assertions.all_for_authority))
    case = a_template(policies=(*versions, "1.3.6.1.4.1.41179.1.3", "1.3.6.1.4.1.41179.2.1"))
    return decided(case, issuer, dataclasses.replace(shipped(), assertions=assertions))


ALONE: list[tuple[Rule, str, Callable[[], Case]]] = [
    (policy.policy_is_the_one_of_the_order, "version", lambda: template(policy_version="2025.1")),
    (policy.policy_is_the_one_of_the_order, "file", lambda: template(policy_sha256="0" * 64)),
    (policy.serial_is_as_decided, "another", lambda: held_against(serial=2**127 + 1)),
    (policy.validity_is_as_decided, "a second less", lambda: held_against(not_before=ISSUED + timedelta(seconds=1))),
    (policy.subject_is_as_decided, "another O", lambda: held_against(subject=subject(organization="Other"))),
    (policy.direct_name_is_as_decided, "another", lambda: held_against(direct_name=parse("bob@direct.example.org"))),
    (policy.key_is_as_decided, "another", lambda: held_against(spki_der=spki_der(rsa_key(1)))),
    (
        policy.addresses_are_as_decided,
        "OCSP missing",
        lambda: held_against(addresses=Addresses(ADDRESSES.crl, ADDRESSES.ca_issuers, "http://ca.example.org/ocsp")),
    ),
    (policy.policies_are_as_decided, "another order", lambda: held_against(policies=a_template().policies[::-1])),
    (policy.policies_are_of_the_profile, "two CP versions", two_versions),
    (
        policy.policies_are_among_those_of_the_ca,
        "a CA of another category",
        lambda: issued_by(policies=frozenset(a_template().policies[:2])),
    ),
    (
        policy.validity_is_no_longer_than_the_profile,
        "1095 days and a second",
        lambda: template(not_after=ISSUED + timedelta(days=1095)),
    ),
    (
        policy.validity_is_inside_that_of_the_ca,
        "a second after it",
        lambda: issued_by(not_after=a_template().not_after - timedelta(seconds=1)),
    ),
    (
        policy.validity_is_inside_that_of_the_ca,
        "a second before it",
        lambda: issued_by(not_before=ISSUED + timedelta(seconds=1)),
    ),
    (policy.key_is_long_enough, "2048 bits after 2030", lambda: late(2048, END_OF_2030 + timedelta(seconds=1))),
    (policy.key_is_long_enough, "1024 bits", lambda: template(spki_der=key(modulus() >> 1024 | 1, 65537))),
    (policy.key_is_long_enough, "16384 bits", lambda: template(spki_der=key(modulus() << 14336 | 1, 65537))),
    (policy.key_numbers_are_possible, "exponent 3", lambda: template(spki_der=key(modulus(), 3))),
    (policy.key_numbers_are_possible, "even exponent", lambda: template(spki_der=key(modulus(), 65538))),
    (policy.key_numbers_are_possible, "giant exponent", lambda: template(spki_der=key(modulus(), 2**256 + 1))),
    (policy.key_numbers_are_possible, "even modulus", lambda: template(spki_der=key(modulus() + 1, 65537))),
    (
        policy.key_is_not_the_key_of_the_ca,
        "the CA's own",
        lambda: template(spki_der=issuing_ca().issuer.spki_der),
    ),
]


@pytest.mark.parametrize(("rule", "_why", "make"), ALONE, ids=[f"{rule.__name__}-{why}" for rule, why, _ in ALONE])
def test_exactly_this_rule_fires(rule: Rule, _why: str, make: Callable[[], Case]) -> None:
    assert make().broken_rules() == {f"policy.{rule.__name__}"}


def test_every_rule_of_the_group_has_a_case() -> None:
    assert {rule for rule, _, _ in ALONE} == set(policy.RULES)
