"""Invariants 11 to 16 on a real server, seen by `directca status verify`: over HTTP, as a stranger, from another process.

What a relying party must never get is served to it here by a small server of the test's, which stands where a broken cache or an
attacker would.
"""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from cryptography import x509
from typer.testing import CliRunner

from directca.cli.root import app as commands
from tests.e2e.api_tools import a_name, issued, operator, record_of
from tests.e2e.serving import command, eventually, serving
from tests.live import ApiClient, LiveServer

SETTLED_SECONDS = 15
LONG_AGO = "'2026-01-01 00:00:00.000000'"
HOLD, RELEASE, SUPERSEDED = "certificateHold", "removeFromCRL", "superseded"


def verified(live: LiveServer, *words: str) -> dict[str, Any]:
    """The report of a run: in this process, which shares nothing with the server but the database."""
    done = CliRunner().invoke(commands, ["status", "verify", "--data", str(live.data_dir), "--json", *words])
    assert done.stderr == ""
    report: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (1 if report["findings"] else 0)
    return report


def checks(live: LiveServer, *words: str) -> set[str]:
    return {one["check"] for one in verified(live, *words)["findings"]}


def agreed(live: LiveServer) -> dict[str, Any]:
    """A run that finds nothing."""
    report = verified(live)
    assert report["findings"] == []
    return report


def revoke(api: ApiClient, name: str, reason: str) -> dict[str, Any]:
    return record_of(api("POST", f"/api/certificate/revoke/{name}/{reason}"))


def listed(live: LiveServer) -> set[int]:
    return {one.serial_number for one in x509.load_der_x509_crl(fetched(live, "/crl/issuing.crl").content)}


def fetched(live: LiveServer, path: str) -> httpx2.Response:
    return httpx2.get(f"{live.base_url}{path}", timeout=30)


@contextmanager
def named_server(var: Path, *words: str) -> Iterator[LiveServer]:
    """A server at the port that the certificates of its first start name."""
    (uri,) = change_database(var, "SELECT uri FROM named_address WHERE uri LIKE '%/crl/root.crl'")
    with serving(var, *words, port=urlsplit(uri).port) as live:
        yield live


def change_database(data: Path, statement: str) -> tuple[Any, ...]:
    """What somebody with hands in the database does; the first row that it answers."""
    with closing(sqlite3.connect(data / "directca.sqlite", timeout=30)) as database, database:
        row: tuple[Any, ...] = database.execute(statement).fetchone() or ()
        return row


def serials(record: dict[str, Any]) -> set[int]:
    pems = (record["signing_cert"], record["encryption_cert"])
    return {x509.load_pem_x509_certificate(one.encode()).serial_number for one in pems}


class _Relay(BaseHTTPRequestHandler):
    """Passes requests on, except for the paths that it answers itself."""

    upstream = ""
    instead: dict[str, tuple[int, str, bytes]]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name for it)
        """Nobody reads it."""

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, body: bytes | None) -> None:
        status, content_type, content = self.instead.get(self.path) or self._upstream(body)
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _upstream(self, body: bytes | None) -> tuple[int, str, bytes]:
        method = "GET" if body is None else "POST"
        headers = {} if body is None else {"Content-Type": self.headers["Content-Type"]}
        answer = httpx2.request(method, f"{self.upstream}{self.path}", content=body, headers=headers, timeout=30)
        return answer.status_code, answer.headers.get("content-type", ""), answer.content


@contextmanager
def relay(live: LiveServer, **instead: tuple[int, str, bytes]) -> Iterator[tuple[str, dict[str, tuple[int, str, bytes]]]]:
    """A server before the server; what it answers itself may be changed while it runs."""
    answers: dict[str, tuple[int, str, bytes]] = dict(instead)
    handler = type("Handler", (_Relay,), {"upstream": live.base_url, "instead": answers})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", answers
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_story_of_a_certificate_is_told_alike_everywhere(var: Path) -> None:
    """Issue, hold, release, revoke; a hold appears and disappears in both; the server is started again in between."""
    with named_server(var, "--workers", "2") as live, live.client() as api:
        done = command(live.data_dir, "status", "verify")
        assert (done.returncode, done.stderr) == (0, "")
        held, gone, good = (issued(api, a_name(live.first.direct_domain)) for _ in range(3))
        assert agreed(live)["ocsp_answers"] == 2 * (6 + 1) + 2
        revoke(api, held["identifier"], HOLD)
        revoke(api, gone["identifier"], SUPERSEDED)
        eventually(lambda: serials(held) | serials(gone) == listed(live), seconds=SETTLED_SECONDS)
        report = agreed(live)
        assert (report["entries"], report["ocsp_answers"]) == (4, 2 * (6 + 1) + 2)
        revoke(api, held["identifier"], RELEASE)
        eventually(lambda: serials(gone) == listed(live), seconds=SETTLED_SECONDS)
        assert agreed(live)["entries"] == 2
        assert not serials(good) & listed(live)
        number = number_of(live)
    with named_server(var) as again:
        operator(again, "crl", "make")
        assert number_of(again) > number
        assert agreed(again)["entries"] == 2
    operator(again, "journal", "verify")


