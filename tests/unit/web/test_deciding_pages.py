"""The authority in the browser: the queue, a case with all that bears on it, decisions, numbers that are opened on purpose,
organizations suspended and ended; and who can do none of it."""

import pytest
from starlette.testclient import TestClient

from directca.accounts.person import GRANTED, Role
from directca.db.engine import Database
from directca.journal import read
from directca.vetting import case_list
from directca.vetting.case_model import CaseState
from tests.console import Desk, a_desk
from tests.unit.web.test_organization_pages import NUMBER, a_draft, rosa, seen
from tests.visiting import EVERY_SCRIPT, an_account, post, sent, staff
from tests.world import ALICE

QUEUE, REGISTRY = "/console/queue", "/console/authority/organizations"
WHY = "as it must be"


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database)


@pytest.fixture
def olga(desk: Desk) -> TestClient:
    return staff(desk, "olga", Role.OFFICER, name="Olga Officer")


def submitted(desk: Desk) -> str:
    """The officers' page of a case that waits."""
    maria = desk.signed_in()
    page = a_draft(desk, maria)
    sent(maria, page, step="submit")
    return f"/console/cases/{page.rpartition('/')[2]}"


def decide(desk: Desk, browser: TestClient, page: str, step: str) -> tuple[int, str, str]:
    return post(browser, page, step=step, text=WHY, revision=str(seen(desk, page).case.revision))


def test_what_waits_is_decided_by_two_officers(desk: Desk, olga: TestClient) -> None:
    page = submitted(desk)
    assert f'href="{page}"' in olga.get(QUEUE).text
    shown = olga.get(page).text
    for part in ("Clinic of Springfield", "Rosa Representative", "Covered Entity", "another officer must approve after you"):
        assert part in shown
    assert decide(desk, olga, page, "approve")[0] == 303
    assert decide(desk, olga, page, "approve")[0] == 403, "nobody approves twice"
    otto = staff(desk, "otto", Role.OFFICER, name="Otto Officer")
    assert "this is the last approval" in otto.get(page).text
    assert decide(desk, otto, page, "approve")[0] == 303
    assert seen(desk, page).case.state is CaseState.APPROVED
    assert "Nothing waits for the authority." in olga.get(QUEUE).text
    assert page in olga.get(QUEUE, params={"state": "approved", "name": "SPRING"}).text
    assert page not in olga.get(QUEUE, params={"state": "all", "name": "sp%g"}).text


def test_a_decision_needs_its_reason_and_the_case_as_it_was_seen(desk: Desk, olga: TestClient) -> None:
    page = submitted(desk)
    revision = str(seen(desk, page).case.revision)
    status, _, text = post(olga, page, step="reject", text=" ", revision=revision)
    assert (status, 'id="text-error"' in text) == (400, True)
    for stale in ("0", "", "x", "99999999999999999999"):
        assert post(olga, page, step="reject", text=WHY, revision=stale)[0] == 409
    assert post(olga, page, step="submit", text=WHY, revision=revision)[0] == 400
    assert seen(desk, page).case.state is CaseState.SUBMITTED
    assert decide(desk, olga, page, "reject")[0] == 303
    assert seen(desk, page).case.state is CaseState.REJECTED


def test_a_decision_asks_for_the_second_factor_and_leads_back(desk: Desk, olga: TestClient) -> None:
    page = submitted(desk)
    desk.world.clock.advance(minutes=11)
    shown = olga.get(page).text
    assert 'value="approve"' not in shown
    way = f"/sign-in/second-factor?next={page.replace('/', '%2F')}"
    assert way in shown
    status, location, _ = decide(desk, olga, page, "approve")
    assert (status, location) == (303, way)
    assert seen(desk, page).approvals == 0


def test_numbers_are_opened_after_the_journal_has_who_and_why(desk: Desk, olga: TestClient) -> None:
    page = submitted(desk)
    assert NUMBER not in olga.get(page).text
    numbers = f"/console/cases/people/{seen(desk, page).people[0].id}/numbers"
    assert f'href="{numbers}"' in olga.get(page).text
    assert NUMBER not in olga.get(numbers).text
    assert post(olga, numbers, text="")[0] == 400
    assert opened(desk) == []
    status, _, text = post(olga, numbers, text="to compare it with the copy")
    assert (status, NUMBER in text) == (200, True)
    assert opened(desk) == ["to compare it with the copy"]
    desk.world.clock.advance(minutes=11)
    assert post(olga, numbers, text=WHY)[0] == 303
    maria = staff(desk, "mallory", Role.OFFICER, account_id=desk.world.account_id)
    status, _, text = post(maria, numbers, text=WHY)
    assert (status, NUMBER in text) == (403, False), "not of one's own account"
    assert len(opened(desk)) == 1


def opened(desk: Desk) -> list[str]:
    with desk.console.database.read() as tx:
        rows = read.latest(tx, limit=100)
    return [str(row.event.detail["reason"]) for row in rows if row.event.kind == "evidence.shown"]


