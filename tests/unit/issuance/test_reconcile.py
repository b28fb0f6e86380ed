"""Reconcile: what a crash left is settled, and what is under way is left alone or made to fail cleanly."""

from datetime import timedelta

import pytest

from directca.certificates.errors import StateChanged
from directca.certificates.model import State
from directca.issuance import pair
from directca.issuance.reconcile import reconcile
from directca.revocation import crl, upkeep
from directca.revocation.model import ListId
from tests.world import PLENTY, World


class PowerCutError(BaseException):
    """Ends everything at once: nothing of the product may catch it and tidy up."""


def crash(world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    def cut(*_: object, **__: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patched:
        patched.setattr(pair, step, cut)
        with pytest.raises(PowerCutError):
            world.issue(idempotency_key="order-1")


@pytest.mark.parametrize("step", ["sign", "record"])
def test_an_intent_is_revoked_listed_refunded_and_its_name_freed(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    crash(world, monkeypatch, step)
    assert world.balance().reserved == 3500
    assert reconcile(world.issuance, actor="system:test") == ()  # it might still be under way
    world.clock.advance(seconds=61)
    (settled,) = reconcile(world.issuance, actor="system:test")
    assert (settled.state, settled.settled, settled.current) == (State.REVOKED, True, False)
    assert (world.balance().available, world.balance().reserved) == (PLENTY, 0)
    upkeep.produce_due_crls(world.revocation)
    assert crl.published(world.revocation, ListId("issuing")).facts.entries == 2
    made = world.issue(idempotency_key="order-1")
    assert made.record.current
    world.check_books()


@pytest.mark.parametrize("step", ["rehearse", "reserving"])
def test_before_the_reservation_nothing_is_left(world: World, monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    crash(world, monkeypatch, step)
    assert reconcile(world.issuance, actor="system:test", older_than=timedelta(0)) == ()
    assert (world.balance().available, world.balance().reserved) == (PLENTY, 0)


def test_a_request_whose_intent_was_settled_under_its_hands_fails(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sign = pair.sign

    def while_it_is_reconciled(*arguments: object) -> object:
        world.clock.advance(seconds=61)
        assert len(reconcile(world.issuance, actor="system:test")) == 1
        return sign(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pair, "sign", while_it_is_reconciled)
    with pytest.raises(StateChanged):
        world.issue()
    (left,) = world.history()
    assert (left.record.state, left.signing.der) == (State.REVOKED, None)
    assert (world.balance().available, world.balance().reserved) == (PLENTY, 0)
    world.check_books()


def test_a_crashed_renewal_leaves_the_old_pair_renewable(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    old = world.issue()

    def cut(*_: object) -> None:
        raise PowerCutError

    with monkeypatch.context() as patched:
        patched.setattr(pair, "sign", cut)
        with pytest.raises(PowerCutError):
            world.renew()
    world.clock.advance(seconds=61)
    reconcile(world.issuance, actor="system:test")
    assert world.history()[0].record.id == old.record.id
    assert world.renew().record.supersedes == old.record.id
