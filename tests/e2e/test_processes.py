"""Processes come and go: a worker dies, the parent dies, the power goes, an operator ends everything. Nothing is lost by it."""

import contextlib
import os
import signal
import time
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.e2e.api_tools import ISSUE, QUERY, a_name, operator, requests_for, standing
from tests.e2e.serving import SECONDS, eventually, has_ended, kill_group, serving, workers
from tests.live import ApiClient, LiveServer, free_port

PRICE = 3500
ABANDONED_SECONDS = 2


def soon_abandoned(data: Path) -> None:
    """Let an intent count as left by a crash after two seconds instead of a minute."""
    with (data / "directca.toml").open("a") as settings:
        settings.write(f"\n[issuance]\nabandoned_after_seconds = {ABANDONED_SECONDS}\n")


def account_of(live: LiveServer) -> str:
    (found,) = [one["id"] for one in operator(live, "account", "list") if one["name"] == live.first.organization]
    return str(found)


def until_issued(live: LiveServer, token: str, body: dict[str, Any], key: str) -> str:
    """What a careful client does: it sends the same order under the same key until it has its record."""
    deadline = time.monotonic() + 2 * SECONDS
    while time.monotonic() < deadline:
        try:
            with ApiClient(live.base_url, token) as api:
                answer = api("POST", ISSUE, json=body, headers={"Idempotency-Key": key})
        except httpx2.TransportError:
            time.sleep(0.1)
            continue
        if answer.status_code == 200:
            return str(answer.json()["id"])
        # in_progress and identifier_in_use: the first try is not settled yet. state_changed: it was, under this one's hands.
        assert answer.json()["error"] in {"in_progress", "identifier_in_use", "state_changed"}, answer.text
        time.sleep(0.2)
    raise AssertionError("never issued")


def orders(live: LiveServer, count: int) -> list[tuple[dict[str, Any], str]]:
    """Requests for different names, made before anything is hurt, since keys take time."""
    return [(requests_for(a_name(live.first.direct_domain)), f"order-{number}") for number in range(count)]


def is_replaced(live: LiveServer, victim: int) -> bool:
    """Whether a worker that was killed has a successor."""
    now = workers(live)
    return victim not in now and len(now) == 2


def test_a_killed_worker_is_replaced_and_no_request_after_it_fails(var: Path) -> None:
    with serving(var, "--workers", "2") as live:
        token = live.tokens().access_token
        before = workers(live)
        assert len(before) == 2
        for victim in before:
            os.kill(victim, signal.SIGKILL)
            for _ in range(10):
                with ApiClient(live.base_url, token) as api:
                    assert api("GET", QUERY).status_code == 200
            eventually(partial(is_replaced, live, victim))
        assert not set(before) & set(workers(live))
        assert "a worker died and is replaced" in live.log.read_text()


def test_orders_under_way_when_workers_are_killed_end_in_one_pair_and_one_charge_each(var: Path) -> None:
    soon_abandoned(var)
    with serving(var, "--workers", "2") as live, ThreadPoolExecutor(4) as clients:
        token, account = live.tokens().access_token, account_of(live)
        wanted = orders(live, 12)
        with ApiClient(live.base_url, token) as api:
            before = standing(live, api, account)
        asked = [clients.submit(until_issued, live, token, body, key) for body, key in wanted]
        for _ in range(4):
            time.sleep(0.15)
            os.kill(workers(live)[0], signal.SIGKILL)
            eventually(lambda: len(workers(live)) == 2)
        ids = [one.result() for one in asked]
        settled(live, token, account, before.balance - PRICE * len(ids), ids)


def test_a_power_cut_under_load_ends_in_one_pair_and_one_charge_for_each_order(var: Path) -> None:
    port = free_port()
    with serving(var, "--workers", "2", port=port) as live, ThreadPoolExecutor(4) as clients:
        token, account = live.tokens().access_token, account_of(live)
        wanted = orders(live, 12)
        with ApiClient(live.base_url, token) as api:
            before = standing(live, api, account)
        asked = [clients.submit(until_issued, live, token, body, key) for body, key in wanted]
        wait(asked, return_when=FIRST_COMPLETED)
        kill_group(live)
        assert not all(one.done() for one in asked)
        with serving(var, "--workers", "2", port=port) as again:
            ids = [one.result() for one in asked]
            settled(again, token, account, before.balance - PRICE * len(ids), ids)


def settled(live: LiveServer, token: str, account: str, money: int, ids: list[str]) -> None:
    """Every order has one record that stands, nothing is set aside any longer, and both books are whole."""
    assert len(set(ids)) == len(ids)
    with ApiClient(live.base_url, token) as api:
        eventually(lambda: standing(live, api, account).reserved == 0)
        assert standing(live, api, account).balance == money
        records = api("GET", QUERY, params={"limit": "1000", "statusIs": "issued"}).json()["records"]
        assert {one["id"] for one in records} == set(ids)
        assert len({one["identifier"] for one in records}) == len(ids)
    operator(live, "journal", "verify")
    operator(live, "account", "check")


def test_workers_do_not_outlive_their_parent(var: Path) -> None:
    port = free_port()
    with serving(var, "--workers", "2", port=port) as live:
        os.kill(live.process.pid, signal.SIGKILL)
        live.process.wait()
        eventually(partial(has_ended, live))
        with serving(var, "--workers", "2", port=port) as again:
            assert httpx2.get(f"{again.base_url}/health/ready", timeout=30).status_code == 200


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=["SIGTERM", "SIGINT"])
def test_a_signal_ends_everything_in_order(var: Path, number: signal.Signals) -> None:
    with serving(var, "--workers", "2") as live:
        token = live.tokens().access_token
        with ApiClient(live.base_url, token) as api:  # a connection at rest keeps nobody from going
            assert api("GET", QUERY).status_code == 200
            # A terminal sends Ctrl-C to the whole group; a service manager may do the same with its signal.
            os.killpg(live.process.pid, number)
            assert live.process.wait(SECONDS) == 0
        eventually(partial(has_ended, live))
        log = live.log.read_text()
        assert log.endswith("Stopped.\n")
        assert "Traceback" not in log
        kinds = [one["kind"] for one in operator(live, "journal", "show")]
        assert kinds[-1] == "authority.stopped"


def test_what_is_under_way_at_the_end_is_finished_and_answered(var: Path) -> None:
    with serving(var, "--workers", "2") as live, ThreadPoolExecutor(8) as clients:
        token, account = live.tokens().access_token, account_of(live)
        wanted = orders(live, 8)
        asked = [clients.submit(once, live, token, body) for body, _ in wanted]
        time.sleep(0.1)
        live.process.terminate()  # it alone: its workers end with it
        statuses = [one.result() for one in asked]
        assert live.process.wait(SECONDS) == 0
        assert has_ended(live)
        # A connection that nobody had taken up yet is closed; an order that was begun is finished, and its buyer told.
        assert set(statuses) <= {200, None}
        shown = operator(live, "account", "show", account)
        kinds = [one["kind"] for one in operator(live, "journal", "show", "--last", "1000")]
        assert kinds.count("certificate.issued") == kinds.count("certificate.intended") == statuses.count(200)
        assert shown["reserved_cents"] == 0


def once(live: LiveServer, token: str, body: dict[str, Any]) -> int | None:
    """The status of one request; None when its connection was closed without an answer."""
    with contextlib.suppress(httpx2.TransportError), ApiClient(live.base_url, token) as api:
        return api("POST", ISSUE, json=body).status_code
    return None
