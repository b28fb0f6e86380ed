"""OpenSSL, GnuTLS and pkilint judge certificates by the lists that these name: the full one, or that of a partition."""

import shutil
import sys
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.interop.issued import Half, joined, tool, write
from tests.interop.standing import GOOD, REVOKED, Standing

BIN = Path(sys.executable).parent
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
needs_certtool = pytest.mark.skipif(shutil.which("certtool") is None, reason="GnuTLS certtool is not installed")


def openssl(standing: Standing, half: Half, crl: Path, *more: str, fails: bool) -> str:
    """`openssl verify` of a whole path with the root's list and another."""
    trust = ("-CAfile", standing.root, "-untrusted", standing.issuing, "-CRLfile", standing.root_crl, "-CRLfile", crl)
    return tool("openssl", "verify", "-x509_strict", "-crl_check_all", *more, *trust, half.certificate, fails=fails)


def gnutls(standing: Standing, half: Half, crl: Path, folder: Path, *, fails: bool) -> str:
    """The same by GnuTLS."""
    chain = joined(folder / "chain.pem", [half.certificate, standing.issuing])
    crls = joined(folder / "crls.pem", [standing.root_crl, crl])
    files = ("--load-ca-certificate", standing.root, "--load-crl", crls, "--infile", chain)
    return tool("certtool", "--verify", "--verify-profile", "medium", *files, fails=fails)


def another_list(parted: Standing, half: Half) -> Path:
    """The list of a partition that a certificate does not fall into."""
    named = x509.load_pem_x509_crl(parted.crl_of(half).read_bytes())
    (address,) = named.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value.full_name or ()
    other = next(
        address.value.replace(f"/3-{n}.crl", f"/3-{(n + 1) % 3}.crl") for n in range(3) if f"/3-{n}.crl" in address.value
    )
    answer = httpx2.get(other, timeout=30)
    assert answer.status_code == 200
    return write(parted.folder / "another.pem", x509.load_der_x509_crl(answer.content).public_bytes(Encoding.PEM))


@needs_openssl
@pytest.mark.parametrize("more", [(), ("-extended_crl",)])
def test_openssl_refuses_what_the_list_lists_and_nothing_else(standing: Standing, more: tuple[str, ...]) -> None:
    for state, half in standing.halves():
        said = openssl(standing, half, standing.crl_of(half), *more, fails=state != GOOD)
        assert ("certificate revoked" in said) == (state != GOOD)


@needs_openssl
def test_openssl_takes_the_full_list_for_every_certificate(parted: Standing) -> None:
    for state, half in parted.halves():
        assert ("certificate revoked" in openssl(parted, half, parted.full_crl, fails=state != GOOD)) == (state != GOOD)


@needs_openssl
def test_openssl_takes_no_list_of_another_partition_for_an_answer(parted: Standing) -> None:
    for state in (GOOD, REVOKED):
        half = parted.pairs[state].signing
        said = openssl(parted, half, another_list(parted, half), fails=True)
        assert "different CRL scope" in said
        assert "certificate revoked" not in said


@needs_openssl
def test_openssl_verifies_and_reads_each_list(standing: Standing) -> None:
    for state, half in standing.halves():
        words = ("-in", standing.crl_of(half), "-noout", "-text", "-CAfile", standing.issuing)
        said = tool("openssl", "crl", *words)
        assert "verify OK" in said
        assert (f"{half.x509.serial_number:X}" in said) == (state != GOOD)
        tool("openssl", "crl", "-in", standing.crl_of(half), "-noout", "-CAfile", standing.root, fails=True)


@needs_certtool
def test_gnutls_refuses_what_the_list_lists_and_nothing_else(standing: Standing, tmp_path: Path) -> None:
    for state, half in standing.halves():
        said = gnutls(standing, half, standing.crl_of(half), tmp_path, fails=state != GOOD)
        assert ("revoked" in said) == (state != GOOD)


@needs_certtool
def test_gnutls_verifies_each_list(standing: Standing) -> None:
    for _, half in standing.halves():
        words = ("--load-ca-certificate", standing.issuing, "--infile", standing.crl_of(half))
        assert "Verified. The certificate is trusted." in tool("certtool", "--verify-crl", *words)


def test_pkilint_finds_nothing_on_any_list(standing: Standing) -> None:
    lists = {standing.crl_of(half).with_suffix(".crl") for _, half in standing.halves()}
    for one in (*lists, standing.full_crl.with_suffix(".crl")):
        tool(BIN / "lint_crl", "lint", "-t", "CRL", "-p", "PKIX", "-s", "NOTICE", one)
    tool(BIN / "lint_crl", "lint", "-t", "ARL", "-p", "PKIX", "-s", "NOTICE", standing.root_crl.with_suffix(".crl"))
