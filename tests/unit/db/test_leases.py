"""A lease has one holder at a time, and a dead holder loses it when its time is up."""

from datetime import UTC, datetime, timedelta

import pytest

from directca.db import leases
from directca.db.engine import Database
from directca.db.errors import LeaseLost

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def take(database: Database, holder: str, now: datetime) -> bool:
    with database.write() as tx:
        return leases.take(tx, "upkeep", holder, now=now, duration=MINUTE)


def test_one_holder_at_a_time(database: Database) -> None:
    assert take(database, "a", NOON)
    assert not take(database, "b", NOON)
    assert take(database, "a", NOON + MINUTE / 2)  # prolonged
    assert not take(database, "b", NOON + MINUTE)
    assert take(database, "b", NOON + MINUTE * 2)
    assert not take(database, "a", NOON + MINUTE * 2)


def test_a_lease_can_be_given_back(database: Database) -> None:
    assert take(database, "a", NOON)
    with database.write() as tx:
        leases.give_back(tx, "upkeep", "b", now=NOON)  # not the holder: nothing happens
    assert not take(database, "b", NOON)
    with database.write() as tx:
        leases.give_back(tx, "upkeep", "a", now=NOON)
    assert take(database, "b", NOON)


def test_a_clock_that_ran_ahead_blocks_nobody_once_it_is_right(database: Database) -> None:
    assert take(database, "a", NOON + timedelta(days=30))
    assert take(database, "b", NOON)
    assert not take(database, "a", NOON)


def test_a_node_whose_clock_is_behind_takes_no_lease_that_was_just_taken(database: Database) -> None:
    ahead = timedelta(seconds=20)
    assert take(database, "a", NOON + ahead)
    assert not take(database, "b", NOON)
    assert take(database, "a", NOON + ahead + MINUTE / 2)
    assert not take(database, "b", NOON + MINUTE / 2)


def test_who_has_lost_it_changes_nothing_under_it(database: Database) -> None:
    """One that slept until its lease was another's finds out in the transaction in which it would have gone on."""
    assert take(database, "a", NOON)
    with database.write() as tx:
        leases.require(tx, "upkeep", "a")
    assert take(database, "b", NOON + MINUTE)
    with database.write() as tx, pytest.raises(LeaseLost):
        leases.require(tx, "upkeep", "a")
    with database.write() as tx, pytest.raises(LeaseLost):
        leases.require(tx, "never taken", "a")
