"""Which issues wait for an officer: none by default; where the settings name some, until exactly that is confirmed, once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from directca.accounts import people
from directca.accounts.person import Role
from directca.certificates.model import Pair
from directca.db.engine import Database
from directca.direct.oids import OrganizationType
from directca.issuance import approval, order_list, pair
from directca.issuance.issue import issue
from directca.issuance.order_list import WaitingIssue
from directca.issuance.reconcile import reconcile
from directca.revocation import carrying_out
from directca.signing.errors import SigningStopped
from directca.vetting import proposals
from directca.vetting.approval_config import ApprovalConfig
from directca.vetting.case_errors import OwnRequest
from directca.vetting.case_model import Actor
from directca.vetting.context import Registration
from directca.vetting.proposal_errors import AwaitsApproval, TooManyWaiting
from directca.vetting.proposal_model import Answer, Proposal, ProposalState
from directca.vetting.proposals import Saying, show
from tests.applications import an_account, somebody
from tests.clinic import RULES, sealed
from tests.people import some_people
from tests.world import ALICE, DOMAIN, World, a_world

BOB = f"bob@{DOMAIN}"


def a_waiting_world(database: Database, *waits: str, **config: int) -> tuple[World, Registration, Actor]:
    world = a_world(database)
    people = some_people(database, world.clock)
    settings = replace(ApprovalConfig(issuance_waits=waits), **config)
    desk = Registration(database, world.clock, RULES, settings, people, sealed)
    world.issuance = replace(world.issuance, registration=desk)
    return world, desk, somebody(desk, an_account(desk, "Authority"), "Olga Officer", Role.OFFICER)


def waits(world: World, name: str = ALICE, **more: Any) -> str:
    """The proposal for which an issue waits."""
    with pytest.raises(AwaitsApproval) as refusal:
        world.issue(name, **more)
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


@pytest.mark.parametrize("step", ["sign", "record"])
def test_an_approval_is_not_used_up_by_an_issue_that_failed(
    database: Database, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    world, desk, olga = a_waiting_world(database, "first")
    proposal, before = waits(world, idempotency_key="key-1"), world.balance()
    say(world, desk, olga, proposal)

    def fails(*_arguments: object) -> None:
        raise SigningStopped("The key is away.")

    with monkeypatch.context() as patched:
        patched.setattr(pair, step, fails)
        with pytest.raises(SigningStopped):
            world.issue(idempotency_key="key-1")
    assert (show(desk, olga, proposal).state, world.balance()) == (ProposalState.CONFIRMED, before)
    made = world.issue(idempotency_key="key-1")
    assert (show(desk, olga, proposal).state, show(desk, olga, proposal).result) == (ProposalState.DONE, made.record.order_id)
    assert world.issue(idempotency_key="key-1").record.id == made.record.id
    kinds = [one for one in world.journal_kinds() if one.startswith("proposal.")]
    assert kinds[-3:] == ["proposal.carried_out", "proposal.given_back", "proposal.carried_out"]
    world.check_books()


def test_what_a_crash_left_of_an_approved_issue_gives_the_approval_back(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, desk, olga = a_waiting_world(database, "first")
    proposal = waits(world)
    say(world, desk, olga, proposal)
    killed_while_signing(world, monkeypatch)
    world.clock.advance(seconds=1)
    assert len(reconcile(world.issuance, actor="system:test", older_than=timedelta(0))) == 1
    assert show(desk, olga, proposal).state is ProposalState.CONFIRMED
    assert isinstance(world.issue(), Pair)


def test_an_approval_of_an_officer_who_may_approve_nothing_any_more_is_none(database: Database) -> None:
    world, desk, olga = a_waiting_world(database, "first")
    proposal = waits(world)
    say(world, desk, olga, proposal)
    people.suspend(desk.people, olga.names[1], actor="operator:test", reason="left")
    assert waiting_of(world) == ()
    again = waits(world)
    assert again != proposal
    assert [(one.proposal, one.state) for one in waiting_of(world)] == [(again, "open")]


def test_what_failed_gives_no_approval_back_after_its_time(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    world, desk, olga = a_waiting_world(database, "first")
    proposal = waits(world)
    say(world, desk, olga, proposal)
    killed_while_signing(world, monkeypatch)
    world.clock.advance(hours=73)
    reconcile(world.issuance, actor="system:test", older_than=timedelta(0))
    assert waits(world) != proposal


def killed_while_signing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Issue, and leave what a process leaves that dies after it has reserved."""

    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(pair, "sign", killed)
        with pytest.raises(KeyboardInterrupt):
            world.issue()


