"""What was confirmed is carried out once, however many are at it at a time, and only while those who wanted it may still."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from threading import Barrier

import pytest

from directca.accounts import accounts, people, roles
from directca.accounts.person import Role
from directca.accounts.roles import AtCommand
from directca.db.engine import Database
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import authority_status, carrying_out, organization_end
from directca.revocation.authority_errors import AuthorityAlreadyRevoked
from directca.revocation.authority_status import AuthorityRevocation
from directca.vetting import proposals
from directca.vetting.case_model import Actor
from directca.vetting.proposal_errors import AuthorGone, ProposalClosed
from directca.vetting.proposal_model import Answer, Proposal, ProposalState
from directca.vetting.proposals import Saying
from tests.applications import an_account, somebody
from tests.people import OPERATOR as ANN
from tests.second_officers import OPERATOR, TWO, Desk, a_desk, propose_the_end, propose_to_revoke_the_authority

MADE: dict[str, Callable[[Desk], Proposal]] = {
    "pairs": lambda desk: desk.proposed(),
    "end": propose_the_end,
    "authority": propose_to_revoke_the_authority,
}
ONCE = {"pairs": "bulk_revocation.ordered", "end": "organization.ended", "authority": "authority.revoked"}
ACTS = {"end": (organization_end, "end_organization"), "authority": (authority_status, "revoke")}
"""The acts that take more than one commit."""

LONG = pytest.mark.parametrize("kind", list(ACTS))
EACH_KIND = pytest.mark.parametrize("kind", list(MADE))


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database, **TWO)


def confirmed(desk: Desk, kind: str) -> Proposal:
    """What a crash right after the last confirmation leaves."""
    made = MADE[kind](desk)
    return proposals.decide(desk.registration, desk.otto, made.id, Saying(Answer.CONFIRM, "yes", made.digest))


def check_done_once(desk: Desk, kind: str) -> None:
    kinds = desk.world.journal_kinds()
    assert (kinds.count(ONCE[kind]), kinds.count("proposal.carried_out"), kinds.count("proposal.failed")) == (1, 1, 0)


def now_confirmed(desk: Desk) -> tuple[Proposal, ...]:
    with desk.world.database.read() as tx:
        return proposals.confirmed(tx)


class Killed(BaseException):
    """The process dies."""


@EACH_KIND
def test_who_comes_second_finds_it_carried_out(desk: Desk, kind: str) -> None:
    left, ca = confirmed(desk, kind), desk.world.revocation
    first, second = carrying_out.carry_out(ca, left), carrying_out.carry_out(ca, left)
    assert (first.state, second.state, second.result) == (ProposalState.DONE, ProposalState.DONE, first.result)
    check_done_once(desk, kind)


@EACH_KIND
def test_of_many_at_once_one_carries_it_out(desk: Desk, kind: str) -> None:
    left, together = confirmed(desk, kind), Barrier(4)

    def work(_number: int) -> ProposalState:
        together.wait()
        return carrying_out.carry_out(desk.world.revocation, left).state

    with ThreadPoolExecutor(4) as threads:
        states = set(threads.map(work, range(4)))
    assert states <= {ProposalState.DONE, ProposalState.CONFIRMED}, "who is not the one may be told that it is under way"
    assert ProposalState.DONE in states
    assert now_confirmed(desk) == ()
    check_done_once(desk, kind)


@LONG
def test_upkeep_leaves_alone_what_somebody_is_carrying_out(desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    made, ca = MADE[kind](desk), desk.world.revocation
    room, verb = ACTS[kind]
    act = getattr(room, verb)
    met: list[ProposalState] = []

    def meanwhile(*arguments: object, **named: object) -> object:
        met.extend(one.state for one in carrying_out.go_on(ca))
        return act(*arguments, **named)

    monkeypatch.setattr(room, verb, meanwhile)
    assert desk.say(desk.otto, made).state is ProposalState.DONE
    assert met == [ProposalState.CONFIRMED]
    check_done_once(desk, kind)


def test_an_authority_that_others_revoked_for_the_same_reason_meanwhile_is_no_failure(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, act = propose_to_revoke_the_authority(desk), authority_status.revoke

    def after_others(*arguments: object, **named: object) -> object:
        wanted = AuthorityRevocation(Reason.CA_COMPROMISE, None, "by hand")
        act(desk.world.revocation, "issuing", wanted, actor="operator:bob")
        return act(*arguments, **named)

    monkeypatch.setattr(authority_status, "revoke", after_others)
    assert desk.say(desk.otto, made).state is ProposalState.DONE
    check_done_once(desk, "authority")


@LONG
@pytest.mark.parametrize("moment", ["before", "after"])
def test_what_whoever_claimed_it_left_is_picked_up_once_the_claim_is_over(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, kind: str, moment: str
) -> None:
    made, ca = MADE[kind](desk), desk.world.revocation
    room, verb = ACTS[kind]
    act = getattr(room, verb)

    def dies(*arguments: object, **named: object) -> object:
        if moment == "after":
            act(*arguments, **named)
        raise Killed

    monkeypatch.setattr(room, verb, dies)
    with pytest.raises(Killed):
        desk.say(desk.otto, made)
    monkeypatch.setattr(room, verb, act)
    (met,) = carrying_out.go_on(ca)
    assert met.state is ProposalState.CONFIRMED, "the claim stands"
    desk.world.clock.advance(seconds=31)
    (done,) = carrying_out.go_on(ca)
    assert done.state is ProposalState.DONE
    check_done_once(desk, kind)


def test_who_lost_the_claim_writes_nothing_down(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that was stopped for longer than its claim lasts, meanwhile another did it all."""
    made, ca, act = propose_to_revoke_the_authority(desk), desk.world.revocation, authority_status.revoke

    def slow(*arguments: object, **named: object) -> object:
        monkeypatch.setattr(authority_status, "revoke", act)
        desk.world.clock.advance(seconds=31)
        assert [one.state for one in carrying_out.go_on(ca)] == [ProposalState.DONE]
        raise AuthorityAlreadyRevoked("Too late.")

    monkeypatch.setattr(authority_status, "revoke", slow)
    assert desk.say(desk.otto, made).state is ProposalState.DONE
    check_done_once(desk, "authority")


