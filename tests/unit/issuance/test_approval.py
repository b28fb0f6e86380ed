"""Which issues wait for an officer: none by default; where the settings name some, until exactly that is confirmed, once."""

from dataclasses import replace

import pytest

from directca.accounts.person import Role
from directca.certificates.model import Pair
from directca.db.engine import Database
from directca.direct.oids import OrganizationType
from directca.revocation import carrying_out
from directca.vetting.approval_config import ApprovalConfig
from directca.vetting.case_errors import OwnRequest
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.proposal_errors import AwaitsApproval
from directca.vetting.proposal_model import Answer, ProposalState
from directca.vetting.proposals import Saying, show
from tests.applications import an_account, somebody
from tests.clinic import RULES, sealed
from tests.people import some_people
from tests.world import ALICE, DOMAIN, World, a_world

BOB = f"bob@{DOMAIN}"


def a_waiting_world(database: Database, *waits: str) -> tuple[World, Registration, Actor]:
    world = a_world(database)
    people = some_people(database, world.clock)  # type: ignore[arg-type]  # any clock will do
    desk = Registration(database, world.clock, RULES, ApprovalConfig(issuance_waits=waits), people, sealed)
    world.issuance = replace(world.issuance, registration=desk)
    return world, desk, somebody(desk, an_account(desk, "Authority"), "Olga Officer", Role.OFFICER)


def waits(world: World, name: str = ALICE, **more: object) -> str:
    """The proposal for which an issue waits."""
    with pytest.raises(AwaitsApproval) as refusal:
        world.issue(name, **more)  # type: ignore[arg-type]
    assert refusal.value.proposal is not None
    assert refusal.value.proposal in refusal.value.detail
    return refusal.value.proposal


def say(world: World, desk: Registration, who: Actor, proposal: str, answer: Answer = Answer.CONFIRM) -> ProposalState:
    seen = show(desk, who, proposal)
    return carrying_out.decide(world.revocation, desk, who, proposal, Saying(answer, "looked at it", seen.digest)).state


def test_by_default_nothing_waits(database: Database) -> None:
    world, *_ = a_waiting_world(database)
    assert isinstance(world.issue(ALICE), Pair)


def test_the_first_of_an_organization_waits_and_the_next_does_not(database: Database) -> None:
    world, desk, olga = a_waiting_world(database, "first")
    proposal = waits(world, idempotency_key="key-1")
    assert waits(world, idempotency_key="key-1") == proposal, "asked again it is the same"
    before = world.balance()
    assert say(world, desk, olga, proposal) is ProposalState.CONFIRMED
    made = world.issue(idempotency_key="key-1")
    assert show(desk, olga, proposal).result == made.record.order_id
    assert world.issue(idempotency_key="key-1").record.id == made.record.id
    assert world.balance().available < before.available
    assert isinstance(world.issue(BOB, key=2), Pair)
    world.check_books()


def test_what_is_approved_is_exactly_what_was_asked_and_once(database: Database) -> None:
    world, desk, olga = a_waiting_world(database, OrganizationType.COVERED_ENTITY.value)
    proposal = waits(world)
    say(world, desk, olga, proposal)
    others = [waits(world, BOB, key=2), waits(world, key=4), waits(world, years=2)]
    assert len({proposal, *others}) == 4
    world.issue()
    assert show(desk, olga, proposal).state is ProposalState.DONE, "it is used up"


def test_an_approval_is_good_for_a_while(database: Database) -> None:
    world, desk, olga = a_waiting_world(database, "first")
    proposal = waits(world)
    say(world, desk, olga, proposal)
    world.clock.advance(hours=73)
    assert waits(world) != proposal


def test_a_refusal_leaves_it_waiting(database: Database) -> None:
    world, desk, olga = a_waiting_world(database, "first")
    proposal = waits(world)
    assert say(world, desk, olga, proposal, Answer.REFUSE) is ProposalState.REFUSED
    assert waits(world) != proposal


def test_nobody_approves_for_their_own_account(database: Database) -> None:
    world, desk, _ = a_waiting_world(database, "first")
    inside = somebody(desk, world.account_id, "Ines Inside", Role.OFFICER)
    proposal = waits(world)
    with pytest.raises(OwnRequest):
        say(world, desk, inside, proposal)


def test_a_whole_domain_waits_and_an_address_does_not(database: Database) -> None:
    world, *_ = a_waiting_world(database, "domain")
    assert isinstance(world.issue(ALICE), Pair)
    waits(world, DOMAIN, key=2)


def test_a_successor_waits_for_another_category_alone(database: Database) -> None:
    world, *_ = a_waiting_world(database, OrganizationType.BUSINESS_ASSOCIATE.value, "first", "domain")
    quiet = world.issuance
    world.issuance = replace(quiet, registration=None)
    world.issue(ALICE)
    world.issuance = quiet
    assert isinstance(world.renew(), Pair)
    with pytest.raises(AwaitsApproval):
        world.reissue(organization_type=OrganizationType.BUSINESS_ASSOCIATE)


def test_a_dry_run_says_so_and_writes_nothing_down(database: Database) -> None:
    world, *_ = a_waiting_world(database, "first")
    with pytest.raises(AwaitsApproval) as refusal:
        world.dry_run()
    assert refusal.value.proposal is None
    assert "proposal.made" not in world.journal_kinds()


def test_upkeep_leaves_an_approval_to_its_applicant(database: Database) -> None:
    world, desk, olga = a_waiting_world(database, "first")
    say(world, desk, olga, waits(world))
    assert carrying_out.go_on(world.revocation) == ()
    assert isinstance(world.issue(), Pair)
