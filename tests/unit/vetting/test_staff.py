"""The staff of the registration authority: RA officers decide on cases alone, trusted agents record whom they have proofed."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directca.accounts.person import Role
from directca.vetting import applying, case_page, deciding, trusted_agents
from directca.vetting.case_errors import CaseStands, DecidersOnly, NoSuchOrganizationPerson, OwnRequest
from directca.vetting.case_model import Actor, CaseState, OrganizationPerson, Side, Step, VettingCase
from directca.vetting.deciding import Verdict
from directca.vetting.errors import BadVettingRecord
from tests.applications import (
    NUMBER,
    Office,
    a_person,
    a_proofing,
    an_account,
    an_application,
    an_approved_one,
    decided,
    kinds,
    some_facts,
    somebody,
)


@pytest.fixture
def agent(office: Office) -> Actor:
    return somebody(office.desk, str(office.olga.account_id), "Tara Trusted", Role.TRUSTED_AGENT)


def a_draft_without_proofing(office: Office) -> tuple[VettingCase, OrganizationPerson]:
    case = applying.apply(office.desk, office.applicant, some_facts())
    return case, applying.propose(office.desk, office.applicant, case.id, a_person(office, proofing=None))


def test_an_ra_officer_decides_cases_and_neither_suspends_nor_ends(office: Office) -> None:
    ra = somebody(office.desk, str(office.olga.account_id), "Rita Registration", Role.RA_OFFICER)
    case = decided(office, an_application(office), Step.APPROVE, ra, office.otto)
    assert case.state is CaseState.APPROVED
    for verb in (deciding.suspend, deciding.reinstate):
        with pytest.raises(DecidersOnly):
            verb(office.desk, ra, case.organization_id, "why not")
    with pytest.raises(DecidersOnly):
        deciding.check_may_end(office.desk, ra, case.organization_id)


def test_who_reads_decides_nothing(office: Office) -> None:
    case = an_application(office)
    for role in (Role.OPERATOR, Role.AUDITOR):
        reader = somebody(office.desk, str(office.olga.account_id), f"Rob {role}", role)
        assert case_page.queue(office.desk, reader).total == 1
        with pytest.raises(DecidersOnly):
            deciding.decide(office.desk, reader, case.id, Verdict(Step.REJECT, "no", case.revision))
        with pytest.raises(DecidersOnly):
            deciding.note(office.desk, reader, case.id, "hello", Side.AUTHORITY)


def test_a_trusted_agent_records_a_proofing_and_answers_for_it(office: Office, agent: Actor) -> None:
    case, rosa = a_draft_without_proofing(office)
    done = trusted_agents.record(office.desk, agent, rosa.id, a_proofing(office, verifier="Somebody Else"))
    assert done.proofing is not None
    assert done.proofing.verifier == "Tara Trusted"
    assert done.proofing.evidence_number.endswith("47")
    assert NUMBER not in repr(done)
    submitted = applying.submit(office.desk, office.applicant, case.id)
    assert "case.proofed" in kinds(office)
    # Whoever proofed somebody decides nothing about them, whatever else they are.
    both = somebody(office.desk, str(office.olga.account_id), "Tara Trusted", Role.OFFICER)
    with pytest.raises(OwnRequest):
        deciding.decide(office.desk, both, case.id, Verdict(Step.APPROVE, "fine", submitted.revision))
    also = replace(office.otto, id=agent.id)
    with pytest.raises(OwnRequest):
        deciding.decide(office.desk, also, case.id, Verdict(Step.APPROVE, "fine", submitted.revision))
    with pytest.raises(DecidersOnly):
        deciding.decide(office.desk, agent, case.id, Verdict(Step.APPROVE, "fine", submitted.revision))


def test_only_a_trusted_agent_of_another_account_and_another_name_records_one(office: Office, agent: Actor) -> None:
    _, rosa = a_draft_without_proofing(office)
    for who in (office.applicant, office.olga, office.stranger):
        with pytest.raises(DecidersOnly):
            trusted_agents.record(office.desk, who, rosa.id, a_proofing(office))
    inside = somebody(office.desk, str(office.applicant.account_id), "Ines Inside", Role.TRUSTED_AGENT)
    namesake = somebody(office.desk, an_account(office.desk, "Agency"), "ROSA representative", Role.TRUSTED_AGENT)
    for who in (inside, namesake):
        with pytest.raises(OwnRequest):
            trusted_agents.record(office.desk, who, rosa.id, a_proofing(office))
    with pytest.raises(NoSuchOrganizationPerson):
        trusted_agents.record(office.desk, agent, "nobody", a_proofing(office))
    future = office.clock.now() + timedelta(days=1)
    with pytest.raises(BadVettingRecord):
        trusted_agents.record(office.desk, agent, rosa.id, a_proofing(office, proofed_at=future))


def test_what_is_before_the_authority_is_not_proofed_any_more(office: Office, agent: Actor) -> None:
    for case in (an_application(office), an_approved_one(office)):
        people = case_page.people_of(office.desk, office.applicant)
        (person,) = [one for one in people if one.case_id == case.id]
        with pytest.raises(CaseStands):
            trusted_agents.record(office.desk, agent, person.id, a_proofing(office))
