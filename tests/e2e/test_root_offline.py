"""The root's key is taken away: the server starts and serves without it, and its list is made elsewhere and brought.

Then the issuing authority is revoked: nothing is issued any more, and everybody's tools refuse what it issued.
"""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from tests.e2e.api_tools import a_name, issued, operator, record_of, refusal_of, requests_for, spare_keys
from tests.e2e.serving import command, eventually, serving
from tests.live import LiveServer

VISIBLE_SECONDS = 15
"""Upkeep looks every five seconds."""

REVOKE = ("authority", "revoke", "issuing", "--reason", "cACompromise", "--reason-text", "drill", "--yes")


@pytest.fixture
def vault(var: Path, tmp_path: Path) -> Path:
    """Where the root's key is kept; it was taken out of the data folder."""
    folder = tmp_path / "vault"
    folder.mkdir(mode=0o700)
    shutil.move(var / "keys" / "root.pem", folder / "root.pem")
    return folder


def fetched(live: LiveServer, path: str) -> bytes:
    answer = httpx2.get(f"{live.base_url}{path}", timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.content


def roots_serials(live: LiveServer) -> set[int]:
    return {one.serial_number for one in x509.load_der_x509_crl(fetched(live, "/crl/root.crl"))}


def wanted(live: LiveServer) -> float:
    """The metric that an alarm would watch."""
    port = int(live.base_url.rpartition(":")[2]) + 1
    lines = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text.splitlines()
    (line,) = (one for one in lines if one.startswith('directca_offline_crl_wanted{authority="root"}'))
    return float(line.rpartition(" ")[2])


def bring_a_list(live: LiveServer, vault: Path, name: str) -> dict[str, Any]:
    """Export here, make there with nothing of this data folder, import here."""
    (vault / "root.cer").write_bytes(fetched(live, "/aia/root.cer"))
    order, made = vault / f"{name}.json", vault / f"{name}.crl"
    operator(live, "root-crl", "export", "--out", str(order))
    done = command(
        vault / "nothing",
        *("root-crl", "make", "--order", str(order), "--key", str(vault / "root.pem"), "--out", str(made), "--yes"),
        *("--certificate", str(vault / "root.cer"), "--next-update-days", "180"),
        DIRECTCA_PASSPHRASE=(live.data_dir / "secrets" / "key-passphrase").read_text().strip(),
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    found: dict[str, Any] = operator(live, "root-crl", "import", str(made))
    assert fetched(live, "/crl/root.crl") == made.read_bytes()
    return found


def ocsp_says(live: LiveServer, record: dict[str, Any]) -> ocsp.OCSPCertStatus:
    """What the responder answers about a subscriber's certificate."""
    issuing = x509.load_der_x509_certificate(fetched(live, "/aia/issuing.cer"))
    leaf = x509.load_pem_x509_certificate(record["signing_cert"].encode())
    asked = ocsp.OCSPRequestBuilder().add_certificate(leaf, issuing, SHA256()).build().public_bytes(Encoding.DER)
    answer = httpx2.post(f"{live.base_url}/ocsp", content=asked, headers={"Content-Type": "application/ocsp-request"}, timeout=30)
    return ocsp.load_der_ocsp_response(answer.content).certificate_status


def verdict(live: LiveServer, folder: Path, record: dict[str, Any]) -> str:
    """What OpenSSL says of a subscriber's certificate, with every list and certificate as a stranger fetches them."""
    root, issuing = (x509.load_der_x509_certificate(fetched(live, f"/aia/{name}.cer")) for name in ("root", "issuing"))
    lists = [x509.load_der_x509_crl(fetched(live, f"/crl/{name}.crl")) for name in ("root", "issuing")]
    files = {
        "root.pem": root.public_bytes(Encoding.PEM),
        "issuing.pem": issuing.public_bytes(Encoding.PEM),
        "lists.pem": b"".join(one.public_bytes(Encoding.PEM) for one in lists),
        "leaf.pem": record["signing_cert"].encode(),
    }
    for name, content in files.items():
        (folder / name).write_bytes(content)
    ran = subprocess.run(
        (
            *("openssl", "verify", "-crl_check_all", "-CRLfile", folder / "lists.pem", "-CAfile", folder / "root.pem"),
            *("-untrusted", folder / "issuing.pem", folder / "leaf.pem"),
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout + ran.stderr


def test_without_the_roots_key_the_authority_serves_and_its_list_is_brought(var: Path, vault: Path) -> None:
    with serving(var, "--workers", "2") as live, live.client() as api:
        assert issued(api, a_name(live.first.direct_domain))["status"] == "issued"
        eventually(lambda: wanted(live) == 1, seconds=VISIBLE_SECONDS)  # the list of the first start lasts for three days only
        brought = bring_a_list(live, vault, "first")
        eventually(lambda: wanted(live) == 0, seconds=VISIBLE_SECONDS)
        read = ("openssl", "crl", "-inform", "DER", "-in", str(vault / "first.crl"), "-noout", "-crlnumber", "-CAfile")
        (vault / "root.pem.crt").write_bytes(
            x509.load_der_x509_certificate(fetched(live, "/aia/root.cer")).public_bytes(Encoding.PEM)
        )
        told = subprocess.run((*read, str(vault / "root.pem.crt")), capture_output=True, text=True, check=True)
        assert int(told.stdout.strip().partition("=")[2], 16) == brought["number"]
        assert "verify OK" in told.stderr
    with serving(var, "--workers", "2") as live, live.client() as api:
        assert fetched(live, "/crl/root.crl") == (vault / "first.crl").read_bytes()
        assert issued(api, a_name(live.first.direct_domain))["status"] == "issued"
    log = live.log.read_text()
    assert "periodic work" not in log
    assert log.count("a CRL must be made where the authority's key is kept") == 1
    shutil.move(vault / "root.pem", var / "keys" / "root.pem")
    with serving(var) as live:
        newest = x509.load_der_x509_crl(fetched(live, "/crl/root.crl"))
        assert newest.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number >= brought["number"]
    operator(live, "journal", "verify")


def test_a_revoked_issuing_authority_issues_nothing_and_is_trusted_by_nobody(var: Path, vault: Path, tmp_path: Path) -> None:
    with serving(var, "--workers", "2") as live, live.client() as api:
        bring_a_list(live, vault, "before")
        record = issued(api, a_name(live.first.direct_domain))
        other = issued(api, a_name(live.first.direct_domain))
        assert "leaf.pem: OK" in verdict(live, tmp_path, record)

        assert operator(live, *REVOKE)["listed"] is False
        for _ in range(4):  # whichever worker answers
            body = requests_for(a_name(live.first.direct_domain), spare_keys())
            refused = api("POST", "/api/certificate/", json=body)
            refusal_of(refused, 503, "authority_revoked")
            assert int(refused.headers["Retry-After"]) > 3600
        refusal_of(api("PATCH", f"/api/certificate/{record['identifier']}"), 503, "authority_revoked")
        refusal_of(
            api("POST", f"/api/certificate/renew/{record['identifier']}", json={"durationYear": 1}), 503, "authority_revoked"
        )
        eventually(lambda: wanted(live) == 1, seconds=VISIBLE_SECONDS)

        bring_a_list(live, vault, "after")
        issuing = x509.load_der_x509_certificate(fetched(live, "/aia/issuing.cer"))
        assert roots_serials(live) == {issuing.serial_number}
        assert "certificate revoked" in verdict(live, tmp_path, record)

        # What it issued can still be revoked, and its own list goes on telling the truth about it.
        assert record_of(api("POST", f"/api/certificate/revoke/{other['identifier']}/superseded"))["status"] == "revoked"
        own = x509.load_der_x509_crl(fetched(live, "/crl/issuing.crl"))
        assert own.get_revoked_certificate_by_serial_number(int(other["signing_cert_serial"], 16)) is not None
        eventually(lambda: ocsp_says(live, other) is ocsp.OCSPCertStatus.REVOKED)
        assert ocsp_says(live, record) is ocsp.OCSPCertStatus.GOOD
    log = live.log.read_text()
    assert "periodic work" not in log
    operator(live, "journal", "verify")


def test_with_the_roots_key_here_the_list_is_made_at_once(var: Path) -> None:
    with serving(var) as live:
        assert roots_serials(live) == set()
        assert operator(live, *REVOKE)["listed"] is True
        assert len(roots_serials(live)) == 1
