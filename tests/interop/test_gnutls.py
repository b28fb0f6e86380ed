"""GnuTLS judges what the running server issues."""

import shutil
from pathlib import Path

import pytest
from cryptography import x509

from tests.interop.issued import Half, Issued, joined, tool

pytestmark = pytest.mark.skipif(shutil.which("certtool") is None, reason="GnuTLS's certtool is not installed")

EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
TIME_STAMPING = "1.3.6.1.5.5.7.3.8"


def verify(issued: Issued, half: Half, *more: str, fails: bool = False) -> str:
    """Verify leaf and issuing CA against the root, with both CRLs."""
    chain = joined(issued.folder / "gnutls-chain.pem", [half.certificate, issued.issuing])
    crls = joined(issued.folder / "gnutls-crls.pem", [issued.root_crl, issued.issuing_crl])
    trust = ("--load-ca-certificate", issued.root, "--load-crl", crls, "--infile", chain)
    return tool("certtool", "--verify", "--verify-profile", "medium", *trust, *more, fails=fails)


def test_every_good_certificate_is_verified_for_mail_and_nothing_else(issued: Issued) -> None:
    for half in issued.good:
        verify(issued, half, "--verify-purpose", EMAIL_PROTECTION)
        verify(issued, half, "--verify-purpose", TIME_STAMPING, fails=True)


def test_the_address_is_the_one_that_was_asked_for(issued: Issued) -> None:
    verify(issued, issued.alice.signing, "--verify-email", issued.alice.name)
    verify(issued, issued.alice.signing, "--verify-email", f"x{issued.alice.name}", fails=True)
    verify(issued, issued.domain.signing, "--verify-hostname", issued.domain.name)


def test_a_revoked_certificate_is_refused(issued: Issued) -> None:
    for half in issued.revoked.halves:
        assert "revoked" in verify(issued, half, fails=True)


def test_the_chain_is_whole(issued: Issued, tmp_path: Path) -> None:
    parts = [issued.alice.signing.certificate, issued.issuing, issued.root]
    tool("certtool", "--verify-chain", "--infile", joined(tmp_path / "chain.pem", parts))
    broken = [issued.alice.signing.certificate, issued.root]
    tool("certtool", "--verify-chain", "--infile", joined(tmp_path / "broken.pem", broken), fails=True)


def test_the_crls_are_verified_by_their_issuers(issued: Issued) -> None:
    for crl, issuer in ((issued.root_crl, issued.root), (issued.issuing_crl, issued.issuing)):
        assert "output: Verified." in tool("certtool", "--verify-crl", "--load-ca-certificate", issuer, "--infile", crl)
    said = tool("certtool", "--crl-info", "--infile", issued.issuing_crl)
    assert f"{x509.load_pem_x509_certificate(issued.revoked.signing.certificate.read_bytes()).serial_number:x}" in said


def test_it_reads_each_field_as_meant(issued: Issued) -> None:
    said = tool("certtool", "--certificate-info", "--infile", issued.alice.signing.certificate)
    wanted = (f"RFC822Name: {issued.alice.name}", "Digital signature.", "Email protection.", "Certificate Authority (CA): FALSE")
    assert [text for text in wanted if text not in said] == []
    assert "Key encipherment." not in said
    assert "Key encipherment." in tool("certtool", "--certificate-info", "--infile", issued.alice.encryption.certificate)
    assert f"DNSname: {issued.domain.name}" in tool(
        "certtool", "--certificate-info", "--infile", issued.domain.signing.certificate
    )
