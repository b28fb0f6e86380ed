"""A whole authority whose records are in PostgreSQL: founded, used, restarted, and through the loss of its connections."""

import re
from pathlib import Path
from typing import Any

import httpx2
import pytest
from bench.postgres import OWNER, SERVING, Postgres

from tests.e2e.api_tools import a_name, issued, record_of
from tests.e2e.serving import command, eventually, serving
from tests.live import ApiClient, LiveServer, without_looks


@pytest.fixture
def var(tmp_path: Path, postgresql: Postgres, standby: Postgres) -> Path:
    """A data folder, before its first start, that names a database, whose owner has made the tables, and a standby."""
    address, _ = postgresql.new_owned_database()
    beside = standby.address(address.rpartition("/")[2], SERVING)
    data = without_looks(tmp_path / "var", database=address, database_owner=OWNER, standby=beside)
    made = command(data, "db", "migrate")
    assert made.returncode == 0, made.stderr
    return data


def test_an_authority_lives_in_it(var: Path, postgresql: Postgres, standby: Postgres) -> None:
    with serving(var, "--workers", "2") as live, live.client() as api:
        assert not (var / "directca.sqlite").exists()
        first, second = (issued(api, a_name(live.first.direct_domain)) for _ in range(2))
        revoked = record_of(api("POST", f"/api/certificate/revoke/{first['identifier']}/keyCompromise"))
        assert revoked["status"] == "revoked"
        assert postgresql.end_sessions() > 0
        third = issued(api, a_name(live.first.direct_domain))  # the broken connections are replaced without a word
        eventually(lambda: _questions(live, api, "answered"))
        standby.run("SELECT pg_wal_replay_pause()")
        try:
            fourth = issued(api, a_name(live.first.direct_domain))
            assert fourth["identifier"] in _found(api)
            assert record_of(api("POST", f"/api/certificate/revoke/{fourth['identifier']}/keyCompromise"))["status"] == "revoked"
            assert _found(api)[fourth["identifier"]]["status"] == "revoked"
            assert _questions(live, api, "behind")
        finally:
            standby.run("SELECT pg_wal_replay_resume()")
    with serving(var, port=int(live.base_url.rpartition(":")[2])) as again, again.client() as api:
        assert record_of(api("GET", f"/api/certificate/{first['identifier']}")) == revoked
        assert {one["identifier"] for one in (second, third, fourth)} <= _found(api).keys()
        verified = command(var, "status", "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
    chained = command(var, "journal", "verify")
    assert chained.returncode == 0, chained.stderr
    refused = command(var, "backup", str(tmp_backup(var)), "--json")
    assert refused.returncode == 1
    assert "backed_up_elsewhere" in refused.stdout + refused.stderr
    assert not tmp_backup(var).exists()


def _found(api: ApiClient) -> dict[str, Any]:
    """The records that a query finds, by their names."""
    records = api("GET", "/api/certificate/query", params={"limit": "1000"}).json()["records"]
    return {one["identifier"]: one for one in records}


def _questions(live: LiveServer, api: ApiClient, outcome: str) -> bool:
    """Ask once more; whether there was a question, of all, that came out so."""
    _found(api)
    port = int(live.base_url.rpartition(":")[2]) + 1
    metrics = httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text
    counts = re.findall(rf'^directca_standby_questions_total{{outcome="{outcome}"}} (\S+)', metrics, re.MULTILINE)
    return float(counts[0]) > 0


def tmp_backup(var: Path) -> Path:
    return var.parent / "backup.tar"
