"""The JDK's PKIX validation judges what the running server issues; the Direct reference agent stands on it."""

import shutil
from pathlib import Path

import pytest

from tests.interop.issued import Half, Issued, tool

pytestmark = pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK is installed")

LOA3, LOA4 = "1.3.6.1.4.1.41179.1.3", "1.3.6.1.4.1.41179.1.4"
EMAIL_PROTECTION = "1.3.6.1.5.5.7.3.4"
PROGRAM = Path(__file__).parent / "java" / "Validate.java"


def verdicts(issued: Issued, policy: str, halves: tuple[Half, ...]) -> list[str]:
    """Java's verdict on each certificate."""
    trust = (issued.root, issued.issuing, issued.root_crl, issued.issuing_crl)
    said = tool("java", "-XX:TieredStopAtLevel=1", PROGRAM, *trust, policy, *(half.certificate for half in halves))
    told = dict(line.partition(" ")[::2] for line in said.splitlines() if line.startswith(str(issued.folder)))
    return [told[str(half.certificate)] for half in halves]


def test_good_certificates_are_valid_and_revoked_ones_are_not(issued: Issued) -> None:
    told = verdicts(issued, LOA3, (*issued.good, *issued.revoked.halves))
    signing, encryption = f"VALID digitalSignature {EMAIL_PROTECTION}", f"VALID keyEncipherment {EMAIL_PROTECTION}"
    assert told[:4] == [signing, encryption, signing, encryption]
    assert all(verdict.startswith("INVALID REVOKED") for verdict in told[4:]), told[4:]


def test_a_policy_that_the_certificate_does_not_assert_is_refused(issued: Issued) -> None:
    (told,) = verdicts(issued, LOA4, (issued.alice.signing,))
    assert told.startswith("INVALID INVALID_POLICY")
