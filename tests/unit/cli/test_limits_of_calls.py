"""Limits of calls at every edge of the whole application: who is refused, in which form, and what is never refused."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from directca import app, rooms
from directca.api.limits import fields
from directca.api.metrics import LIMITS, Metrics
from directca.api.queue import Queue
from directca.settings import FILE, BadSettings, load, read
from tests.unit.cli.conftest import Shell

GUESS = {"Authorization": "Bearer wrong"}
NOBODY = {"client_id": "nobody", "client_secret": "wrong", "grant_type": "refresh_token", "refresh_token": "x"}


@contextmanager
def served(shell: Shell, **rates: int) -> Iterator[tuple[TestClient, CollectorRegistry]]:
    """The application with these rates. A burst that comes back at one call a minute does not while a test lasts."""
    with (shell.data / FILE).open("a") as settings:
        settings.write("[rates]\n" + "".join(f"{name} = {value}\n" for name, value in rates.items()))
    with closing(rooms.open_authority(shell.data)) as authority:
        registry = CollectorRegistry()
        application = app.asgi(authority, Metrics(registry))
        with TestClient(application, base_url="http://127.0.0.1:8600", client=("192.0.2.1", 1)) as client:
            yield client, registry


def refused(registry: CollectorRegistry, limit: str) -> float | None:
    return registry.get_sample_value("directca_requests_refused_total", {"limit": limit})


def test_an_address_that_calls_too_often_is_refused_in_the_form_of_what_it_asked_for(shell: Shell) -> None:
    with served(shell, address_burst=3, address_per_minute=1) as (client, registry):
        first = client.post("/oauth/token", data={})
        assert (first.status_code, first.headers["ratelimit"]) == (400, '"address";r=2;t=60')
        assert "ratelimit" not in client.get("/docs").headers  # pages are for people
        client.post("/oauth/token", data={})
        api = client.get("/api/certificate/query")
        assert api.status_code == 429
        assert set(api.json()) == {"error", "description", "request_id"}
        assert api.json()["error"] == "too_many_calls"
        oauth = client.post("/oauth/token", data={})
        assert oauth.status_code == 429
        assert oauth.json()["error"] == "temporarily_unavailable"
        assert oauth.json()["error_description"] == oauth.json()["description"] == api.json()["description"]
        assert oauth.headers["cache-control"] == "no-store"
        page = client.get("/docs")
        assert page.status_code == 429
        assert page.headers["content-type"].startswith("text/html")
        for answer in (api, oauth, page):
            assert 55 <= int(answer.headers["retry-after"]) <= 60
            assert answer.headers["ratelimit-policy"] == '"address";q=3;w=180'
            assert answer.headers["ratelimit"] == f'"address";r=0;t={answer.headers["retry-after"]}'
            assert answer.headers["x-request-id"]
        assert client.get("/health/live").status_code == 200
        assert refused(registry, "address") == 3


def test_who_guesses_too_often_is_not_listened_to(shell: Shell) -> None:
    with served(shell, failures_burst=4, failures_per_minute=1) as (client, registry):
        # A call that claims nothing is no guess.
        assert {client.get("/api/certificate/query").status_code for _ in range(10)} == {401}
        guesses = [client.get("/api/certificate/query", headers=GUESS) for _ in range(3)]
        guesses += [client.post("/oauth/token", data=NOBODY) for _ in range(3)]
        assert [one.status_code for one in guesses] == [401] * 4 + [429] * 2
        assert guesses[5].json()["error"] == "temporarily_unavailable"
        assert guesses[5].headers["ratelimit"].startswith('"failures";r=0;t=')
        api = client.get("/api/certificate/query", headers=GUESS)
        assert (api.status_code, api.json()["error"]) == (429, "too_many_failures")
        assert api.headers["ratelimit-policy"] == '"failures";q=4;w=240'
        assert client.post("/oauth/introspect", data={}).status_code == 429
        # Who claims nothing is told what is missing, and pages are open.
        assert client.get("/api/certificate/query").status_code == 401
        assert client.get("/docs").status_code == 200
        assert refused(registry, "failures") == 4


def test_overload_is_told_in_the_form_of_what_was_asked_for_and_is_no_outage(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []
    lines: list[Any] = []

    def without_threads(*settings: Any) -> Queue:
        asked.extend(settings[:2])
        return Queue(0, *settings[1:])

    monkeypatch.setattr(app, "Queue", without_threads)
    monkeypatch.setattr(app, "_LOG", SimpleNamespace(error=lambda *said, **_: lines.append(said)))
    with served(shell) as (client, registry):
        api = client.get("/api/certificate/query", headers=GUESS)
        assert (api.status_code, api.json()["error"]) == (503, "overloaded")
        assert set(api.json()) == {"error", "description", "request_id"}
        assert "Nothing of this request was done" in api.json()["description"]
        oauth = client.post("/oauth/token", data=NOBODY)
        assert (oauth.status_code, oauth.json()["error"]) == (503, "temporarily_unavailable")
        assert set(oauth.json()) == {"error", "error_description", "description"}
        pages = [client.get(path) for path in ("/", "/docs", "/oauth/authorize", "/account/sessions")]
        for page in pages:
            assert page.status_code == 503
            assert page.headers["content-type"].startswith("text/html")
            assert "Nothing of this request was done" in page.text
        for answer in (api, oauth, *pages):
            assert 1 <= int(answer.headers["retry-after"]) <= 30
            assert answer.headers["x-request-id"]
        assert client.get("/health/live").status_code == 200
        assert client.get("/health/ready").json()["checks"]["database"] == "ok"
        assert client.get("/.well-known/oauth-authorization-server").status_code == 200
        assert refused(registry, "overload") == 6
        assert registry.get_sample_value("directca_work_waiting") == 0
    assert lines == []
    assert asked == [4, 0.4]


def test_a_wait_that_is_none_or_endless_is_no_setting(shell: Shell) -> None:
    for value in (0, 60_001):
        with pytest.raises(BadSettings, match=r"server\.longest_wait_ms must be 1 to 60000"):
            read({"server": {"longest_wait_ms": value}}, shell.data)


def test_every_limit_is_counted_from_zero_on() -> None:
    registry = CollectorRegistry()
    Metrics(registry)
    assert {limit: refused(registry, limit) for limit in LIMITS} == dict.fromkeys(LIMITS, 0)


def test_a_burst_of_nothing_is_no_setting(shell: Shell) -> None:
    with (shell.data / FILE).open("a") as settings:
        settings.write("[rates]\naddress_burst = 0\n")
    with pytest.raises(BadSettings, match=r"rates\.address_burst must be 1 to 1000000"):
        load(shell.data)


def test_nothing_is_said_where_there_is_no_limit() -> None:
    assert fields([]) == []
