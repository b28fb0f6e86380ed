"""A whole authority whose records are in PostgreSQL: founded, used, restarted, and through the loss of its connections."""

from pathlib import Path

import pytest

from tests.e2e.api_tools import a_name, issued, record_of
from tests.e2e.serving import command, serving
from tests.live import UNASKED
from tests.postgres import Postgres


@pytest.fixture
def var(tmp_path: Path, postgresql: Postgres) -> Path:
    """A data folder, before its first start, that names a database."""
    data = tmp_path / "var"
    data.mkdir(mode=0o700)
    (data / "directca.toml").write_text(f'[storage]\ndatabase = "{postgresql.new_database()}"\n\n{UNASKED}')
    return data


def test_an_authority_lives_in_it(var: Path, postgresql: Postgres) -> None:
    with serving(var, "--workers", "2") as live, live.client() as api:
        assert not (var / "directca.sqlite").exists()
        first, second = (issued(api, a_name(live.first.direct_domain)) for _ in range(2))
        revoked = record_of(api("POST", f"/api/certificate/revoke/{first['identifier']}/keyCompromise"))
        assert revoked["status"] == "revoked"
        assert postgresql.end_sessions() > 0
        third = issued(api, a_name(live.first.direct_domain))  # the broken connections are replaced without a word
    with serving(var, port=int(live.base_url.rpartition(":")[2])) as again, again.client() as api:
        assert record_of(api("GET", f"/api/certificate/{first['identifier']}")) == revoked
        found = api("GET", "/api/certificate/query", params={"limit": "1000"}).json()["records"]
        assert {one["identifier"] for one in (second, third)} <= {one["identifier"] for one in found}
        verified = command(var, "status", "verify")
        assert verified.returncode == 0, verified.stdout + verified.stderr
    chained = command(var, "journal", "verify")
    assert chained.returncode == 0, chained.stderr
    refused = command(var, "backup", str(tmp_backup(var)), "--json")
    assert refused.returncode == 1
    assert "backed_up_elsewhere" in refused.stdout + refused.stderr
    assert not tmp_backup(var).exists()


def tmp_backup(var: Path) -> Path:
    return var.parent / "backup.tar"
