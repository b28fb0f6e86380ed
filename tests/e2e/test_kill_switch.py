"""The drill of the kill switch (invariant 20): an operator stops all signing while workers serve, and allows it again.

It takes effect on every process within two seconds and survives a restart; revocations are recorded and answered all the while.
"""

import os
import signal
import time
from pathlib import Path

import httpx2
from cryptography import x509

from tests.e2e.api_tools import a_name, issued, operator, record_of, refusal_of, requests_for, spare_keys
from tests.e2e.serving import command, eventually, serving, workers
from tests.live import ApiClient, LiveServer

EFFECTIVE_SECONDS = 2


def order(live: LiveServer, token: str, body: dict[str, object]) -> httpx2.Response:
    """Ask for a pair on a connection of its own."""
    with ApiClient(live.base_url, token) as api:
        return api("POST", "/api/certificate/", json=body)


def listed(live: LiveServer) -> set[int]:
    answer = httpx2.get(f"{live.base_url}/crl/issuing.crl", timeout=30)
    assert answer.status_code == 200
    return {entry.serial_number for entry in x509.load_der_x509_crl(answer.content)}


def serials(record: dict[str, str]) -> set[int]:
    return {int(record["signing_cert_serial"], 16), int(record["encryption_cert_serial"], 16)}


def refused_by_each_worker(live: LiveServer, token: str) -> None:
    """Let one worker at a time answer, the others being asleep: each must refuse."""
    body = requests_for(a_name(live.first.direct_domain), spare_keys())
    everybody = workers(live)
    assert len(everybody) == 2
    for asleep in everybody:
        os.kill(asleep, signal.SIGSTOP)
        try:
            refusal_of(order(live, token, body), 503, "signing_stopped")
        finally:
            os.kill(asleep, signal.SIGCONT)


def test_the_switch_stops_every_process_at_once_survives_a_restart_and_is_turned_back(var: Path) -> None:
    with serving(var, "--workers", "2") as live:
        token = live.tokens().access_token
        with ApiClient(live.base_url, token) as api:
            first = issued(api, a_name(live.first.direct_domain))
            second = issued(api, a_name(live.first.direct_domain))
            stopping = command(var, "stop-signing", "--reason", "drill")
            began = time.monotonic()
            assert (stopping.returncode, stopping.stderr) == (0, "")
            refused_by_each_worker(live, token)
            assert time.monotonic() - began < EFFECTIVE_SECONDS
            # A revocation needs no signature to be true: it is recorded and answered, and its list is owed.
            revoked = record_of(api("POST", f"/api/certificate/revoke/{first['identifier']}/keyCompromise"))
            assert revoked["status"] == "revoked"
            assert not serials(first) & listed(live)
            renewed = api("POST", f"/api/certificate/renew/{second['identifier']}", json={"durationYear": 1})
            refusal_of(renewed, 503, "signing_stopped")
            refusal_of(api("PATCH", f"/api/certificate/{second['identifier']}"), 503, "signing_stopped")
    with serving(var, "--workers", "2") as live, ApiClient(live.base_url, token) as api:
        refused_by_each_worker(live, token)
        held = record_of(api("POST", f"/api/certificate/revoke/{second['identifier']}/certificateHold"))
        assert held["status"] == "held"
        assert operator(live, "resume-signing", "--reason", "drill over") == {"signing": "allowed"}
        assert issued(api, a_name(live.first.direct_domain))["status"] == "issued"
        eventually(lambda: listed(live) == serials(first) | serials(second))
    kinds = [one["kind"] for one in operator(live, "journal", "show", "--last", "1000")]
    assert [one for one in kinds if one.startswith("signing.")] == ["signing.stopped", "signing.resumed"]
    stopped = kinds[kinds.index("signing.stopped") : kinds.index("signing.resumed")]
    assert not {"certificate.intended", "crl.intended", "crl.published"} & set(stopped)
    operator(live, "journal", "verify")
