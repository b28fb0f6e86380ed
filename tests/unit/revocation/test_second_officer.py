"""A second pair of eyes: what waits, who may confirm it, and that what is done is what was proposed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, update

from directca.accounts.person import Role
from directca.accounts.role_errors import StepUpFirst
from directca.certificates import register
from directca.certificates.chosen import Selection
from directca.certificates.model import Pair, State
from directca.db.engine import Database
from directca.direct import names
from directca.errors import DirectCAError
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import authority_status, carrying_out, ordering
from directca.revocation.authority_status import AuthorityRevocation
from directca.revocation.bulk_errors import OfficersOnly
from directca.revocation.bulk_model import Job, Wanted
from directca.revocation.model import Requester
from directca.revocation.ordering import Because
from directca.vetting import actors, organizations, proposal_store, proposals
from directca.vetting.case_errors import DecidersOnly, OwnRequest, SecondPerson
from directca.vetting.case_model import Actor
from directca.vetting.errors import BadVettingRecord
from directca.vetting.model import OrganizationStatus
from directca.vetting.proposal_errors import NoSuchProposal, ProposalClosed, ProposalDiffers
from directca.vetting.proposal_model import Answer, Proposal, ProposalState
from directca.vetting.proposals import Saying
from tests.applications import an_account, somebody
from tests.second_officers import BOB, CAROL, OPERATOR, TWO, Desk, a_desk, propose_the_end, propose_to_revoke_the_authority
from tests.world import ALICE, DOMAIN


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database, **TWO)


def test_an_order_waits_until_another_officer_confirms_it(desk: Desk) -> None:
    made = desk.proposed()
    assert (made.pairs, made.plan["outcomes"], made.state) == (2, {"revoked": 2}, ProposalState.OPEN)
    assert set(desk.states().values()) == {State.ISSUED}
    assert [one.id for one in proposals.waiting(desk.registration, desk.otto).open] == [made.id]

    done = desk.say(desk.otto, made)
    assert (done.state, done.result) == (ProposalState.DONE, made.id)
    job = desk.work(done)
    assert (job.outcomes, job.actor) == ({"revoked": 2}, desk.olga.journalled)
    assert set(desk.states().values()) == {State.REVOKED}
    assert [kind for kind in desk.world.journal_kinds() if kind.startswith(("proposal", "bulk"))] == [
        "proposal.made",
        "proposal.confirmed",
        "bulk_revocation.ordered",
        "proposal.carried_out",
        "bulk_revocation.finished",
    ]
    desk.world.check_books()


def test_what_was_issued_since_is_not_what_was_confirmed(desk: Desk) -> None:
    made = desk.proposed()
    desk.world.issue(CAROL, key=4)
    desk.work(desk.say(desk.otto, made))
    assert desk.states() == {ALICE: State.REVOKED, BOB: State.REVOKED, CAROL: State.ISSUED}


def test_the_very_same_is_proposed_once_and_anything_else_anew(desk: Desk) -> None:
    made = desk.proposed()
    assert desk.proposed(desk.otto).id == made.id
    others = [
        desk.proposed(reason=Reason.SUPERSEDED),
        desk.proposed(explanation="another reason"),
        desk.proposed(selection=Selection(account_id=desk.world.account_id)),
        desk.proposed(invalidity_date=desk.world.clock.now() - timedelta(days=1)),
    ]
    desk.world.issue(CAROL, key=4)
    others.append(desk.proposed())
    assert len({made.digest, *(one.digest for one in others)}) == 6


def test_nobody_confirms_or_refuses_their_own(desk: Desk) -> None:
    made = desk.proposed()
    namesake = somebody(desk.registration, an_account(desk.registration, "Other"), "OLGA  officer", Role.OFFICER)
    for who in (desk.olga, replace(desk.olga, via="client:another"), namesake):
        for answer in Answer:
            with pytest.raises(OwnRequest):
                desk.say(who, made, answer)
    by_operator = desk.proposed(OPERATOR, reason=Reason.SUPERSEDED)
    with pytest.raises(SecondPerson):
        desk.say(actors.operator("operator:somebody-else"), by_operator)
    assert set(desk.states().values()) == {State.ISSUED}
    assert desk.say(desk.otto, by_operator).state is ProposalState.DONE
    assert desk.say(OPERATOR, made).state is ProposalState.DONE


def test_nobody_of_an_account_that_it_touches_confirms(desk: Desk) -> None:
    inside = somebody(desk.registration, desk.world.account_id, "Ines Inside", Role.OFFICER)
    made = desk.proposed()
    with pytest.raises(OwnRequest):
        desk.say(inside, made)
    ending = propose_the_end(desk)
    with pytest.raises(OwnRequest):
        desk.say(inside, ending)
    assert set(desk.states().values()) == {State.ISSUED}


def test_who_is_no_officer_sees_and_says_nothing(desk: Desk) -> None:
    made = desk.proposed()
    outsider = somebody(desk.registration, an_account(desk.registration, "Other"), "Nora Nobody")
    tries: tuple[Callable[[], object], ...] = (
        lambda: desk.say(outsider, made),
        lambda: proposals.show(desk.registration, outsider, made.id),
        lambda: proposals.waiting(desk.registration, outsider),
        lambda: proposals.withdraw(desk.registration, outsider, made.id, "no"),
    )
    for one in tries:
        with pytest.raises(DecidersOnly):
            one()
    with pytest.raises(OfficersOnly):
        ordering.revoke_many(
            desk.world.revocation,
            desk.registration,
            outsider,
            Requester(outsider.id, str(outsider.account_id)),
            Wanted(Selection(domain=DOMAIN), Reason.SUPERSEDED),
        )


def test_both_show_their_second_factor_anew(desk: Desk) -> None:
    for shown_at in (None, desk.world.clock.now() - timedelta(seconds=601)):
        with pytest.raises(StepUpFirst):
            desk.proposed(replace(desk.olga, shown_at=shown_at))
    made = desk.proposed()
    for answer in Answer:
        with pytest.raises(StepUpFirst):
            desk.say(replace(desk.otto, shown_at=None), made, answer)


def test_who_confirms_says_what_they_saw(desk: Desk) -> None:
    made, other = desk.proposed(), desk.proposed(reason=Reason.SUPERSEDED)
    for digest in ("", other.digest, made.digest.upper()):
        with pytest.raises(ProposalDiffers):
            desk.say(desk.otto, made, digest=digest)


@pytest.mark.tampers
@pytest.mark.parametrize("change", ["a pair less", "another reason", "another pair"])
def test_what_somebody_has_changed_in_the_tables_is_not_carried_out(desk: Desk, change: str) -> None:
    made = desk.proposed()
    table, pairs = proposal_store.proposal, proposal_store.proposal_record
    carol = desk.world.issue(CAROL, key=4).record
    with desk.world.database.write() as tx:
        if change == "a pair less":
            tx.execute(delete(pairs).where(pairs.c.record_id == proposal_store.records(tx, made.id)[0]))
        elif change == "another pair":
            first = proposal_store.records(tx, made.id)[0]
            tx.execute(update(pairs).where(pairs.c.record_id == first).values(record_id=carol.id))
        else:
            tx.execute(update(table).values(content=made.content.replace("keyCompromise", "superseded")))
    with pytest.raises(ProposalDiffers):
        desk.say(desk.otto, made)
    assert set(desk.states().values()) == {State.ISSUED}


def test_a_refusal_ends_it_and_tells_why(desk: Desk) -> None:
    made = desk.proposed()
    with pytest.raises(BadVettingRecord):
        carrying_out.decide(desk.world.revocation, desk.registration, desk.otto, made.id, Saying(Answer.REFUSE, "  "))
    refused = desk.say(desk.otto, made, Answer.REFUSE, digest="")
    assert (refused.state, refused.opinions[0].reason) == (ProposalState.REFUSED, "looked at it")
    with pytest.raises(ProposalClosed):
        desk.say(desk.otto, made)
    assert desk.proposed().id != made.id, "it may be proposed anew"


def test_what_nobody_confirms_in_time_is_over(desk: Desk) -> None:
    made = desk.proposed()
    desk.world.clock.advance(hours=72)
    otto, olga = (replace(one, shown_at=desk.world.clock.now()) for one in (desk.otto, desk.olga))
    with pytest.raises(ProposalClosed):
        desk.say(otto, made)
    found = proposals.waiting(desk.registration, otto)
    assert (found.total, found.open, found.closed[0].state) == (0, (), ProposalState.EXPIRED)
    carrying_out.go_on(desk.world.revocation)
    assert proposals.show(desk.registration, otto, made.id).state is ProposalState.EXPIRED
    assert desk.world.journal_kinds().count("proposal.expired") == 1
    assert desk.proposed(olga).id != made.id


def test_it_is_taken_back_by_who_proposed_it_alone(desk: Desk) -> None:
    made = desk.proposed()
    with pytest.raises(OwnRequest):
        proposals.withdraw(desk.registration, desk.otto, made.id, "no")
    assert proposals.withdraw(desk.registration, desk.olga, made.id, "a slip").state is ProposalState.WITHDRAWN
    with pytest.raises(ProposalClosed):
        desk.say(desk.otto, made)
    with pytest.raises(NoSuchProposal):
        proposals.show(desk.registration, desk.olga, "nothing\x00")


def test_three_deciders_are_three_people(database: Database) -> None:
    desk = a_desk(database, deciders_bulk=3)
    made = desk.proposed()
    assert desk.say(desk.otto, made).state is ProposalState.OPEN
    with pytest.raises(SecondPerson):
        desk.say(desk.otto, made)
    assert desk.say(OPERATOR, made).state is ProposalState.DONE


def test_with_one_decider_it_is_done_at_once(database: Database) -> None:
    desk = a_desk(database, deciders_bulk=1, deciders_compromise=1)
    assert isinstance(desk.order(), Job)
    done = by_name(desk, desk.olga, Reason.CA_COMPROMISE)
    assert isinstance(done, Pair)


def test_whoever_says_nothing_gets_a_second_pair_of_eyes(database: Database) -> None:
    desk = a_desk(database)
    made = (desk.proposed(), propose_the_end(desk), propose_to_revoke_the_authority(desk))
    assert {one.confirmations_needed for one in made} == {1}
    assert set(desk.states().values()) == {State.ISSUED}


def by_name(desk: Desk, who: Actor, reason: Reason) -> Pair | Proposal:
    own = replace(desk.requester(who), account_id=desk.world.account_id)
    return ordering.revoke_name(desk.world.revocation, desk.registration, who, own, names.parse(ALICE), Because(reason))


def test_a_compromise_of_the_authority_is_asserted_by_two(desk: Desk) -> None:
    made = by_name(desk, desk.olga, Reason.CA_COMPROMISE)
    assert isinstance(made, Proposal)
    assert (made.pairs, desk.states()[ALICE]) == (1, State.ISSUED)
    desk.work(desk.say(desk.otto, made))
    assert desk.states() == {ALICE: State.REVOKED, BOB: State.ISSUED}
    with desk.world.database.read() as tx:
        assert register.history(tx, ALICE).records[0].revocation_reason is Reason.CA_COMPROMISE


def test_of_two_settings_the_stricter_one_holds(database: Database) -> None:
    desk = a_desk(database, deciders_bulk=1, deciders_compromise=3)
    assert isinstance(desk.order(reason=Reason.SUPERSEDED), Job)
    assert desk.proposed(reason=Reason.CA_COMPROMISE).confirmations_needed == 2


def status(desk: Desk) -> OrganizationStatus:
    with desk.world.database.read() as tx:
        return organizations.find(tx, desk.world.organization_id).status


def test_an_organization_is_ended_by_two(desk: Desk) -> None:
    made = propose_the_end(desk)
    assert (made.plan["names"], status(desk)) == (2, OrganizationStatus.APPROVED)
    done = desk.say(desk.otto, made)
    assert (done.state, status(desk)) == (ProposalState.DONE, OrganizationStatus.ENDED)
    desk.work(done)
    assert set(desk.states().values()) == {State.REVOKED}


def test_an_authority_is_revoked_by_two(desk: Desk) -> None:
    ca, wanted = desk.world.revocation, AuthorityRevocation(Reason.CA_COMPROMISE, None, "drill 7")
    made = ordering.revoke_authority(ca, desk.registration, OPERATOR, "issuing", wanted)
    assert isinstance(made, Proposal)
    with desk.world.database.read() as tx:
        assert authority_status.authority_standing.standing(tx, "issuing").revoked_at is None
    done = desk.say(desk.otto, made)
    assert (done.state, done.result) == (ProposalState.DONE, "issuing")
    with desk.world.database.read() as tx:
        assert authority_status.authority_standing.standing(tx, "issuing").reason is Reason.CA_COMPROMISE
    with pytest.raises(DirectCAError):
        ordering.revoke_authority(ca, desk.registration, OPERATOR, "issuing", wanted)


@pytest.mark.parametrize("kind", ["pairs", "end", "authority"])
def test_what_a_crash_left_confirmed_is_carried_out_once(desk: Desk, kind: str) -> None:
    ca = desk.world.revocation
    wanted = AuthorityRevocation(Reason.CA_COMPROMISE, None, "drill")
    made = {
        "pairs": desk.proposed,
        "end": lambda: propose_the_end(desk),
        "authority": lambda: ordering.revoke_authority(ca, desk.registration, OPERATOR, "issuing", wanted),
    }[kind]()
    assert isinstance(made, Proposal)
    # The verb of the registration room alone: what a crash right after its commit leaves.
    left = proposals.decide(desk.registration, desk.otto, made.id, Saying(Answer.CONFIRM, "yes", made.digest))
    assert left.state is ProposalState.CONFIRMED
    (done,) = carrying_out.go_on(ca)
    assert done.state is ProposalState.DONE
    # And once more, as after a crash between the act and the end of its proposal.
    if kind != "pairs":
        with desk.world.database.write() as tx:
            tx.execute(update(proposal_store.proposal).values(state=ProposalState.CONFIRMED))
        desk.world.clock.advance(seconds=31)  # the claim of whoever died is over
        (again,) = carrying_out.go_on(ca)
        assert again.state is ProposalState.DONE
    assert carrying_out.go_on(ca) == ()
    kinds = desk.world.journal_kinds()
    wanted_once = {"pairs": "bulk_revocation.ordered", "end": "organization.ended", "authority": "authority.revoked"}[kind]
    assert kinds.count(wanted_once) == 1


def test_what_a_rule_forbids_by_now_has_failed(desk: Desk) -> None:
    wanted = AuthorityRevocation(Reason.KEY_COMPROMISE, None, "drill")
    made = ordering.revoke_authority(desk.world.revocation, desk.registration, OPERATOR, "issuing", wanted)
    assert isinstance(made, Proposal)
    graver = replace(wanted, reason=Reason.CA_COMPROMISE)
    authority_status.revoke(desk.world.revocation, "issuing", graver, actor="operator:bob")
    done = desk.say(desk.otto, made)
    assert (done.state, done.result) == (ProposalState.FAILED, "authority_already_revoked")
