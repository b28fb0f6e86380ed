"""The key of the OCSP responder of a serving authority is reported by whoever took it: it signs nothing any more."""

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus

from tests.e2e.api_tools import a_name, issued, operator, record_of
from tests.e2e.serving import eventually, serving, workers
from tests.e2e.test_compromise_reports import REPORT, SAYS_SO
from tests.e2e.test_ocsp import VISIBLE_SECONDS, issuer_of, only, post, status
from tests.e2e.test_status_files import metrics
from tests.live import LiveServer
from tests.proofs import in_base64, request_saying
from tests.status_requests import status_request

ALARM = 'directca_own_keys_reported_total{whose="%s"} 1.0'


def kept_key(data: Path, reference: str) -> bytes | None:
    """A responder's key as it lies in the database; None when it is there no more."""
    with closing(sqlite3.connect(data / "directca.sqlite")) as raw:
        row = raw.execute("SELECT sealed FROM responder_key WHERE reference = ?", (reference,)).fetchone()
    return None if row is None else bytes(row[0])


def stolen(data: Path, reference: str) -> rsa.RSAPrivateKey:
    """A key of the data folder, as one who has the passphrase too reads it."""
    passphrase = (data / "secrets" / "key-passphrase").read_bytes().strip()
    file = data / "keys" / reference
    sealed = file.read_bytes() if file.exists() else kept_key(data, reference)
    assert sealed is not None
    key = load_der_private_key(sealed, passphrase)
    assert isinstance(key, rsa.RSAPrivateKey)
    return key


def reported(live: LiveServer, key: rsa.RSAPrivateKey) -> dict[str, object]:
    body = {"proof": {"pkcs10Data": in_base64(request_saying(SAYS_SO, key=key))}}
    return record_of(httpx2.post(live.base_url + REPORT, json=body, timeout=30))


def signed_by(live: LiveServer, request: bytes) -> str | None:
    """The serial of the responder that signed an answer."""
    answer = post(live, request)
    if answer.response_status is not OCSPResponseStatus.SUCCESSFUL:
        return None
    (certificate,) = answer.certificates
    return f"{certificate.serial_number:x}"


def test_within_two_seconds_no_process_lets_it_sign_and_another_answers(var: Path) -> None:
    with serving(var, "--workers", "2") as live:
        issuer = issuer_of(live)
        with live.client() as api:
            kept = status_request(issuer, int(issued(api, a_name(live.first.direct_domain))["signing_cert_serial"], 16))
        (old,) = operator(live, "responder", "list")
        for awake in workers(live):
            with only(live, awake):
                assert signed_by(live, kept) == old["serial"]
        told = reported(live, stolen(var, old["key"]))
        assert (told["known"], told["revoked"]) == (True, 0)
        time.sleep(VISIBLE_SECONDS)
        listed = {one["serial"]: one["state"] for one in operator(live, "responder", "list")}
        assert listed.pop(old["serial"]) == "revoked"
        for awake in workers(live):
            with only(live, awake):
                fresh = [status_request(issuer, 0xBEEF, nonce=os.urandom(16)) for _ in range(3)]
                assert {signed_by(live, one) for one in (kept, *fresh)} <= set(listed)
        assert status(live, issuer, old["serial"]) is OCSPCertStatus.REVOKED
        published = x509.load_der_x509_crl(httpx2.get(f"{live.base_url}/crl/issuing.crl").content)
        assert published.get_revoked_certificate_by_serial_number(int(old["serial"], 16)) is not None
        eventually(lambda: kept_key(var, old["key"]) is None)
        assert ALARM % "responder" in metrics(live)
        assert "the key of an OCSP responder is reported as compromised" in live.log.read_text()


def test_a_key_of_the_authority_itself_is_an_alarm_and_revokes_nothing(var: Path) -> None:
    with serving(var, "--workers", "1") as live:
        issuer = issuer_of(live)
        with live.client() as api:
            serial = issued(api, a_name(live.first.direct_domain))["signing_cert_serial"]
        assert ALARM.replace("1.0", "0.0") % "authority" in metrics(live)
        (reference,) = (one.name for one in (var / "keys").iterdir() if one.name.startswith("issuing"))
        assert reported(live, stolen(var, reference))["revoked"] == 0
        assert status(live, issuer, serial) is OCSPCertStatus.GOOD
        assert ALARM % "authority" in metrics(live)
        assert "a key of this authority itself is reported as compromised" in live.log.read_text()
