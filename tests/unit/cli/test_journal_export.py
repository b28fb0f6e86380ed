"""`directca journal export`, and the process that does it beside a server."""

import json
import subprocess
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from directca.api.journal_metrics import JournalMetrics
from directca.cli import journal_export
from directca.cli.errors import ExportEnded
from directca.cli.export_schedule import ExportSchedule
from directca.clock import SystemClock
from directca.db import leases
from directca.db.engine import Database
from directca.journal.export import Exporter
from directca.journal.json_lines import JsonLines
from directca.settings import FILE, BadSettings, load
from tests.unit.cli.conftest import Shell
from tests.unit.journal.receivers import receiving


def set_up(shell: Shell, text: str) -> None:
    with (shell.data / FILE).open("a") as settings:
        settings.write(f"\n[journal]\n{text}\n")


def positions(file: Path) -> list[int]:
    return [json.loads(line)["position"] for line in file.read_text("ascii").splitlines()]


def test_every_target_of_the_settings_gets_every_row_and_then_what_is_new(shell: Shell) -> None:
    with receiving() as received:
        syslog = f"syslog+tcp://127.0.0.1:{received.port}"
        set_up(shell, f'export_to = ["copy.jsonl", "{syslog}"]')
        first = shell.json("journal", "export")
        rows = first[0]["rows"]
        assert rows >= 3
        assert [list(one.values()) for one in first] == [["copy.jsonl", rows, rows, rows], [syslog, rows, rows, rows]]
        shell.json("account", "open", "Another Clinic")
        assert [(one["brought"], one["position"]) for one in shell.json("journal", "export")] == [(1, rows + 1)] * 2
        assert positions(shell.data / "copy.jsonl") == list(range(1, rows + 2))
        assert len(received.messages) == rows + 1
        assert "copy.jsonl" in shell.run("journal", "export").stdout


def test_a_target_that_fails_keeps_no_other_waiting(shell: Shell) -> None:
    set_up(shell, 'export_to = ["nowhere/copy.jsonl", "copy.jsonl"]')
    assert "No such file" in shell.run("journal", "export").stderr
    assert positions(shell.data / "copy.jsonl")
    assert shell.slug("journal", "export") == "receiver_unavailable"


def test_an_export_can_begin_again(shell: Shell) -> None:
    file = shell.data / "copy.jsonl"
    shell.json("journal", "export", "--to", "copy.jsonl")
    before = positions(file)
    shell.json("journal", "export", "--to", "copy.jsonl", "--again-from", 2)
    assert positions(file) == before + before[1:]
    assert shell.slug("journal", "export", "--to", "copy.jsonl", "--again-from", 1000) == "export_diverged"
    assert shell.slug("journal", "export", "--again-from", 2) == "bad_option"


def test_somebody_must_receive(shell: Shell) -> None:
    assert "--to" in shell.refused("journal", "export")
    assert shell.slug("journal", "export", "--to", "syslog+tcp://logs.example.org") == "bad_export_target"


@pytest.mark.parametrize(
    ("text", "field"),
    [
        ('export_to = ["syslog+tcp://logs.example.org"]', "journal.export_to"),
        ("export_seconds = 0", "journal.export_seconds"),
        ('export_certificate_file = "a.pem"', "journal.export_key_file"),
    ],
)
def test_settings_that_cannot_work_are_refused_at_once(shell: Shell, text: str, field: str) -> None:
    set_up(shell, text)
    with pytest.raises(BadSettings) as refused:
        load(shell.data)
    assert refused.value.field == field


def test_beside_a_server_a_process_exports_and_is_started_again(shell: Shell, database: Database) -> None:
    set_up(shell, 'export_to = ["copy.jsonl"]\nexport_seconds = 1')
    registry, now = CollectorRegistry(), [0.0]
    schedule = ExportSchedule(load(shell.data), SystemClock(), JournalMetrics(registry), steady=lambda: now[0])
    schedule.measure(database)
    rows = registry.get_sample_value("directca_journal_rows")
    label = {"target": "copy.jsonl"}
    assert rows
    assert registry.get_sample_value("directca_journal_exported_rows", label) == 0
    assert (registry.get_sample_value("directca_journal_export_waiting_seconds", label) or 0) > 0
    try:
        schedule.look()
        began = time.monotonic()
        while registry.get_sample_value("directca_journal_exported_rows", label) != rows:
            assert time.monotonic() < began + 60
            time.sleep(0.1)
            schedule.measure(database)
        assert registry.get_sample_value("directca_journal_export_waiting_seconds", label) == 0
        process = schedule._process
        assert process is not None
        process.kill()
        process.wait()
        with pytest.raises(ExportEnded):
            schedule.look()
        schedule.look()
        assert schedule._process is None  # not at once
        now[0] = 60.0
        schedule.look()
        second: subprocess.Popen[bytes] | None = schedule._process
        assert second is not None
    finally:
        schedule.stop()
    assert second.poll() is not None
    assert schedule._process is None


def test_without_a_target_nothing_is_started(shell: Shell) -> None:
    schedule = ExportSchedule(load(shell.data), SystemClock(), JournalMetrics(CollectorRegistry()))
    schedule.look()
    assert schedule._process is None


class Pauses(threading.Event):
    """The end of what supervises an export, which comes at the fourth pause."""

    def __init__(self) -> None:
        super().__init__()
        self.seconds: list[float | None] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.seconds.append(timeout)
        return len(self.seconds) == 4


@pytest.mark.parametrize(("runs_elsewhere", "pauses"), [(True, [10.0] * 4), (False, [20.0, 40.0, 60.0, 60.0])])
def test_whoever_waits_for_another_looks_as_often_as_ever(
    shell: Shell, database: Database, *, runs_elsewhere: bool, pauses: list[float]
) -> None:
    """So that what a dead one left is taken up when its lease ends; a receiver that fails is left alone for longer each time."""
    clock = SystemClock()
    if runs_elsewhere:
        with database.write() as tx:
            leases.take(tx, "export copy", "elsewhere:1", now=clock.now(), duration=timedelta(seconds=15))
    waited = Pauses()
    exporter = Exporter(database, clock, "here:1")
    journal_export._follow_one(exporter, JsonLines("copy", shell.data / "nowhere" / "copy.jsonl"), 10.0, waited)
    assert waited.seconds == pauses


def test_following_stops_when_who_supervises_it_is_gone(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(shell, 'export_to = ["copy.jsonl"]')
    done = shell.run("journal", "export", "--follow", "--until-input-ends", typed="")
    assert done.exit_code == 0
    assert positions(shell.data / "copy.jsonl")
