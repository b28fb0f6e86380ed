"""Applying for an organization in the browser: the draft, its people, what is missing, changes; and what nobody can."""

import pytest
from starlette.testclient import TestClient

from directca.accounts import people
from directca.accounts.people import NewPerson
from directca.accounts.person import Role
from directca.db.engine import Database
from directca.vetting import actors, case_page, deciding
from directca.vetting.case_model import Actor, CaseKind, CaseState, Side, Step
from directca.vetting.case_page import CasePage
from directca.vetting.deciding import Verdict
from directca.web.console import organization_form, person_form
from tests.console import Desk, a_desk
from tests.people import OPERATOR, PASSWORD
from tests.visiting import EVERY_SCRIPT, an_account, post, sent

NEW = "/console/organizations/new"
NUMBER = "C01X00T47"
FACTS = {
    "legal_name": "Clinic of Springfield",
    "street": "1 Main Street",
    "locality": "Springfield",
    "state": "Illinois",
    "postal_code": "62701",
    "country": "US",
    "existence_evidence": "government_registry",
    "existence_reference": "IL 4711",
    "npi": "1234567893",
    "main_type": "CoveredEntity",
    "type_BusinessAssociate": "yes",
    "attested": "yes",
    "attested_by": "Rosa Representative",
    "attested_title": "Compliance officer",
    "organizational_units": "Cardiology\nRadiology",
}
ROSA = {
    "name": "Rosa Representative",
    "title": "Director",
    "role": "representative",
    "method": "in_person",
    "verifier": "Vera Verifier",
    "evidence_type_1": "passport",
    "evidence_number_1": NUMBER,
    "declared_by_representative": "yes",
    "declared_by_verifier": "yes",
}


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database)


@pytest.fixture
def maria(desk: Desk) -> TestClient:
    return desk.signed_in()


def rosa(desk: Desk, **changes: str) -> dict[str, str]:
    return {**ROSA, "proofed_at": desk.world.clock.now().strftime("%Y-%m-%d"), **changes}


def a_draft(desk: Desk, browser: TestClient, **changes: str) -> str:
    """The page of a draft that lacks nothing."""
    page = sent(browser, NEW, **{**FACTS, **changes})
    sent(browser, f"{page}/people", **rosa(desk))
    return page


def seen(desk: Desk, page: str) -> CasePage:
    """The case behind a page."""
    return case_page.case_page(desk.console.registration, actors.operator(OPERATOR), page.rpartition("/")[2], officer=True)


def decided(desk: Desk, page: str, step: Step, who: Actor | None = None) -> None:
    """As an officer decides, by default the operator."""
    case = seen(desk, page).case
    verdict = Verdict(step, "as it must be", case.revision)
    deciding.decide(desk.console.registration, who or actors.operator(OPERATOR), case.id, verdict)


def an_officer(desk: Desk) -> Actor:
    """Somebody who has just shown a second factor."""
    made = NewPerson(an_account(desk, "Authority"), "olga", "Olga", PASSWORD, frozenset({Role.OFFICER}))
    olga = people.create(desk.console.web.people, made, actor=OPERATOR)
    return actors.person(desk.console.registration, olga.account_id, olga.id, shown_at=desk.world.clock.now())


def test_from_nothing_to_what_waits_for_the_authority(desk: Desk, maria: TestClient) -> None:
    assert f'href="{NEW}"' in maria.get("/console/organizations").text
    page = sent(maria, NEW, legal_name="Clinic of Springfield")
    assert "What is missing" in maria.get(page).text
    status, _, text = post(maria, page, step="submit")
    assert status == 400
    assert 'class="error-summary"' in text
    sent(maria, f"{page}/facts", **FACTS, revision=str(seen(desk, page).case.revision))
    sent(maria, f"{page}/people", **rosa(desk))
    assert sent(maria, page, step="submit") == page
    found = seen(desk, page)
    assert found.case.state is CaseState.SUBMITTED
    assert [one.value for one in found.case.facts.organization_types] == ["CoveredEntity", "BusinessAssociate"]
    assert found.case.facts.organizational_units == ("Cardiology", "Radiology")
    assert "It is the turn of an officer of the certificate authority." in maria.get(page).text


def test_numbers_of_documents_are_taken_once_and_shown_masked(desk: Desk, maria: TestClient) -> None:
    page = a_draft(desk, maria)
    assert "•••••••47" in maria.get(page).text
    assert NUMBER not in maria.get(page).text
    status, _, text = post(maria, f"{page}/people", **rosa(desk, verifier=ROSA["name"], evidence_number_1="SECRET-99"))
    assert status == 400
    assert 'id="verifier-error"' in text
    assert "SECRET-99" not in text


