"""Limits: how many attempts are answered, how long the next one waits, and that every wait passes by itself."""

import re

import pytest

from directca.accounts import limits_store
from directca.accounts.config import LimitConfig
from directca.accounts.limits import Allowance, Counted, allowances, give_back, neighbourhood, spend, undo, wait_seconds
from directca.accounts.people_errors import TooManyAttempts
from directca.db.engine import Database
from tests.clocks import MovableClock

CONFIG = LimitConfig()


def attempt(database: Database, clock: MovableClock, spent: list[Allowance]) -> Counted:
    with database.write() as tx:
        return spend(tx, spent, CONFIG, clock.now())


def of(username: str = "maria", address: str = "192.0.2.1", browser: str | None = None) -> list[Allowance]:
    return allowances(CONFIG, username, address, browser)


def fail_until_shut(database: Database, clock: MovableClock, spent: list[Allowance]) -> int:
    """Attempts that were answered before one was not."""
    for answered in range(1000):
        try:
            attempt(database, clock, spent)
        except TooManyAttempts:
            return answered
    raise AssertionError("no limit")


def test_after_five_failures_the_sixth_attempt_waits(database: Database) -> None:
    clock = MovableClock()
    assert fail_until_shut(database, clock, of()) == 5
    with pytest.raises(TooManyAttempts) as refused:
        attempt(database, clock, of())
    assert refused.value.retry_after == CONFIG.first_wait_seconds + 1
    assert "Wait 6 seconds" in refused.value.detail


def test_a_refused_attempt_does_not_lengthen_the_wait(database: Database) -> None:
    clock = MovableClock()
    fail_until_shut(database, clock, of())
    for _ in range(20):
        with pytest.raises(TooManyAttempts):
            attempt(database, clock, of())
    clock.advance(seconds=CONFIG.first_wait_seconds)
    attempt(database, clock, of())


def test_each_further_failure_doubles_the_wait_up_to_a_quarter_of_an_hour() -> None:
    waits = [wait_seconds(attempts, 5, CONFIG) for attempts in range(1, 16)]
    assert waits == [0, 0, 0, 0, 5, 10, 20, 40, 80, 160, 320, 640, 900, 900, 900]
    assert wait_seconds(10_000_000, 5, CONFIG) == 900


def test_however_long_somebody_tries_the_wait_passes_by_itself(database: Database) -> None:
    clock = MovableClock()
    for _ in range(40):
        fail_until_shut(database, clock, of())
        clock.advance(seconds=CONFIG.longest_wait_seconds)
    attempt(database, clock, of())


def test_an_hour_without_attempts_forgets_everything(database: Database) -> None:
    clock = MovableClock()
    fail_until_shut(database, clock, of())
    clock.advance(seconds=CONFIG.window_seconds)
    assert fail_until_shut(database, clock, of()) == 5


def test_many_names_from_one_address_are_limited_too(database: Database) -> None:
    clock = MovableClock()
    for number in range(CONFIG.per_address):
        attempt(database, clock, of(f"somebody{number}"))
    with pytest.raises(TooManyAttempts):
        attempt(database, clock, of("one more"))
    attempt(database, clock, of("one more", address="192.0.2.2"))


def test_one_name_from_many_addresses_is_limited_too(database: Database) -> None:
    clock = MovableClock()
    for number in range(CONFIG.per_username):
        attempt(database, clock, of(address=f"192.0.2.{number}"))
    with pytest.raises(TooManyAttempts):
        attempt(database, clock, of(address="198.51.100.1"))


def test_a_known_browser_is_not_shut_out_by_strangers_and_is_limited_itself(database: Database) -> None:
    clock = MovableClock()
    fail_until_shut(database, clock, of())
    assert fail_until_shut(database, clock, of(browser="b1")) == CONFIG.per_browser
    assert fail_until_shut(database, clock, of(browser="b2")) == CONFIG.per_browser


def test_a_refused_attempt_spends_nothing_elsewhere(database: Database) -> None:
    clock = MovableClock()
    fail_until_shut(database, clock, of("victim", "192.0.2.1"))
    for _ in range(100):
        with pytest.raises(TooManyAttempts):
            attempt(database, clock, of("victim", "192.0.2.9"))
    attempt(database, clock, of("other", "192.0.2.9"))


def test_success_gives_back_all_of_a_name_and_one_of_an_address(database: Database) -> None:
    clock = MovableClock()
    for number in range(CONFIG.per_address - 1):
        attempt(database, clock, of(f"somebody{number}"))
    for _ in range(3):  # right each time: the address has one attempt left, again and again
        right = attempt(database, clock, of())
        with database.write() as tx:
            give_back(tx, right, clock.now())
    attempt(database, clock, of())
    with pytest.raises(TooManyAttempts):
        attempt(database, clock, of())


def come_to_nothing(database: Database, counted: Counted) -> None:
    with database.write() as tx:
        undo(tx, counted, CONFIG)


def stored(database: Database) -> dict[str, limits_store.Budget]:
    with database.read() as tx:
        return limits_store.budgets(tx, [one.id for one in of()])


@pytest.mark.parametrize("failures", range(7))
def test_an_attempt_that_came_to_nothing_leaves_everything_as_it_found_it(database: Database, failures: int) -> None:
    clock = MovableClock()
    for _ in range(failures):
        attempt(database, clock, of())
        clock.advance(seconds=CONFIG.longest_wait_seconds)
    before = stored(database)
    for _ in range(20):
        come_to_nothing(database, attempt(database, clock, of()))
        assert stored(database) == before


def test_of_attempts_at_once_only_those_that_came_to_nothing_are_undone(database: Database) -> None:
    clock = MovableClock()
    attempts = [attempt(database, clock, of()) for _ in range(CONFIG.per_username)]
    with pytest.raises(TooManyAttempts):
        attempt(database, clock, of())
    for busy in attempts[:2]:
        come_to_nothing(database, busy)
    assert {one.attempts for one in stored(database).values()} == {3}
    assert fail_until_shut(database, clock, of()) == 2
    for _ in range(2):  # undone twice or after a success, nothing is given away that was not counted
        with database.write() as tx:
            give_back(tx, attempts[2], clock.now())
        come_to_nothing(database, attempts[3])
    assert fail_until_shut(database, clock, of()) == 5


def test_undoing_does_not_shorten_the_wait_for_failures_that_came_after(database: Database) -> None:
    clock = MovableClock()
    early = attempt(database, clock, of())
    for _ in range(CONFIG.per_username):
        attempt(database, clock, of(address="192.0.2.9"))
        clock.advance(seconds=CONFIG.first_wait_seconds)
    come_to_nothing(database, early)
    assert {one.attempts for one in stored(database).values()} == {CONFIG.per_username}
    clock.advance(seconds=-1)
    with pytest.raises(TooManyAttempts) as refused:
        attempt(database, clock, of())
    assert refused.value.retry_after == 2


@pytest.mark.parametrize(
    ("address", "seen"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("testclient", "unknown"),
        ("", "unknown"),
    ],
)
def test_an_ipv6_subscriber_is_one_address(address: str, seen: str) -> None:
    assert neighbourhood(address) == seen


def test_no_name_and_no_address_is_kept_readable() -> None:
    kept = [allowance.id for allowance in (*of("maria", "192.0.2.1"), *of("maria", "192.0.2.1", "browser"))]
    assert len(set(kept)) == 3
    assert all(re.fullmatch("[0-9a-f]{64}", one) for one in kept)
