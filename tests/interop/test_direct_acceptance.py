"""The rules that DirectTrust runs on every candidate of its trust bundles, read from the encoded certificates."""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.interop.issued import Issued

ARC = "1.3.6.1.4.1.41179"
ASSURANCE = {f"{ARC}.1.{n}" for n in range(1, 6)}
CATEGORY = {f"{ARC}.2.{n}" for n in range(1, 5)}


def complaints(certificate: x509.Certificate) -> list[str]:
    """Every rule that a certificate fails."""
    usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    key = certificate.public_key()
    try:
        found = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
        policies = {policy.policy_identifier.dotted_string for policy in found}
    except x509.ExtensionNotFound:
        policies = set()
    rules = {
        "key usage": usage.digital_signature or usage.key_encipherment,
        "key size": isinstance(key, rsa.RSAPublicKey) and key.key_size > 2047,
        "category": bool(policies & CATEGORY),
        "assurance": bool(policies & ASSURANCE),
    }
    return [rule for rule, kept in rules.items() if not kept]


def test_every_end_entity_is_acceptable(issued: Issued) -> None:
    for half in issued.good:
        assert complaints(half.x509) == []
        policies = half.x509.extensions.get_extension_for_class(x509.CertificatePolicies).value
        asserted = [policy.policy_identifier.dotted_string for policy in policies]
        assert len(ASSURANCE.intersection(asserted)) == 1
        assert len(CATEGORY.intersection(asserted)) == 1


def test_the_issuing_ca_may_issue_what_it_issues(issued: Issued) -> None:
    """Of an end entity's policies, the level and the category are asserted by its CA."""
    issuing = x509.load_pem_x509_certificate(issued.issuing.read_bytes())
    allowed = {
        p.policy_identifier.dotted_string for p in issuing.extensions.get_extension_for_class(x509.CertificatePolicies).value
    }
    for half in issued.good:
        asserted = half.x509.extensions.get_extension_for_class(x509.CertificatePolicies).value
        named = {policy.policy_identifier.dotted_string for policy in asserted}
        assert named & (ASSURANCE | CATEGORY) <= allowed


@pytest.mark.parametrize("fault", ["key usage", "key size", "category", "assurance"])
def test_each_rule_refuses_what_breaks_it(issued: Issued, fault: str) -> None:
    model = issued.alice.signing.x509
    policies = {f"{ARC}.0.1.3", f"{ARC}.1.3", f"{ARC}.2.1"}
    policies -= {"category": CATEGORY, "assurance": ASSURANCE}.get(fault, set())
    key = ec.generate_private_key(ec.SECP256R1()) if fault == "key size" else rsa.generate_private_key(65537, 2048)
    bits = dict.fromkeys(
        (
            "content_commitment",
            "data_encipherment",
            "key_agreement",
            "key_cert_sign",
            "crl_sign",
            "encipher_only",
            "decipher_only",
        ),
        False,
    )
    usage = x509.KeyUsage(
        digital_signature=fault != "key usage", key_encipherment=False, **bits | {"crl_sign": fault == "key usage"}
    )
    named = [x509.PolicyInformation(x509.ObjectIdentifier(oid), None) for oid in sorted(policies)]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(model.subject)
        .issuer_name(model.issuer)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(model.not_valid_before_utc)
        .not_valid_after(model.not_valid_after_utc)
        .add_extension(usage, critical=True)
        .add_extension(x509.CertificatePolicies(named), critical=False)
        .sign(rsa.generate_private_key(65537, 2048), hashes.SHA256())
    )
    again = x509.load_der_x509_certificate(certificate.public_bytes(serialization.Encoding.DER))
    assert complaints(again) == [fault]
