"""A clock that ran ahead and was set right: nothing is told as if all were well, and an operator finds the way out."""

from datetime import timedelta

import pytest
from cryptography import x509

from directca.db.engine import Database
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import clock_error, crl, upkeep
from directca.revocation.errors import ClockWentBack, NothingFresh
from directca.revocation.model import ListId
from tests.world import DOMAIN, World, a_world

FULL = ListId("issuing")
BOB = f"bob@{DOMAIN}"


@pytest.fixture
def ahead(database: Database) -> World:
    """An authority with a revoked and a good pair, whose clock was two years ahead for a while and is right again."""
    world = a_world(database, strict=True)
    upkeep.produce_due_crls(world.revocation)
    world.issue()
    world.issue(BOB, key=2)
    world.clock.advance(hours=1)
    world.revoke(Reason.SUPERSEDED)
    world.clock.advance(days=730)
    for _ in range(3):  # the second of them no longer lists what it takes for expired
        crl.produce(world.revocation, FULL, actor="system:test")
        world.clock.advance(seconds=1)
    world.clock.advance(days=-730)
    return world


def listed(world: World) -> set[int]:
    return {entry.serial_number for entry in x509.load_der_x509_crl(crl.published(world.revocation, FULL).der)}


def test_nothing_is_served_or_issued_and_the_list_is_due_which_is_an_alarm(ahead: World) -> None:
    with pytest.raises(NothingFresh, match="dated after"):
        crl.published(ahead.revocation, FULL)
    with pytest.raises(NothingFresh, match="dated after"):
        ahead.issue(f"carol@{DOMAIN}", key=4)
    assert crl.due(ahead.revocation, FULL)
    with pytest.raises(ClockWentBack, match="crl withdraw"):
        upkeep.produce_due_crls(ahead.revocation)


def test_a_revocation_is_recorded_all_the_same(ahead: World) -> None:
    assert ahead.revoke(Reason.KEY_COMPROMISE, BOB).record.revoked_at == ahead.clock.now()


def test_withdrawn_lists_are_made_anew_with_all_that_they_had_let_go_of(ahead: World) -> None:
    ahead.revoke(Reason.KEY_COMPROMISE, BOB)
    wanted = {int(one.serial, 16) for pair in (*ahead.history(), *ahead.history(BOB)) for one in (pair.signing, pair.encryption)}
    before = ahead.clock.now()
    (done,) = clock_error.withdraw(ahead.revocation, actor="operator:ann")
    assert done.made is not None
    assert len(done.numbers) == 3
    assert done.made.number > max(done.numbers)
    assert before - timedelta(seconds=1) < done.made.this_update <= before
    assert listed(ahead) == wanted
    assert not crl.due(ahead.revocation, FULL)
    ahead.issue(f"carol@{DOMAIN}", key=4)
    assert ahead.journal_kinds().count("crl.withdrawn") == 1


def test_without_anything_dated_ahead_nothing_is_withdrawn(database: Database) -> None:
    world = a_world(database)
    upkeep.produce_due_crls(world.revocation)
    assert clock_error.withdraw(world.revocation, actor="operator:ann") == ()


def test_a_clock_that_is_a_minute_behind_another_machines_serves_on(database: Database) -> None:
    world = a_world(database)
    upkeep.produce_due_crls(world.revocation)
    world.clock.advance(seconds=-60)
    assert crl.published(world.revocation, FULL)
    assert not crl.due(world.revocation, FULL)
    world.clock.advance(seconds=-1)
    assert crl.due(world.revocation, FULL)
