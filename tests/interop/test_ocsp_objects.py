"""OpenSSL, GnuTLS, Java and pkilint judge the OCSP answers that the signing room makes; nobody asks a server here."""

import shutil
import sys
from datetime import timedelta
from itertools import product
from pathlib import Path

import pytest

from directca.clock import SystemClock, whole_second
from directca.pki.ocsp import CertStatus, read_responder
from directca.pki.ocsp_request import read_request
from directca.pki.reasons import RevocationReason
from directca.signing.ceremony import ResponderPlan
from directca.signing.file_keys import FileKey
from directca.signing.responder import OcspSigner
from tests.authority import a_certificate, a_template, issuing_ca, never, pem, policy, root
from tests.interop.issued import tool, write
from tests.material import rsa_key
from tests.responder import RESPONDER_KEY, a_cert_id, a_responder_certificate, a_response, an_answer

# Not every judge can be told another time than its own.
NOW = whole_second(SystemClock().now()) - timedelta(minutes=5)
STATUSES = {
    "good": {"status": CertStatus.GOOD},
    "unknown": {"status": CertStatus.UNKNOWN},
    "revoked": {"status": CertStatus.REVOKED, "revoked_at": NOW, "reason": RevocationReason.KEY_COMPROMISE},
    "held": {
        "status": CertStatus.REVOKED,
        "revoked_at": NOW,
        "reason": RevocationReason.CERTIFICATE_HOLD,
        "invalidity_date": NOW - timedelta(days=2),
    },
}
HASHES = ("sha1", "sha256")
SERIAL = a_template().serial
PROGRAM = Path(__file__).parent / "java" / "Stapled.java"
LINT = Path(sys.executable).parent / "lint_ocsp_response"

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
needs_ocsptool = pytest.mark.skipif(shutil.which("ocsptool") is None, reason="GnuTLS ocsptool is not installed")
needs_java = pytest.mark.skipif(shutil.which("javac") is None, reason="no JDK is installed")


def signer() -> OcspSigner:
    """A responder that is valid today."""
    certificate = a_responder_certificate(ResponderPlan(13**34, NOW))
    responder = read_responder(certificate, issuing_ca().issuer)
    return OcspSigner(responder, FileKey(rsa_key(RESPONDER_KEY)), policy(), never)


def current(status: str, hash_name: str = "sha1", **changes: object) -> bytes:
    """An answer about the one certificate, given five minutes ago."""
    times = {"this_update": NOW, "next_update": NOW + timedelta(hours=12)}
    answer = an_answer(cert_id=a_cert_id(SERIAL, hash_name), **STATUSES[status], **times)  # type: ignore[arg-type]
    return a_response(answer, signer=signer(), produced_at=NOW, **changes)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ocsp")
    write(folder / "root.pem", pem(root().issuer.certificate_der or b""))
    write(folder / "issuing.pem", pem(issuing_ca().issuer.certificate_der or b""))
    write(folder / "alice.pem", pem(a_certificate(not_before=NOW, not_after=NOW + timedelta(days=300))))
    write(folder / "chain.pem", (folder / "issuing.pem").read_bytes() + (folder / "root.pem").read_bytes())
    for status, hash_name in product(STATUSES, HASHES):
        write(folder / f"{status}-{hash_name}.der", current(status, hash_name))
    write(folder / "by-name.der", current("good", by_name=True))
    forged = bytearray(current("good"))
    forged[-len(signer().responder.certificate_der) - 40] ^= 1
    write(folder / "forged.der", bytes(forged))
    return folder


def openssl(folder: Path, response: str, hash_name: str = "sha1", *, fails: bool = False) -> str:
    asked = ("-issuer", folder / "issuing.pem", f"-{hash_name}", "-cert", folder / "alice.pem", "-no_nonce")
    return tool("openssl", "ocsp", "-respin", folder / response, "-CAfile", folder / "chain.pem", *asked, fails=fails)


@needs_openssl
@pytest.mark.parametrize("hash_name", HASHES)
@pytest.mark.parametrize(
    ("status", "says"), [("good", "good"), ("unknown", "unknown"), ("revoked", "revoked"), ("held", "revoked")]
)
def test_openssl_verifies_each_status_by_both_hashes(folder: Path, status: str, says: str, hash_name: str) -> None:
    said = openssl(folder, f"{status}-{hash_name}.der", hash_name)
    assert "Response verify OK" in said
    assert f"alice.pem: {says}" in said
    assert ("Reason: certificateHold" in said) == (status == "held")


