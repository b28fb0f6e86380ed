"""Certification requests: what is read from a good one, in which forms it may arrive, and what makes a pair."""

import base64
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from directca.direct.errors import BadDirectName
from directca.errors import Malformed
from directca.pki import requests
from directca.pki.errors import (
    BadCsr,
    CommonNameMismatch,
    SameKeyTwice,
    UnsupportedAlgorithm,
    UnsupportedKey,
    WeakKey,
)
from tests.material import (
    ALICE,
    COMMON_NAME,
    IA5_STRING,
    RSA_WITH,
    attribute,
    csr,
    csr_der,
    name,
    oid,
    pem,
    rsa_key,
    sequence,
    set_of,
    spki_der,
    tlv,
)

FIELD = "signingCertificatePkcs10Data"


def refused(error: type[Malformed], text: str) -> Malformed:
    with pytest.raises(error) as refusal:
        requests.parse(text, field=FIELD)
    assert refusal.value.field == FIELD
    return refusal.value


CN_ALICE = attribute(COMMON_NAME, ALICE)


class TestGoodRequests:
    def test_name_key_and_hints_are_read(self) -> None:
        request = requests.parse(csr(organization="Example Clinic", organizational_units=("Ward 1", "Ward 2")))
        assert request.common_name.value == ALICE
        assert request.organization == "Example Clinic"
        assert request.organizational_units == ("Ward 1", "Ward 2")
        assert request.key.spki_der == spki_der(rsa_key())
        assert request.key.public_key() == rsa_key().public_key()
        assert request.requested_extensions == ()

    def test_another_library_reads_the_same(self) -> None:
        der = csr_der()
        request = requests.parse(pem(der))
        other = x509.load_der_x509_csr(der)
        assert request.common_name.value == other.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value
        assert request.key.public_key() == other.public_key()

    def test_a_request_made_by_openssl_is_read(self, tmp_path: object) -> None:
        made = subprocess.run(
            [
                *("openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{tmp_path}/key.pem"),
                *("-subj", f"/C=US/O=Example Clinic/CN={ALICE}", "-addext", "basicConstraints=critical,CA:TRUE"),
            ],
            capture_output=True,
            check=True,
        )
        request = requests.parse(made.stdout.decode())
        assert request.common_name.value == ALICE
        assert request.requested_extensions == ("2.5.29.19",)

    def test_a_domain_is_a_name_too(self) -> None:
        assert requests.parse(csr("direct.example.org")).common_name.kind == "domain"

    def test_letter_case_of_the_name_is_lost(self) -> None:
        assert requests.parse(csr("Alice@Direct.Example.ORG")).common_name.value == ALICE

    @pytest.mark.parametrize("hash_", [hashes.SHA256, hashes.SHA384, hashes.SHA512])
    @pytest.mark.parametrize("pss", [False, True])
    def test_each_accepted_signature_verifies(self, hash_: type[hashes.SHA256], pss: bool) -> None:
        assert requests.parse(csr(hash=hash_, pss=pss)).common_name.value == ALICE

    def test_a_salt_of_twenty_octets_is_the_one_that_is_left_out(self) -> None:
        scheme = padding.PSS(padding.MGF1(hashes.SHA256()), 20)
        made = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, ALICE)]))
        signed = made.sign(rsa_key(), hashes.SHA256(), rsa_padding=scheme).public_bytes(serialization.Encoding.PEM)
        assert requests.parse(signed.decode()).common_name.value == ALICE

    def test_absent_parameters_count_as_null(self) -> None:
        algorithm = sequence(oid(RSA_WITH[hashes.SHA256]))
        assert requests.parse(csr(algorithm=algorithm)).common_name.value == ALICE

    def test_requested_extensions_are_listed_and_nothing_more(self) -> None:
        wanted = [
            x509.BasicConstraints(ca=True, path_length=None),
            x509.SubjectAlternativeName([x509.DNSName("evil.example")]),
            x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]),
        ]
        request = requests.parse(csr(extensions=wanted))
        assert request.requested_extensions == ("2.5.29.19", "2.5.29.17", "2.5.29.37")
        assert "evil.example" not in repr(request)

    def test_other_attributes_are_let_be(self) -> None:
        challenge = sequence(oid("1.2.840.113549.1.9.7"), set_of(tlv(0x0C, b"a secret")))
        request = requests.parse(csr(attributes=challenge))
        assert request.requested_extensions == ()
        assert "a secret" not in repr(request)

    def test_an_email_address_in_the_subject_is_not_taken_for_the_name(self) -> None:
        subject = name(attribute("1.2.840.113549.1.9.1", "eve@evil.example", IA5_STRING), CN_ALICE)
        assert requests.parse(csr(subject=subject)).common_name.value == ALICE


