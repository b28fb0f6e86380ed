"""`directca status verify` by hand and on a schedule; what is really served is looked at in tests/e2e/test_status_verify.py."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from structlog.testing import capture_logs

from directca.cli import status, status_schedule
from directca.cli.errors import VerificationFailed
from directca.cli.status_looks import read_report, write_report
from directca.cli.status_schedule import StatusSchedule
from directca.clock import SystemClock
from directca.db import leases
from directca.db.engine import Database
from directca.responders.verification_metrics import VerificationMetrics
from directca.settings import FILE, BadSettings, load
from tests.live import ROOT
from tests.unit.cli.conftest import Shell

NAMED = "http://127.0.0.1:8600"


@pytest.fixture
def nowhere(shell: Shell, database: Database) -> Iterator[str]:
    """Certificates of this authority name a port where nobody listens, for as long as the test runs."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        before = (shell.data / FILE).read_text()
        assert before.count('relying_party_url = ""') == 1
        after = before.replace('relying_party_url = ""', f'relying_party_url = "{url}"')
        (shell.data / FILE).write_text(f"{after}\n[revocation]\nverify_minutes = 5\n")
        with database.write() as tx:
            tx.execute(text("UPDATE named_address SET uri = replace(uri, :old, :new)"), {"old": NAMED, "new": url})
        yield url


def test_what_is_found_is_shown_and_exits_with_1(shell: Shell, nowhere: str) -> None:
    result = shell.run("status", "verify")
    assert result.exit_code == 1
    assert f"{nowhere}/crl/root.crl" in result.stdout
    assert "reachable" in result.stdout
    assert "findings: 3 addresses" in result.stdout
    assert result.stderr == ""


def test_scripts_read_the_same(shell: Shell, nowhere: str) -> None:
    result = shell.run("status", "verify", "--json")
    report = json.loads(result.stdout)
    assert result.exit_code == 1
    assert {one["check"] for one in report["findings"]} >= {"reachable"}
    assert {one["severity"] for one in report["findings"]} == {"error"}
    assert report["through"] is None
    assert read_report(shell.data) == report


def test_another_way_is_said(shell: Shell, nowhere: str) -> None:
    way = "http://localhost:1"
    report = json.loads(shell.run("status", "verify", "--base-url", f"{way}/", "--timeout", "2", "--json").stdout)
    assert report["through"] == way
    assert all(one["address"].startswith(nowhere) for one in report["findings"] if one["check"] == "reachable")
    assert f"asked through {way}" in shell.run("status", "verify", "--base-url", way).stdout


@pytest.mark.parametrize(
    "words",
    [
        ("--base-url", "ca.example.org"),
        ("--base-url", "http://ca.example.org/path"),
        ("--base-url", "ftp://ca.example.org"),
        ("--sample", "-1"),
        ("--timeout", "0"),
        ("--nonsense",),
    ],
)
def test_wrong_use_exits_with_2(shell: Shell, words: tuple[str, ...]) -> None:
    assert shell.run("status", "verify", *words).exit_code == 2


def test_two_at_once_never_run(shell: Shell, database: Database) -> None:
    with database.write() as tx:
        assert leases.take(tx, status.LEASE, "another", now=datetime.now(UTC), duration=timedelta(minutes=5))
    assert shell.slug("status", "verify") == "verification_running"
    assert read_report(shell.data) is None


def test_the_next_may_begin_when_one_has_ended(shell: Shell, nowhere: str) -> None:
    for _ in range(2):
        assert "reachable" in shell.run("status", "verify").stdout


