"""A delegated responder comes out as its profile says, and signs the answers that were rehearsed for it, and nothing else."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import ocsp as judge

from directca.pki import ocsp
from directca.pki.certificate_view import read_certificate
from directca.pki.errors import BadPolicy
from directca.pki.lints import ocsp_responder
from directca.pki.lints.errors import LintFailed
from directca.pki.ocsp import read_responder
from directca.pki.templates import Addresses, Subject, Template, encode
from directca.signing.authority import Authority
from directca.signing.ceremony import ResponderPlan, rehearse_responder, responder_not_after
from directca.signing.errors import FaultySignature, KeyUnusable, NotRehearsedError, SigningStopped
from directca.signing.file_keys import FileKey
from directca.signing.rehearsal import Rehearsed, rehearse_certificate, rehearse_ocsp
from directca.signing.responder import OcspSigner
from tests.authority import (
    ADDRESSES,
    CA_KEY,
    ISSUED,
    a_certificate,
    a_template,
    issuing_ca,
    never,
    policy,
    root,
    sign,
)
from tests.material import rsa_key, spki_der
from tests.responder import (
    RESPONDER_KEY,
    a_responder_certificate,
    a_response,
    a_response_template,
    an_answer,
    ocsp_signer,
    responder,
)

PLAN = ResponderPlan(serial=0x0123456789ABCDEF0123456789ABCDEF, not_before=ISSUED)
KEY = FileKey(rsa_key(RESPONDER_KEY))


def rehearse(signer: OcspSigner | None = None) -> Rehearsed:
    signer = signer or ocsp_signer()
    template = a_response_template()
    return rehearse_ocsp(ocsp.encode(template, signer.responder), template, signer.responder, signer.policy)


def rehearsed_plan(plan: ResponderPlan = PLAN, authority: Authority | None = None) -> Rehearsed:
    return rehearse_responder(plan, KEY.spki_der, authority or issuing_ca(), ADDRESSES)[1]


def test_a_responder_is_what_its_profile_says() -> None:
    made = x509.load_der_x509_certificate(a_responder_certificate(PLAN))
    made.verify_directly_issued_by(x509.load_der_x509_certificate(issuing_ca().issuer.certificate_der or b""))
    assert (made.not_valid_before_utc, made.not_valid_after_utc) == (ISSUED, ISSUED + timedelta(days=30, seconds=-1))
    assert made.subject.rfc4514_string() == "CN=Example Direct Issuing CA OCSP 01234567,O=Example Health,C=US"
    extensions = {type(one.value): one for one in made.extensions}
    assert extensions[x509.ExtendedKeyUsage].critical
    assert list(extensions[x509.ExtendedKeyUsage].value) == [x509.ExtendedKeyUsageOID.OCSP_SIGNING]
    assert not extensions[x509.OCSPNoCheck].critical
    assert extensions[x509.KeyUsage].value.digital_signature
    asserted = {one.policy_identifier.dotted_string for one in extensions[x509.CertificatePolicies].value}
    assert asserted == issuing_ca().issuer.policies
    assert x509.CRLDistributionPoints not in extensions
    assert x509.BasicConstraints not in extensions


def test_the_exact_bytes_are_there_before_the_ca_signs() -> None:
    template, rehearsed = rehearse_responder(PLAN, KEY.spki_der, issuing_ca(), ADDRESSES)
    assert rehearsed.to_be_signed == encode(template, issuing_ca().issuer, policy())
    assert read_certificate(a_responder_certificate(PLAN)).tbs == rehearsed.to_be_signed
    again = rehearse_certificate(rehearsed.to_be_signed, template, issuing_ca().issuer, policy())
    assert again.sha256 == rehearsed.sha256


def test_a_responder_does_not_outlast_its_ca() -> None:
    end = issuing_ca().issuer.not_after
    plan = ResponderPlan(PLAN.serial, end - timedelta(days=3))
    assert responder_not_after(plan, issuing_ca()) == end


def test_a_long_life_needs_a_long_key() -> None:
    plan = ResponderPlan(PLAN.serial, datetime(2030, 12, 15, tzinfo=UTC))
    assert policy().bits("ocsp_responder", responder_not_after(plan, issuing_ca())) == 3072
    with pytest.raises(LintFailed, match="key_is_long_enough"):
        rehearsed_plan(plan)
    rehearse_responder(plan, spki_der(rsa_key(5, 3072)), issuing_ca(), ADDRESSES)


def test_a_long_name_of_a_ca_is_shortened_and_the_number_is_not() -> None:
    long = Subject("US", None, None, "Example Health", (), "The Direct Issuing Certification Authority of Example " + "H" * 10)
    certificate = sign(dataclasses.replace(authority_template(), subject=long), root())
    issuer = dataclasses.replace(
        issuing_ca().issuer, certificate_der=certificate, name_der=read_certificate(certificate).subject_der
    )
    authority = Authority(issuer, FileKey(rsa_key(CA_KEY, 3072)), policy(), never)
    template, _ = rehearse_responder(PLAN, KEY.spki_der, authority, ADDRESSES)
    assert template.subject.common_name == "The Direct Issuing Certification Authority of Exam OCSP 01234567"
    assert len(template.subject.common_name) == 64


def authority_template() -> Template:
    issuer = issuing_ca().issuer
    return a_template(
        profile="issuing_ca",
        direct_name=None,
        spki_der=issuer.spki_der,
        not_before=issuer.not_before,
        not_after=issuer.not_after,
        policies=policy().assertions.all_for_authority,
    )


def test_the_key_of_the_ca_is_not_that_of_its_responder() -> None:
    with pytest.raises(LintFailed, match="key_is_not_the_key_of_the_ca"):
        rehearse_responder(PLAN, issuing_ca().issuer.spki_der, issuing_ca(), ADDRESSES)


def test_an_answer_is_signed_by_the_responder_and_verifies() -> None:
    found = judge.load_der_ocsp_response(a_response())
    rsa_key(RESPONDER_KEY).public_key().verify(found.signature, found.tbs_response_bytes, padding.PKCS1v15(), SHA256())


def test_a_token_is_for_one_signature_of_one_responder() -> None:
    rehearsed = rehearse()
    other = OcspSigner(
        read_responder(a_responder_certificate(PLAN, key=1), issuing_ca().issuer), FileKey(rsa_key(1)), policy(), never
    )
    with pytest.raises(NotRehearsedError):
        other.sign(rehearsed)
    assert ocsp_signer().sign(rehearsed)
    with pytest.raises(NotRehearsedError):
        ocsp_signer().sign(rehearsed)


def test_neither_signs_what_the_other_may() -> None:
    with pytest.raises(NotRehearsedError):
        issuing_ca().sign(rehearse())
    with pytest.raises(NotRehearsedError):
        ocsp_signer().sign(rehearsed_plan())


def test_a_token_of_another_policy_is_refused() -> None:
    other = dataclasses.replace(policy(), sha256="0" * 64)
    template = a_response_template()
    rehearsed = rehearse_ocsp(ocsp.encode(template, responder()), template, responder(), other)
    with pytest.raises(NotRehearsedError):
        ocsp_signer().sign(rehearsed)


@pytest.mark.parametrize("error", [SigningStopped("An operator stopped all signing."), OSError("no database")])
def test_the_kill_switch_stops_answers_too(error: Exception) -> None:
    def pulled() -> None:
        raise error

    with pytest.raises(SigningStopped):
        OcspSigner(responder(), KEY, policy(), pulled).sign(rehearse())


class Flipping(FileKey):
    """A key on a machine that errs."""

    def sign(self, message: bytes, algorithm: object) -> bytes:
        signature = super().sign(message, algorithm)  # type: ignore[arg-type]
        return signature[:-1] + bytes((signature[-1] ^ 1,))


def test_a_faulty_signature_is_thrown_away() -> None:
    with pytest.raises(FaultySignature):
        OcspSigner(responder(), Flipping(rsa_key(RESPONDER_KEY)), policy(), never).sign(rehearse())


def test_a_key_of_another_responder_is_refused() -> None:
    with pytest.raises(KeyUnusable):
        OcspSigner(responder(), FileKey(rsa_key(1)), policy(), never)


def test_a_certificate_that_the_ca_did_not_sign_is_refused() -> None:
    genuine = responder().certificate_der
    forged = dataclasses.replace(responder(), certificate_der=genuine[:-1] + bytes((genuine[-1] ^ 1,)))
    with pytest.raises(KeyUnusable, match="did not sign"):
        OcspSigner(forged, KEY, policy(), never)


def test_a_subscriber_s_certificate_answers_nothing() -> None:
    subscriber = read_responder(a_certificate(key=RESPONDER_KEY), issuing_ca().issuer)
    with pytest.raises(LintFailed) as failed:
        OcspSigner(subscriber, KEY, policy(), never)
    assert "responder.extended_key_usage_is_of_the_profile" in {finding.rule for finding in failed.value.findings}


def test_a_responder_answers_for_the_ca_that_certified_it() -> None:
    with pytest.raises(LintFailed) as failed:
        OcspSigner(dataclasses.replace(responder(), issuer=root().issuer), KEY, policy(), never)
    assert "responder.issuer_is_the_subject_of_the_ca" in {finding.rule for finding in failed.value.findings}


def test_what_is_no_certificate_is_found() -> None:
    found = ocsp_responder.examine(b"\x30\x00", issuing_ca().issuer, policy())
    assert {finding.rule for finding in found} == {"responder.is_a_certificate"}
    assert ocsp_responder.examine(responder().certificate_der, issuing_ca().issuer, policy()) == ()


def test_without_a_profile_there_is_no_responder() -> None:
    bare = dataclasses.replace(policy(), profiles={})
    with pytest.raises(BadPolicy, match="ocsp_responder"):
        OcspSigner(responder(), KEY, bare, never)


def test_addresses_of_a_responder_are_those_of_its_ca() -> None:
    with pytest.raises(ValueError, match="issuer's certificate"):
        rehearse_responder(PLAN, KEY.spki_der, issuing_ca(), Addresses(crl=None, ca_issuers=None))


def test_an_answer_past_the_responder_s_end_is_not_signed() -> None:
    end = responder().not_after
    late = an_answer(this_update=end - timedelta(hours=1), next_update=end + timedelta(seconds=1))
    with pytest.raises(LintFailed, match="responder_certificate_is_valid_throughout"):
        a_response(late, produced_at=end - timedelta(hours=1))
    in_time = dataclasses.replace(late, next_update=end)
    assert a_response(in_time, produced_at=end - timedelta(hours=1))
