"""A template has one encoding, and it says what was decided: judged by the `cryptography` library's reader."""

import dataclasses
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID
from hypothesis import given
from hypothesis import strategies as st

from directca.pki import der, templates
from directca.pki.algorithms import SignatureAlgorithm
from directca.pki.errors import BadPolicy
from directca.pki.templates import Addresses, Subject, assemble, encode, encode_name, key_id, new_serial, not_after
from tests.authority import ADDRESSES, a_template, an_ocsp_responder_template, issuing_ca, policy
from tests.authority import SUBJECT as VETTED
from tests.material import ALICE, DOMAIN, rsa_key, spki_der

THREE_YEARS = timedelta(days=1095)


def read(**changes: object) -> x509.Certificate:
    template = a_template(**changes)
    tbs = encode(template, issuing_ca().issuer, policy())
    return x509.load_der_x509_certificate(assemble(tbs, b"\xff" * 384))


def test_every_field_is_as_decided() -> None:
    template = a_template()
    certificate = read()
    assert certificate.version is x509.Version.v3
    assert certificate.serial_number == template.serial
    assert certificate.not_valid_before_utc == template.not_before
    assert certificate.not_valid_after_utc == template.not_after
    assert certificate.subject.rfc4514_string() == (
        "CN=alice@direct.example.org,OU=Cardiology,O=Example Clinic & Co,L=Fort Lee,ST=New Jersey,C=US"
    )
    assert certificate.issuer.public_bytes() == issuing_ca().issuer.name_der
    assert certificate.public_key() == rsa_key().public_key()
    assert certificate.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSA_WITH_SHA256


def test_the_extensions_are_those_of_a_signing_certificate_and_no_others() -> None:
    extensions = {extension.oid: extension for extension in read().extensions}
    values = {oid: extension.value for oid, extension in extensions.items()}
    critical = {oid for oid, extension in extensions.items() if extension.critical}
    assert critical == {x509.KeyUsage.oid, x509.BasicConstraints.oid}
    assert values == {
        x509.AuthorityKeyIdentifier.oid: x509.AuthorityKeyIdentifier(issuing_ca().issuer.key_id, None, None),
        x509.SubjectKeyIdentifier.oid: x509.SubjectKeyIdentifier.from_public_key(rsa_key().public_key()),
        x509.KeyUsage.oid: _usage(digital_signature=True),
        x509.CertificatePolicies.oid: x509.CertificatePolicies(
            x509.PolicyInformation(x509.ObjectIdentifier(policy), None) for policy in a_template().policies
        ),
        x509.SubjectAlternativeName.oid: x509.SubjectAlternativeName([x509.RFC822Name(ALICE)]),
        x509.BasicConstraints.oid: x509.BasicConstraints(ca=False, path_length=None),
        x509.ExtendedKeyUsage.oid: x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]),
        x509.CRLDistributionPoints.oid: x509.CRLDistributionPoints(
            [x509.DistributionPoint([x509.UniformResourceIdentifier(ADDRESSES.crl or "")], None, None, None)]
        ),
        x509.AuthorityInformationAccess.oid: x509.AuthorityInformationAccess(
            [_access(AuthorityInformationAccessOID.CA_ISSUERS, ADDRESSES.ca_issuers)]
        ),
    }


def test_an_encryption_certificate_differs_in_its_key_usage() -> None:
    usage = read(profile="encryption").extensions.get_extension_for_class(x509.KeyUsage).value
    assert usage == _usage(key_encipherment=True)


def test_a_domain_is_a_dns_name() -> None:
    names = read(for_=DOMAIN).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert list(names) == [x509.DNSName(DOMAIN)]


def test_an_ocsp_address_appears_only_when_something_answers_there() -> None:
    access = read(addresses=dataclasses.replace(ADDRESSES, ocsp="http://ocsp.example.org/")).extensions
    assert list(access.get_extension_for_class(x509.AuthorityInformationAccess).value) == [
        _access(AuthorityInformationAccessOID.CA_ISSUERS, ADDRESSES.ca_issuers),
        _access(AuthorityInformationAccessOID.OCSP, "http://ocsp.example.org/"),
    ]


def test_an_ocsp_responder_is_not_checked_and_answers_for_its_ca() -> None:
    template = an_ocsp_responder_template()
    tbs = encode(template, issuing_ca().issuer, policy())
    extensions = x509.load_der_x509_certificate(assemble(tbs, b"\xff" * 384)).extensions
    assert extensions.get_extension_for_class(x509.OCSPNoCheck).critical is False
    purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert purposes.critical is True
    assert list(purposes.value) == [ExtendedKeyUsageOID.OCSP_SIGNING]


def test_strings_are_printable_where_possible() -> None:
    types = {attribute.oid: attribute._type for attribute in read().subject}
    assert types[NameOID.COUNTRY_NAME].name == "PrintableString"
    assert types[NameOID.STATE_OR_PROVINCE_NAME].name == "PrintableString"
    assert types[NameOID.ORGANIZATION_NAME].name == "UTF8String"  # it has an ampersand
    assert types[NameOID.COMMON_NAME].name == "UTF8String"  # it has an at sign


def test_a_country_that_is_not_printable_has_no_encoding() -> None:
    with pytest.raises(der.DerError):
        encode_name(Subject("Ü", None, None, "O", (), "CN"))


def test_the_issuer_and_the_key_are_spliced_in_verbatim() -> None:
    issuer = issuing_ca().issuer
    tbs = encode(a_template(), issuer, policy())
    assert issuer.name_der in tbs
    assert spki_der(rsa_key()) in tbs


