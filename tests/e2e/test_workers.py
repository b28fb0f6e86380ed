"""A worker that dies is replaced by one that loses nothing; each may open what its connections need."""

import os
import resource
import signal
import time
from pathlib import Path

from directca.settings import FILE
from tests.e2e.serving import serving, workers

REPLACED_SECONDS = 30


def database_files(pid: int) -> list[str]:
    """What a process holds open of the database."""
    held = [str(one.readlink()) for one in Path(f"/proc/{pid}/fd").iterdir() if one.exists()]
    return [one for one in held if "directca.sqlite" in one]


def test_a_replaced_worker_inherits_no_open_database(var: Path) -> None:
    with serving(var) as live:
        before = workers(live)
        deadline = time.monotonic() + REPLACED_SECONDS
        while not database_files(live.process.pid):  # the parent's periodic work has opened it
            assert time.monotonic() < deadline
            time.sleep(0.1)
        os.kill(before[0], signal.SIGKILL)
        while not (fresh := set(workers(live)) - set(before)):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert database_files(fresh.pop()) == []
        with live.client() as api:
            assert api("GET", "/api/certificate/query").status_code == 200


def test_a_worker_may_have_the_files_that_its_connections_need(var: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    settings = var / FILE
    settings.write_text(settings.read_text().replace("[server]\n", f"[server]\nconnections = {soft}\n", 1))
    with serving(var, "--workers", "1") as live:
        allowed, _ = resource.prlimit(workers(live)[0], resource.RLIMIT_NOFILE)
        assert soft < allowed <= hard or (allowed == hard and "fewer files may be open" in live.log.read_text())
