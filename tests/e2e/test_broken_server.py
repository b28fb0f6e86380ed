"""When the server itself is at fault, its answers show a request id and nothing else."""

import sqlite3
import time
from pathlib import Path

import httpx2

from tests.e2e.serving import serving


def is_logged(log: Path, request_id: str) -> bool:
    """Whether the log names the request, which it does when the answer is already under way."""
    deadline = time.monotonic() + 10
    while request_id not in log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    return request_id in log.read_text()


def test_a_500_shows_its_request_id_and_nothing_else(var: Path) -> None:
    with serving(var) as live:
        with live.client() as api:
            assert api("GET", "/api/certificate/query").status_code == 200
            with sqlite3.connect(live.data_dir / "directca.sqlite") as disaster:
                disaster.execute("ALTER TABLE record RENAME TO record_elsewhere")
            disaster.close()
            answer = api("GET", "/api/certificate/query")
        assert answer.status_code == 500
        assert answer.headers["Content-Type"] == "application/json"
        assert set(answer.json()) == {"error", "description", "request_id"}
        assert answer.json()["error"] == "internal_error"
        assert answer.json()["request_id"] == answer.headers["X-Request-Id"]
        assert is_logged(live.log, answer.json()["request_id"])
        for inside in ("record", "sqlite", "Traceback", "site-packages"):
            assert inside not in answer.text
        # The rest of the house goes on.
        assert httpx2.get(f"{live.base_url}/docs", timeout=30).status_code == 200
