"""OpenSSL, GnuTLS, certbot and pkilint ask the running server for the status of certificates by OCSP."""

import base64
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.interop.issued import Half, tool
from tests.interop.standing import GOOD, HELD, REVOKED, Standing

HASHES = ("sha1", "sha256")
REASONS = {HELD: "certificateHold", REVOKED: "keyCompromise"}
BIN = Path(sys.executable).parent
CERTBOT = Path(__file__).parent / "python" / "certbot_says.py"

needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
needs_ocsptool = pytest.mark.skipif(shutil.which("ocsptool") is None, reason="GnuTLS ocsptool is not installed")

needs_certbot = pytest.mark.skipif(find_spec("certbot") is None, reason="certbot is not installed (requirements/test.lock)")


def word_of(state: str) -> str:
    """OCSP knows three words; a hold is a revocation to it."""
    return "good" if state == GOOD else "revoked"


def ask(standing: Standing, *more: str | Path) -> str:
    """`openssl ocsp` about what `more` names, over HTTP; the answer's signature is verified."""
    return tool("openssl", "ocsp", "-issuer", standing.issuing, *more, "-url", standing.ocsp, "-CAfile", standing.authorities)


def told(said: str, half: Half) -> str:
    """The word that OpenSSL prints behind a file's name."""
    (line,) = (line for line in said.splitlines() if line.startswith(f"{half.certificate}: "))
    return line.rpartition(": ")[2]


def fetch(address: str, into: Path) -> None:
    """Let curl write an answer into a file; the path is sent as it is."""
    said = tool("curl", "-sS", "--path-as-is", "-o", into, "-w", "%{http_code} %{content_type}", address)
    assert said == "200 application/ocsp-response"


@needs_openssl
@pytest.mark.parametrize("nonce", ["-nonce", "-no_nonce"])
@pytest.mark.parametrize("hash_name", HASHES)
def test_openssl_is_told_how_each_certificate_stands(standing: Standing, hash_name: str, nonce: str) -> None:
    for state, half in standing.halves():
        said = ask(standing, f"-{hash_name}", "-cert", half.certificate, nonce)
        assert "Response verify OK" in said
        assert "nonce" not in said.lower()  # neither missing nor another
        assert told(said, half) == word_of(state)
        assert (f"Reason: {REASONS.get(state)}" in said) == (state != GOOD)


@needs_openssl
def test_openssl_asks_about_all_of_them_at_once_by_both_hashes(standing: Standing) -> None:
    halves = list(standing.halves())
    asked: list[str | Path] = []
    for number, (_, half) in enumerate(halves):
        asked += [f"-{HASHES[number % 2]}", "-cert", half.certificate]
    said = ask(standing, *asked)
    assert {half.certificate: told(said, half) for _, half in halves} == {h.certificate: word_of(s) for s, h in halves}


@needs_openssl
def test_openssl_hears_good_of_nothing_that_was_not_issued(standing: Standing) -> None:
    for serial in ("1", "0x7f0000000000000000000000000000aa"):
        assert f"{serial}: unknown" in ask(standing, "-serial", serial)
    asked = ("-issuer", standing.root, "-serial", "1", "-url", standing.ocsp, "-CAfile", standing.root)
    assert "unauthorized" in tool("openssl", "ocsp", *asked, fails=True)


@needs_openssl
@needs_curl
def test_a_get_is_answered_in_every_spelling_of_base64(standing: Standing, tmp_path: Path) -> None:
    request, response = tmp_path / "request.der", tmp_path / "response.der"
    for state, half in standing.halves():
        asked = ("-issuer", standing.issuing, "-cert", half.certificate, "-no_nonce")
        tool("openssl", "ocsp", *asked, "-reqout", request)
        for one in spellings(request.read_bytes()):
            fetch(f"{standing.ocsp}/{one}", response)
            said = tool("openssl", "ocsp", *asked, "-respin", response, "-CAfile", standing.authorities)
            assert told(said, half) == word_of(state)
        tool(BIN / "lint_ocsp_response", "lint", "-s", "NOTICE", response)


def spellings(request: bytes) -> list[str]:
    """A request in a path: plain, percent-encoded in part, in whole and in small letters, without padding."""
    plain = base64.b64encode(request).decode()
    encoded = quote(plain, safe="")
    small = encoded.replace("%2F", "%2f").replace("%2B", "%2b").replace("%3D", "%3d")
    return [plain, quote(plain, safe="/"), encoded, small, plain.rstrip("="), encoded.removesuffix("%3D").removesuffix("%3D")]


@needs_ocsptool
@pytest.mark.parametrize("nonce", ["--nonce", "--no-nonce"])
def test_gnutls_is_told_how_each_certificate_stands(standing: Standing, nonce: str, tmp_path: Path) -> None:
    for state, half in standing.halves():
        files = ("--load-cert", half.certificate, "--load-issuer", standing.issuing, "--load-trust", standing.authorities)
        said = tool("ocsptool", f"--ask={standing.ocsp}", nonce, *files, "--outfile", tmp_path / "response.der")
        assert f"Certificate Status: {word_of(state)}" in said
        assert "Verifying OCSP Response: Success." in said


@needs_ocsptool
def test_gnutls_finds_the_responder_by_itself(standing: Standing, tmp_path: Path) -> None:
    half = standing.pairs[REVOKED].encryption
    files = ("--load-cert", half.certificate, "--load-issuer", standing.issuing, "--load-trust", standing.authorities)
    assert "Certificate Status: revoked" in tool("ocsptool", "--ask", *files, "--outfile", tmp_path / "response.der")


@needs_certbot
def test_certbot_is_told_how_each_certificate_stands(standing: Standing) -> None:
    halves = list(standing.halves())
    ran = subprocess.run(
        [sys.executable, CERTBOT, standing.issuing, *(half.certificate for _, half in halves)],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env=os.environ | {"PYTHONWARNINGS": "ignore"},
    )
    assert ran.returncode == 0, ran.stderr
    # Its False alone would also be that of a check that failed, so what it heard is asked for too.
    wanted = [f"{state != GOOD} OCSPCertStatus.{word_of(state).upper()}" for state, _ in halves]
    assert ran.stdout.splitlines() == wanted, ran.stderr
