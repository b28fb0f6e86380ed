"""Cases without a database: every step in every state, by either side; who may not decide; what an application lacks."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from directca.direct.oids import OrganizationType
from directca.vetting.approval_config import ApprovalConfig
from directca.vetting.case_errors import CaseStands, OwnRequest, SecondPerson
from directca.vetting.case_model import (
    Actor,
    CaseKind,
    CaseState,
    Entry,
    OrganizationPerson,
    PersonRole,
    PersonState,
    ProposedProofing,
    Side,
    Step,
    VettingCase,
)
from directca.vetting.case_policy import (
    CLOSED,
    STEPS,
    Involved,
    after,
    check_decider,
    cleaned_facts,
    lacks,
    needed,
    reason,
)
from directca.vetting.declarations import CURRENT, TEXTS
from directca.vetting.errors import BadVettingRecord
from directca.vetting.model import ProofingMethod
from tests.applications import some_facts
from tests.clinic import NOON, RULES

APPLICANT, AUTHORITY = Side.APPLICANT, Side.AUTHORITY
CASE = VettingCase("c", "clinic", "o", CaseKind.APPLICATION, CaseState.SUBMITTED, some_facts(), 1, 2, NOON)
OLGA = Actor("person:olga", ("Olga Officer", "olga"), "authority", "olga")
MAY = {
    (CaseState.DRAFT, APPLICANT): "edit submit note withdraw",
    (CaseState.DRAFT, AUTHORITY): "note proof",
    (CaseState.SUBMITTED, APPLICANT): "note withdraw",
    (CaseState.SUBMITTED, AUTHORITY): "note send_back approve reject",
    (CaseState.REJECTED, APPLICANT): "note revise appeal withdraw",
    (CaseState.REJECTED, AUTHORITY): "note",
    (CaseState.APPEALED, APPLICANT): "note withdraw",
    (CaseState.APPEALED, AUTHORITY): "note send_back approve reject",
}


def an_entry(step: Step, names: tuple[str, ...], actor: str, round_: int = 1) -> Entry:
    return Entry(step, APPLICANT if step is Step.SUBMIT else AUTHORITY, actor, names, "", round_, NOON)


def rosa(**proofing: Any) -> OrganizationPerson:
    said = {"proofed_at": NOON, "verifier": "Vera Verifier", "declarations_version": CURRENT} | proofing
    made = ProposedProofing(ProofingMethod.NOTARY, "passport", "•••47", b"x", **said)
    return OrganizationPerson(
        *("p", "clinic", "o", "c", "Rosa Representative", "Director"),
        *(PersonRole.REPRESENTATIVE, PersonState.PROPOSED, "person:anna", NOON, made),
    )


def about(*entries: Entry, state: CaseState = CaseState.SUBMITTED) -> Involved:
    submitted = an_entry(Step.SUBMIT, ("Anna Applicant", "anna"), "person:anna")
    return Involved(replace(CASE, state=state), (submitted, *entries), (rosa(),), ("Maria", "maria@clinic.example"))


@pytest.mark.parametrize("state", CaseState)
@pytest.mark.parametrize("side", Side)
@pytest.mark.parametrize("step", Step)
def test_every_step_in_every_state_by_either_side(state: CaseState, side: Side, step: Step) -> None:
    case = replace(CASE, state=state)
    if step.value in MAY.get((state, side), "").split():
        assert after(case, step, side) is STEPS[state, step][1]
    else:
        with pytest.raises(CaseStands):
            after(case, step, side)


def test_what_is_closed_stays_closed_and_approval_is_the_authoritys_alone() -> None:
    assert {CaseState.APPROVED, CaseState.REFUSED, CaseState.WITHDRAWN} == CLOSED
    into = {step for (_, step), (sides, to) in STEPS.items() if to is CaseState.APPROVED and sides == {AUTHORITY}}
    assert into == {step for (_, step), (_, to) in STEPS.items() if to is CaseState.APPROVED} == {Step.APPROVE}


@pytest.mark.parametrize(
    "decider",
    [
        Actor("person:maria", ("Somebody", "else"), "clinic", "maria"),  # the very account
        Actor("person:anna", ("Somebody", "else"), "other", "anna"),  # the very person
        Actor("person:anna2", ("anna  APPLICANT", "a2"), "authority", "anna2"),  # a second account of hers
        Actor("person:x", ("X", "anna"), "authority", "x"),
        Actor("person:x", ("maria", "x"), "authority", "x"),  # of somebody else of the account
        Actor("person:x", ("Rosa Representative", "x"), "authority", "x"),  # whom it is about
        Actor("person:x", ("Vera Verifier", "x"), "authority", "x"),  # who vouched for them
        Actor("operator:anna", ("anna",)),
    ],
)
@pytest.mark.parametrize("step", [Step.APPROVE, Step.REJECT, Step.SEND_BACK])
def test_nobody_decides_on_their_own_request(decider: Actor, step: Step) -> None:
    with pytest.raises(OwnRequest):
        check_decider(decider, step, about())


@pytest.mark.parametrize(
    "decider",
    [OLGA, Actor("person:olga2", ("OLGA officer", "o2"), "authority", "olga2"), Actor("operator:olga", ("olga",))],
)
def test_the_second_pair_of_eyes_is_somebody_elses(decider: Actor) -> None:
    approved = an_entry(Step.APPROVE, OLGA.names, OLGA.id)
    with pytest.raises(SecondPerson):
        check_decider(decider, Step.APPROVE, about(approved))
    check_decider(decider, Step.REJECT, about(approved))
    check_decider(decider, Step.APPROVE, about(replace(approved, round=0)))


def test_all_operators_are_one() -> None:
    approved = an_entry(Step.APPROVE, ("ann",), "operator:ann")
    with pytest.raises(SecondPerson):
        check_decider(Actor("operator:bob", ("bob",)), Step.APPROVE, about(approved))
    check_decider(OLGA, Step.APPROVE, about(approved))


def test_on_appeal_somebody_else_decides() -> None:
    rejected = an_entry(Step.REJECT, OLGA.names, OLGA.id, round_=0)
    for step in (Step.APPROVE, Step.REJECT, Step.SEND_BACK):
        with pytest.raises(SecondPerson):
            check_decider(OLGA, step, about(rejected, state=CaseState.APPEALED))
    check_decider(OLGA, Step.APPROVE, about(rejected))
    check_decider(Actor("person:otto", ("Otto", "otto"), "authority", "otto"), Step.REJECT, about(rejected))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("legal_name", " "),
        ("legal_name", "=HYPERLINK(1)"),
        ("legal_name", "@SUM(1)"),
        ("street", "+1"),
        ("parent", "-2"),
        ("locality", "<script>alert(1)</script>"),
        ("existence_reference", "a\u202eb"),
        ("npi", "1234567890"),
        ("country", "us"),
        ("country", "XX"),
        ("country", "EU"),
        ("attestation_version", "0.9"),
        ("affiliates", ("A", "A")),
        ("affiliates", ("=1",)),
        ("organizational_units", ("x" * 65,)),
        ("organization_types", (OrganizationType.PATIENT, OrganizationType.PATIENT)),
    ],
)
def test_facts_that_would_harm_or_mean_nothing_are_refused(field: str, value: Any) -> None:
    with pytest.raises(BadVettingRecord) as refusal:
        cleaned_facts(some_facts(**{field: value}))
    assert refusal.value.field == field


def test_a_text_of_several_lines_is_kept_and_one_of_none_refused() -> None:
    assert reason(" Which\r\nclinic? ") == "Which\nclinic?"
    for text in ("", " \n ", "x" * 2001, "a\x00b", "a\x1b[2Jb"):
        with pytest.raises(BadVettingRecord):
            reason(text)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"street": None}, "street"),
        ({"organization_types": ()}, "organization_types"),
        ({"attested_by": None}, "attested_by"),
        ({"existence_evidence": None}, "existence_evidence"),
        ({"npi": None}, "npi"),
    ],
)
def test_what_an_application_lacks_is_told(changes: dict[str, Any], field: str) -> None:
    found = lacks(replace(about(), case=replace(CASE, facts=some_facts(**changes))), ApprovalConfig(), RULES, NOON)
    assert [one.field for one in found] == [field]


def test_an_npi_is_asked_for_where_the_policy_says_so() -> None:
    business = replace(about(), case=replace(CASE, facts=some_facts(npi=None, organization_types=(OrganizationType.PATIENT,))))
    assert lacks(business, ApprovalConfig(), RULES, NOON) == ()
    assert [one.field for one in lacks(business, ApprovalConfig(npi_for=("Patient",)), RULES, NOON)] == ["npi"]


@pytest.mark.parametrize(
    "proofing",
    [{"proofed_at": NOON - RULES.proofing_first_issue}, {"declarations_version": "0.9"}],
)
def test_a_proofing_that_is_too_old_or_declared_in_another_text_is_lacking(proofing: dict[str, Any]) -> None:
    found = lacks(replace(about(), people=(rosa(**proofing),)), ApprovalConfig(), RULES, NOON)
    assert [one.field for one in found] == ["people"]
    a_second_less = {"proofed_at": NOON - RULES.proofing_first_issue + timedelta(seconds=1)}
    assert lacks(replace(about(), people=(rosa(**a_second_less),)), ApprovalConfig(), RULES, NOON) == ()


def test_without_a_proofed_representative_nothing_is_approved() -> None:
    for people in ((), (replace(rosa(), role=PersonRole.SPONSOR),), (replace(rosa(), proofing=None),)):
        assert "people" in [one.field for one in lacks(replace(about(), people=people), ApprovalConfig(), RULES, NOON)]


def test_how_many_decide_is_a_setting() -> None:
    assert {kind: needed(kind, ApprovalConfig()) for kind in CaseKind} == {
        CaseKind.APPLICATION: 2,
        CaseKind.MODIFICATION: 2,
        CaseKind.PEOPLE: 1,
        CaseKind.REVIEW: 1,
    }
    assert needed(CaseKind.REVIEW, ApprovalConfig(deciders_review=3)) == 3


@pytest.mark.parametrize(
    ("config", "field"),
    [
        ({"deciders_application": 0}, "deciders_application"),
        ({"deciders_people": 6}, "deciders_people"),
        ({"deciders_bulk": 0}, "deciders_bulk"),
        ({"proposal_hours": 0}, "proposal_hours"),
        ({"issuance_waits": ("always",)}, "issuance_waits"),
        ({"issuance_waits": ("first", "domain", "Patient")}, None),
        ({"review_days": 0}, "review_days"),
        ({"review_days": 30}, "review_notice_days"),
        ({"npi_for": ("Hospital",)}, "npi_for"),
        ({"open_cases": 0}, "open_cases"),
        ({"waiting_issues": 0}, "waiting_issues"),
        ({}, None),
    ],
)
def test_settings_that_mean_nothing_are_named(config: dict[str, Any], field: str | None) -> None:
    assert ApprovalConfig(**config).unusable() == field


def test_the_current_declarations_have_their_texts() -> None:
    assert CURRENT in TEXTS
