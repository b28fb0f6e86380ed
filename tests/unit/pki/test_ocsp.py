"""An OCSP answer says exactly what was decided: judged by the `cryptography` library's reader."""

import dataclasses
import hashlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import ocsp as judge

from directca.pki import der, ocsp
from directca.pki.ocsp import CertStatus, ResponseStatus, SingleAnswer, issuer_hashes, refusal
from directca.pki.reasons import RevocationReason
from tests.authority import ISSUED, issuing_ca
from tests.material import rsa_key
from tests.responder import RESPONDER_KEY, SERIAL, a_cert_id, a_response, a_response_template, an_answer, responder

HALF_A_DAY = timedelta(hours=12)
UNWRITTEN = (RevocationReason.UNSPECIFIED, RevocationReason.AA_COMPROMISE, RevocationReason.REMOVE_FROM_CRL)


def read(*answers: SingleAnswer, **changes: object) -> judge.OCSPResponse:
    return judge.load_der_ocsp_response(a_response(*answers, **changes))


def test_every_field_of_a_good_answer_is_as_decided() -> None:
    found = read()
    assert found.response_status is judge.OCSPResponseStatus.SUCCESSFUL
    assert found.certificate_status is judge.OCSPCertStatus.GOOD
    assert found.serial_number == SERIAL
    assert found.produced_at_utc == ISSUED + timedelta(seconds=5)
    assert (found.this_update_utc, found.next_update_utc) == (ISSUED, ISSUED + HALF_A_DAY)
    assert (found.responder_key_hash, found.responder_name) == (responder().key_id, None)
    assert found.signature_algorithm_oid == x509.SignatureAlgorithmOID.RSA_WITH_SHA256
    assert len(found.extensions) == len(found.single_extensions) == 0


def test_the_responder_comes_along_and_signed_it() -> None:
    found = read()
    (certificate,) = found.certificates
    authority = x509.load_der_x509_certificate(issuing_ca().issuer.certificate_der or b"")
    certificate.verify_directly_issued_by(authority)
    key = certificate.public_key()
    assert key == rsa_key(RESPONDER_KEY).public_key()
    key.verify(found.signature, found.tbs_response_bytes, padding.PKCS1v15(), SHA256())  # type: ignore[union-attr, call-arg]


def test_a_responder_can_be_named_by_its_subject() -> None:
    found = read(by_name=True)
    assert found.responder_key_hash is None
    assert found.responder_name is not None
    assert found.responder_name.public_bytes() == responder().subject_der


def test_a_key_is_named_by_the_sha_1_of_its_bits() -> None:
    certificate = x509.load_der_x509_certificate(responder().certificate_der)
    assert responder().key_id == x509.SubjectKeyIdentifier.from_public_key(certificate.public_key()).digest


@pytest.mark.parametrize("reason", list(RevocationReason))
def test_a_revocation_tells_its_time_and_the_reason_that_a_crl_would_tell(reason: RevocationReason) -> None:
    found = read(an_answer(status=CertStatus.REVOKED, reason=reason))
    assert found.certificate_status is judge.OCSPCertStatus.REVOKED
    assert found.revocation_time_utc == ISSUED - timedelta(days=2)
    expected = None if reason in UNWRITTEN else reason.value
    assert (None if found.revocation_reason is None else found.revocation_reason.value) == expected


def test_a_revocation_without_a_reason_tells_none() -> None:
    assert read(an_answer(status=CertStatus.REVOKED)).revocation_reason is None


def test_an_invalidity_date_is_an_extension_of_the_answer() -> None:
    stolen = datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC)
    found = read(an_answer(status=CertStatus.REVOKED, reason=RevocationReason.KEY_COMPROMISE, invalidity_date=stolen))
    (extension,) = found.single_extensions
    assert isinstance(extension.value, x509.InvalidityDate)
    assert (extension.value.invalidity_date_utc, extension.critical) == (stolen, False)


def test_what_is_not_known_is_said_to_be_unknown() -> None:
    assert read(an_answer(status=CertStatus.UNKNOWN)).certificate_status is judge.OCSPCertStatus.UNKNOWN


@pytest.mark.parametrize("nonce", [b"1", b"n" * 32, b"n" * 128])
def test_a_nonce_comes_back(nonce: bytes) -> None:
    (extension,) = read(nonce=nonce).extensions
    assert extension.critical is False
    assert extension.value == x509.OCSPNonce(nonce)


def test_a_nonce_that_cannot_be_is_not_signed() -> None:
    for nonce in (b"", b"n" * 129):
        with pytest.raises(Exception, match="nonce_is_the_one_asked_with"):
            a_response(nonce=nonce)


