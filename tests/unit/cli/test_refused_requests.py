"""The whole application notes in the journal what it refuses before any verb, at every edge for software."""

import time
from contextlib import closing

import pytest
from prometheus_client import CollectorRegistry
from starlette.testclient import TestClient

from directca import app, rooms
from directca.api import tally
from directca.api.metrics import Metrics
from tests.unit.cli.conftest import Shell

MINUTE = 6.0


def test_refusals_without_a_verb_are_journalled_by_kind(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    # Long enough for all of the requests on a busy machine: a second row would be another minute's.
    monkeypatch.setattr(tally, "EVERY_SECONDS", MINUTE)
    with closing(rooms.open_authority(shell.data)) as authority:
        framed = app.asgi(authority, Metrics(CollectorRegistry()))
        with TestClient(framed, base_url="http://127.0.0.1:8600") as client:
            for _ in range(3):
                assert client.get("/api/certificate/query", headers={"Authorization": "Bearer wrong"}).status_code == 401
            assert client.post("/api/certificate/", content="{}").status_code == 401
            assert client.post("/api/certificate/", content=b" " * 70_000).status_code == 400
            assert client.post("/oauth/token", data={"grant_type": "refresh_token"}).status_code == 401
            assert client.post("/oauth/introspect", content="no form").status_code == 400
            assert client.get("/oauth/nothing").status_code == 404
            time.sleep(MINUTE + 0.5)  # the client's event loop goes on meanwhile
    (row,) = [one for one in shell.json("journal", "show") if one["kind"] == "requests.refused"]
    assert row["outcome"] == "refused"
    del row["detail"]["since"]
    assert row["detail"] == {"body_too_large": 1, "invalid_client": 1, "invalid_request": 1, "invalid_token": 4}
