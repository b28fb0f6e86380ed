"""Certification requests that are wrong in their encoding, subject, key or signature: each refused, with the reason."""

import base64

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519

from directca.direct.errors import BadDirectName
from directca.errors import Malformed
from directca.pki import requests
from directca.pki.errors import (
    BadCsr,
    UnsupportedAlgorithm,
    UnsupportedKey,
    WeakKey,
)
from tests.material import (
    ALICE,
    BMP_STRING,
    COMMON_NAME,
    EXTENSION_REQUEST,
    NULL,
    ORGANIZATION,
    PRINTABLE_STRING,
    RSA_WITH,
    attribute,
    csr,
    csr_der,
    ec_key,
    integer,
    name,
    oid,
    pem,
    pss_algorithm,
    rsa_key,
    rsa_spki,
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
MODULUS = rsa_key().public_key().public_numbers().n.to_bytes(257, "big")


class TestEncoding:
    def test_a_truncated_request_is_refused(self) -> None:
        der = csr_der()
        for end in range(0, len(der), 37):
            refused(BadCsr, base64.b64encode(der[:end]).decode())

    def test_trailing_bytes_are_refused(self) -> None:
        refused(BadCsr, pem(csr_der() + b"\x00"))

    def test_a_text_that_was_encoded_once_too_often_is_told_so(self) -> None:
        twice = refused(BadCsr, base64.b64encode(csr().encode()).decode())
        assert "base64 already" in twice.detail
        escaped = refused(BadCsr, csr().replace("\n", r"\n"))
        assert r"\n written out" in escaped.detail

    def test_trailing_values_inside_are_refused(self) -> None:
        refused(BadCsr, pem(tlv(0x30, csr_der()[4:] + NULL)))

    def test_a_length_in_long_form_is_refused(self) -> None:
        der = csr_der()
        assert der[1] == 0x82
        refused(BadCsr, pem(b"\x30\x83\x00" + der[2:]))

    def test_an_indefinite_length_is_refused(self) -> None:
        refused(BadCsr, pem(b"\x30\x80" + csr_der()[4:] + b"\x00\x00"))

    def test_an_indefinite_length_deep_in_an_attribute_is_refused(self) -> None:
        hidden = sequence(oid("1.2.3"), set_of(sequence(b"\x30\x80\x00\x00")))
        refused(BadCsr, csr(attributes=hidden))

    def test_endless_nesting_is_refused(self) -> None:
        nested = NULL
        for _ in range(500):
            nested = sequence(nested)
        refused(BadCsr, csr(attributes=sequence(oid("1.2.3"), set_of(nested))))

    @pytest.mark.parametrize("version", [integer(1), integer(2), integer(-1), tlv(0x02, b"\x00\x00"), tlv(0x02, b"")])
    def test_any_version_but_one_is_refused(self, version: bytes) -> None:
        refused(BadCsr, csr(version=version))

    def test_a_certificate_is_no_request(self) -> None:
        refused(BadCsr, pem(sequence(sequence(), sequence(), tlv(0x03, b"\x00"))))

    @pytest.mark.parametrize(
        "attributes",
        [
            NULL,
            sequence(),
            sequence(oid("1.2.3")),
            sequence(oid("1.2.3"), NULL),
            sequence(oid("1.2.3"), set_of(), NULL),
            sequence(NULL, set_of()),
            sequence(oid(EXTENSION_REQUEST), set_of()),
            sequence(oid(EXTENSION_REQUEST), set_of(NULL)),
            sequence(oid(EXTENSION_REQUEST), set_of(sequence(), sequence())),
            sequence(oid(EXTENSION_REQUEST), set_of(sequence(sequence()))),
            sequence(oid(EXTENSION_REQUEST), set_of(sequence(sequence(oid("2.5.29.19"))))),
            sequence(oid(EXTENSION_REQUEST), set_of(sequence(sequence(oid("2.5.29.19"), tlv(0x01, b"\x01"), tlv(4, b""))))),
            sequence(oid(EXTENSION_REQUEST), set_of(sequence(*[sequence(oid("2.5.29.19"), tlv(4, b""))] * 2))),
            sequence(oid(EXTENSION_REQUEST), set_of(sequence())) * 2,
        ],
    )
    def test_malformed_attributes_are_refused(self, attributes: bytes) -> None:
        refused(BadCsr, csr(attributes=attributes))


class TestSubject:
    def test_a_name_is_required(self) -> None:
        assert "no commonName" in refused(BadCsr, csr(subject=name(attribute(ORGANIZATION, "Example")))).detail
        refused(BadCsr, csr(subject=sequence()))

    def test_two_names_are_refused(self) -> None:
        assert "more than one" in refused(BadCsr, csr(subject=name(CN_ALICE, CN_ALICE))).detail

    def test_two_organizations_are_refused(self) -> None:
        two = (attribute(ORGANIZATION, "One"), attribute(ORGANIZATION, "Two"))
        refused(BadCsr, csr(subject=name(*two, CN_ALICE)))

    def test_several_attributes_in_one_part_are_refused(self) -> None:
        assert "several" in refused(BadCsr, csr(subject=sequence(set_of(CN_ALICE, attribute(ORGANIZATION, "E"))))).detail
        refused(BadCsr, csr(subject=sequence(set_of(CN_ALICE, attribute(COMMON_NAME, "eve@evil.example")))))
        refused(BadCsr, csr(subject=sequence(set_of())))

    @pytest.mark.parametrize(
        "common_name",
        [
            *("Alice Example", "localhost", "*.example.org", "192.0.2.1", "alice@direct.example.org."),
            *("alice@exämple.org", "alice@xn--exmple-cua.org", "a" * 60 + "@direct.example.org"),
        ],
    )
    def test_a_name_that_is_no_direct_name_is_refused(self, common_name: str) -> None:
        refused(BadDirectName, csr(common_name))

    @pytest.mark.parametrize("character", ["\x00", "\n", "\x7f", "\x85", "\u200b", "\u202e", "\u2028"])
    def test_control_and_invisible_characters_are_refused_everywhere(self, character: str) -> None:
        refused(BadCsr, csr(f"alice{character}@direct.example.org"))
        refused(BadCsr, csr(f"alice@direct.example.org{character}.evil.example"))
        refused(BadCsr, csr(organization=f"Example{character}Clinic"))
        refused(BadCsr, csr(organizational_units=(f"Ward{character}",)))
        refused(BadCsr, csr(subject=name(attribute("2.5.4.7", f"Spring{character}field"), CN_ALICE)))

    def test_empty_and_endless_values_are_refused(self) -> None:
        refused(BadCsr, csr(organization=""))
        refused(BadCsr, csr(organization="x" * 257))
        refused(BadCsr, csr(""))

    @pytest.mark.parametrize(
        "value",
        [
            tlv(PRINTABLE_STRING, ALICE.encode()),  # no @ in its alphabet
            tlv(BMP_STRING, ALICE.encode("utf-16-be")),
            tlv(0x14, ALICE.encode()),
            tlv(0x0C, b"alice\xff@direct.example.org"),
            tlv(0x2C, tlv(0x0C, ALICE.encode())),
            tlv(0x04, ALICE.encode()),
            NULL,
        ],
    )
    def test_a_name_in_another_kind_of_string_is_refused(self, value: bytes) -> None:
        refused(BadCsr, csr(subject=name(sequence(oid(COMMON_NAME), value))))

    def test_attributes_that_are_no_text_are_passed_over(self) -> None:
        picture = sequence(oid("0.9.2342.19200300.100.1.60"), tlv(0x04, b"\xff\xd8"))
        assert requests.parse(csr(subject=name(picture, CN_ALICE))).common_name.value == ALICE


class TestKey:
    @pytest.mark.parametrize(
        "spki",
        [
            rsa_spki(MODULUS, b"\x01\x00\x01", parameters=b""),
            rsa_spki(MODULUS, b"\x01\x00\x01", parameters=sequence()),
            rsa_spki(b"", b"\x01\x00\x01"),
            rsa_spki(MODULUS, b""),
            rsa_spki(b"\x00" + MODULUS, b"\x01\x00\x01"),
            rsa_spki(MODULUS, b"\x00\x01\x00\x01"),
            sequence(sequence(oid("1.2.840.113549.1.1.1"), NULL), tlv(0x03, b"\x00")),
            sequence(sequence(oid("1.2.840.113549.1.1.1"), NULL), tlv(0x03, b"\x01\x00")),
            sequence(sequence(oid("1.2.840.113549.1.1.1"), NULL), tlv(0x03, b"\x00" + sequence(integer(7)))),
            sequence(sequence(), tlv(0x03, b"\x00")),
            sequence(sequence(oid("1.2.840.113549.1.1.1"), NULL), NULL),
        ],
    )
    def test_a_malformed_key_is_refused(self, spki: bytes) -> None:
        refused(BadCsr, csr(public_key=spki))

    @pytest.mark.parametrize(
        ("modulus", "exponent"),
        [
            (MODULUS[1:], b"\x01\x00\x01"),  # negative: its sign octet is missing
            (MODULUS, b"\xff"),
            (b"\x00", b"\x01\x00\x01"),
            (MODULUS, b"\x00"),
            (MODULUS, b"\x01"),
            (MODULUS, b"\x02"),
            (MODULUS[:-1] + b"\x00", b"\x01\x00\x01"),
            (b"\x01" * 127, b"\x01\x00\x01"),
            (b"\x01" * 2100, b"\x01\x00\x01"),
            (MODULUS, b"\x01" * 33),
            (b"\x01" * 400, b"\x01" * 9),
            (MODULUS, b"\x01" * 250),
        ],
    )
    def test_numbers_that_no_key_can_be_are_refused(self, modulus: bytes, exponent: bytes) -> None:
        refused(WeakKey, csr(public_key=rsa_spki(modulus, exponent)))

    def test_an_elliptic_curve_key_is_refused_with_the_reason(self) -> None:
        detail = refused(UnsupportedKey, csr(key=ec_key())).detail
        assert "elliptic-curve" in detail
        assert "acceptance policy" in detail

    def test_other_kinds_of_key_are_refused(self) -> None:
        keys = [ed25519.Ed25519PrivateKey.generate(), ec.generate_private_key(ec.SECP521R1())]
        for key in keys:
            refused(UnsupportedKey, csr(public_key=spki_der(key)))  # type: ignore[arg-type]  # any public key will do

    def test_a_dsa_key_is_refused(self) -> None:
        numbers = dsa.DSAParameterNumbers(p=(1 << 2047) + 1, q=(1 << 255) + 1, g=3)
        parameters = sequence(integer(numbers.p), integer(numbers.q), integer(numbers.g))
        spki = sequence(sequence(oid("1.2.840.10040.4.1"), parameters), tlv(0x03, b"\x00" + integer(5)))
        assert "DSA" in refused(UnsupportedKey, csr(public_key=spki)).detail

    def test_a_key_restricted_to_pss_is_refused(self) -> None:
        key = tlv(0x03, b"\x00" + sequence(tlv(0x02, MODULUS), integer(65537)))
        spki = sequence(sequence(oid("1.2.840.113549.1.1.10")), key)
        refused(UnsupportedKey, csr(public_key=spki))


class TestProofOfPossession:
    def test_a_signature_by_another_key_is_refused(self) -> None:
        refused(BadCsr, csr(public_key=spki_der(rsa_key(1))))

    @pytest.mark.parametrize("signature", [b"", b"\x00", bytes(256), b"\xff" * 256, bytes(257), bytes(4000)])
    def test_a_signature_that_is_none_is_refused(self, signature: bytes) -> None:
        refused(BadCsr, csr(signature=signature))

    def test_any_change_after_signing_is_refused(self) -> None:
        changed = csr_der().replace(b"Example Clinic", b"Example Clinik")
        assert "signature" in refused(BadCsr, pem(changed)).detail

    def test_a_signature_that_ends_within_an_octet_is_refused(self) -> None:
        der = csr_der()
        at = len(der) - 257
        assert der[at] == 0
        refused(BadCsr, pem(der[:at] + b"\x01" + der[at + 1 :]))

    @pytest.mark.parametrize(
        "algorithm",
        [
            "1.2.840.113549.1.1.2",
            "1.2.840.113549.1.1.4",
            "1.2.840.113549.1.1.5",
            "1.2.840.113549.1.1.14",
            "1.2.840.113549.1.1.1",
            "1.2.840.10045.4.3.2",
            "1.2.3",
        ],
    )
    def test_other_algorithms_are_refused(self, algorithm: str) -> None:
        refused(UnsupportedAlgorithm, csr(algorithm=sequence(oid(algorithm), NULL)))

    def test_a_true_sha1_signature_is_refused(self) -> None:
        refused(UnsupportedAlgorithm, csr(hash=hashes.SHA1))
        refused(UnsupportedAlgorithm, csr(hash=hashes.SHA1, pss=True))

    @pytest.mark.parametrize(
        "algorithm",
        [
            pss_algorithm(hashes.SHA256, mask=hashes.SHA1),
            pss_algorithm(hashes.SHA256, mask=hashes.SHA512),
            pss_algorithm(hashes.SHA256, salt=-1),
            pss_algorithm(hashes.SHA256, salt=65),
            pss_algorithm(hashes.SHA256, salt=1 << 70),
            sequence(oid("1.2.840.113549.1.1.10"), sequence()),
            sequence(oid("1.2.840.113549.1.1.10"), sequence(tlv(0xA2, integer(32)))),
        ],
    )
    def test_other_pss_parameters_are_refused(self, algorithm: bytes) -> None:
        refused(UnsupportedAlgorithm, csr(pss=True, algorithm=algorithm))

    @pytest.mark.parametrize(
        "algorithm",
        [
            sequence(),
            sequence(NULL),
            sequence(oid(RSA_WITH[hashes.SHA256]), sequence()),
            sequence(oid(RSA_WITH[hashes.SHA256]), NULL, NULL),
            sequence(oid("1.2.840.113549.1.1.10")),
            sequence(oid("1.2.840.113549.1.1.10"), NULL),
        ],
    )
    def test_malformed_algorithms_are_refused(self, algorithm: bytes) -> None:
        refused(BadCsr, csr(algorithm=algorithm))

    def test_a_salt_of_another_length_than_stated_is_refused(self) -> None:
        refused(BadCsr, csr(pss=True, algorithm=pss_algorithm(hashes.SHA256, salt=20)))
