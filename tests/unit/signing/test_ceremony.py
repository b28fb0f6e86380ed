"""A root and its issuing CA come out as their profiles say, or not at all."""

import dataclasses
from datetime import UTC, datetime

import pytest
from cryptography import x509

from directca.pki.certificate_view import read_issuer
from directca.pki.lints.errors import LintFailed
from directca.pki.templates import Subject
from directca.signing.ceremony import AuthorityPlan, make_issuing, make_root
from directca.signing.errors import SigningStopped
from directca.signing.file_keys import FileKey
from tests.authority import FOUNDED, ROOT_ADDRESSES, issuing_ca, never, policy, root
from tests.material import rsa_key

PLAN = AuthorityPlan(Subject("US", None, None, "Example Health", (), "Some CA"), serial=3**80, not_before=FOUNDED, years=5)


def certificate(der: bytes | None) -> x509.Certificate:
    return x509.load_der_x509_certificate(der or b"")


def test_a_root_certifies_itself_for_twenty_years() -> None:
    made = certificate(root().issuer.certificate_der)
    made.verify_directly_issued_by(made)
    assert made.not_valid_after_utc == datetime(2045, 12, 31, 23, 59, 59, tzinfo=UTC)
    constraints = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.critical is True
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=None)
    assert {extension.oid for extension in made.extensions} == {
        x509.BasicConstraints.oid,
        x509.KeyUsage.oid,
        x509.SubjectKeyIdentifier.oid,
        x509.AuthorityKeyIdentifier.oid,
    }


def test_an_issuing_ca_is_certified_by_the_root_and_has_no_ca_below_it() -> None:
    made = certificate(issuing_ca().issuer.certificate_der)
    made.verify_directly_issued_by(certificate(root().issuer.certificate_der))
    constraints = made.extensions.get_extension_for_class(x509.BasicConstraints)
    assert constraints.value == x509.BasicConstraints(ca=True, path_length=0)
    policies = made.extensions.get_extension_for_class(x509.CertificatePolicies)
    assert policies.critical is False
    assert {one.policy_identifier.dotted_string for one in policies.value} == set(policy().assertions.all_for_authority)


def test_the_issuer_read_from_a_certificate_is_what_it_says() -> None:
    issuer = issuing_ca().issuer
    made = certificate(issuer.certificate_der)
    assert issuer.name_der == made.subject.public_bytes()
    assert issuer.not_before == made.not_valid_before_utc
    assert issuer.not_after == made.not_valid_after_utc
    assert issuer.key_id == made.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest


def test_name_and_key_make_the_identity_of_a_ca() -> None:
    issuer = issuing_ca().issuer
    assert read_issuer(issuer.certificate_der or b"").id == issuer.id
    assert root().issuer.id != issuer.id


@pytest.mark.parametrize(
    ("changes", "bits", "rule"),
    [
        ({}, 2048, "policy.key_is_long_enough"),
        ({"serial": 1}, 3072, "direct.serial_shows_128_random_bits"),
        ({"subject": Subject("USA", None, None, "O", (), "CA")}, 3072, "rfc5280.name_attributes_are_within_their_bounds"),
    ],
)
def test_a_root_at_fault_is_not_made(changes: dict[str, object], bits: int, rule: str) -> None:
    plan = dataclasses.replace(PLAN, **changes)  # type: ignore[arg-type]
    with pytest.raises(LintFailed) as failed:
        make_root(plan, FileKey(rsa_key(6, bits)), policy(), never)
    assert rule in {finding.rule for finding in failed.value.findings}


def test_an_issuing_ca_that_outlives_its_root_is_not_made() -> None:
    plan = dataclasses.replace(PLAN, not_before=datetime(2041, 6, 1, tzinfo=UTC))
    with pytest.raises(LintFailed) as failed:
        make_issuing(plan, FileKey(rsa_key(5, 3072)), root(), ROOT_ADDRESSES)
    assert {finding.rule for finding in failed.value.findings} == {"policy.validity_is_inside_that_of_the_ca"}


def test_an_issuing_ca_with_the_root_s_key_is_not_made() -> None:
    key = FileKey(rsa_key(900, 3072))
    with pytest.raises(LintFailed) as failed:
        make_issuing(PLAN, key, root(), ROOT_ADDRESSES)
    assert {finding.rule for finding in failed.value.findings} == {"policy.key_is_not_the_key_of_the_ca"}


def test_a_ceremony_obeys_the_switch() -> None:
    def pulled() -> None:
        raise SigningStopped("An operator stopped all signing.")

    with pytest.raises(SigningStopped):
        make_root(PLAN, FileKey(rsa_key(5, 3072)), policy(), pulled)


def test_validity_is_cut_at_the_profile_s_limit() -> None:
    plan = dataclasses.replace(PLAN, years=40)
    made = certificate(make_root(plan, FileKey(rsa_key(5, 3072)), policy(), never))
    assert (made.not_valid_after_utc - made.not_valid_before_utc).days < 30 * 365.25
