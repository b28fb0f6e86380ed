"""pkilint's own command judges what the running server issues."""

import sys
from pathlib import Path

import pytest

from tests.interop.issued import Issued, tool

BIN = Path(sys.executable).parent


@pytest.mark.parametrize("severity", ["WARNING"])
def test_no_certificate_has_a_finding_above_notice(issued: Issued, severity: str) -> None:
    certificates = [issued.root, issued.issuing, *(half.certificate for half in issued.good)]
    for certificate in certificates:
        tool(BIN / "lint_pkix_cert", "lint", "-s", severity, certificate)


def test_no_crl_has_a_finding_above_notice(issued: Issued) -> None:
    tool(BIN / "lint_crl", "lint", "-t", "CRL", "-p", "PKIX", "-s", "WARNING", issued.issuing_crl.with_suffix(".crl"))
    tool(BIN / "lint_crl", "lint", "-t", "ARL", "-p", "PKIX", "-s", "WARNING", issued.root_crl.with_suffix(".crl"))


def test_every_certificate_was_signed_by_the_next(issued: Issued) -> None:
    for half in issued.good:
        tool(BIN / "lint_pkix_signer_signee_cert_chain", "lint", "-s", "WARNING", issued.issuing, half.certificate)
    tool(BIN / "lint_pkix_signer_signee_cert_chain", "lint", "-s", "WARNING", issued.root, issued.issuing)
