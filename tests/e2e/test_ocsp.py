"""OCSP of the real server, asked by strangers: every form of a request, a change that every process tells within two seconds,
responders that come and go, the kill switch, and senders who mean no good."""

import base64
import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx2
import pytest
from cryptography import x509
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponse, OCSPResponseStatus, load_der_ocsp_response

from tests.e2e.api_tools import a_name, issued, operator, record_of
from tests.e2e.serving import eventually, serving, workers
from tests.live import LiveServer
from tests.status_requests import status_request

VISIBLE_SECONDS = 2
SLASHES = "/+="


def issuer_of(live: LiveServer) -> bytes:
    return httpx2.get(f"{live.base_url}/aia/issuing.cer").content


def post(live: LiveServer, request: bytes) -> OCSPResponse:
    answer = httpx2.post(f"{live.base_url}/ocsp", content=request, headers={"Content-Type": "application/ocsp-request"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/ocsp-response")
    return load_der_ocsp_response(answer.content)


def run(*words: str | Path) -> subprocess.CompletedProcess[str]:
    """What `openssl` says."""
    return subprocess.run(["openssl", *words], capture_output=True, text=True, check=True)


def status(live: LiveServer, issuer: bytes, serial: str) -> OCSPCertStatus | OCSPResponseStatus:
    """What is said of a certificate; why nothing is said, if nothing is."""
    answer = post(live, status_request(issuer, int(serial, 16)))
    return answer.certificate_status if answer.response_status is OCSPResponseStatus.SUCCESSFUL else answer.response_status


@contextmanager
def only(live: LiveServer, awake: int) -> Iterator[None]:
    """Let one worker answer, the others being asleep."""
    asleep = [one for one in workers(live) if one != awake]
    for one in asleep:
        os.kill(one, signal.SIGSTOP)
    try:
        yield
    finally:
        for one in asleep:
            os.kill(one, signal.SIGCONT)


def same_tag(address: str) -> bool:
    return bool(httpx2.head(address).headers["etag"] == httpx2.get(address).headers["etag"])


def test_every_form_of_a_request_gets_the_same_facts(live: LiveServer) -> None:
    with live.client() as api:
        record = issued(api, a_name(live.first.direct_domain))
    issuer, serial = issuer_of(live), int(record["signing_cert_serial"], 16)
    for algorithm in ("sha1", "sha256"):
        request = status_request(issuer, serial, algorithm=algorithm)
        text = base64.b64encode(request).decode()
        forms = [text, text.rstrip("="), quote(text, safe=""), quote(text.rstrip("="), safe=""), quote(text, safe=SLASHES)]
        answers = [httpx2.get(f"{live.base_url}/ocsp/{form}") for form in forms]
        answers.append(httpx2.post(f"{live.base_url}/ocsp", content=request))  # without any content type
        assert {one.status_code for one in answers} == {200}
        read = [load_der_ocsp_response(one.content) for one in answers]
        assert {one.certificate_status for one in read} == {OCSPCertStatus.GOOD}
        assert {one.serial_number for one in read} == {serial}
        assert {one.headers["content-length"] for one in answers} == {str(len(answers[0].content))}
        assert all(one.headers["cache-control"].startswith("max-age=45, public") for one in answers)
        # Each process signs an answer of its own: it may take a few questions until one is asked twice.
        address = f"{live.base_url}/ocsp/{forms[2]}"
        eventually(partial(same_tag, address))


def test_openssl_believes_it_with_and_without_a_nonce(live: LiveServer, tmp_path: Path) -> None:
    with live.client() as api:
        record = issued(api, a_name(live.first.direct_domain))
    (tmp_path / "certificate.pem").write_text(record["encryption_cert"])
    (tmp_path / "chain.pem").write_text(live.first.chain_pem + live.first.root_pem)
    uri = run("x509", "-in", tmp_path / "certificate.pem", "-noout", "-ocsp_uri").stdout.strip()
    assert uri == f"{live.base_url}/ocsp"
    issuer, certificate = tmp_path / "chain.pem", tmp_path / "certificate.pem"
    for digest in ("-sha1", "-sha256"):
        for nonce in ("-nonce", "-no_nonce"):
            asked = run("ocsp", "-issuer", issuer, digest, "-cert", certificate, "-url", uri, "-CAfile", issuer, nonce)
            assert "Response verify OK" in asked.stderr
            assert "WARNING" not in asked.stderr
            assert "certificate.pem: good" in asked.stdout


def test_a_change_is_told_by_every_process_within_two_seconds(var: Path) -> None:
    with serving(var, "--workers", "2") as live, live.client() as api:
        name = a_name(live.first.direct_domain)
        record, issuer = issued(api, name), issuer_of(live)
        serial = record["signing_cert_serial"]
        for told, reason in (
            (OCSPCertStatus.REVOKED, "certificateHold"),
            (OCSPCertStatus.GOOD, "removeFromCRL"),
            (OCSPCertStatus.REVOKED, "keyCompromise"),
        ):
            before = status(live, issuer, serial)
            assert before is not told
            for awake in workers(live):
                with only(live, awake):
                    assert {status(live, issuer, serial) for _ in range(3)} == {before}  # each process keeps it
            record_of(api("POST", f"/api/certificate/revoke/{name}/{reason}"))
            time.sleep(VISIBLE_SECONDS)
            for awake in workers(live):
                with only(live, awake):
                    assert {status(live, issuer, serial) for _ in range(3)} == {told}


def test_responders_come_and_go_under_a_serving_authority(var: Path) -> None:
    with serving(var, "--workers", "2") as live:
        issuer = issuer_of(live)

        def signed_by() -> str | None:
            answer = post(live, status_request(issuer, 0xBEEF, nonce=os.urandom(16)))
            if answer.response_status is not OCSPResponseStatus.SUCCESSFUL:
                return None
            (certificate,) = answer.certificates
            return f"{certificate.serial_number:x}"

        (first,) = operator(live, "responder", "list")
        assert signed_by() == first["serial"]
        second = operator(live, "responder", "make")
        time.sleep(VISIBLE_SECONDS)
        assert {signed_by() for _ in range(8)} == {first["serial"]}  # the new one is not an hour old
        with live.client() as api:
            kept = issued(api, a_name(live.first.direct_domain))["signing_cert_serial"]
        assert status(live, issuer, kept) is OCSPCertStatus.GOOD
        operator(live, "responder", "revoke", first["serial"])
        time.sleep(VISIBLE_SECONDS)
        for awake in workers(live):
            with only(live, awake):
                assert {signed_by() for _ in range(3)} == {second["serial"]}
                (speaks,) = post(live, status_request(issuer, int(kept, 16))).certificates
                assert f"{speaks.serial_number:x}" == second["serial"]
        assert status(live, issuer, first["serial"]) is OCSPCertStatus.REVOKED
        published = x509.load_der_x509_crl(httpx2.get(f"{live.base_url}/crl/issuing.crl").content)
        assert published.get_revoked_certificate_by_serial_number(int(first["serial"], 16)) is not None
        operator(live, "responder", "revoke", second["serial"])
        # Without any, nothing is said; and by itself another is there, within moments.
        eventually(lambda: signed_by() not in {first["serial"], second["serial"], None})
        eventually(lambda: not (var / "keys" / first["key"]).exists())


def test_while_signing_is_stopped_only_what_was_signed_is_said(var: Path) -> None:
    with serving(var, "--workers", "1") as live, live.client() as api:
        record, issuer = issued(api, a_name(live.first.direct_domain)), issuer_of(live)
        kept, other = record["signing_cert_serial"], record["encryption_cert_serial"]
        assert status(live, issuer, kept) is OCSPCertStatus.GOOD
        operator(live, "stop-signing", "--reason", "drill")
        assert status(live, issuer, kept) is OCSPCertStatus.GOOD
        assert status(live, issuer, other) is OCSPResponseStatus.TRY_LATER
        record_of(api("POST", f"/api/certificate/revoke/{record['identifier']}/keyCompromise"))
        eventually(lambda: status(live, issuer, kept) is OCSPResponseStatus.TRY_LATER, seconds=VISIBLE_SECONDS)
        operator(live, "resume-signing", "--reason", "drill over")
        assert status(live, issuer, kept) is OCSPCertStatus.REVOKED


def test_a_kept_answer_has_the_facts_of_a_fresh_one(live: LiveServer) -> None:
    with live.client() as api:
        record = issued(api, a_name(live.first.direct_domain))
        record_of(api("POST", f"/api/certificate/revoke/{record['identifier']}/affiliationChanged"))
    issuer, serial = issuer_of(live), int(record["signing_cert_serial"], 16)
    eventually(lambda: status(live, issuer, record["signing_cert_serial"]) is OCSPCertStatus.REVOKED)
    kept = [post(live, status_request(issuer, serial)) for _ in range(10)]
    fresh = post(live, status_request(issuer, serial, nonce=os.urandom(32)))
    facts = {(one.serial_number, one.certificate_status, one.revocation_time_utc, one.revocation_reason) for one in kept}
    assert facts == {(fresh.serial_number, fresh.certificate_status, fresh.revocation_time_utc, fresh.revocation_reason)}


def test_a_kept_answer_in_one_piece_is_the_answer_in_two(live: LiveServer) -> None:
    """What is kept is written at once, and the usual way where a connection ends or a cache asks: nobody sees a difference."""
    with live.client() as api:
        record = issued(api, a_name(live.first.direct_domain))
    request = status_request(issuer_of(live), int(record["signing_cert_serial"], 16))
    for _ in range(8):
        post(live, request)  # until every process keeps one
    host = urlsplit(live.base_url).netloc.encode()
    kept = b"POST /ocsp HTTP/1.1\r\nHost: %s\r\nContent-Length: %d\r\n\r\n%s" % (host, len(request), request)
    last = kept.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n", 1)
    got = on_a_socket(live, kept * 3 + last)
    heads = [part.split(b"\r\n\r\n")[0] for part in got.split(b"HTTP/1.1 200 OK\r\n")[1:]]
    lines = [{line.split(b": ")[0]: line for line in head.split(b"\r\n")} for head in heads]
    assert len(lines) == 4
    assert lines[3].pop(b"connection") == b"connection: close"
    named = [{name for name in found if name != b"date"} for found in lines]
    assert named == [{b"content-type", b"content-length", b"etag", b"last-modified", b"expires", b"cache-control"}] * 4
    assert all(b"date" in found for found in lines)
    with httpx2.Client() as one:  # one connection, and so one process
        address = f"{live.base_url}/ocsp/{quote(base64.b64encode(request).decode(), safe='')}"
        first, second = one.get(address), one.get(address)
        assert (second.status_code, second.content) == (200, first.content)
        assert one.get(address, headers={"If-None-Match": first.headers["etag"]}).status_code == 304


def on_a_socket(live: LiveServer, sent: bytes, seconds: float = 10) -> bytes:
    """What the server says to these bytes until it hangs up, or is silent."""
    address = urlsplit(live.base_url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=seconds) as connection:
        connection.sendall(sent)
        heard = b""
        try:
            while piece := connection.recv(65_536):
                heard += piece
        except (TimeoutError, ConnectionResetError):
            pass
        return heard


@pytest.mark.parametrize(
    ("head", "body", "expected"),
    [
        (b"POST /ocsp HTTP/1.1\r\nContent-Length: 99999999", b"", b"HTTP/1.1 413 "),
        (b"POST /ocsp HTTP/1.1\r\nTransfer-Encoding: chunked", b"20000\r\n" + b"0" * 0x20000 + b"\r\n", b"HTTP/1.1 413 "),
        (b"PUT /ocsp HTTP/1.1\r\nContent-Length: 0", b"", b"HTTP/1.1 405 "),
        (b"GET /ocsp/" + b"%FF" * 3000 + b" HTTP/1.1\r\nConnection: close", b"", b"HTTP/1.1 200 "),
        (b"GET /ocsp/../../etc/passwd HTTP/1.1\r\nConnection: close", b"", b"HTTP/1.1 200 "),
    ],
)
def test_what_is_no_request_costs_nothing(live: LiveServer, head: bytes, body: bytes, expected: bytes) -> None:
    heard = on_a_socket(live, head + b"\r\nHost: localhost\r\n\r\n" + body)
    assert heard.startswith(expected)
    if expected == b"HTTP/1.1 200 ":
        assert load_der_ocsp_response(heard.partition(b"\r\n\r\n")[2]).response_status is OCSPResponseStatus.MALFORMED_REQUEST
    assert httpx2.get(f"{live.base_url}/health/ready").status_code == 200


def test_a_million_certificates_in_one_request_are_too_many(live: LiveServer) -> None:
    issuer = issuer_of(live)
    one = status_request(issuer, *range(1, 101))
    assert post(live, one).response_status is OCSPResponseStatus.SUCCESSFUL
    assert post(live, status_request(issuer, *range(1, 102))).response_status is OCSPResponseStatus.MALFORMED_REQUEST
    giant = b"\x30\x84\x04\xc4\xb4\x00" + b"\x30" * 70_000
    assert httpx2.post(f"{live.base_url}/ocsp", content=giant).status_code == 413


def test_nobody_is_logged_for_asking(live: LiveServer) -> None:
    issuer, before = issuer_of(live), live.log.stat().st_size
    for serial in range(1, 50):
        post(live, status_request(issuer, serial))
    httpx2.get(f"{live.base_url}/sign-in")
    eventually(lambda: b'"/sign-in"' in live.log.read_bytes()[before:])
    assert b"/ocsp" not in live.log.read_bytes()[before:]