class TestTextForms:
    @pytest.mark.parametrize(
        "form",
        [
            pem,
            lambda der: pem(der, "NEW CERTIFICATE REQUEST"),
            lambda der: pem(der).replace("\n", "\r\n"),
            lambda der: pem(der).replace("\n", "\r"),
            lambda der: pem(der).replace("\n", " "),
            lambda der: f"\n\t {pem(der)}\n\n",
            lambda der: base64.b64encode(der).decode(),
            lambda der: base64.encodebytes(der).decode(),
            lambda der: base64.b64encode(der).decode().rstrip("="),
            lambda der: base64.urlsafe_b64encode(der).decode(),
            lambda der: base64.urlsafe_b64encode(der).decode().rstrip("="),
            lambda der: " ".join(base64.b64encode(der).decode()),
        ],
    )
    @pytest.mark.parametrize("ward", ["", "1", "22"])  # three lengths: two, one and no padding
    def test_each_form_is_accepted(self, form: object, ward: str) -> None:
        der = csr_der(organization=f"Clinic{ward}")
        assert requests.parse(form(der)).organization == f"Clinic{ward}"  # type: ignore[operator]

    @pytest.mark.parametrize(
        "text",
        [
            "",
            " \n",
            "====",
            "A",
            "not a request!",
            "MIIC\x00AAAA",
            "MIIC\u00e4AAA",
            "TUlJ\u2028QQ==",
            "-----BEGIN CERTIFICATE REQUEST-----",
            "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----",
        ],
    )
    def test_other_text_is_refused(self, text: str) -> None:
        refused(BadCsr, text)

    @pytest.mark.parametrize("label", ["CERTIFICATE", "PUBLIC KEY", "PRIVATE KEY", "certificate request"])
    def test_other_armour_is_refused(self, label: str) -> None:
        assert "CERTIFICATE REQUEST" in refused(BadCsr, pem(csr_der(), label)).detail

    def test_mismatched_armour_is_refused(self) -> None:
        refused(BadCsr, csr().replace("BEGIN CERT", "BEGIN NEW CERT"))

    def test_two_requests_are_refused(self) -> None:
        refused(BadCsr, csr() + csr())

    def test_a_key_beside_the_request_is_refused(self) -> None:
        refused(BadCsr, pem(b"whatever it is", "PRIVATE KEY") + csr())

    def test_text_around_the_request_is_passed_over(self) -> None:
        assert requests.parse(f"Common Name: somebody-else\n\n{csr()}\nregards").common_name.value == ALICE

    @pytest.mark.parametrize("padding", ["=", "==", "==="])
    def test_wrong_padding_is_refused(self, padding: str) -> None:
        digits = base64.b64encode(csr_der()).decode().rstrip("=")
        right = "=" * (-len(digits) % 4)
        if padding == right:
            padding += "="
        refused(BadCsr, digits + padding)

    def test_sixteen_kibibytes_are_the_most(self) -> None:
        filler = tlv(0x04, bytes(16 * 1024))
        challenge = sequence(oid("1.2.3"), set_of(filler))
        assert "16384" in refused(BadCsr, csr(attributes=challenge)).detail
        assert "16384" in refused(BadCsr, "A" * 70_000).detail


class TestPair:
    def test_one_name_and_two_keys_make_a_pair(self) -> None:
        signing, encryption = requests.parse(csr()), requests.parse(csr(key=rsa_key(1)))
        pair = requests.pair(signing, encryption)
        assert (pair.signing, pair.encryption) == (signing, encryption)
        assert pair.common_name.value == ALICE

    def test_letter_case_does_not_make_two_names(self) -> None:
        requests.pair(requests.parse(csr()), requests.parse(csr(ALICE.upper(), rsa_key(1))))

    def test_different_names_are_refused(self) -> None:
        with pytest.raises(CommonNameMismatch) as refusal:
            requests.pair(requests.parse(csr()), requests.parse(csr("bob@direct.example.org", rsa_key(1))))
        assert refusal.value.slug == "common_name_mismatch"

    def test_the_same_key_twice_is_refused(self) -> None:
        with pytest.raises(SameKeyTwice) as refusal:
            requests.pair(requests.parse(csr()), requests.parse(csr(organization="Another")))
        assert refusal.value.slug == "same_key_twice"


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (BadCsr, "bad_csr"),
        (UnsupportedAlgorithm, "unsupported_algorithm"),
        (UnsupportedKey, "unsupported_key"),
        (WeakKey, "weak_key"),
        (BadDirectName, "bad_common_name"),
    ],
)
def test_the_published_codes_stand(error: type[Malformed], slug: str) -> None:
    assert error.slug == slug
