"""Ends are told on the days of the policy, each once, whoever looks and however often."""

from datetime import timedelta

import pytest

from directca.accounts import accounts
from directca.clock import rfc3339
from directca.notices import feed
from directca.notices.context import Notices
from directca.notices.expiry import forget, tell_ends
from directca.notices.follow import follow, give_back
from directca.notices.model import Event, Subscriber
from directca.notices.policy import days_to_tell
from directca.pki.reasons import RevocationReason
from tests.world import ALICE, START, World

HERE = "here:1"
DAYS = (1, 7, 14, 30)


def told(world: World, notices: Notices, prefix: str) -> list[Event]:
    while follow(notices, HERE):
        pass
    give_back(notices, HERE)
    found = feed.fetch(notices, Subscriber("client:x", world.account_id, "x"), 0, 500).events
    return [one for one in found if one.kind.startswith(prefix) and "expir" in one.kind]


def said(world: World, notices: Notices, prefix: str) -> list[tuple[str, int | None]]:
    return [(one.kind.value.rpartition(".")[2], one.data.get("days")) for one in told(world, notices, prefix)]


def look_daily(world: World, notices: Notices, days: int) -> None:
    for _ in range(days):
        world.clock.advance(days=1)
        tell_ends(notices, HERE)
        tell_ends(notices, HERE)


@pytest.mark.parametrize(
    ("left", "due"),
    [
        (timedelta(days=31), None),
        (timedelta(days=30, seconds=1), None),
        (timedelta(days=30), 30),
        (timedelta(days=14, seconds=1), 30),
        (timedelta(days=14), 14),
        (timedelta(days=7), 7),
        (timedelta(days=1), 1),
        (timedelta(seconds=1), 1),
        (timedelta(0), 0),
        (timedelta(days=-3), 0),
    ],
)
def test_the_notice_that_is_due(left: timedelta, due: int | None) -> None:
    assert days_to_tell(START + left, START, DAYS) == due


def test_a_pair_is_told_of_four_times_and_when_it_has_ended(world: World, notices: Notices) -> None:
    pair = world.issue()
    world.clock.moment = pair.record.not_after - timedelta(days=33)
    look_daily(world, notices, 40)
    assert said(world, notices, "certificate") == [
        ("expiring", 30),
        ("expiring", 14),
        ("expiring", 7),
        ("expiring", 1),
        ("expired", None),
    ]
    first = told(world, notices, "certificate")[0]
    assert (first.subject, first.data["identifier"]) == (f"record:{pair.record.id}", ALICE)
    assert first.data["ends_at"] == rfc3339(pair.record.not_after + timedelta(seconds=1))
    world.check_books()


def test_of_what_came_at_once_the_last_is_told(world: World, notices: Notices) -> None:
    pair = world.issue()
    world.clock.moment = pair.record.not_after - timedelta(days=6)
    tell_ends(notices, HERE)
    world.clock.moment = pair.record.not_after - timedelta(days=9)  # the clock was set back
    tell_ends(notices, HERE)
    assert said(world, notices, "certificate") == [("expiring", 7)]


def test_what_was_renewed_or_revoked_ends_untold(world: World, notices: Notices) -> None:
    old = world.issue()
    world.clock.moment = old.record.not_after - timedelta(days=29)
    world.verify_domain()
    world.proof()
    world.renew()
    world.issue(f"bob@{ALICE.partition('@')[2]}", key=4)
    world.revoke(RevocationReason.CESSATION_OF_OPERATION, f"bob@{ALICE.partition('@')[2]}")
    look_daily(world, notices, 30)
    assert said(world, notices, "certificate") == []


def test_a_domain_and_a_proofing_are_told_of(world: World, notices: Notices) -> None:
    world.clock.moment = START + timedelta(days=365 - 31)
    look_daily(world, notices, 20)
    world.verify_domain()  # the later claim ends a year from here
    look_daily(world, notices, 20)
    assert said(world, notices, "domain") == [("expiring", 30), ("expiring", 14)]
    world.clock.moment = START.replace(year=START.year + 9) - timedelta(days=8)
    look_daily(world, notices, 9)
    assert said(world, notices, "proofing") == [("expiring", 7), ("expiring", 1), ("expired", None)]
    (first, *_) = told(world, notices, "proofing")
    assert first.data["representative"] == "Rosa Representative"


def test_a_newer_proofing_takes_the_place_of_the_old(world: World, notices: Notices) -> None:
    world.clock.moment = START.replace(year=START.year + 8)
    world.proof()
    world.clock.moment = START.replace(year=START.year + 9) - timedelta(days=10)
    look_daily(world, notices, 20)
    assert said(world, notices, "proofing") == []


def test_a_suspended_account_is_left_alone(world: World, notices: Notices) -> None:
    pair = world.issue()
    with world.database.write() as tx:
        accounts.suspend(tx, world.account_id, actor="operator:ann", reason="unpaid", at=world.clock.now())
    world.clock.moment = pair.record.not_after - timedelta(days=6)
    tell_ends(notices, HERE)
    assert said(world, notices, "certificate") == []


def test_two_who_looked_at_the_same_time_tell_once(world: World, notices: Notices, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = world.issue()
    world.clock.moment = pair.record.not_after - timedelta(days=6)
    from_here = []

    def other_first(asked: Notices, holder: str) -> None:
        monkeypatch.undo()
        from_here.append(tell_ends(asked, holder))

    monkeypatch.setattr("directca.notices.expiry._take_lease", other_first)
    assert tell_ends(notices, HERE) == 0
    assert from_here == [2], "the pair, and the domain"
    assert said(world, notices, "certificate") == [("expiring", 7)]


def test_old_events_are_forgotten_and_positions_go_on(world: World, notices: Notices) -> None:
    world.issue()
    while follow(notices, HERE):
        pass
    world.clock.advance(days=401)
    assert forget(notices, timedelta(days=400), timedelta(days=30)) == 2
    who = Subscriber("client:x", world.account_id, "x")
    assert feed.fetch(notices, who, 0).last == 2
    world.verify_domain()
    while follow(notices, HERE):
        pass
    (event,) = feed.fetch(notices, who, 0).events
    assert event.position == 3
