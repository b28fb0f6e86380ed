"""What strangers, insiders and former officers try with applications; and what must never be written down."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from directca.accounts import people
from directca.accounts.errors import NoSuchAccount
from directca.accounts.person import Role
from directca.vetting import actors, applying, case_page, deciding
from directca.vetting.case_errors import (
    CaseStands,
    DecidersOnly,
    NoSuchCase,
    NoSuchOrganizationPerson,
    OwnRequest,
)
from directca.vetting.case_model import Actor, CaseKind, CaseState, Side, Step
from directca.vetting.errors import BadVettingRecord, NoSuchOrganization
from tests.applications import (
    NUMBER,
    Office,
    a_draft,
    a_person,
    a_proofing,
    an_application,
    an_approved_one,
    decided,
    kinds,
    some_facts,
    somebody,
)
from tests.people import OPERATOR


def test_nobody_decides_for_their_own_account_or_without_being_an_officer_now(office: Office) -> None:
    case = an_application(office)
    insider = somebody(office.desk, case.account_id, "Ivan Insider", Role.OFFICER)
    namesake = somebody(office.desk, str(office.olga.account_id), "anna applicant", Role.OFFICER)
    for own in (insider, namesake):
        with pytest.raises(OwnRequest):
            decided(office, case, Step.APPROVE, own)
    former = somebody(office.desk, str(office.olga.account_id), "Fay Former", Role.OFFICER)
    username = former.names[1]
    people.suspend(office.desk.people, username, actor=OPERATOR, reason="left")
    nameless = actors.person(office.desk, str(office.olga.account_id), "0" * 24)
    for nobody in (office.stranger, office.applicant, former, nameless, Actor("person:operator", ()), Actor("x", ("x",))):
        with pytest.raises(DecidersOnly, match=r"may do this: an officer, an RA officer or its operator\.$"):
            decided(office, case, Step.APPROVE, nobody)
        with pytest.raises(DecidersOnly):
            case_page.queue(office.desk, nobody)
    assert decided(office, case, Step.APPROVE, actors.operator("operator:ann"), office.olga).state is CaseState.APPROVED
    for verb in (deciding.suspend, deciding.reinstate, deciding.check_may_end):
        words = () if verb is deciding.check_may_end else ("why",)
        with pytest.raises(OwnRequest):
            verb(office.desk, insider, case.organization_id, *words)  # type: ignore[operator]
        with pytest.raises(DecidersOnly):
            verb(office.desk, office.stranger, case.organization_id, *words)  # type: ignore[operator]


def positions(office: Office, case_id: str, organization_id: str, person_id: str) -> dict[str, Callable[[Actor], Any]]:
    """Every call of the applicant's side, with an object in each of its positions."""
    desk = office.desk
    return {
        "edit": lambda who: applying.edit(desk, who, case_id, {"street": "2 Main Street"}),
        "propose": lambda who: applying.propose(desk, who, case_id, a_person(office)),
        "retire": lambda who: applying.retire(desk, who, person_id, "left"),
        "unpropose": lambda who: applying.unpropose(desk, who, person_id),
        "submit": lambda who: applying.submit(desk, who, case_id),
        "appeal": lambda who: applying.appeal(desk, who, case_id, "why"),
        "revise": lambda who: applying.revise(desk, who, case_id),
        "withdraw": lambda who: applying.withdraw(desk, who, case_id),
        "note": lambda who: deciding.note(desk, who, case_id, "hello", Side.APPLICANT),
        "reopen": lambda who: applying.reopen(desk, who, CaseKind.MODIFICATION, organization_id),
        "show case": lambda who: case_page.case_page(desk, who, case_id, officer=False),
        "show organization": lambda who: case_page.organization_page(desk, who, organization_id, officer=False),
        "show person": lambda who: case_page.person(desk, who, person_id, officer=False),
    }