def test_the_declarations_stand_word_for_word_and_must_both_be_made(desk: Desk, maria: TestClient) -> None:
    page = sent(maria, NEW, **FACTS)
    form = maria.get(f"{page}/people").text
    assert "I declare under penalty of perjury that I am the person" in form
    assert "I attest for the organization" in maria.get(NEW).text
    for missing in ("declared_by_representative", "declared_by_verifier"):
        status, _, text = post(maria, f"{page}/people", **rosa(desk, **{missing: ""}))
        assert status == 400
        assert 'id="declared_by_representative-error"' in text


@pytest.mark.parametrize(
    ("field", "value", "shown_at"),
    [
        ("legal_name", " ", "legal_name"),
        ("legal_name", EVERY_SCRIPT, "legal_name"),
        ("npi", "1234567890", "npi"),
        ("country", "usa", "country"),
        ("street", "=1+1", "street"),
        ("attested_by", EVERY_SCRIPT, "attested_by"),
        ("affiliates", "Same\nSame", "affiliates"),
        ("main_type", "Hospital", "main_type"),
        ("existence_evidence", "hearsay", "existence_evidence"),
    ],
)
def test_a_mistake_stands_beside_its_field(maria: TestClient, field: str, value: str, shown_at: str) -> None:
    status, _, text = post(maria, NEW, **{**FACTS, field: value})
    assert status == 400
    assert f'id="{shown_at}-error"' in text
    assert f'<a href="#{shown_at}">' in text
    assert EVERY_SCRIPT not in text
    assert 'value="Springfield"' in text, "what was right need not be entered again"


def test_every_fact_of_a_case_can_be_said_in_the_form() -> None:
    page = organization_form.values_for({})
    said = (
        set(organization_form.TEXTS)
        | set(organization_form.LISTS)
        | {"existence_evidence", "organization_types", "attestation_version"}
    )
    assert said == set(organization_form.FACTS)
    assert len(page["further_types"]) == 4
    assert {value for value, _ in person_form.ROLE_CHOICES} == {"representative", "sponsor", "isso"}


def test_what_was_written_is_text_on_every_page(desk: Desk, maria: TestClient) -> None:
    page = a_draft(desk, maria)
    sent(maria, page, step="submit")
    sent(maria, page, step="note", text=EVERY_SCRIPT)
    deciding.note(desk.console.registration, actors.operator(OPERATOR), page.rpartition("/")[2], EVERY_SCRIPT, Side.AUTHORITY)
    text = maria.get(page).text
    assert EVERY_SCRIPT not in text
    assert text.count("&lt;script&gt;") == 2


def test_a_rejected_case_is_revised_appealed_or_withdrawn(desk: Desk, maria: TestClient) -> None:
    page = a_draft(desk, maria)
    sent(maria, page, step="submit")
    decided(desk, page, Step.REJECT)
    assert 'value="appeal"' in maria.get(page).text
    sent(maria, page, step="revise")
    assert seen(desk, page).case.state is CaseState.DRAFT
    sent(maria, page, step="submit")
    decided(desk, page, Step.REJECT)
    assert post(maria, page, step="appeal", text="")[0] == 400
    sent(maria, page, step="appeal", text="It is another clinic that you mean.")
    assert seen(desk, page).case.state is CaseState.APPEALED
    status, _, asked = post(maria, page, step="withdraw")
    assert (status, "This cannot be undone." in asked) == (200, True)
    assert seen(desk, page).case.state is CaseState.APPEALED
    sent(maria, page, step="withdraw", confirmed="yes")
    assert seen(desk, page).case.state is CaseState.WITHDRAWN
    assert post(maria, page, step="submit")[0] == 409


def test_changes_of_what_stands_are_asked_for(desk: Desk, maria: TestClient) -> None:
    organization = f"/console/organizations/{desk.world.organization_id}"
    assert "Change name, category" in maria.get(organization).text
    page = sent(maria, organization, kind="modification")
    case = seen(desk, page).case
    assert case.kind is CaseKind.MODIFICATION
    sent(maria, f"{page}/facts", **{**FACTS, "legal_name": "Renamed Clinic"}, revision=str(case.revision))
    assert "until now: " in maria.get(page).text
    assert "Change name, category" not in maria.get(organization).text
    assert post(maria, organization, kind="review")[0] == 409
    assert post(maria, organization, kind="application")[0] == 400


def test_an_edit_of_what_somebody_else_has_changed_is_refused(desk: Desk, maria: TestClient) -> None:
    page = sent(maria, NEW, **FACTS)
    old = str(seen(desk, page).case.revision)
    sent(maria, f"{page}/facts", **{**FACTS, "street": "2 Main Street"}, revision=old)
    for stale in (old, "", "x"):
        status, _, text = post(maria, f"{page}/facts", **{**FACTS, "street": "3 Main Street"}, revision=stale)
        assert (status, "has changed" in text) == (409, True)
    assert seen(desk, page).case.facts.street == "2 Main Street"