def test_one_that_breaks_keeps_no_other_from_being_carried_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = confirmed(desk, "end")
    later = desk.proposed()
    proposals.decide(desk.registration, desk.otto, later.id, Saying(Answer.CONFIRM, "yes", later.digest))

    def breaks(*_arguments: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(organization_end, "end_organization", breaks)
    with pytest.raises(ZeroDivisionError) as raised:
        carrying_out.go_on(desk.world.revocation)
    assert raised.value.__notes__ == [f"while the proposal {broken.id} was carried out"]
    assert proposals.show(desk.registration, desk.otto, later.id).state is ProposalState.DONE


def test_of_several_that_break_each_is_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    both = [confirmed(desk, kind) for kind in ("end", "authority")]

    def breaks(*_arguments: object, **_named: object) -> object:
        raise ZeroDivisionError

    monkeypatch.setattr(organization_end, "end_organization", breaks)
    monkeypatch.setattr(authority_status, "revoke", breaks)
    with pytest.raises(ExceptionGroup) as raised:
        carrying_out.go_on(desk.world.revocation)
    told = {note for one in raised.value.exceptions for note in one.__notes__}
    assert told == {f"while the proposal {one.id} was carried out" for one in both}


def suspend(desk: Desk, who: Actor) -> None:
    people.suspend(desk.registration.people, who.names[1], actor=ANN, reason="left")


def suspend_account(desk: Desk, who: Actor) -> None:
    with desk.world.database.write() as tx:
        accounts.suspend(tx, str(who.account_id), actor=ANN, reason="left", at=desk.world.clock.now())


def demote(desk: Desk, who: Actor) -> None:
    roles.withdraw(desk.registration.people, who.names[1], Role.OFFICER, by=AtCommand(ANN))


GONE = pytest.mark.parametrize("gone", [suspend, suspend_account, demote])


@GONE
@pytest.mark.parametrize("kind", ["pairs", "end"])
def test_what_somebody_proposed_who_may_not_any_more_is_not_confirmed(
    desk: Desk, kind: str, gone: Callable[[Desk, Actor], None]
) -> None:
    desk.olga = somebody(desk.registration, an_account(desk.registration, "Former"), "Petra Proposer", Role.OFFICER)
    made, before = MADE[kind](desk), desk.states()
    gone(desk, desk.olga)
    with pytest.raises(AuthorGone):
        desk.say(desk.otto, made)
    assert desk.states() == before
    assert desk.say(desk.otto, made, Answer.REFUSE).state is ProposalState.REFUSED


@GONE
def test_who_confirmed_before_counts_only_while_they_may(database: Database, gone: Callable[[Desk, Actor], None]) -> None:
    desk = a_desk(database, deciders_bulk=3)
    made = desk.proposed()
    petra = somebody(desk.registration, an_account(desk.registration, "Former"), "Petra Confirmer", Role.OFFICER)
    assert desk.say(petra, made).state is ProposalState.OPEN
    gone(desk, petra)
    with pytest.raises(AuthorGone):
        desk.say(desk.otto, made)


@EACH_KIND
def test_what_a_crash_left_is_not_carried_out_for_somebody_who_may_not_any_more(desk: Desk, kind: str) -> None:
    desk.otto = somebody(desk.registration, an_account(desk.registration, "Former"), "Petra Confirmer", Role.OFFICER)
    confirmed(desk, kind)
    demote(desk, desk.otto)
    (met,) = carrying_out.go_on(desk.world.revocation)
    assert (met.state, met.result) == (ProposalState.FAILED, "proposer_gone")
    assert ONCE[kind] not in desk.world.journal_kinds()


def test_the_operator_is_always_who_they_were(desk: Desk) -> None:
    assert desk.say(desk.otto, desk.proposed(OPERATOR)).state is ProposalState.DONE


def answered(desk: Desk, made: Proposal) -> dict[str, Callable[[], Proposal]]:
    """What two people may say of one proposal at the same moment."""
    another = somebody(desk.registration, str(desk.otto.account_id), "Oscar Officer", Role.OFFICER)
    return {
        "confirm": lambda: desk.say(desk.otto, made),
        "confirm too": lambda: desk.say(another, made),
        "refuse": lambda: desk.say(another, made, Answer.REFUSE),
        "withdraw": lambda: proposals.withdraw(desk.registration, desk.olga, made.id, "a slip"),
        "expire": lambda: expire(desk, made),
    }


def expire(desk: Desk, made: Proposal) -> Proposal:
    """Upkeep, with a clock that is at the end."""
    with desk.world.database.write() as tx:
        if not proposals.close_expired(tx, made.expires_at):
            raise ProposalClosed("Somebody was quicker.")
    return replace(made, state=ProposalState.EXPIRED)


@pytest.mark.parametrize("other", ["confirm too", "refuse", "withdraw", "expire"])
def test_of_two_answers_at_once_one_counts(desk: Desk, other: str) -> None:
    made = desk.proposed()
    says, together = answered(desk, made), Barrier(2)

    def work(say: Callable[[], Proposal]) -> ProposalState | None:
        together.wait()
        with suppress(ProposalClosed):
            return say().state
        return None

    with ThreadPoolExecutor(2) as threads:
        states = [one for one in threads.map(work, (says["confirm"], says[other])) if one is not None]
    assert len(states) == 1
    known = proposals.show(desk.registration, desk.otto, made.id)
    assert known.state is states[0]
    assert len(known.opinions) == (0 if known.state in {ProposalState.WITHDRAWN, ProposalState.EXPIRED} else 1)
    kinds = desk.world.journal_kinds()
    ends = ("proposal.carried_out", "proposal.refused", "proposal.withdrawn", "proposal.expired")
    assert sum(kinds.count(one) for one in ends) == 1
    assert kinds.count("bulk_revocation.ordered") == (1 if known.state is ProposalState.DONE else 0)