@pytest.mark.parametrize(
    "call",
    [
        *("edit", "propose", "unpropose", "retire", "submit", "appeal", "revise", "withdraw", "note", "reopen"),
        *("show case", "show organization", "show person"),
    ],
)
def test_what_is_somebody_elses_is_as_what_there_is_not(office: Office, call: str) -> None:
    case = a_draft(office)
    (rosa,) = case_page.people_of(office.desk, office.applicant)
    theirs = positions(office, case.id, case.organization_id, rosa.id)[call]
    none = positions(office, "0" * 24, "0" * 24, "\0" * 24)[call]
    before = kinds(office)
    # Neither a stranger, nor an officer by way of the applicant's calls, nor the operator, who is of no account.
    for who in (office.stranger, office.olga, actors.operator("operator:ann")):
        found = []
        for attempt in (theirs, none):
            with pytest.raises((NoSuchCase, NoSuchOrganization, NoSuchOrganizationPerson, NoSuchAccount)) as refusal:
                attempt(who)
            found.append((type(refusal.value), refusal.value.detail))
        assert found[0] == found[1]
    assert kinds(office) == before


def test_what_no_text_can_hold_is_not_found_either(office: Office) -> None:
    for verb in (deciding.suspend, deciding.reinstate):
        with pytest.raises(NoSuchOrganization):
            verb(office.desk, office.olga, "\0", "why")
    with pytest.raises(NoSuchOrganization):
        case_page.organization_page(office.desk, office.olga, "\0", officer=True)
    with pytest.raises(NoSuchCase):
        case_page.case_page(office.desk, office.olga, "\0", officer=True)


def test_an_identity_number_is_nowhere_but_sealed(office: Office) -> None:
    case = an_approved_one(office)
    page = case_page.case_page(office.desk, office.olga, case.id, officer=True)
    assert NUMBER not in repr(page)
    with office.desk.database.read() as tx:
        for table in ("organization_person", "proofing", "vetting_case", "case_entry", "journal"):
            assert NUMBER not in str(tx.execute(text(f"SELECT * FROM {table}")).all())
    bad = a_person(office, proofing=a_proofing(office, evidence=(("passport", f"{NUMBER}\x00"),)))
    draft = a_draft(office)
    with pytest.raises(BadVettingRecord) as refusal:
        applying.propose(office.desk, office.applicant, draft.id, bad)
    assert NUMBER not in str(refusal.value)
    assert NUMBER not in refusal.value.detail


@pytest.mark.parametrize(
    ("proofing", "field"),
    [
        ({"evidence": ()}, "evidence"),
        ({"evidence": (("a", "1"),) * 4}, "evidence"),
        ({"declared_by_verifier": None}, "declarations"),
        ({"declared_by_representative": "0.1"}, "declarations"),
        ({"verifier": "rosa representative"}, "verifier"),
        ({"verifier": "=1"}, "verifier"),
    ],
)
def test_a_proofing_that_cannot_be_relied_upon_is_not_proposed(office: Office, proofing: dict[str, Any], field: str) -> None:
    case = applying.apply(office.desk, office.applicant, some_facts())
    with pytest.raises(BadVettingRecord) as refusal:
        applying.propose(office.desk, office.applicant, case.id, a_person(office, proofing=a_proofing(office, **proofing)))
    assert refusal.value.field == field


def test_nothing_but_facts_can_be_said(office: Office) -> None:
    case = a_draft(office)
    for name in ("state_", "account_id", "status", "approved_by", "round", "revision"):
        with pytest.raises(BadVettingRecord):
            applying.edit(office.desk, office.applicant, case.id, {name: "x"})
    with pytest.raises(BadVettingRecord):
        applying.reopen(office.desk, office.applicant, CaseKind.APPLICATION, case.organization_id)
    with pytest.raises(CaseStands):
        applying.reopen(office.desk, office.applicant, CaseKind.REVIEW, case.organization_id)