def test_each_certificate_is_answered_in_the_bytes_it_was_asked_in() -> None:
    answers = (
        an_answer(5, cert_id=a_cert_id(5, "sha256")),
        an_answer(3, CertStatus.REVOKED, reason=RevocationReason.CERTIFICATE_HOLD),
        an_answer(9, CertStatus.UNKNOWN),
    )
    encoded = a_response(*answers)
    found = list(judge.load_der_ocsp_response(encoded).responses)
    assert [one.serial_number for one in found] == [5, 3, 9]
    assert [one.certificate_status.name for one in found] == ["GOOD", "REVOKED", "UNKNOWN"]
    assert [one.hash_algorithm.name for one in found] == ["sha256", "sha1", "sha1"]
    assert all(answer.cert_id in encoded for answer in answers)


def test_times_are_generalized_whatever_their_year() -> None:
    assert b"\x18\x0f20261124080000Z" in a_response()


def test_a_revocation_without_a_time_has_no_encoding() -> None:
    template = a_response_template(an_answer(status=CertStatus.REVOKED, revoked_at=None))
    with pytest.raises(ValueError, match="has a time"):
        ocsp.encode(template, responder())


def test_a_moment_within_a_second_has_no_encoding() -> None:
    template = a_response_template(produced_at=ISSUED + timedelta(milliseconds=1))
    with pytest.raises(der.DerError):
        ocsp.encode(template, responder())


@pytest.mark.parametrize("name", ["sha1", "sha256"])
def test_an_issuer_is_known_by_both_hashes(name: str) -> None:
    authority = x509.load_der_x509_certificate(issuing_ca().issuer.certificate_der or b"")
    bits, _ = der.read_bit_string(der.children(der.read(issuing_ca().issuer.spki_der))[1])
    expected = tuple(hashlib.new(name, part).digest() for part in (authority.subject.public_bytes(), bits))
    assert issuer_hashes(issuing_ca().issuer)[name] == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (ResponseStatus.MALFORMED_REQUEST, judge.OCSPResponseStatus.MALFORMED_REQUEST),
        (ResponseStatus.INTERNAL_ERROR, judge.OCSPResponseStatus.INTERNAL_ERROR),
        (ResponseStatus.TRY_LATER, judge.OCSPResponseStatus.TRY_LATER),
        (ResponseStatus.SIG_REQUIRED, judge.OCSPResponseStatus.SIG_REQUIRED),
        (ResponseStatus.UNAUTHORIZED, judge.OCSPResponseStatus.UNAUTHORIZED),
    ],
)
def test_a_refusal_says_why_and_nothing_else(status: ResponseStatus, expected: judge.OCSPResponseStatus) -> None:
    assert judge.load_der_ocsp_response(refusal(status)).response_status is expected
    assert refusal(status) == bytes((0x30, 3, 0x0A, 1, status))


def test_success_is_no_refusal() -> None:
    with pytest.raises(ValueError, match="has an answer"):
        refusal(ResponseStatus.SUCCESSFUL)


def test_the_pieces_of_a_response_share_the_certificate() -> None:
    to_be_signed = ocsp.encode(a_response_template(), responder())
    first, certificate = ocsp.parts(to_be_signed, b"\xff" * 256, responder())
    again = ocsp.parts(ocsp.encode(a_response_template(an_answer(5)), responder()), b"\xff" * 256, responder())
    assert again[1] is certificate
    assert first + certificate == ocsp.assemble(to_be_signed, b"\xff" * 256, responder())
    assert len(certificate) > len(first)


@pytest.mark.parametrize("octets", [1, 256, 384, 70_000])
def test_a_response_of_any_size_has_lengths_that_fit(octets: int) -> None:
    to_be_signed = ocsp.encode(a_response_template(), responder())
    small = dataclasses.replace(responder(), certificate_der=der.sequence(der.NOTHING))
    for signer in (responder(), small):
        encoded = ocsp.assemble(to_be_signed, b"\xff" * octets, signer)
        status, tagged = der.children(der.read(encoded))
        kind, response = der.children(der.children(tagged)[0])
        basic = der.children(der.read(der.read_octets(response)))
        assert (status.encoded, kind.encoded) == (b"\x0a\x01\x00", der.oid("1.3.6.1.5.5.7.48.1.1"))
        assert basic[0].encoded == to_be_signed
        assert der.read_bit_string(basic[2]) == (b"\xff" * octets, 0)
        assert basic[3].encoded == der.explicit(0, der.sequence(signer.certificate_der))
