"""Only rehearsed bytes can be signed: once, by the CA they were rehearsed for, exactly as they were linted."""

import copy
import dataclasses
import pickle
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.x509 import load_der_x509_certificate, load_der_x509_crl

from directca.pki import crl, der
from directca.pki.algorithms import SignatureAlgorithm
from directca.pki.crl import CrlTemplate, RevokedEntry
from directca.pki.errors import BadPolicy
from directca.pki.lints.errors import LintFailed
from directca.pki.profiles import Policy
from directca.pki.templates import Subject, Template, assemble, encode
from directca.signing.authority import Authority
from directca.signing.errors import FaultySignature, KeyUnusable, NotRehearsedError, SigningStopped
from directca.signing.file_keys import FileKey
from directca.signing.rehearsal import Rehearsed, placeholder_signature, rehearse_certificate, rehearse_crl
from directca.signing.rehearsed_only import Guard
from tests.authority import CA_KEY, ISSUED, a_template, issuing_ca, never, policy, root, run_of
from tests.material import rsa_key


def rehearse(template: Template | None = None) -> Rehearsed:
    template = template or a_template()
    ca = issuing_ca()
    return rehearse_certificate(encode(template, ca.issuer, ca.policy), template, ca.issuer, ca.policy)


def an_authority(guard: Guard = never, key: FileKey | None = None, under: Policy | None = None) -> Authority:
    return Authority(issuing_ca().issuer, key or FileKey(rsa_key(CA_KEY, 3072)), under or policy(), guard)


class Lying:
    """A key whose signatures are wrong."""

    def __init__(self) -> None:
        self.spki_der = issuing_ca().issuer.spki_der

    def sign(self, message: bytes, algorithm: SignatureAlgorithm) -> bytes:
        return rsa_key(CA_KEY, 3072).sign(message + b"x", padding.PKCS1v15(), algorithm.hash)


def test_a_rehearsed_certificate_is_signed_as_it_was_linted() -> None:
    rehearsed = rehearse()
    certificate = load_der_x509_certificate(assemble(rehearsed.to_be_signed, issuing_ca().sign(rehearsed)))
    assert certificate.tbs_certificate_bytes == rehearsed.to_be_signed
    rsa_key(CA_KEY, 3072).public_key().verify(
        certificate.signature, rehearsed.to_be_signed, padding.PKCS1v15(), SignatureAlgorithm.RSA_SHA256.hash
    )


def test_a_rehearsed_crl_is_signed_as_it_was_linted() -> None:
    ca = issuing_ca()
    run = run_of(RevokedEntry(5, ISSUED), latest=ISSUED)
    template = CrlTemplate(1, ISSUED, ISSUED + timedelta(hours=72), run.facts())
    rehearsed = rehearse_crl(crl.encode(template, ca.issuer, run.entries), template, ca.issuer, ca.policy)
    signed = load_der_x509_crl(crl.assemble(rehearsed.to_be_signed, ca.sign(rehearsed)))
    assert signed.is_signature_valid(rsa_key(CA_KEY, 3072).public_key())


def test_a_token_is_for_one_signature() -> None:
    rehearsed = rehearse()
    issuing_ca().sign(rehearsed)
    with pytest.raises(NotRehearsedError):
        issuing_ca().sign(rehearsed)


def test_of_many_threads_one_gets_the_signature() -> None:
    rehearsed = rehearse()

    def attempt(_: int) -> bool:
        try:
            issuing_ca().sign(rehearsed)
        except NotRehearsedError:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(attempt, range(32))) == 1


def test_the_same_bytes_can_be_rehearsed_again_and_get_the_same_signature() -> None:
    assert issuing_ca().sign(rehearse()) == issuing_ca().sign(rehearse())


def test_a_token_of_another_issuer_is_refused_and_stays_usable() -> None:
    rehearsed = rehearse()
    with pytest.raises(NotRehearsedError):
        root().sign(rehearsed)
    assert issuing_ca().sign(rehearsed)


def test_a_token_of_another_policy_is_refused() -> None:
    other = dataclasses.replace(policy(), sha256="0" * 64)
    template, issuer = a_template(policy_sha256=other.sha256), issuing_ca().issuer
    rehearsed = rehearse_certificate(encode(template, issuer, other), template, issuer, other)
    with pytest.raises(NotRehearsedError):
        issuing_ca().sign(rehearsed)


def test_only_a_rehearsal_makes_a_token() -> None:
    with pytest.raises(NotRehearsedError):
        Rehearsed(object(), b"", issuing_ca().issuer.id, policy(), ())


@pytest.mark.parametrize("field", ["to_be_signed", "signer_id", "sha256", "_spent"])
def test_a_token_does_not_change(field: str) -> None:
    rehearsed = rehearse()
    with pytest.raises(NotRehearsedError):
        setattr(rehearsed, field, b"other")
    with pytest.raises(NotRehearsedError):
        delattr(rehearsed, field)


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_token_is_not_copied(way: object) -> None:
    with pytest.raises(NotRehearsedError):
        way(rehearse())  # type: ignore[operator]


