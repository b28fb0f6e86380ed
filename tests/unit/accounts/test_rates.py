"""Rates of calls: what several processes admit together, what they write, and failed proofs, which are exact."""

from collections import Counter

import pytest
from sqlalchemy import text

from directca.accounts.gcra import SECOND, Rate
from directca.accounts.rate_config import RateConfig
from directca.accounts.rate_errors import TooManyCalls, TooManyFailures
from directca.accounts.rates import NoCreditError, Rates
from directca.db.engine import Database
from directca.db.errors import DatabaseUnusable
from tests.clocks import MovableClock
from tests.statements import seen_by

CONFIG = RateConfig(
    address_burst=64,
    address_per_minute=60,
    application_burst=64,
    application_per_minute=60,
    account_per_minute=0,
    failures_burst=5,
    failures_per_minute=60,
)
CREDIT = 64 // 16


class Nodes:
    """Several processes on one database."""

    def __init__(self, database: Database, count: int, config: RateConfig = CONFIG) -> None:
        self.database = database
        self.clock = MovableClock()
        self.refused: Counter[str] = Counter()
        self.each = [Rates(database, self.clock, config, self._count) for _ in range(count)]

    def _count(self, kind: str) -> None:
        self.refused[kind] += 1

    def settle(self) -> None:
        for _ in range(2):  # the second time each learns of all the others
            for one in self.each:
                one.settle()

    def rows(self) -> int:
        with self.database.read() as tx:
            return int(tx.execute(text("SELECT count(*) FROM rate_use")).scalar_one())


def ask(rates: Rates, times: int, kind: str = "application", who: str = "clinic-app") -> int:
    """How many of so many calls were admitted."""
    admitted = 0
    for _ in range(times):
        try:
            rates.admit(kind, who)
        except TooManyCalls:
            continue
        admitted += 1
    return admitted


def fail(rates: Rates, times: int, address: str = "192.0.2.1") -> int:
    """How many of so many failures were answered as failures."""
    told = 0
    for _ in range(times):
        try:
            rates.failed(address)
        except TooManyFailures:
            continue
        told += 1
    return told


def test_one_process_admits_the_burst_and_then_the_rate(database: Database) -> None:
    nodes = Nodes(database, 1)
    assert ask(nodes.each[0], 200) == 64
    nodes.clock.advance(seconds=10)
    assert ask(nodes.each[0], 200) == 10


def test_several_processes_admit_no_more_than_their_credit_above_the_burst(database: Database) -> None:
    nodes = Nodes(database, 4)
    admitted = sum(ask(one, 3) for _ in range(100) for one in nodes.each)
    assert 64 <= admitted <= 64 + 4 * CREDIT
    assert admitted > 64  # the bound is not there for nothing


def test_what_was_admitted_on_credit_is_paid_back(database: Database) -> None:
    nodes = Nodes(database, 4)
    admitted = 0
    for _ in range(120):
        admitted += sum(ask(one, 2) for one in nodes.each)
        nodes.settle()
        nodes.clock.advance(seconds=1)
    assert 64 + 119 - CREDIT <= admitted <= 64 + 120 + 4 * CREDIT


def test_a_process_learns_within_a_settlement_what_others_admitted(database: Database) -> None:
    here, there = Nodes(database, 2).each
    assert ask(here, 64) == 64
    here.settle()
    assert ask(there, 1) == 1  # on credit
    there.settle()
    assert ask(there, 10) == 0


def test_calls_write_nothing_until_the_credit_is_spent(database: Database) -> None:
    nodes = Nodes(database, 1)
    with seen_by(database) as statements:
        ask(nodes.each[0], CREDIT)
    assert statements == []
    assert nodes.rows() == 0
    nodes.settle()
    assert nodes.rows() == 1


def test_who_keeps_asking_while_refused_costs_no_statement(database: Database) -> None:
    nodes = Nodes(database, 1)
    ask(nodes.each[0], 64)
    nodes.settle()
    with seen_by(database) as statements:
        assert ask(nodes.each[0], 1000) == 0
    assert statements == []
    assert nodes.refused == {"application": 1000}


def test_callers_have_rates_of_their_own(database: Database) -> None:
    (rates,) = Nodes(database, 1).each
    assert ask(rates, 100, who="one") == 64
    assert ask(rates, 100, who="other") == 64
    assert ask(rates, 100, kind="address", who="one") == 64


