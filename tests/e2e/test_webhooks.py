"""What happens reaches a webhook of a real server, by the process that it starts; and the feed, which needs no webhook."""

import time
from collections.abc import Callable, Iterator

import httpx2
import pytest

from tests.e2e.api_tools import a_name, issued
from tests.e2e.serving import command
from tests.live import LiveServer, running, without_looks
from tests.webhook_receiver import Receiver, receiver

SOON = 20.0


@pytest.fixture(scope="module")
def there() -> Iterator[Receiver]:
    with receiver() as made:
        yield made


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose webhooks may be on this machine."""
    data = without_looks(tmp_path_factory.mktemp("webhooks") / "var")
    with (data / "directca.toml").open("a") as settings:
        settings.write("\n[notices]\nallow_loopback = true\n\n[sandbox]\nenabled = true\n")
    with running(data) as server:
        yield server


def soon(what: Callable[[], bool]) -> None:
    ends = time.monotonic() + SOON
    while not what():
        assert time.monotonic() < ends, "it did not come about"
        time.sleep(0.05)


def test_what_happens_is_sent_and_fetched(sandbox: LiveServer, there: Receiver) -> None:
    with sandbox.client() as api:
        made = api("POST", "/api/webhook/", json={"url": there.url}).json()
        assert (made["state"], made["types"]) == ("pending", [])
        assert api("POST", f"/api/webhook/{made['id']}/test").json()["error"] == "webhook_state"
        verified = api("POST", f"/api/webhook/{made['id']}/verify").json()
        assert (verified["state"], verified["secret"]) == ("active", None)
        name = a_name(sandbox.first.direct_domain)
        issued(api, name)
        soon(lambda: bool(there.events))
        (sent,) = there.events
        assert sent.event["type"] == "certificate.issued"
        assert sent.event["data"]["identifier"] == name
        assert sent.signed_with(made["secret"])

        feed = api("GET", "/api/event", params={"limit": 500}).json()
        assert feed["events"][-1] == sent.event
        assert [one["position"] for one in feed["events"]] == list(range(1, feed["last"] + 1))
        done = api("POST", "/api/event/", json={"position": feed["last"]}).json()
        assert (done["acknowledged"], api("GET", "/api/event").json()["events"]) == (feed["last"], [])
        assert api("POST", "/api/event", json={"position": feed["last"] + 1}).json()["error"] == "bad_event_position"
        for wrong in ({"position": "1"}, {"position": 0}, {"position": True}, {"position": 1, "application": "x"}, {}):
            assert api("POST", "/api/event", json=wrong).status_code == 400
        for query in ("after=-1", "limit=0", "limit=501", "after=x", "cursor=1", "after=1&after=2"):
            assert api("GET", f"/api/event?{query}").status_code == 400


def test_it_is_tried_out_and_an_operator_replays(sandbox: LiveServer, there: Receiver) -> None:
    with sandbox.client() as api:
        (hook,) = api("GET", "/api/webhook").json()["webhooks"]
        before = len(there.events)
        test = api("POST", f"/api/webhook/{hook['id']}/test").json()
        soon(lambda: len(there.events) > before)
        assert there.events[-1].headers["directca-delivery"] == test["id"]
        log = f"/api/webhook/{hook['id']}/delivery/{test['id']}"
        soon(lambda: api("GET", log).json()["state"] == "delivered")
        attempt = api("GET", log).json()["attempts"][0]
        assert (attempt["outcome"], attempt["status"], attempt["seen"]) == ("delivered", 200, "thank you")
    shown = command(sandbox.data_dir, "webhook", "list")
    assert hook["id"] in shown.stdout
    again = command(sandbox.data_dir, "webhook", "replay", test["id"])
    assert again.returncode == 0, again.stderr
    soon(lambda: len(there.events) > before + 1)
    assert there.events[-1].body == there.events[before].body


def test_nobody_elses_is_reached_and_metrics_tell(sandbox: LiveServer) -> None:
    with sandbox.client() as api, sandbox.client(sandbox.second) as stranger:
        (hook,) = api("GET", "/api/webhook").json()["webhooks"]
        for method, path in (
            ("GET", ""),
            ("PATCH", ""),
            ("DELETE", ""),
            ("POST", "/verify"),
            ("POST", "/rotate"),
            ("POST", "/test"),
            ("POST", "/disable"),
            ("GET", "/delivery"),
        ):
            body = {"json": {"types": []}} if method == "PATCH" else {}
            assert stranger(method, f"/api/webhook/{hook['id']}{path}", **body).status_code == 404, path
        types = [one["type"] for one in stranger("GET", "/api/event").json()["events"]]
        assert "certificate.issued" not in types
        refused = api("POST", "/api/webhook", json={"url": "https://169.254.169.254/latest/"}).json()
        assert (refused["error"], refused["field"]) == ("bad_webhook", "url")
        assert api("DELETE", f"/api/webhook/{hook['id']}").json() == {"id": hook["id"], "deleted": True}
    told = ""

    def counted() -> bool:
        nonlocal told
        port = int(sandbox.base_url.rpartition(":")[2]) + 1
        told = httpx2.get(f"http://127.0.0.1:{port}/metrics").text
        return 'directca_notice_tries_total{outcome="delivered",way="webhook"} 3.0' in told

    soon(counted)
    assert "directca_webhook_deliveries_waiting 0.0" in told