def test_it_needs_no_key(shell: Shell, nowhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIRECTCA_PASSPHRASE", raising=False)
    for path in (*(shell.data / "keys").iterdir(), *(shell.data / "secrets").iterdir()):
        path.unlink()
    assert "reachable" in shell.run("status", "verify").stdout


class Steady:
    """A clock that is turned by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def steady() -> Steady:
    return Steady()


@pytest.fixture
def schedule(shell: Shell, nowhere: str, registry: CollectorRegistry, steady: Steady) -> Iterator[StatusSchedule]:
    made = StatusSchedule(load(shell.data), SystemClock(), VerificationMetrics(registry), steady=steady)
    yield made
    made.stop()


def until_it_ended(schedule: StatusSchedule) -> None:
    deadline = time.monotonic() + 60
    while schedule._run is not None:
        assert time.monotonic() < deadline
        time.sleep(0.1)
        schedule.look()


def test_a_run_on_schedule_feeds_metrics_and_log(
    shell: Shell, schedule: StatusSchedule, registry: CollectorRegistry, steady: Steady
) -> None:
    schedule.look()
    assert schedule._run is None  # not before every worker answers
    steady.seconds = 31
    with capture_logs() as logs:
        schedule.look()
        first = schedule._run
        assert first is not None
        schedule.look()
        assert schedule._run is first  # never two
        until_it_ended(schedule)
    report = read_report(shell.data)
    assert report is not None
    assert registry.get_sample_value("directca_status_findings", {"severity": "error"}) == len(report["findings"]) > 0
    assert registry.get_sample_value("directca_status_findings", {"severity": "warning"}) == 0
    finished = datetime.fromisoformat(report["finished_at"]).timestamp()
    assert registry.get_sample_value("directca_status_verified_seconds") == finished
    assert registry.get_sample_value("directca_status_agreed_seconds") == 0
    assert registry.get_sample_value("directca_status_verify_seconds") == report["seconds"]
    assert registry.get_sample_value("directca_status_verify_failures_total") == 0
    said = [one for one in logs if one["event"] == "what certificates name is not as it must be"]
    assert {one["check"] for one in said} >= {"reachable"}
    schedule.look()
    assert schedule._run is None  # not due for five minutes


def test_what_an_operator_ran_counts(shell: Shell, schedule: StatusSchedule, registry: CollectorRegistry, steady: Steady) -> None:
    now = datetime.now(UTC)
    write_report(shell.data, {"finished_at": now.isoformat(), "seconds": 1.5, "findings": []})
    steady.seconds = 31
    schedule.look()
    assert schedule._run is None
    assert registry.get_sample_value("directca_status_agreed_seconds") == now.timestamp()


@pytest.mark.parametrize("ago", [timedelta(minutes=6), timedelta(minutes=-6)])
def test_an_old_report_and_one_of_the_future_do_not(
    shell: Shell, schedule: StatusSchedule, steady: Steady, ago: timedelta
) -> None:
    write_report(shell.data, {"finished_at": (datetime.now(UTC) - ago).isoformat(), "seconds": 1, "findings": []})
    steady.seconds = 31
    schedule.look()
    assert schedule._run is not None


class Turned:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.ahead = timedelta()

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead


def test_a_clock_that_is_set_back_during_a_run_is_no_failure(
    shell: Shell, nowhere: str, registry: CollectorRegistry, steady: Steady
) -> None:
    clock = Turned()
    clock.ahead = timedelta(hours=1)
    write_report(shell.data, {"finished_at": (clock.now() - timedelta(hours=2)).isoformat(), "seconds": 1.5, "findings": []})
    schedule = StatusSchedule(load(shell.data), clock, VerificationMetrics(registry), steady=steady)
    steady.seconds = 31
    schedule.look()
    assert schedule._run is not None
    clock.ahead = timedelta()  # the run's own clock never was ahead
    until_it_ended(schedule)
    assert registry.get_sample_value("directca_status_verify_failures_total") == 0
    schedule.look()
    assert schedule._run is None  # and its report counts


def test_an_operators_own_run_is_no_alarm(
    schedule: StatusSchedule, registry: CollectorRegistry, steady: Steady, database: Database
) -> None:
    with database.write() as tx:
        leases.take(tx, status.LEASE, "another", now=datetime.now(UTC), duration=timedelta(minutes=5))
    steady.seconds = 31
    schedule.look()
    until_it_ended(schedule)
    assert registry.get_sample_value("directca_status_verify_failures_total") == 0
    schedule.look()
    assert schedule._run is None  # not at once again


def test_a_run_that_fails_is_an_alarm(
    shell: Shell, schedule: StatusSchedule, registry: CollectorRegistry, steady: Steady, database: Database
) -> None:
    (shell.data / "policy.toml").write_text("not a policy")
    steady.seconds = 31
    schedule.look()
    with pytest.raises(VerificationFailed, match=r"ended with 1 and without a report: .*bad_policy"):
        until_it_ended(schedule)
    assert registry.get_sample_value("directca_status_verify_failures_total") == 1
    schedule.look()
    assert schedule._run is None  # not at once again


def test_a_run_that_does_not_end_is_ended(
    schedule: StatusSchedule, registry: CollectorRegistry, steady: Steady, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    endless = tmp_path / "endless"
    endless.write_text("#!/bin/sh\nexec sleep 60\n")
    endless.chmod(0o700)
    monkeypatch.setattr(status_schedule.sys, "executable", str(endless))
    steady.seconds = 31
    schedule.look()
    run = schedule._run
    assert run is not None
    steady.seconds += 4 * 3600
    with pytest.raises(VerificationFailed, match="did not end within 3 hours"):
        schedule.look()
    assert run.process.returncode is not None
    assert registry.get_sample_value("directca_status_verify_failures_total") == 1


def test_it_ends_with_its_parent(schedule: StatusSchedule, steady: Steady) -> None:
    steady.seconds = 31
    schedule.look()
    run = schedule._run
    assert run is not None
    schedule.stop()
    assert run.process.returncode is not None


def test_a_run_that_is_told_to_end_lets_the_next_begin(shell: Shell, nowhere: str, database: Database) -> None:
    words = [sys.executable, "-m", "directca", "status", "verify", "--data", str(shell.data)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, env=os.environ | {"PYTHONPATH": str(ROOT / "src")})
    deadline = time.monotonic() + 60
    with database.read() as tx:
        held = tx.execute(text("SELECT count(*) FROM lease WHERE name = :name"), {"name": status.LEASE}).scalar_one()
    assert held == 0
    while process.poll() is None and time.monotonic() < deadline:
        with database.read() as tx:
            if tx.execute(text("SELECT count(*) FROM lease WHERE name = :name"), {"name": status.LEASE}).scalar_one():
                break
        time.sleep(0.005)
    process.terminate()
    assert process.wait(30) == 1  # told to end, or just through with its findings
    with database.write() as tx:
        assert leases.take(tx, status.LEASE, "next", now=datetime.now(UTC), duration=timedelta(minutes=1))


def test_never_is_never(shell: Shell, registry: CollectorRegistry, steady: Steady) -> None:
    with (shell.data / FILE).open("a") as settings:
        settings.write("\n[revocation]\nverify_minutes = 0\n")
    schedule = StatusSchedule(load(shell.data), SystemClock(), VerificationMetrics(registry), steady=steady)
    steady.seconds = 1e6
    schedule.look()
    assert schedule._run is None


def test_the_setting_is_a_number(shell: Shell) -> None:
    with (shell.data / FILE).open("a") as settings:
        settings.write("\n[revocation]\nverify_minutes = -1\n")
    with pytest.raises(BadSettings):
        load(shell.data)