def test_zero_a_minute_is_no_limit(database: Database) -> None:
    (rates,) = Nodes(database, 1).each
    assert rates.admit("account", "clinic") is None
    assert ask(rates, 1000, kind="account") == 1000
    assert not rates.owes


def test_the_refusal_says_when_and_then_it_is_so(database: Database) -> None:
    nodes = Nodes(database, 1)
    ask(nodes.each[0], 64)
    with pytest.raises(TooManyCalls, match="Wait a second, then go on more slowly") as refused:
        nodes.each[0].admit("application", "clinic-app")
    assert refused.value.retry_after == 1
    nodes.clock.advance(seconds=refused.value.retry_after)
    nodes.each[0].admit("application", "clinic-app")


def test_who_must_not_wait_is_told_that_the_credit_is_spent(database: Database) -> None:
    (rates,) = Nodes(database, 1).each
    for _ in range(CREDIT):
        rates.admit_at_once("address", "192.0.2.1")
    with pytest.raises(NoCreditError):
        rates.admit_at_once("address", "192.0.2.1")
    rates.admit("address", "192.0.2.1")
    rates.admit_at_once("address", "192.0.2.1")


def test_without_the_database_nobody_has_more_than_the_credit(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise DatabaseUnusable("It is away.")

    (rates,) = Nodes(database, 1).each
    monkeypatch.setattr(database, "write", away)
    for _ in range(CREDIT):
        rates.admit("application", "clinic-app")
    with pytest.raises(DatabaseUnusable):
        rates.admit("application", "clinic-app")
    with pytest.raises(DatabaseUnusable):
        rates.settle()
    monkeypatch.undo()
    rates.admit("application", "clinic-app")  # and nothing of what was owed is lost
    assert ask(rates, 200) == 64 - CREDIT - 1


def test_failed_proofs_are_exact_on_all_processes(database: Database) -> None:
    nodes = Nodes(database, 4)
    assert sum(fail(one, 1) for _ in range(10) for one in nodes.each) == 5
    nodes.clock.advance(seconds=3)
    assert sum(fail(one, 1) for _ in range(10) for one in nodes.each) == 3


def test_without_the_database_no_failure_is_told(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise DatabaseUnusable("It is away.")

    (rates,) = Nodes(database, 1).each
    monkeypatch.setattr(database, "write", away)
    with pytest.raises(DatabaseUnusable):
        rates.failed("192.0.2.1")


def test_a_process_that_refused_an_address_does_not_look_at_its_proofs(database: Database) -> None:
    nodes = Nodes(database, 1)
    (rates,) = nodes.each
    rates.check_failures("192.0.2.1")
    fail(rates, 6)
    with seen_by(database) as statements:
        with pytest.raises(TooManyFailures, match="had no good token, code or secret"):
            rates.check_failures("192.0.2.1")
        assert fail(rates, 100) == 0
    assert statements == []
    rates.check_failures("192.0.2.2")
    nodes.clock.advance(seconds=1)
    rates.check_failures("192.0.2.1")


def test_a_clock_that_is_set_back_keeps_nobody_out_for_long(database: Database) -> None:
    nodes = Nodes(database, 2)
    ask(nodes.each[0], 64)
    nodes.settle()
    fail(nodes.each[0], 6)
    nodes.clock.advance(days=-400)
    assert ask(nodes.each[0], 1) == fail(nodes.each[0], 1) == 0
    nodes.clock.advance(seconds=64 + 1)
    assert ask(nodes.each[0], 1) == 1
    assert fail(nodes.each[0], 1) == 0  # the database hears of it only now
    nodes.clock.advance(seconds=5 + 1)
    assert fail(nodes.each[0], 1) == 1


def test_nothing_is_kept_of_who_has_not_called_for_long(database: Database) -> None:
    nodes = Nodes(database, 1)
    (rates,) = nodes.each
    for number in range(700):
        rates.admit("address", f"caller-{number}")
    rates.settle()
    assert nodes.rows() == 700
    nodes.clock.advance(seconds=120)
    rates.admit("address", "another")
    rates.settle()
    assert nodes.rows() == 1
    assert len(rates._known) == 1


def test_settings_that_mean_nothing_are_named() -> None:
    assert RateConfig().unusable() is None
    assert RateConfig(account_burst=0).unusable() == "account_burst"
    assert RateConfig(failures_per_minute=2_000_000).unusable() == "failures_per_minute"
    assert Rate(burst=3000, per_minute=30_000).window == 6 * SECOND
