"""The process that sends is started while something is due, and one that comes to nothing is heard of and started again."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry

from directca.api.notice_metrics import NoticeMetrics
from directca.cli.errors import NotifyEnded
from directca.cli.notice_schedule import NoticeSchedule
from directca.notices import webhook_log
from directca.notices.context import Notices
from directca.notices.model import Subscriber
from directca.settings import PASSPHRASE_VARIABLE, Settings
from tests import notice_calls
from tests.world import World


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def schedule(world: World, now: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[NoticeSchedule]:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "correct horse")
    registry = CollectorRegistry()
    notices = notice_calls.notices_of(world)
    made = NoticeSchedule(Settings(tmp_path), notices, NoticeMetrics(registry), "here:1", steady=lambda: now[0])
    yield made
    made.stop()


def something_waits(world: World) -> Notices:
    notices = notice_calls.notices_of(world)
    hook = notice_calls.a_webhook(world)
    webhook_log.try_out(notices, Subscriber("client:console", world.account_id, "console"), hook.id)
    return notices


def collected(schedule: NoticeSchedule) -> None:
    for _ in range(400):
        schedule.look()
        time.sleep(0.005)


def test_nothing_is_started_while_nothing_waits(schedule: NoticeSchedule, world: World) -> None:
    world.issue()
    schedule.look()
    assert schedule._process is None
    schedule.look()
    assert schedule._metrics._behind._value.get() == 0, "the journal is followed all the same"


def test_one_that_comes_to_nothing_is_started_again_after_a_while(
    schedule: NoticeSchedule, world: World, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    something_waits(world)
    monkeypatch.setattr("directca.cli.notice_schedule.sys.executable", "/bin/false")
    with pytest.raises(NotifyEnded):
        collected(schedule)
    schedule.look()
    assert schedule._process is None
    now[0] += 11
    schedule.look()
    assert schedule._process is not None


def test_it_is_told_what_opens_webhooks_and_nothing_that_opens_keys(
    schedule: NoticeSchedule, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    something_waits(world)
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\nenv > {tmp_path}/environment\ncat > {tmp_path}/given\n")
    program.chmod(0o700)
    monkeypatch.setattr("directca.cli.notice_schedule.sys.executable", str(program))
    schedule.look()
    process = schedule._process
    assert process is not None
    assert process.wait(10) == 0
    assert PASSPHRASE_VARIABLE not in (tmp_path / "environment").read_text()
    given = (tmp_path / "given").read_text()
    assert len(given.strip()) == 64
    assert "correct horse" not in given


def test_stopping_ends_it(schedule: NoticeSchedule, world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    something_waits(world)
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o700)
    monkeypatch.setattr("directca.cli.notice_schedule.sys.executable", str(program))
    schedule.look()
    process = schedule._process
    assert process is not None
    schedule.stop()
    assert process.poll() is not None