def test_what_only_looks_like_a_token_is_refused() -> None:
    class Forged(Rehearsed):
        def __init__(self) -> None:
            pass

        signer_id = issuing_ca().issuer.id  # type: ignore[assignment]

        def spend(self) -> bytes:
            return b"anything"

    with pytest.raises(NotRehearsedError):
        issuing_ca().sign(Forged())


def test_bytes_that_differ_from_the_template_are_not_rehearsed() -> None:
    ca = issuing_ca()
    to_be_signed = encode(a_template(), ca.issuer, ca.policy)
    with pytest.raises(LintFailed) as failed:
        rehearse_certificate(to_be_signed, a_template(serial=2**120), ca.issuer, ca.policy)
    assert [finding.rule for finding in failed.value.findings] == ["policy.serial_is_as_decided"]


@pytest.mark.parametrize("to_be_signed", [b"", b"\x30\x00", der.sequence(der.integer(1)), b"\xff" * 40])
def test_bytes_that_are_no_certificate_are_not_rehearsed(to_be_signed: bytes) -> None:
    with pytest.raises(LintFailed):
        rehearse_certificate(to_be_signed, a_template(), issuing_ca().issuer, policy())


def test_the_placeholder_has_the_length_of_a_signature_and_is_none() -> None:
    assert len(placeholder_signature(issuing_ca().issuer)) == 384
    with pytest.raises(InvalidSignature):
        rsa_key(CA_KEY, 3072).public_key().verify(
            placeholder_signature(issuing_ca().issuer), b"", padding.PKCS1v15(), SignatureAlgorithm.RSA_SHA256.hash
        )


def test_a_pulled_switch_stops_every_signature_and_spends_nothing() -> None:
    pulled = [True]

    def guard() -> None:
        if pulled[0]:
            raise SigningStopped("An operator stopped all signing.")

    authority, rehearsed = an_authority(guard), rehearse()
    with pytest.raises(SigningStopped):
        authority.sign(rehearsed)
    pulled[0] = False
    assert authority.sign(rehearsed)


@pytest.mark.parametrize("fault", [OSError("disk"), ValueError("odd"), RuntimeError("database is locked")])
def test_a_switch_that_cannot_be_read_counts_as_pulled(fault: Exception) -> None:
    def guard() -> None:
        raise fault

    with pytest.raises(SigningStopped):
        an_authority(guard).sign(rehearse())


def test_a_signature_that_does_not_verify_never_leaves() -> None:
    authority = Authority(issuing_ca().issuer, Lying(), policy(), never)
    with pytest.raises(FaultySignature) as thrown:
        authority.sign(rehearse())
    assert not any(isinstance(argument, bytes) for argument in thrown.value.args)


def test_another_ca_s_key_is_not_loaded() -> None:
    with pytest.raises(KeyUnusable):
        an_authority(key=FileKey(rsa_key(5, 3072)))


@pytest.mark.parametrize("missing", ["issuing_ca"])
def test_a_ca_without_a_profile_is_not_loaded(missing: str) -> None:
    left = {name: profile for name, profile in policy().profiles.items() if name != missing}
    with pytest.raises(BadPolicy):
        an_authority(under=dataclasses.replace(policy(), profiles=left))


def test_a_ca_whose_certificate_is_not_of_its_profile_is_not_loaded() -> None:
    narrower = dataclasses.replace(policy().profile("issuing_ca"), minimum_bits=4096)
    under = dataclasses.replace(policy(), profiles={**policy().profiles, "issuing_ca": narrower})
    with pytest.raises(LintFailed) as failed:
        an_authority(under=under)
    assert [finding.rule for finding in failed.value.findings] == ["authority.key_is_long_enough"]


def test_a_subscriber_s_certificate_is_no_ca() -> None:
    rehearsed = rehearse()
    certificate = assemble(rehearsed.to_be_signed, issuing_ca().sign(rehearsed))
    with pytest.raises(LintFailed):
        Authority(dataclasses.replace(issuing_ca().issuer, certificate_der=certificate), Lying(), policy(), never)


def test_a_ca_certificate_with_an_attribute_of_no_profile_is_not_loaded() -> None:
    odd = dataclasses.replace(
        a_template(), profile="issuing_ca", direct_name=None, subject=Subject("us", None, None, "O", (), "CA")
    )
    certificate = assemble(encode(odd, root().issuer, policy()), b"\xff" * 384)
    with pytest.raises(LintFailed) as failed:
        Authority(dataclasses.replace(issuing_ca().issuer, certificate_der=certificate), Lying(), policy(), never)
    assert "authority.country_is_two_capital_letters" in {finding.rule for finding in failed.value.findings}


def test_an_authority_shows_nothing_of_its_key() -> None:
    assert repr(an_authority()) == f"Authority({issuing_ca().issuer.id})"
