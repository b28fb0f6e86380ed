"""What vetting rests on may change between the vetting and the reservation: then nothing is issued on the old facts."""

from collections.abc import Callable
from typing import Any

import pytest

from directca.accounts import accounts
from directca.db.engine import Tx
from directca.errors import DirectCAError
from directca.issuance import pair, preconditions
from directca.vetting import evidence, organizations
from directca.vetting.check import vet
from tests import clinic
from tests.world import DOMAIN, PLENTY, World

Change = Callable[[Tx, World], None]


def meanwhile(world: World, monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Let something happen after vetting and before the reservation."""
    rehearse = pair.rehearse

    def rehearse_then_change(*arguments: Any) -> Any:
        done = rehearse(*arguments)
        change()
        return done

    monkeypatch.setattr(pair, "rehearse", rehearse_then_change)


def the_account_is_suspended(tx: Tx, world: World) -> None:
    accounts.suspend(tx, world.account_id, actor="operator:ann", reason="unpaid", at=world.clock.now())


def the_organization_is_suspended(tx: Tx, world: World) -> None:
    organizations.suspend(tx, world.organization_id, actor="operator:ann", reason="merged", at=world.clock.now())


def the_domain_is_withdrawn(tx: Tx, world: World) -> None:
    evidence.withdraw_domain(tx, world.organization_id, DOMAIN, clinic.recording(world.clock.now()))


def the_proofing_is_withdrawn(tx: Tx, world: World) -> None:
    for one in evidence.proofings(tx, world.organization_id):
        evidence.withdraw_proofing(tx, world.organization_id, one.id, clinic.recording(world.clock.now()))


def the_mailboxes_are_withdrawn(tx: Tx, world: World) -> None:
    for one in evidence.authorities(tx, world.organization_id):
        evidence.withdraw_mailbox(tx, world.organization_id, DOMAIN, one.mailbox, clinic.recording(world.clock.now()))


CHANGES = (
    the_account_is_suspended,
    the_organization_is_suspended,
    the_domain_is_withdrawn,
    the_proofing_is_withdrawn,
    the_mailboxes_are_withdrawn,
)


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_no_longer_true_is_not_certified(world: World, monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    def happen() -> None:
        with world.database.write() as tx:
            change(tx, world)

    meanwhile(world, monkeypatch, happen)
    with pytest.raises(DirectCAError):
        world.issue()
    assert world.balance().available == PLENTY
    assert "certificate.intended" not in world.journal_kinds()


def test_a_change_that_leaves_the_answer_as_it_was_does_not_matter(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def happen() -> None:
        with world.database.write() as tx:
            evidence.authorize_mailbox(tx, world.organization_id, DOMAIN, "zoe", None, clinic.recording(world.clock.now()))

    meanwhile(world, monkeypatch, happen)
    assert world.issue().signing.der is not None


def test_an_answer_does_not_stand_for_long(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    meanwhile(world, monkeypatch, lambda: world.clock.advance(days=4000))
    with pytest.raises(DirectCAError):
        world.issue()
    assert world.balance().available == PLENTY


def test_nor_when_the_clock_was_set_back(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def vet_and_note(*arguments: Any) -> Any:
        asked.append(arguments)
        return vet(*arguments)

    world.clock.advance(minutes=1)
    world.issue()  # from here on it is not the organization's first
    monkeypatch.setattr(preconditions, "vet", vet_and_note)
    world.issue(f"bob@{DOMAIN}", key=4)
    assert len(asked) == 1
    meanwhile(world, monkeypatch, lambda: world.clock.advance(seconds=-30))
    world.issue(f"zoe@{DOMAIN}", key=8)
    assert len(asked) == 3
