"""A clock that somebody sets, forward or back, is noticed and journalled once; one that goes on is not."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest

from directca import rooms
from directca.cli import upkeep
from directca.cli.clock_watch import ClockWatch, since_boot
from directca.cli.membership import Membership
from directca.cli.upkeep import Upkeep
from directca.clock import SystemClock
from tests.clocks import MovableClock
from tests.unit.cli.conftest import Shell


@dataclass
class Machine:
    """Its clock, and its steady one."""

    clock: MovableClock = field(default_factory=MovableClock)
    steady: float = 1000.0

    def goes_on(self, seconds: float) -> None:
        self.clock.advance(seconds=seconds)
        self.steady += seconds

    def watch(self) -> ClockWatch:
        return ClockWatch(self.clock, lambda: self.steady)


@pytest.mark.parametrize("seconds", [-86_400, -3, 3, 86_400])
def test_a_set_clock_is_noticed_until_it_is_noted(seconds: int) -> None:
    machine = Machine()
    watch = machine.watch()
    machine.goes_on(5)
    machine.clock.advance(seconds=seconds)
    for _ in range(2):
        assert watch.moved() == timedelta(seconds=seconds)
        machine.goes_on(5)
    watch.noted()
    machine.goes_on(5)
    assert watch.moved() is None


def test_a_clock_that_goes_on_or_is_kept_right_is_not() -> None:
    machine = Machine()
    watch = machine.watch()
    for _ in range(100):
        machine.goes_on(600)
        machine.clock.advance(seconds=0.3)
        assert watch.moved() is None


def test_the_machine_at_hand_has_a_steady_clock() -> None:
    before = since_boot()
    watch = ClockWatch(SystemClock())
    assert watch.moved() is None
    assert since_boot() >= before > 0


@pytest.fixture
def worked(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Upkeep, MovableClock]]:
    """Periodic work, due at each call, on a clock of ours."""
    monkeypatch.setattr(upkeep, "_EVERY_SECONDS", 0.0)
    clock = MovableClock()
    clock.moment = SystemClock().now()
    with closing(rooms.open_authority(shell.data, clock=clock)) as authority:
        yield Upkeep(authority, tmp_path, Membership(authority)), clock


def test_periodic_work_journals_it(shell: Shell, worked: tuple[Upkeep, MovableClock]) -> None:
    periodic, clock = worked
    periodic.work_if_due()
    clock.advance(seconds=90)
    periodic.work_if_due()
    periodic.work_if_due()
    (row,) = [one for one in shell.json("journal", "show") if one["kind"] == "clock.changed"]
    assert row["actor"] == "system:upkeep"
    assert 60 <= row["detail"]["seconds"] <= 90  # this clock stands still, while the steady one went on
