"""Quotas of an account: exact in number and in time, for two requests at once too, and refused with nothing done."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from directca.accounts import quotas as said_quotas
from directca.accounts.errors import NoSuchAccount
from directca.accounts.quota_config import QuotaConfig
from directca.accounts.quota_errors import QuotaUsed, TooManyCurrent
from directca.errors import DirectCAError, Unavailable
from directca.issuance import quotas
from directca.issuance.issue import issue
from directca.pki.reasons import RevocationReason as Reason
from directca.signing.authority import Authority
from tests.world import DOMAIN, START, World

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
BOB, CAROL = f"bob@{DOMAIN}", f"carol@{DOMAIN}"


def with_quotas(world: World, **numbers: int) -> World:
    """The same authority with these settings."""
    return replace(world, issuance=replace(world.issuance, quotas=QuotaConfig(**numbers)))


def change(world: World, **changes: int | None) -> None:
    with world.database.write() as tx:
        said_quotas.change(tx, world.account_id, changes, actor="operator:ann", at=world.clock.now())


def used(world: World) -> quotas.Used:
    with world.database.read() as tx:
        return quotas.used(tx, "issuing", world.account_id, world.clock.now())


def refused(ask: Callable[[], object]) -> QuotaUsed:
    with pytest.raises(QuotaUsed) as error:
        ask()
    return error.value


def test_without_a_quota_nothing_is_refused(world: World) -> None:
    for name in (BOB, CAROL):
        world.issue(name, key=0 if name == BOB else 2)
    assert used(world) == quotas.Used(2, 2, 2)


def test_in_any_day_no_more_pairs_are_obtained_and_then_the_oldest_makes_room(world: World) -> None:
    world = with_quotas(world, pairs_per_day=2)
    world.issue(BOB)
    world.clock.moment += timedelta(hours=3)
    world.reissue(BOB, key=2)
    error = refused(lambda: world.issue(CAROL, key=4))
    assert error.retry_after == (DAY - timedelta(hours=3)).total_seconds()
    assert error.detail == (
        "The account may obtain 2 pairs in 24 hours by Issue, Reissue and Renew together, and has. Ask again from "
        f"{(START + DAY):%Y-%m-%dT%H:%M:%SZ} on, or ask the certificate authority's operator for a higher quota."
    )
    world.clock.moment += DAY - timedelta(hours=3) - SECOND
    assert refused(lambda: world.renew(BOB, key=6)).retry_after == 1
    world.clock.moment += SECOND
    world.renew(BOB, key=6)
    refused(lambda: world.issue(CAROL, key=4))


def test_a_month_is_that_of_the_calendar(world: World) -> None:
    world = with_quotas(world, pairs_per_month=1)
    world.issue(BOB)
    following = datetime(START.year + START.month // 12, START.month % 12 + 1, 1, tzinfo=UTC)
    assert refused(lambda: world.issue(CAROL, key=2)).retry_after == (following - START).total_seconds()
    world.clock.moment += following - START - SECOND
    world.proof()
    refused(lambda: world.issue(CAROL, key=2))
    world.clock.moment += SECOND
    world.issue(CAROL, key=2)


def test_current_pairs_are_counted_by_name_until_they_are_revoked(world: World) -> None:
    world = with_quotas(world, current_pairs=1)
    bob = world.issue(BOB)
    world.reissue(BOB, key=2)
    world.renew(BOB, key=4)
    with pytest.raises(TooManyCurrent) as error:
        world.issue(CAROL, key=6)
    assert f"expires after {bob.record.not_after:%Y}" in error.value.detail
    world.revoke(Reason.CERTIFICATE_HOLD, BOB)
    with pytest.raises(TooManyCurrent):
        world.issue(CAROL, key=6)
    world.revoke(Reason.UNSPECIFIED, BOB)
    world.issue(CAROL, key=6)
    assert used(world).current_pairs == 1


def test_what_is_refused_has_had_no_effect(world: World) -> None:
    world = with_quotas(world, pairs_per_day=1)
    world.issue(BOB)
    before = world.balance(), used(world), world.journal_kinds()
    refused(lambda: world.issue(CAROL, key=2))
    assert (world.balance(), used(world), world.journal_kinds()) == before
    world.check_books()


def test_a_dry_run_says_that_the_quota_is_used(world: World) -> None:
    world = with_quotas(world, pairs_per_day=1)
    world.issue(BOB)
    refused(lambda: issue(world.issuance, world.principal, world.application(CAROL, key=2), dry_run=True))


def test_an_order_that_came_to_nothing_does_not_count(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = with_quotas(world, pairs_per_day=1, current_pairs=1)

    def broken(*_: object) -> None:
        raise Unavailable("The key is away.")

    with monkeypatch.context() as patched:
        patched.setattr(Authority, "sign_all", broken)
        with pytest.raises(Unavailable):
            world.issue(BOB)
    assert used(world) == quotas.Used(0, 0, 0)
    world.issue(CAROL, key=2)


@pytest.mark.parametrize("quota", [{"pairs_per_day": 3}, {"pairs_per_month": 3}, {"current_pairs": 3}])
def test_of_many_requests_at_once_no_more_pass_than_may(world: World, quota: dict[str, int]) -> None:
    world = with_quotas(world, **quota)
    barrier = Barrier(6)

    def ask(number: int) -> str:
        barrier.wait()
        try:
            world.issue(f"person-{number}@{DOMAIN}", key=2 * number)
        except DirectCAError as error:
            return error.slug
        return "issued"

    with ThreadPoolExecutor(6) as threads:
        outcomes = list(threads.map(ask, range(6)))
    assert outcomes.count("issued") == 3, outcomes
    assert set(outcomes) == {"issued", "too_many_current" if "current_pairs" in quota else "quota_used"}


def test_the_operator_says_otherwise_of_one_account(world: World) -> None:
    world = with_quotas(world, pairs_per_day=1)
    change(world, pairs_per_day=2)
    world.issue(BOB)
    world.issue(CAROL, key=2)
    refused(lambda: world.renew(BOB, key=4))
    change(world, pairs_per_day=0)
    world.renew(BOB, key=4)
    change(world, pairs_per_day=None, current_pairs=5)
    refused(lambda: world.renew(CAROL, key=6))
    with world.database.read() as tx:
        found = said_quotas.of(tx, world.account_id, world.issuance.quotas)
    assert found == said_quotas.Quotas(QuotaConfig(pairs_per_day=1, current_pairs=5), frozenset({"current_pairs"}))
    assert world.journal_kinds().count("account.quota_changed") == 3
    world.check_books()


def test_nothing_is_said_of_an_account_that_does_not_exist(world: World) -> None:
    with pytest.raises(NoSuchAccount), world.database.write() as tx:
        said_quotas.change(tx, "nobody", {"pairs_per_day": 1}, actor="operator:ann", at=START)


def test_an_answer_that_was_bought_is_given_again_without_a_quota(world: World) -> None:
    world = with_quotas(world, pairs_per_day=1)
    first = world.issue(BOB, idempotency_key="once")
    assert world.issue(BOB, idempotency_key="once").record.id == first.record.id
