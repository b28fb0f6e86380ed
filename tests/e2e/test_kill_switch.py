"""The drill of the kill switch (invariant 20): an operator stops all signing while workers serve, and allows it again.

It takes effect on every process within two seconds and survives a restart; revocations are recorded and answered all the while.
"""

import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from cryptography import x509

from tests.e2e.api_tools import a_name, issued, operator, record_of, refusal_of, requests_for, spare_keys
from tests.e2e.serving import command, eventually, serving, workers
from tests.live import ApiClient, LiveServer

EFFECTIVE_SECONDS = 2
CONNECTIONS = 4
PAUSE_SECONDS = 0.02


@dataclass(frozen=True)
class Answered:
    """A request for a new pair: when it was sent and answered, and how."""

    sent: float
    answered: float
    status: int
    slug: str | None


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


@contextmanager
def steady_orders(live: LiveServer, token: str, names: list[str]) -> Iterator[list[list[Answered]]]:
    """Connections that never rest: each has a name of its own reissued, again and again. Each list grows meanwhile."""
    seen: list[list[Answered]] = [[] for _ in names]
    over = threading.Event()

    def ask(name: str, answers: list[Answered]) -> None:
        with ApiClient(live.base_url, token) as api:
            while not over.wait(PAUSE_SECONDS):
                sent = time.monotonic()
                answer = api("PATCH", f"/api/certificate/{name}")
                answers.append(Answered(sent, time.monotonic(), answer.status_code, answer.json().get("error")))

    with ThreadPoolExecutor(len(names)) as clients:
        asking: list[Future[None]] = [clients.submit(ask, *one) for one in zip(names, seen, strict=True)]
        try:
            yield seen
        finally:
            over.set()
    for one in asking:
        one.result()


def issued_since(seen: list[list[Answered]], moment: float) -> bool:
    """Whether each connection got a pair for a request that it sent later."""
    return all(any(one.sent > moment and one.status == 200 for one in answers) for answers in seen)


def test_under_load_nothing_is_signed_once_the_command_has_returned(var: Path) -> None:
    with serving(var, "--workers", "2") as live:
        token = live.tokens().access_token
        with ApiClient(live.base_url, token) as api:
            names = [issued(api, a_name(live.first.direct_domain))["identifier"] for _ in range(CONNECTIONS)]
        with steady_orders(live, token, names) as seen:
            eventually(lambda: issued_since(seen, 0))
            assert command(var, "stop-signing", "--reason", "drill").returncode == 0
            stopped = time.monotonic()
            time.sleep(EFFECTIVE_SECONDS + 0.5)
            resuming = time.monotonic()
            assert operator(live, "resume-signing", "--reason", "drill over") == {"signing": "allowed"}
            resumed = time.monotonic()
            eventually(lambda: issued_since(seen, resumed))
        answers = [one for each in seen for one in each]
        assert {(one.status, one.slug) for one in answers} == {(200, None), (503, "signing_stopped")}
        # The promise is two seconds, whenever one asked; in fact nobody who asks after the command's return gets a pair.
        late = [one for one in answers if stopped + EFFECTIVE_SECONDS < one.answered < resuming]
        after = [one for one in answers if stopped < one.sent and one.answered < resuming]
        assert len(after) > len(late) > CONNECTIONS
        assert {one.status for one in late + after} == {503}
    kinds = [one["kind"] for one in operator(live, "journal", "show", "--last", "10000")]
    assert "certificate.intended" not in kinds[kinds.index("signing.stopped") : kinds.index("signing.resumed")]
