"""Each rule of the group `rfc5280` fires alone when exactly the thing that it guards is wrong."""

import dataclasses
from collections.abc import Callable
from datetime import timedelta

import pytest

from directca.pki import der, oids
from directca.pki.algorithms import SignatureAlgorithm
from directca.pki.lints import rfc5280
from directca.pki.lints.examined import Rule
from directca.pki.templates import Subject
from tests.authority import ISSUED, a_template, issuing_ca
from tests.material import ALICE
from tests.unit.pki.breaking import (
    Case,
    altered,
    attribute,
    decided,
    key,
    modulus,
    subject,
    subject_of,
    template,
    with_extension,
    with_field,
)

ALGORITHM = der.sequence(der.oid(SignatureAlgorithm.RSA_SHA384.value), der.NOTHING)
OTHER_NAME = der.sequence(der.set_of([der.sequence(der.oid(oids.COMMON_NAME), der.printable("Other CA"))]))


def without_parameters() -> Case:
    odd = key(modulus(), 65537, der.octet_string(b""))
    return decided(a_template(spki_der=odd))


def multi_valued() -> Case:
    together = [
        attribute(oids.ORGANIZATION, der.printable("A")),
        attribute(oids.ORGANIZATIONAL_UNIT, der.printable("BB")),
    ]
    common = attribute(oids.COMMON_NAME, der.utf8(ALICE))
    country = attribute(oids.COUNTRY, der.printable("US"))
    case = template(subject=Subject("US", None, None, "A", ("BB",), ALICE))
    return altered(lambda parts: dataclasses.replace(parts, subject=subject_of([country], together, [common])), case)


def twice() -> Case:
    return altered(lambda parts: dataclasses.replace(parts, extensions=(*parts.extensions, parts.extensions[1])))


def generalized_time() -> Case:
    validity = der.sequence(der.generalized_time(ISSUED), der.time(a_template().not_after))
    return with_field(validity=validity)


ALONE: list[tuple[Rule, str, Callable[[], Case]]] = [
    (rfc5280.version_is_3, "version 2", lambda: with_field(version=der.explicit(0, der.integer(1)))),
    (rfc5280.serial_is_positive, "negative", lambda: template(serial=-(2**120))),
    (rfc5280.serial_has_at_most_20_octets, "21 octets", lambda: template(serial=2**159)),
    (rfc5280.signature_algorithms_agree, "other outside", lambda: with_field(outer_algorithm=ALGORITHM)),
    (rfc5280.issuer_is_the_subject_of_the_ca, "other name", lambda: with_field(issuer=OTHER_NAME)),
    (rfc5280.times_have_the_form_of_their_year, "GeneralizedTime in 2026", generalized_time),
    (
        rfc5280.validity_begins_before_it_ends,
        "ends before it begins",
        lambda: template(not_after=ISSUED - timedelta(days=1)),
    ),
    (rfc5280.name_attributes_stand_alone, "multi-valued RDN", multi_valued),
    (
        rfc5280.name_attributes_are_within_their_bounds,
        "65 characters",
        lambda: template(subject=subject(organization="x" * 65)),
    ),
    (rfc5280.name_attributes_are_within_their_bounds, "empty", lambda: template(subject=subject(organization=""))),
    (rfc5280.key_algorithm_has_null_parameters, "octets for NULL", without_parameters),
    (rfc5280.no_extension_comes_twice, "two SKI", twice),
    (
        rfc5280.authority_key_id_is_the_key_id_of_the_ca,
        "another key",
        lambda: with_extension(oids.AUTHORITY_KEY_ID, der.sequence(der.implicit(0, b"\x01" * 20))),
    ),
    (
        rfc5280.authority_key_id_is_the_key_id_of_the_ca,
        "with a serial number",
        lambda: with_extension(
            oids.AUTHORITY_KEY_ID,
            der.sequence(der.implicit(0, issuing_ca().issuer.key_id), der.implicit(2, b"\x01")),
        ),
    ),
    (
        rfc5280.subject_key_id_is_of_the_key,
        "another key",
        lambda: with_extension(oids.SUBJECT_KEY_ID, der.octet_string(b"\x01" * 20)),
    ),
]


@pytest.mark.parametrize(("rule", "_why", "make"), ALONE, ids=[f"{rule.__name__}-{why}" for rule, why, _ in ALONE])
def test_exactly_this_rule_fires(rule: Rule, _why: str, make: Callable[[], Case]) -> None:
    assert make().broken_rules() == {f"rfc5280.{rule.__name__}"}


def test_every_rule_of_the_group_has_a_case() -> None:
    assert {rule for rule, _, _ in ALONE} == set(rfc5280.RULES)
