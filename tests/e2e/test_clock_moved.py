"""The clock of real processes is moved: the server's, and that of OpenSSL, who judges what it said.

The server's wall clock stands where a file says; its monotonic clock runs on. Signing is stopped, so that nothing new takes the
place of what grows old.
"""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.e2e.serving import command
from tests.interop.issued import tool, write
from tests.interop.standing import GOOD, Standing, stand
from tests.live import ROOT, LiveServer, running

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)
pytestmark = pytest.mark.skipif(
    LIBRARY is None or shutil.which("openssl") is None, reason="faketime (libfaketimeMT.so.1) and openssl are not both installed"
)
A_SECOND = timedelta(seconds=1)


@dataclass(frozen=True)
class Moved:
    """A server whose clock stands where it is put, and what it had said before signing was stopped."""

    standing: Standing
    hands: Path
    crl: x509.CertificateRevocationList
    request: bytes
    answer: bytes

    @property
    def live(self) -> LiveServer:
        return self.standing.live

    def put(self, moment: datetime) -> None:
        turn(self.hands, moment)

    def list_status(self) -> int:
        return httpx2.get(f"{self.live.base_url}/crl/issuing.crl", timeout=30).status_code

    def says(self) -> ocsp.OCSPResponse:
        headers = {"Content-Type": "application/ocsp-request"}
        answer = httpx2.post(f"{self.live.base_url}/ocsp", content=self.request, headers=headers, timeout=30)
        assert answer.status_code == 200
        return ocsp.load_der_ocsp_response(answer.content)


def turn(hands: Path, moment: datetime) -> None:
    """Put the clock to a moment, where it stands."""
    fresh = write(hands.with_suffix(".new"), f"{moment:%Y-%m-%d %H:%M:%S}\n".encode())
    fresh.replace(hands)


SLEEP = """import select, time
time.sleep = lambda seconds: select.select([], [], [], seconds) and None
"""
"""libfaketime 0.9.10 refuses the system call by which Python sleeps (clock_nanosleep until a moment of the monotonic clock)."""


def faked(hands: Path) -> dict[str, str]:
    """The environment of a process that reads its wall clock from a file."""
    write(hands.parent / "sitecustomize.py", SLEEP.encode())
    return {
        "PYTHONPATH": f"{hands.parent}:{ROOT / 'src'}",
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME_TIMESTAMP_FILE": str(hands),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moved]:
    folder = tmp_path_factory.mktemp("moved")
    hands, data = folder / "hands", folder / "var"
    write(hands, b"+0\n")  # it goes as everybody's
    data.mkdir()
    write(data / "directca.toml", b"[server]\nworkers = 1\n")
    with running(data, **faked(hands)) as live:
        files = folder / "files"
        files.mkdir()
        standing = stand(live, files)
        asked = files / "request.der"
        half = standing.pairs[GOOD].signing
        tool("openssl", "ocsp", "-issuer", standing.issuing, "-cert", half.certificate, "-no_nonce", "-reqout", asked)
        turn(hands, datetime.now(UTC))
        answer = httpx2.post(standing.ocsp, content=asked.read_bytes(), timeout=30).content
        crl = x509.load_der_x509_crl(httpx2.get(f"{live.base_url}/crl/issuing.crl", timeout=30).content)
        done = command(data, "stop-signing", "--reason", "drill", **faked(hands))
        assert done.returncode == 0, done.stderr
        yield Moved(standing, hands, crl, asked.read_bytes(), answer)


def test_a_list_is_served_until_the_last_second_before_its_next_update(moved: Moved) -> None:
    next_update = moved.crl.next_update_utc
    assert next_update is not None
    moved.put(next_update - A_SECOND)
    assert moved.list_status() == 200
    moved.put(next_update)
    assert moved.list_status() == 503
    moved.put(next_update + A_SECOND)
    assert moved.list_status() == 503


def test_an_answer_is_given_until_the_last_second_before_its_next_update(moved: Moved) -> None:
    answer = ocsp.load_der_ocsp_response(moved.answer)
    assert answer.next_update_utc is not None
    moved.put(answer.next_update_utc - A_SECOND)
    assert moved.says().certificate_status is ocsp.OCSPCertStatus.GOOD
    moved.put(answer.next_update_utc)
    assert moved.says().response_status is ocsp.OCSPResponseStatus.TRY_LATER


def test_an_answer_is_not_given_before_its_first_second(moved: Moved) -> None:
    first = ocsp.load_der_ocsp_response(moved.answer).this_update_utc
    moved.put(first)
    assert moved.says().certificate_status is ocsp.OCSPCertStatus.GOOD
    moved.put(first - A_SECOND)
    assert moved.says().response_status is ocsp.OCSPResponseStatus.TRY_LATER


def openssl_at(moved: Moved, moment: datetime, *words: str | Path, fails: bool = False) -> str:
    """What OpenSSL says when its clock stands at a moment."""
    return tool("faketime", "-f", f"{moment:%Y-%m-%d %H:%M:%S}", "openssl", *words, fails=fails)


def test_openssl_takes_an_answer_from_its_first_second_to_its_last(moved: Moved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    files = moved.standing
    asked = ("-issuer", files.issuing, "-cert", files.pairs[GOOD].signing.certificate, "-no_nonce", "-validity_period", "0")
    read = ("ocsp", *asked, "-respin", write(files.folder / "kept.der", moved.answer), "-CAfile", files.authorities)
    answer = ocsp.load_der_ocsp_response(moved.answer)
    first, last = answer.this_update_utc, answer.next_update_utc
    assert last is not None
    for moment in (first, last - A_SECOND):
        said = openssl_at(moved, moment, *read)
        assert "Status times invalid" not in said
        assert ": good" in said
    for moment, why in ((first - A_SECOND, "status not yet valid"), (last, "status expired")):
        assert why in openssl_at(moved, moment, *read)


def test_openssl_takes_a_list_from_its_first_second_to_its_last(moved: Moved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    files, crl = moved.standing, moved.crl
    lists = ("-CRLfile", write(files.folder / "kept.pem", crl.public_bytes(Encoding.PEM)))
    words = ("verify", "-crl_check", "-CAfile", files.root, "-untrusted", files.issuing, *lists)
    leaf = files.pairs[GOOD].signing.certificate
    assert crl.next_update_utc is not None
    for moment in (crl.last_update_utc, crl.next_update_utc - A_SECOND):
        openssl_at(moved, moment, *words, leaf)
    for moment, why in (
        (crl.last_update_utc - A_SECOND, "CRL is not yet valid"),
        (crl.next_update_utc, "CRL has expired"),
    ):
        assert why in openssl_at(moved, moment, *words, leaf, fails=True)