@needs_openssl
def test_openssl_finds_a_responder_that_is_named_by_its_subject(folder: Path) -> None:
    assert "Response verify OK" in openssl(folder, "by-name.der")


@needs_openssl
def test_openssl_refuses_a_forged_answer_and_one_about_another_hash(folder: Path) -> None:
    assert "Response Verify Failure" in openssl(folder, "forged.der", fails=True)
    assert "No Status found" in openssl(folder, "good-sha1.der", "sha256", fails=True)


@needs_openssl
def test_openssl_finds_its_nonce_in_the_answer(folder: Path) -> None:
    asked = ("-issuer", folder / "issuing.pem", "-cert", folder / "alice.pem")
    tool("openssl", "ocsp", *asked, "-nonce", "-reqout", folder / "asked.der")
    request = read_request((folder / "asked.der").read_bytes())
    write(folder / "answered.der", current("good", nonce=request.nonce))
    # Without -no_nonce it would put another nonce into the request that it reads.
    files = ("-reqin", folder / "asked.der", "-no_nonce", "-respin", folder / "answered.der", "-CAfile", folder / "chain.pem")
    said = tool("openssl", "ocsp", *files)
    assert "Response verify OK" in said
    assert "nonce" not in said.lower()
    write(folder / "answered.der", current("good", nonce=b"another"))
    assert "Nonce Verify error" in tool("openssl", "ocsp", *files, fails=True)


@needs_openssl
def test_openssl_reads_the_responder_from_the_answer_alone(folder: Path) -> None:
    said = tool("openssl", "ocsp", "-respin", folder / "held-sha256.der", "-resp_text", "-noverify")
    assert "OCSP Response Status: successful" in said
    assert f"Responder Id: {signer().responder.key_id.hex().upper()}" in said
    assert "Invalidity Date" in said


@needs_ocsptool
@pytest.mark.parametrize("hash_name", HASHES)
@pytest.mark.parametrize("status", ["good", "revoked", "held", "unknown"])
def test_gnutls_verifies_each_status(folder: Path, status: str, hash_name: str) -> None:
    files = ("--load-response", folder / f"{status}-{hash_name}.der", "--load-trust", folder / "chain.pem")
    said = tool("ocsptool", "--verify-response", *files)
    assert "Success" in said
    assert f"Certificate Status: {'revoked' if status == 'held' else status}" in said


@needs_ocsptool
def test_gnutls_refuses_a_forged_answer(folder: Path) -> None:
    files = ("--load-response", folder / "forged.der", "--load-trust", folder / "chain.pem")
    assert "Failure" in tool("ocsptool", "--verify-response", *files, fails=True)


@needs_java
def test_java_takes_good_for_valid_and_nothing_else(folder: Path) -> None:
    # Java asks by SHA-1, so an answer about SHA-256 is none to it.
    responses = ("good-sha1", "by-name", "revoked-sha1", "held-sha1", "unknown-sha1", "forged", "good-sha256")
    files = [part for name in responses for part in (folder / "alice.pem", folder / f"{name}.der")]
    said = tool("java", "-XX:TieredStopAtLevel=1", PROGRAM, folder / "root.pem", folder / "issuing.pem", *files)
    verdicts = [line.partition(".der ")[2] for line in said.splitlines() if ".der " in line]
    assert len(verdicts) == len(responses)
    told = dict(zip(responses, verdicts, strict=True))
    assert told["good-sha1"] == told["by-name"] == "VALID"
    assert told["revoked-sha1"].startswith("INVALID REVOKED")
    assert told["held-sha1"].startswith("INVALID REVOKED")
    assert all(told[name].startswith("INVALID") for name in ("unknown-sha1", "forged", "good-sha256"))


@pytest.mark.parametrize("name", ["good-sha1", "held-sha256", "unknown-sha1", "by-name"])
def test_pkilint_s_own_command_finds_nothing(folder: Path, name: str) -> None:
    tool(LINT, "lint", "-s", "NOTICE", folder / f"{name}.der")