def test_an_officer_who_is_suspended_while_the_pair_is_rehearsed_has_approved_nothing(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, desk, olga = a_waiting_world(database, "first")
    proposal, before = waits(world, idempotency_key="key-1"), world.balance()
    say(world, desk, olga, proposal)
    check = approval.check

    def checked(*given: Any, **named: Any) -> Proposal | None:
        found = check(*given, **named)
        people.suspend(desk.people, olga.names[1], actor="operator:test", reason="left")
        return found

    with monkeypatch.context() as patched:
        patched.setattr(approval, "check", checked)
        with pytest.raises(AwaitsApproval, match="another officer"):
            world.issue(idempotency_key="key-1")
    assert world.balance() == before
    assert waits(world, idempotency_key="key-1") != proposal
    world.check_books()


def test_an_officer_who_is_also_the_applicant_does_not_approve(database: Database) -> None:
    world, desk, _ = a_waiting_world(database, "first")
    applicant = somebody(desk, world.account_id, "Petra Person")
    namesake = somebody(desk, an_account(desk, "Other"), "petra  person", Role.OFFICER)
    asked = replace(world.principal, person_id=str(applicant.person_id))
    with pytest.raises(AwaitsApproval) as refusal:
        issue(world.issuance, asked, world.application())
    with pytest.raises(OwnRequest):
        say(world, desk, namesake, str(refusal.value.proposal))


def test_only_so_many_issues_of_an_account_wait(database: Database) -> None:
    world, desk, olga = a_waiting_world(database, "first", waiting_issues=2)
    first = waits(world)
    waits(world, BOB, key=2)
    for _ in range(2):
        with pytest.raises(TooManyWaiting) as refusal:
            world.issue(f"carol@{DOMAIN}", key=4)
    assert "2 requests" in refusal.value.detail
    assert waits(world) == first, "the same is no other"
    say(world, desk, olga, first, Answer.REFUSE)
    waits(world, f"carol@{DOMAIN}", key=4)
    world.clock.advance(hours=72)
    waits(world, BOB, key=2)


def test_officers_page_through_all_that_waits(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposals, "MOST", 2)
    world, desk, olga = a_waiting_world(database, "first")
    made = []
    for number in range(5):
        made.append(waits(world, f"p{number}@{DOMAIN}", key=2 * number))
        world.clock.advance(seconds=number % 2)
    say(world, desk, olga, made.pop(), Answer.REFUSE)
    pages = [proposals.waiting(desk, olga)]
    while pages[-1].after is not None:
        pages.append(proposals.waiting(desk, olga, pages[-1].after))
    assert [len(one.open) for one in pages] == [2, 2]
    assert {one.total for one in pages} == {4}
    assert sorted(one.id for page in pages for one in page.open) == sorted(made)
    assert [len(one.closed) for one in pages] == [1, 0], "what is settled stands on the first page"


def waiting_of(world: World) -> tuple[WaitingIssue, ...]:
    with world.database.read() as tx:
        return order_list.page_of(tx, world.account_id, world.clock.now()).waiting


def test_an_account_sees_what_waits_since_when_for_whom_and_what_was_decided(database: Database) -> None:
    world, desk, olga = a_waiting_world(database, "first")
    assert waiting_of(world) == ()
    proposal, since = waits(world), world.clock.now()
    (one,) = waiting_of(world)
    assert (one.proposal, one.identifier, one.verb, one.duration_years) == (proposal, ALICE, "issue", 1)
    assert (one.state, one.since, one.until) == ("open", since, since + timedelta(hours=72))
    assert one.waits is not None
    assert (one.waits.who_must_act, one.waits.why) == ("authority", "An officer must approve it: it is the organization's first.")

    world.clock.advance(hours=1)
    say(world, desk, replace(olga, shown_at=world.clock.now()), proposal)
    (one,) = waiting_of(world)
    assert (one.state, one.until, one.decided_at) == ("confirmed", since + timedelta(hours=73), world.clock.now())
    assert one.waits is not None
    assert (one.waits.who_must_act, one.said) == ("applicant", "looked at it")
    world.issue()
    assert waiting_of(world) == ()


@pytest.mark.parametrize("ends", ["refused", "expired"])
def test_an_account_sees_for_a_while_what_was_refused_or_decided_by_nobody(database: Database, ends: str) -> None:
    world, desk, olga = a_waiting_world(database, "first")
    proposal = waits(world)
    if ends == "refused":
        say(world, desk, olga, proposal, Answer.REFUSE)
    else:
        world.clock.advance(hours=72)
    (one,) = waiting_of(world)
    assert (one.state, one.waits, one.said) == (ends, None, "looked at it" if ends == "refused" else None)
    carrying_out.go_on(world.revocation)
    assert [one.state for one in waiting_of(world)] == [ends]
    world.clock.advance(hours=73)
    assert waiting_of(world) == ()


def test_what_failed_once_its_approval_is_over_waits_for_nobody(database: Database) -> None:
    world, desk, olga = a_waiting_world(database, "first")
    say(world, desk, olga, waits(world))
    world.clock.advance(hours=73)
    assert waiting_of(world) == ()


def test_an_account_sees_nothing_of_another(database: Database) -> None:
    world, desk, _ = a_waiting_world(database, "first")
    waits(world)
    other = an_account(desk, "Other")
    with world.database.read() as tx:
        assert order_list.page_of(tx, other, world.clock.now()).waiting == ()


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