def test_people_are_taken_out_of_a_draft_and_end_later(desk: Desk, maria: TestClient) -> None:
    page = a_draft(desk, maria)
    person = seen(desk, page).people[0].id
    sent(maria, page, step="take_out", person=person)
    assert seen(desk, page).people == ()
    sent(maria, f"{page}/people", **rosa(desk))
    sent(maria, page, step="submit")
    for officer in (actors.operator(OPERATOR), an_officer(desk)):
        decided(desk, page, Step.APPROVE, officer)
    organization = f"/console/organizations/{seen(desk, page).organization.id}"
    end = f"/console/organizations/people/{seen(desk, page).people[0].id}/end"
    assert f'href="{end}"' in maria.get(organization).text
    assert post(maria, end, text="She has left.")[0] == 403
    desk.person("rita", Role.REPRESENTATIVE)
    rita = desk.signed_in("rita")
    assert post(rita, end, text="")[0] == 400
    assert sent(rita, end, text="She has left.") == organization
    assert "No representative" in maria.get(organization).text


def test_nobody_reaches_the_case_of_another_account(desk: Desk, maria: TestClient) -> None:
    page = a_draft(desk, maria)
    found = seen(desk, page)
    desk.person("sam", account_id=an_account(desk, "Hospital"))
    sam = desk.signed_in("sam")
    person = f"/console/organizations/people/{found.people[0].id}/end"
    organization = f"/console/organizations/{found.organization.id}"
    for path in (page, f"{page}/facts", f"{page}/people", person, organization):
        assert sam.get(path).status_code == 404
        fields = {"step": "note", "text": "x", "kind": "review", **FACTS, **rosa(desk), "revision": "1"}
        assert post(sam, path, **fields)[0] == 404
    nothing = sam.get(f"/console/organizations/cases/{'0' * 24}").text.replace("0" * 24, "ID")
    assert sam.get(page).text.replace(page.rpartition("/")[2], "ID") == nothing, "theirs looks as one that there is not"
    own = sent(sam, NEW, legal_name="Hospital of Springfield")
    assert post(sam, own, step="take_out", person=found.people[0].id)[0] == 404
    assert seen(desk, page).people == found.people
    assert FACTS["legal_name"] not in sam.get("/console/organizations").text


def test_forms_take_nothing_that_they_do_not_show(desk: Desk, maria: TestClient) -> None:
    extra = {"state": "approved", "account_id": "x", "round": "9", "officer": "1", "side": "authority", "approved": "yes"}
    page = sent(maria, NEW, **{**FACTS, **extra})
    found = seen(desk, page)
    assert (found.case.state, found.case.round, found.case.account_id) == (CaseState.DRAFT, 0, desk.world.account_id)
    for step in ("approve", "reject", "send_back", "", "decide"):
        assert post(maria, page, step=step)[0] == 400


def test_the_representative_reads_the_agreement_and_accepts_it(desk: Desk, maria: TestClient) -> None:
    page = a_draft(desk, maria)
    sent(maria, page, step="submit")
    for officer in (actors.operator(OPERATOR), an_officer(desk)):
        decided(desk, page, Step.APPROVE, officer)
    organization = f"/console/organizations/{seen(desk, page).organization.id}"
    place = f"{organization}/agreement"
    assert f'href="{place}"' in maria.get(organization).text
    assert "The current subscriber agreement is not accepted." in maria.get(organization).text
    assert "private keys" in maria.get(place).text
    assert post(maria, place, version="1.0", accepted="yes")[0] == 403
    desk.person("rita", Role.REPRESENTATIVE)
    rita = desk.signed_in("rita")
    status, _, text = post(rita, place, version="1.0")
    assert status == 400
    assert 'id="accepted-error"' in text
    assert post(rita, place, version="0.9", accepted="yes")[0] == 400
    desk.person("sam", Role.REPRESENTATIVE, account_id=an_account(desk, "Hospital"))
    sam = desk.signed_in("sam")
    assert sam.get(place).status_code == 404
    assert post(sam, place, version="1.0", accepted="yes")[0] == 404
    assert "The current subscriber agreement is not accepted." in maria.get(organization).text
    assert sent(rita, place, version="1.0", accepted="yes") == organization
    assert sent(rita, place, version="1.0", accepted="yes") == organization
    assert "The current subscriber agreement is not accepted." not in maria.get(organization).text
    assert "Accepted." in maria.get(place).text
    assert desk.world.journal_kinds().count("agreement.accepted") == 2, "that of the world's own clinic, and this"