def number_of(live: LiveServer) -> int:
    made = x509.load_der_x509_crl(fetched(live, "/crl/issuing.crl").content)
    return made.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_what_a_broken_cache_or_an_attacker_would_serve(var: Path) -> None:
    with named_server(var) as live, live.client() as api, relay(live) as (base, instead):
        way = ("--base-url", base)
        record = issued(api, a_name(live.first.direct_domain))
        assert checks(live, *way) == set()
        old = fetched(live, "/crl/issuing.crl").content
        revoke(api, record["identifier"], SUPERSEDED)
        eventually(lambda: serials(record) == listed(live), seconds=SETTLED_SECONDS)
        assert checks(live, *way) == set()

        kind = "application/pkix-crl"
        instead["/crl/issuing.crl"] = 200, kind, old
        assert "crl_moves_on" in checks(live, *way)
        altered = bytearray(fetched(live, "/crl/issuing.crl").content)
        altered[-1] ^= 1
        instead["/crl/issuing.crl"] = 200, kind, bytes(altered)
        assert {"crl_signature", "crl_known"} <= checks(live, *way)
        instead["/crl/issuing.crl"] = 200, kind, fetched(live, "/crl/root.crl").content
        assert {"crl_signature", "crl_issuer"} <= checks(live, *way)
        instead["/crl/issuing.crl"] = 503, "text/plain", b"stale"
        assert checks(live, *way) == {"reachable"}
        instead.clear()
        instead["/aia/issuing.cer"] = 200, "application/pkix-cert", fetched(live, "/aia/root.cer").content
        assert checks(live, *way) == {"aia_issuer", "aia_registered"}
        instead.clear()
        instead["/ocsp"] = 200, "application/ocsp-response", b"\x30\x03\x0a\x01\x03"  # tryLater
        assert "ocsp_readable" in checks(live, *way)
        instead.clear()
        assert checks(live, *way) == set()


def test_entries_that_were_taken_out_of_the_database(var: Path) -> None:
    """Invariant 11: what lists are made from is not what they are held against."""
    with named_server(var) as live, live.client() as api:
        record = issued(api, a_name(live.first.direct_domain))
        revoke(api, record["identifier"], SUPERSEDED)
        eventually(lambda: serials(record) == listed(live), seconds=SETTLED_SECONDS)
        agreed(live)
        change_database(live.data_dir, f"UPDATE record SET revoked_at = {LONG_AGO}, updated_at = {LONG_AGO}")
        assert "crl_facts" in checks(live)
        change_database(live.data_dir, "DELETE FROM crl_entry")
        operator(live, "crl", "make")
        eventually(lambda: listed(live) == set(), seconds=SETTLED_SECONDS)
        assert {"crl_complete", "crl_moves_forward"} <= checks(live)


def test_an_address_that_does_not_lead_here(var: Path) -> None:
    """Invariant 16: probed at the address itself, not at what stands behind it."""
    with named_server(var) as live, live.client() as api:
        issued(api, a_name(live.first.direct_domain))
    report = verified(live, "--timeout", "2")
    named = {one["address"] for one in report["findings"] if one["check"] == "reachable"}
    base = live.base_url
    assert f"{base}/crl/issuing.crl" in named
    assert f"{base}/ocsp" in named


def test_the_server_looks_by_itself(var: Path) -> None:
    settings = var / "directca.toml"
    settings.write_text(settings.read_text().replace("verify_minutes = 0", "verify_minutes = 1"))
    with named_server(var) as live:
        report = live.data_dir / "status" / "report.json"
        eventually(report.exists, seconds=90)
        eventually(lambda: metric(live, "directca_status_agreed_seconds") > 0, seconds=30)
        assert json.loads(report.read_text())["findings"] == []
        assert metric(live, 'directca_status_findings{severity="error"}') == 0
        assert metric(live, "directca_status_verify_failures_total") == 0


def metric(live: LiveServer, name: str) -> float:
    port = int(live.base_url.rpartition(":")[2]) + 1
    for line in httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text.splitlines():
        if line.startswith(f"{name} "):
            return float(line.rpartition(" ")[2])
    return 0.0
