"""Applications on a database: from a draft to what issuing checks; whose they are; who decides; what is never written down."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from directca.accounts.person import Role
from directca.accounts.role_errors import NotPermitted
from directca.db.engine import Database
from directca.direct.oids import OrganizationType
from directca.journal import read
from directca.vetting import applying, case_page, case_store, deciding, evidence, organizations
from directca.vetting.case_errors import (
    CaseChanged,
    CaseIncomplete,
    CaseOpen,
    CaseStands,
    OwnRequest,
    SecondPerson,
    TooManyCases,
)
from directca.vetting.case_model import Actor, CaseKind, CaseState, PersonRole, PersonState, Side, Step
from directca.vetting.deciding import Verdict
from directca.vetting.errors import (
    BadVettingRecord,
    OrganizationNotVetted,
    OrganizationState,
    RepresentativeNotProofed,
    ReviewOverdue,
)
from directca.vetting.model import EVERY_MAILBOX, DomainMethod, OrganizationStatus, ProofingStatus
from tests.applications import (
    Office,
    a_draft,
    a_person,
    a_representative,
    an_application,
    an_approved_one,
    an_office,
    decided,
    fresh,
    kinds,
    some_facts,
    somebody,
)
from tests.clinic import DOMAIN, RULES, ask, recording
from tests.people import OPERATOR


def status(office: Office, organization_id: str) -> OrganizationStatus:
    with office.desk.database.read() as tx:
        return organizations.find(tx, organization_id).status


def put_on_file(office: Office, organization_id: str) -> None:
    """What other verbs establish: agreement, domain, mailboxes."""
    by = recording(office.clock.now())
    with office.desk.database.write() as tx:
        evidence.accept_agreement(tx, organization_id, RULES.agreement_version, "Rosa Representative", by)
        evidence.verify_domain(tx, organization_id, DOMAIN, DomainMethod.DNS_TXT, "TXT seen", by)
        evidence.authorize_mailbox(tx, organization_id, DOMAIN, EVERY_MAILBOX, None, by)


def test_what_two_officers_approve_is_what_issuing_checks(office: Office) -> None:
    database, clock, account = office.desk.database, office.clock, str(office.applicant.account_id)
    case = an_application(office)
    put_on_file(office, case.organization_id)
    once = decided(office, case, Step.APPROVE, office.olga)
    assert (once.state, status(office, case.organization_id)) == (CaseState.SUBMITTED, OrganizationStatus.DRAFT)
    with pytest.raises(OrganizationNotVetted):
        ask(database, account, now=clock.now(), first_issue=True)
    twice = decided(office, case, Step.APPROVE, office.otto)
    assert (twice.state, status(office, case.organization_id)) == (CaseState.APPROVED, OrganizationStatus.APPROVED)
    # And from here on routine issuance needs no human: the standing approval is what pre-approves it.
    vetted = ask(database, account, now=clock.now(), first_issue=True)
    assert (vetted.legal_name, vetted.locality, vetted.organization_type) == (
        *("Clinic of Springfield", "Springfield"),
        OrganizationType.COVERED_ENTITY,
    )
    assert kinds(office)[-9:] == [
        *("case.submitted", "agreement.accepted", "domain.verified", "mailbox.authorized", "case.approved"),
        *("case.approved", "organization.described", "organization.approved", "representative.proofed"),
    ]


def test_a_review_that_is_overdue_stops_issuing_at_once(office: Office) -> None:
    database, clock, account = office.desk.database, office.clock, str(office.applicant.account_id)
    case = an_approved_one(office)
    put_on_file(office, case.organization_id)
    clock.advance(days=office.desk.config.review_days - 1)
    with database.write() as tx:
        evidence.verify_domain(tx, case.organization_id, DOMAIN, DomainMethod.DNS_TXT, "seen", recording(clock.now()))
    ask(database, account, now=clock.now())
    assert case_page.organization_page(office.desk, office.applicant, case.organization_id, officer=False).due_for_review
    assert [one.id for one in case_page.queue(office.desk, office.olga).due_for_review] == [case.organization_id]
    clock.advance(days=1)
    with pytest.raises(ReviewOverdue):
        ask(database, account, now=clock.now())
    review = applying.reopen(office.desk, office.applicant, CaseKind.REVIEW, case.organization_id)
    review = applying.submit(office.desk, office.applicant, review.id)
    decided(office, review, Step.APPROVE, office.oscar)
    ask(database, account, now=clock.now())


def test_a_suspension_stops_issuing_and_lifting_it_moves_no_review(office: Office) -> None:
    database, clock, account = office.desk.database, office.clock, str(office.applicant.account_id)
    case = an_approved_one(office)
    put_on_file(office, case.organization_id)
    with database.read() as tx:
        due = organizations.find(tx, case.organization_id).review_due_at
    deciding.suspend(office.desk, office.olga, case.organization_id, "complaint")
    with pytest.raises(OrganizationNotVetted):
        ask(database, account, now=clock.now())
    clock.advance(days=1)
    again = deciding.reinstate(office.desk, fresh(office, office.otto), case.organization_id, "settled")
    assert (again.status, again.review_due_at) == (OrganizationStatus.APPROVED, due)
    with pytest.raises(OrganizationState):
        deciding.reinstate(office.desk, fresh(office, office.otto), case.organization_id, "twice")


def test_the_old_facts_stand_until_the_new_ones_are_approved(office: Office) -> None:
    account = str(office.applicant.account_id)
    organization_id = an_approved_one(office).organization_id
    put_on_file(office, organization_id)
    case = applying.reopen(office.desk, office.applicant, CaseKind.MODIFICATION, organization_id)
    with pytest.raises(CaseOpen):
        applying.reopen(office.desk, office.applicant, CaseKind.REVIEW, organization_id)
    changed = {"legal_name": "Hospital of Springfield", "organization_types": (OrganizationType.BUSINESS_ASSOCIATE,)}
    applying.edit(office.desk, office.applicant, case.id, changed)
    with pytest.raises(CaseIncomplete) as refusal:  # another category is attested to anew
        applying.submit(office.desk, office.applicant, case.id)
    assert refusal.value.field == "attested_by"
    attested = {"attested_by": "Rosa Representative", "attested_title": "Director", "attestation_version": "1.0"}
    applying.edit(office.desk, office.applicant, case.id, attested)
    case = applying.submit(office.desk, office.applicant, case.id)
    decided(office, case, Step.APPROVE, office.olga)
    assert ask(office.desk.database, account, now=office.clock.now()).legal_name == "Clinic of Springfield"
    with office.desk.database.read() as tx:
        assert deciding.modified_since(tx, office.clock.now()) == ()
    decided(office, case, Step.APPROVE, office.oscar)
    with office.desk.database.read() as tx:
        assert deciding.modified_since(tx, office.clock.now()) == (organization_id,)
        assert deciding.modified_since(tx, office.clock.now() + timedelta(seconds=1)) == ()
    vetted = ask(office.desk.database, account, now=office.clock.now())
    assert (vetted.legal_name, vetted.organization_type) == ("Hospital of Springfield", OrganizationType.BUSINESS_ASSOCIATE)


def test_only_a_representatives_proofing_is_what_issuing_rests_on(office: Office) -> None:
    organization_id = an_approved_one(office).organization_id
    office.clock.advance(days=10)
    case = applying.reopen(office.desk, a_representative(office), CaseKind.PEOPLE, organization_id)
    for name, role in (("Ike Isso", PersonRole.ISSO), ("Sue Sponsor", PersonRole.SPONSOR)):
        applying.propose(office.desk, office.applicant, case.id, a_person(office, name=name, role=role))
    decided(office, applying.submit(office.desk, office.applicant, case.id), Step.APPROVE, office.olga)
    with office.desk.database.read() as tx:
        assert [one.facts.representative for one in evidence.proofings(tx, organization_id)] == ["Rosa Representative"]
    found = case_page.people_of(office.desk, office.applicant)
    assert {(one.name, one.state) for one in found} == {
        ("Rosa Representative", PersonState.ACTIVE),
        ("Ike Isso", PersonState.ACTIVE),
        ("Sue Sponsor", PersonState.ACTIVE),
    }


def test_a_proofing_counts_once_it_is_approved_and_not_before(office: Office) -> None:
    organization_id = an_approved_one(office).organization_id
    case = applying.reopen(office.desk, a_representative(office), CaseKind.PEOPLE, organization_id)
    applying.propose(office.desk, office.applicant, case.id, a_person(office, name="Nora New"))
    case = applying.submit(office.desk, office.applicant, case.id)
    with office.desk.database.read() as tx:
        assert len(evidence.proofings(tx, organization_id)) == 1
    decided(office, case, Step.APPROVE, office.otto)
    with office.desk.database.read() as tx:
        found = evidence.proofings(tx, organization_id)
    assert {(one.facts.representative, one.status) for one in found} == {
        ("Rosa Representative", ProofingStatus.VALID),
        ("Nora New", ProofingStatus.VALID),
    }


def test_who_has_left_counts_no_longer_at_once(office: Office) -> None:
    account = str(office.applicant.account_id)
    organization_id = an_approved_one(office).organization_id
    put_on_file(office, organization_id)
    ask(office.desk.database, account, now=office.clock.now())
    (rosa,) = case_page.people_of(office.desk, office.applicant)
    with pytest.raises(NotPermitted):
        applying.retire(office.desk, office.applicant, rosa.id, "has left")
    rita = a_representative(office)
    assert applying.retire(office.desk, rita, rosa.id, "has left").state is PersonState.ENDED
    with pytest.raises(RepresentativeNotProofed):
        ask(office.desk.database, account, now=office.clock.now())
    with pytest.raises(CaseStands):
        applying.retire(office.desk, rita, rosa.id, "twice")
    assert kinds(office)[-2:] == ["proofing.withdrawn", "representative.ended"]


def test_two_who_approve_at_the_same_moment_are_two_and_one_is_one(office: Office) -> None:
    def at_once(*deciders: Actor) -> list[object]:
        case = an_application(office)
        with ThreadPoolExecutor(len(deciders)) as pool:
            asked = [pool.submit(decided, office, case, Step.APPROVE, one) for one in deciders]
            told = [one.exception() or one.result().state for one in asked]
        approved = case_page.case_page(office.desk, office.oscar, case.id, officer=True)
        return [*told, approved.case.state, approved.approvals]

    assert set(at_once(office.olga, office.otto)) == {CaseState.SUBMITTED, CaseState.APPROVED, 2}
    *told, state, count = at_once(office.olga, office.olga)
    assert {type(one) for one in told} == {SecondPerson, CaseState}
    assert (state, count) == (CaseState.SUBMITTED, 1)
    assert kinds(office).count("organization.approved") == 1


def test_a_rejected_case_is_corrected_or_appealed_to_somebody_else(office: Office) -> None:
    case = decided(office, an_application(office), Step.REJECT, office.olga)
    assert case.state is CaseState.REJECTED
    case = applying.appeal(office.desk, office.applicant, case.id, "The registry has it under its old name.")
    with pytest.raises(SecondPerson):
        decided(office, case, Step.REJECT, office.olga)
    case = decided(office, case, Step.SEND_BACK, office.otto)
    applying.edit(office.desk, office.applicant, case.id, {"existence_reference": "IL 4712"})
    case = applying.submit(office.desk, office.applicant, case.id)
    assert decided(office, case, Step.APPROVE, office.olga, office.otto).state is CaseState.APPROVED
    assert kinds(office).count("case.rejected") == 1


def test_what_is_refused_on_appeal_or_withdrawn_ends_and_nobody_of_it_counts(office: Office) -> None:
    case = decided(office, an_application(office), Step.REJECT, office.olga)
    case = applying.appeal(office.desk, office.applicant, case.id, "Look again.")
    case = decided(office, case, Step.REJECT, office.otto)
    assert (case.state, status(office, case.organization_id)) == (CaseState.REFUSED, OrganizationStatus.ENDED)
    other = applying.withdraw(office.desk, office.applicant, an_application(office).id)
    assert (other.state, status(office, other.organization_id)) == (CaseState.WITHDRAWN, OrganizationStatus.ENDED)
    assert {one.state for one in case_page.people_of(office.desk, office.applicant)} == {PersonState.ENDED}
    for step in (applying.revise, applying.withdraw, applying.submit):
        with pytest.raises(CaseStands):
            step(office.desk, office.applicant, case.id)


def test_an_earlier_approval_is_void_once_the_case_came_back(office: Office) -> None:
    case = an_application(office)
    decided(office, case, Step.APPROVE, office.olga)
    case = decided(office, case, Step.SEND_BACK, office.otto)
    case = applying.submit(office.desk, office.applicant, case.id)
    assert decided(office, case, Step.APPROVE, office.otto).state is CaseState.SUBMITTED
    assert decided(office, case, Step.APPROVE, office.olga).state is CaseState.APPROVED


def test_who_decides_says_what_they_saw(office: Office) -> None:
    seen = an_application(office)
    decided(office, seen, Step.SEND_BACK, office.otto)
    applying.edit(office.desk, office.applicant, seen.id, {"legal_name": "Another Clinic"})
    applying.submit(office.desk, office.applicant, seen.id)
    with pytest.raises(CaseChanged):
        decided(office, seen, Step.APPROVE, office.olga)
    with pytest.raises(CaseChanged):
        applying.edit(office.desk, office.applicant, seen.id, {}, revision=0)


def test_what_has_become_too_old_while_it_waited_is_not_approved(office: Office) -> None:
    case = an_application(office)
    office.clock.advance(days=RULES.proofing_first_issue.days)
    with pytest.raises(CaseIncomplete):
        decided(office, case, Step.APPROVE, office.olga)
    assert decided(office, case, Step.SEND_BACK, office.olga).state is CaseState.DRAFT


def test_who_is_proposed_can_be_taken_out_until_it_is_submitted(office: Office) -> None:
    case = a_draft(office)
    (rosa,) = case_page.people_of(office.desk, office.applicant)
    applying.unpropose(office.desk, office.applicant, rosa.id)
    with pytest.raises(CaseIncomplete):
        applying.submit(office.desk, office.applicant, case.id)
    made = applying.propose(office.desk, office.applicant, case.id, a_person(office))
    applying.submit(office.desk, office.applicant, case.id)
    with pytest.raises(CaseStands):
        applying.unpropose(office.desk, office.applicant, made.id)


def test_the_operator_does_not_approve_past_a_case(office: Office) -> None:
    case = an_application(office)
    with office.desk.database.write() as tx, pytest.raises(OrganizationState, match=case.id):
        organizations.approve(tx, case.organization_id, actor=OPERATOR, at=office.clock.now())


def test_an_account_has_so_many_undecided_cases_at_most(database: Database) -> None:
    office = an_office(database, open_cases=2)
    for _ in range(2):
        a_draft(office)
    with pytest.raises(TooManyCases):
        a_draft(office)


def test_notes_go_both_ways_and_void_nothing(office: Office) -> None:
    case = an_application(office)
    decided(office, case, Step.APPROVE, office.olga)
    deciding.note(office.desk, office.otto, case.id, "Which registry?\n<b>?</b>", Side.AUTHORITY)
    deciding.note(office.desk, office.applicant, case.id, "=Illinois", Side.APPLICANT)
    page = case_page.case_page(office.desk, office.applicant, case.id, officer=False)
    assert [(one.side, one.text) for one in page.history if one.step is Step.NOTE] == [
        (Side.AUTHORITY, "Which registry?\n<b>?</b>"),
        (Side.APPLICANT, "=Illinois"),
    ]
    assert (page.approvals, page.approvals_needed, page.case.revision) == (1, 2, case.revision)
    assert "registry" not in str([row.event for row in read_all(office)])
    insider = somebody(office.desk, case.account_id, "Ivan Insider", Role.OFFICER)
    with pytest.raises(OwnRequest):
        deciding.note(office.desk, insider, case.id, "for us", Side.AUTHORITY)
    assert decided(office, case, Step.APPROVE, office.otto).state is CaseState.APPROVED


def read_all(office: Office) -> list[Any]:
    with office.desk.database.read() as tx:
        return list(read.latest(tx, limit=1000))


def test_a_decision_that_cannot_be_written_down_changes_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = an_application(office)
    decided(office, case, Step.APPROVE, office.olga)

    def full(*_: object, **__: object) -> None:
        raise OSError("the journal is full")

    monkeypatch.setattr(organizations, "append", full)
    with pytest.raises(OSError, match="journal"):
        decided(office, case, Step.APPROVE, office.otto)
    monkeypatch.undo()
    page = case_page.case_page(office.desk, office.otto, case.id, officer=True)
    assert (page.case.state, page.approvals, page.organization.status) == (CaseState.SUBMITTED, 1, OrganizationStatus.DRAFT)


def test_a_revision_at_the_same_moment_loses(office: Office) -> None:
    case = a_draft(office)
    stale = replace(case, revision=case.revision - 1)
    with office.desk.database.write() as tx:
        replaced = case_store.replace(tx, stale, replace(stale, facts=some_facts(street="9 Elm Street")))
    assert not replaced


def test_a_verdict_needs_words(office: Office) -> None:
    case = an_application(office)
    with pytest.raises(BadVettingRecord):
        deciding.decide(office.desk, office.olga, case.id, Verdict(Step.REJECT, "  ", case.revision))
