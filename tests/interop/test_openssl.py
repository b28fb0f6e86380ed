"""OpenSSL judges what the running server issues: paths, revocation, policies, purposes, mail both ways."""

import shutil
from pathlib import Path

import httpx2
import pytest
from cryptography import x509

from tests.interop.issued import Half, Issued, fetch_crl, issuer_addresses, tool, write

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")

ARC = "1.3.6.1.4.1.41179"
MAIL = b"Content-Type: text/plain\r\n\r\nThe patient may go home on Thursday.\r\n"


def verify(issued: Issued, half: Half, purpose: str, *more: str | Path, fails: bool = False) -> str:
    """`openssl verify` as strict as it can be asked to be."""
    strict = ("-x509_strict", "-crl_check_all", "-policy_check", "-purpose", purpose)
    crls = ("-CRLfile", issued.root_crl, "-CRLfile", issued.issuing_crl)
    trust = ("-CAfile", issued.root, "-untrusted", issued.issuing)
    return tool("openssl", "verify", *strict, *crls, *trust, *more, half.certificate, fails=fails)


def assurance(certificate: x509.Certificate) -> str:
    """The level of assurance that a certificate asserts."""
    policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    asserted: list[str] = [policy.policy_identifier.dotted_string for policy in policies]
    (level,) = [oid for oid in asserted if oid.startswith(f"{ARC}.1.")]
    return level


def test_each_certificate_serves_its_purpose_and_no_other(issued: Issued) -> None:
    for pair in (issued.alice, issued.domain):
        verify(issued, pair.signing, "smimesign")
        verify(issued, pair.encryption, "smimeencrypt")
        verify(issued, pair.signing, "smimeencrypt", fails=True)
        verify(issued, pair.encryption, "smimesign", fails=True)
        verify(issued, pair.signing, "sslserver", fails=True)


def test_the_level_of_assurance_survives_policy_processing_and_a_higher_one_does_not(issued: Issued) -> None:
    level = assurance(issued.alice.signing.x509)
    verify(issued, issued.alice.signing, "smimesign", "-explicit_policy", "-policy", level)
    higher = f"{ARC}.1.4"
    assert level != higher
    said = verify(issued, issued.alice.signing, "smimesign", "-explicit_policy", "-policy", higher, fails=True)
    assert "no explicit policy" in said


def test_a_revoked_certificate_is_refused_with_its_reason(issued: Issued) -> None:
    for half, purpose in zip(issued.revoked.halves, ("smimesign", "smimeencrypt"), strict=True):
        assert "certificate revoked" in verify(issued, half, purpose, fails=True)
    text = tool("openssl", "crl", "-in", issued.issuing_crl, "-noout", "-text")
    assert issued.revoked.record["signing_cert_serial"].upper() in text.replace("Serial Number: 0", "Serial Number: ")
    assert text.count("Key Compromise") >= 2


def test_the_address_is_the_one_that_was_asked_for(issued: Issued) -> None:
    verify(issued, issued.alice.signing, "smimesign", "-verify_email", issued.alice.name)
    verify(issued, issued.alice.signing, "smimesign", "-verify_email", f"x{issued.alice.name}", fails=True)


def test_a_foreign_root_is_not_trusted(issued: Issued, tmp_path: Path) -> None:
    key, root = tmp_path / "k.pem", tmp_path / "r.pem"
    tool("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Other", "-keyout", key, "-out", root)
    tool("openssl", "verify", "-CAfile", root, "-untrusted", issued.issuing, issued.alice.signing.certificate, fails=True)


def test_a_signed_mail_is_read_and_an_altered_one_is_not(issued: Issued, tmp_path: Path) -> None:
    mail, signed = write(tmp_path / "mail.txt", MAIL), tmp_path / "mail.p7m"
    half = issued.alice.signing
    sign = ("openssl", "cms", "-sign", "-binary", "-nodetach", "-signer", half.certificate, "-inkey", half.key)
    tool(*sign, "-certfile", issued.issuing, "-outform", "DER", "-in", mail, "-out", signed)
    check = ("openssl", "cms", "-verify", "-binary", "-inform", "DER", "-CAfile", issued.root, "-purpose", "smimesign")
    back = tmp_path / "back.txt"
    tool(*check, "-in", signed, "-out", back)
    assert back.read_bytes() == MAIL
    write(signed, signed.read_bytes().replace(b"Thursday", b"Saturday"))
    tool(*check, "-in", signed, "-out", back, fails=True)


def test_an_encrypted_mail_is_read_with_the_encryption_key_only(issued: Issued, tmp_path: Path) -> None:
    mail, sealed, back = write(tmp_path / "mail.txt", MAIL), tmp_path / "sealed.p7m", tmp_path / "back.txt"
    encryption, signing = issued.alice.encryption, issued.alice.signing
    tool(
        "openssl", "cms", "-encrypt", "-binary", "-aes256", "-in", mail, "-out", sealed, "-outform", "DER", encryption.certificate
    )
    assert b"Thursday" not in sealed.read_bytes()
    read = ("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", sealed, "-out", back)
    tool(*read, "-recip", encryption.certificate, "-inkey", encryption.key)
    assert back.read_bytes() == MAIL
    tool(*read, "-recip", signing.certificate, "-inkey", signing.key, fails=True)


def test_the_addresses_in_the_certificates_lead_to_the_issuer(issued: Issued, tmp_path: Path) -> None:
    for address in issuer_addresses(issued.alice.signing.x509):
        answer = httpx2.get(address, timeout=30)
        assert answer.status_code == 200, address
        got = write(tmp_path / "issuer", answer.content)
        if address.endswith(".cer"):
            assert answer.headers["Content-Type"] == "application/pkix-cert"
            told = tool("openssl", "x509", "-inform", "DER", "-in", got)
        else:
            assert answer.headers["Content-Type"] == "application/pkcs7-mime"
            told = tool("openssl", "pkcs7", "-inform", "DER", "-in", got, "-print_certs")
        assert issued.issuing.read_text().strip() in told


def test_the_crl_is_signed_by_its_issuer_and_a_later_one_has_a_higher_number(issued: Issued, tmp_path: Path) -> None:
    for crl, issuer in ((issued.root_crl, issued.root), (issued.issuing_crl, issued.issuing)):
        assert "verify OK" in tool("openssl", "crl", "-in", crl, "-noout", "-CAfile", issuer)
    tool("openssl", "crl", "-in", issued.issuing_crl, "-noout", "-CAfile", issued.root, fails=True)
    later = fetch_crl(issued.alice.signing.x509, tmp_path / "later.pem")
    first, second = (
        x509.load_pem_x509_crl(path.read_bytes()).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        for path in (issued.issuing_crl, later)
    )
    assert second >= first