def test_what_was_encoded_for_others_is_in_no_certificate(monkeypatch: pytest.MonkeyPatch) -> None:
    issuer, rules = issuing_ca().issuer, policy()
    others = [issuer, dataclasses.replace(issuer, key_id=b"\x01" * 20), dataclasses.replace(issuer, name_der=der.sequence())]
    own = dataclasses.replace(rules.assertions, own_policy="1.3.6.1.4.1.99999.1", own_cps_uri="http://example.org/cps")
    policies = [rules, dataclasses.replace(rules, assertions=own)]
    decided = [
        a_template(),
        a_template(profile="encryption", key=1),
        a_template(DOMAIN, addresses=dataclasses.replace(ADDRESSES, crl="http://pki.example.org/crl/2.crl")),
        a_template(policies=(*a_template().policies, "1.3.6.1.4.1.99999.1")),
    ]
    cases = [(template, of, under) for _ in range(2) for of in others for under in policies for template in decided]
    after_others = [encode(*case) for case in cases]
    for case, encoded in zip(cases, after_others, strict=True):
        monkeypatch.setattr(templates, "_COMMON", templates._KnownCommon())
        assert encode(*case) == encoded
    assert len(set(after_others)) == len(others) * (len(decided) + 1)  # the last template differs between the policies


def test_the_outer_algorithm_is_the_inner_one_whatever_it_is() -> None:
    issuer = dataclasses.replace(issuing_ca().issuer, algorithm=SignatureAlgorithm.RSA_SHA512)
    tbs = encode(a_template(), issuer, policy())
    certificate = x509.load_der_x509_certificate(assemble(tbs, b"\x01" * 384))
    assert certificate.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSA_WITH_SHA512
    assert certificate.tbs_certificate_bytes == tbs
    assert certificate.signature == b"\x01" * 384


@pytest.mark.parametrize(
    "changes",
    [
        {"direct_name": None},
        {"addresses": Addresses(None, ADDRESSES.ca_issuers)},
        {"addresses": Addresses(ADDRESSES.crl, None)},
    ],
)
def test_what_the_profile_demands_cannot_be_left_out(changes: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r"profile|Direct name"):
        encode(a_template(**changes), issuing_ca().issuer, policy())


def test_a_profile_that_the_policy_does_not_have_is_refused() -> None:
    with pytest.raises(BadPolicy):
        encode(dataclasses.replace(a_template(), profile="tls"), issuing_ca().issuer, policy())


def test_a_key_identifier_is_the_one_every_tool_computes() -> None:
    expected = x509.SubjectKeyIdentifier.from_public_key(rsa_key().public_key()).digest
    assert key_id(spki_der(rsa_key())) == expected


def test_a_serial_number_is_128_bits_after_the_sign_bit() -> None:
    drawn = [new_serial(secrets.token_bytes) for _ in range(500)]
    assert len(set(drawn)) == 500
    assert all(0 < serial < 2**128 for serial in drawn)
    # All 128 bits vary: 500 draws leave one constant with a probability of 2**-491.
    assert all(len({serial >> bit & 1 for serial in drawn}) == 2 for bit in range(128))
    assert max(der.integer_octets(serial) for serial in drawn) == 17


def test_a_serial_number_is_never_zero() -> None:
    draws = iter([bytes(16), b"\x00" * 15 + b"\x07"])
    assert new_serial(lambda _: next(draws)) == 7


@pytest.mark.parametrize(
    ("start", "years", "end"),
    [
        ("2026-11-24T08:00:00", 1, "2027-11-24T07:59:59"),
        ("2026-11-24T08:00:00", 2, "2028-11-24T07:59:59"),
        # 29 February 2028 lies in between: 1095 days end a day before the anniversary.
        ("2026-11-24T08:00:00", 3, "2029-11-23T07:59:59"),
        ("2028-02-29T12:00:00", 1, "2029-02-28T11:59:59"),
        ("2028-03-01T00:00:00", 3, "2031-02-28T23:59:59"),
        ("2026-01-01T00:00:00", 1, "2026-12-31T23:59:59"),
    ],
)
def test_a_validity_ends_one_second_before_the_anniversary(start: str, years: int, end: str) -> None:
    found = not_after(_utc(start), years=years, maximum=THREE_YEARS)
    assert found == _utc(end)


@given(st.datetimes(datetime(2026, 1, 1), datetime(2040, 1, 1)), st.sampled_from([1, 2, 3]))  # noqa: DTZ001
def test_a_validity_counted_inclusively_is_never_too_long(start: datetime, years: int) -> None:
    start = start.replace(microsecond=0, tzinfo=UTC)
    length = not_after(start, years=years, maximum=THREE_YEARS) - start + timedelta(seconds=1)
    assert timedelta(days=365 * years - 1) <= length <= min(timedelta(days=366 * years), THREE_YEARS)


def test_optional_attributes_are_left_out() -> None:
    name = x509.Name.from_rfc4514_string("CN=direct.example.org,O=Plain,C=US")
    assert encode_name(Subject("US", None, None, "Plain", (), DOMAIN)) == _printable(name)


def test_several_units_keep_their_order() -> None:
    subject = dataclasses.replace(VETTED, organizational_units=("B", "A"))
    found = templates.encode_name(subject)
    assert found.index(b"\x13\x01B") < found.index(b"\x13\x01A")


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _access(method: x509.ObjectIdentifier, address: str | None) -> x509.AccessDescription:
    return x509.AccessDescription(method, x509.UniformResourceIdentifier(address or ""))


def _printable(name: x509.Name) -> bytes:
    tagged = [x509.NameAttribute(one.oid, str(one.value), x509.name._ASN1Type.PrintableString) for one in name]
    return x509.Name(tagged).public_bytes()


def _usage(*, digital_signature: bool = False, key_encipherment: bool = False) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=digital_signature,
        content_commitment=False,
        key_encipherment=key_encipherment,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
