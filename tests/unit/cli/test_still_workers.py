"""A worker whose event loop stands still is ended and replaced; the others are left alone."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from directca.api.trace_config import TraceConfig
from directca.cli import worker
from directca.cli.worker import Workers

LOOKS = 20


class Crew:
    """Two workers that beat and do nothing else; that in the second place stops to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, said: Path) -> None:
        self.said = said
        authority: Any = SimpleNamespace(
            settings=SimpleNamespace(tracing=TraceConfig()), database=SimpleNamespace(close=lambda: None)
        )
        monkeypatch.setattr(worker, "_STILL_LOOKS", LOOKS)
        monkeypatch.setattr(worker, "_RESTART_SECONDS", 0.0)
        monkeypatch.setattr(worker, "_serve", self._beat)
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.workers = Workers(authority, listening, 2)
        monkeypatch.setattr(self.workers, "_server", lambda _config, place: place)

    @property
    def processes(self) -> dict[int, int]:
        """By place."""
        return {alive.place: pid for pid, alive in self.workers._alive.items()}

    def _beat(self, *given: Any) -> None:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        place = given[-1](None)
        with self.said.open("a") as said:
            worker.say_where_when_asked(said)
            for beat in range(10_000):
                if place == 0 or beat < 5:
                    self.workers._shares.beat(place)
                time.sleep(0.002)

    def look(self, times: int) -> None:
        for _ in range(times):
            self.workers.end_still()
            self.workers.replace_dead()
            time.sleep(0.01)


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Crew]:
    made = Crew(monkeypatch, tmp_path / "said")
    made.workers.start()
    yield made
    made.workers.stop()


def test_a_worker_that_stands_still_says_where_and_is_replaced(crew: Crew) -> None:
    before = crew.processes
    crew.look(LOOKS // 2)
    assert crew.processes == before
    deadline = time.monotonic() + 20
    while crew.processes[1] == before[1] and time.monotonic() < deadline:
        crew.look(1)
    assert crew.processes[1] != before[1]
    assert crew.processes[0] == before[0]
    with pytest.raises(ProcessLookupError):
        os.kill(before[1], 0)
    assert "in _beat" in crew.said.read_text()
