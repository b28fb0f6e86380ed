"""A worker that dies is replaced by one that loses nothing."""

import os
import signal
import time
from pathlib import Path

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