def test_nobody_decides_on_what_their_own_account_asked(desk: Desk) -> None:
    page = submitted(desk)
    mallory = staff(desk, "mallory", Role.OFFICER, account_id=desk.world.account_id)
    shown = mallory.get(page).text
    assert "Another officer decides on this case." in shown
    assert 'value="approve"' not in shown
    for step in ("approve", "reject", "send_back"):
        assert decide(desk, mallory, page, step)[0] == 403
    assert post(mallory, page, step="note", text=WHY)[0] == 403
    assert post(mallory, f"{REGISTRY}/{desk.world.organization_id}/suspend", text=WHY)[0] == 403
    assert post(mallory, f"{REGISTRY}/{desk.world.organization_id}/end", text=WHY)[0] == 403
    assert seen(desk, page).case.state is CaseState.SUBMITTED


def test_who_has_not_the_role_sees_and_does_nothing(desk: Desk) -> None:
    page = submitted(desk)
    person = seen(desk, page).people[0].id
    acts = [f"{REGISTRY}/{desk.world.organization_id}/{act}" for act in ("suspend", "reinstate", "end")]
    places = [QUEUE, page, REGISTRY, f"{REGISTRY}/{desk.world.organization_id}", *acts, f"/console/cases/people/{person}/numbers"]
    for role in [None, *sorted(GRANTED - {Role.OFFICER, Role.AUDITOR, Role.RA_OFFICER, Role.OPERATOR, Role.TRUSTED_AGENT})]:
        somebody = staff(desk, f"some-{role}", *([role] if role else []))
        for path in places:
            answer = somebody.get(path)
            assert answer.status_code == 403, (role, path)
            assert "Springfield" not in answer.text
        assert QUEUE not in somebody.get("/console").text
        for path, step in ((page, "approve"), (page, "note"), (acts[0], ""), (acts[2], ""), (places[-1], "")):
            assert post(somebody, path, step=step, text=WHY, revision="1")[0] == 403, (role, path)
    assert seen(desk, page).approvals == 0


def test_an_auditor_reads_everything_and_does_nothing(desk: Desk) -> None:
    page = submitted(desk)
    kim = staff(desk, "kim", Role.AUDITOR)
    for path in (QUEUE, page, REGISTRY, f"{REGISTRY}/{desk.world.organization_id}"):
        shown = kim.get(path)
        assert shown.status_code == 200
        main = shown.text.partition('<main id="main"')[2].partition("</main>")[0]
        assert 'method="post"' not in main
    numbers = f"/console/cases/people/{seen(desk, page).people[0].id}/numbers"
    for path in (page, numbers, f"{REGISTRY}/{desk.world.organization_id}/suspend"):
        assert post(kim, path, step="approve", text=WHY, revision=str(seen(desk, page).case.revision))[0] == 403
    assert opened(desk) == []


def test_an_organization_is_suspended_reinstated_and_ended(desk: Desk, olga: TestClient) -> None:
    desk.world.issue()
    organization = f"{REGISTRY}/{desk.world.organization_id}"
    assert "This can be undone." in olga.get(f"{organization}/suspend").text
    assert post(olga, f"{organization}/suspend", text="")[0] == 400
    assert sent(olga, f"{organization}/suspend", text=WHY) == organization
    assert "suspended" in olga.get(organization).text
    sent(olga, f"{organization}/reinstate", text=WHY)
    asked = olga.get(f"{organization}/end").text
    assert "This cannot be undone." in asked
    assert "that is 1 pair of certificates, among them " + ALICE in asked
    assert sent(olga, f"{organization}/end", text=WHY) == organization
    assert desk.world.history(ALICE)[0].record.state.value == "revoked"
    assert f'href="{organization}/end"' not in olga.get(organization).text
    assert olga.get(f"{organization}/forget").status_code == 404


def test_what_applicants_write_is_text_to_officers(desk: Desk, olga: TestClient) -> None:
    page = submitted(desk)
    maria = desk.signed_in()
    own = f"/console/organizations/cases/{page.rpartition('/')[2]}"
    sent(maria, own, step="note", text=EVERY_SCRIPT)
    sent(olga, page, step="note", text=EVERY_SCRIPT)
    status, _, text = post(olga, page, step="reject", text=EVERY_SCRIPT, revision="0")
    assert status == 409
    for shown in (text, olga.get(page).text, maria.get(own).text):
        assert EVERY_SCRIPT not in shown
        assert "&lt;script&gt;" in shown
    for field in ("name", "state", "kind", "after", "status"):
        for path in (QUEUE, REGISTRY):
            answer = olga.get(path, params={field: f'">{EVERY_SCRIPT}'})
            assert (answer.status_code, EVERY_SCRIPT in answer.text) == (200, False)


def test_a_long_queue_is_paged_and_no_case_is_shown_twice_or_left_out(
    desk: Desk, olga: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(case_list, "MOST", 2)
    pages = {submitted(desk) for _ in range(5)}
    for filters in ({}, {"state": "all"}):
        found: list[str] = []
        where = olga.get(QUEUE, params=filters)
        while True:
            found += [one for one in pages if f'href="{one}"' in where.text]
            _, further, rest = where.text.partition('rel="next" href="')
            if not further:
                break
            where = olga.get(rest.partition('"')[0].replace("&amp;", "&"))
        assert sorted(found) == sorted(pages)
        assert "5 cases" in where.text
    names = {an_account(desk, "Other")}
    assert names
    assert rosa(desk)
