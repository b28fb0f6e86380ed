"""Who works for the authority, by pages: what administrators can do there, and what nobody can."""

import re

import pytest
from starlette.testclient import TestClient

from directca.accounts import people, roles
from directca.accounts.person import SEPARATE, Role
from directca.accounts.roles import AtCommand
from directca.db.engine import Database
from tests.people import OPERATOR, PASSWORD, USERNAME
from tests.unit.web.test_second_factor_pages import BASE, SECOND, Somebody, enrolled, send
from tests.website import Site, a_site, token_of

PEOPLE = "/authority/people"


@pytest.fixture
def site(database: Database) -> Site:
    return a_site(database, BASE)


@pytest.fixture
def anna(site: Site) -> Somebody:
    return enrolled(site, "anna", Role.ADMINISTRATOR)


def post(browser: TestClient, action: str, **fields: str) -> int:
    """Send a form of the page; the status."""
    page = browser.get(PEOPLE)
    token = token_of(page.text) if page.status_code == 200 else token_of(browser.get("/account/sessions").text)
    return int(browser.post(f"{PEOPLE}/{action}", data={"csrf_token": token, **fields}).status_code)


def held(site: Site, username: str = USERNAME) -> frozenset[Role]:
    return roles.person_named(site.clinic.people, username, by=AtCommand(OPERATOR)).roles


def offered(browser: TestClient, username: str = USERNAME) -> set[str]:
    """The roles that the page offers to grant."""
    return set(re.findall(r'<option value="([a-z_]+)"', browser.get(PEOPLE, params={"username": username}).text))


def test_an_administrator_grants_and_withdraws(site: Site, anna: Somebody) -> None:
    assert offered(anna.browser) == {role.value for role in Role} - {"tuser"}
    assert post(anna.browser, "grant", username=USERNAME, role="ra_officer") == 303
    assert held(site) == {Role.RA_OFFICER}
    page = anna.browser.get(PEOPLE).text
    assert f'href="/authority/people?username={USERNAME.replace("@", "%40")}"' in page
    assert post(anna.browser, "withdraw", username=USERNAME, role="ra_officer") == 303
    assert held(site) == frozenset()


@pytest.mark.parametrize("role", sorted(SEPARATE))
def test_the_screen_offers_nobody_a_second_role_that_checks_the_first(site: Site, anna: Somebody, role: Role) -> None:
    assert post(anna.browser, "grant", username=USERNAME, role=role.value) == 303
    assert offered(anna.browser).isdisjoint(SEPARATE)
    assert offered(anna.browser)
    for other in sorted(SEPARATE - {role}):
        assert post(anna.browser, "grant", username=USERNAME, role=other.value) == 409
    assert held(site) == {role}


def test_nobody_raises_themselves(site: Site, anna: Somebody) -> None:
    page = anna.browser.get(PEOPLE, params={"username": "anna"}).text
    assert "nobody their own" in page
    assert "<option" not in page
    for role in ("officer", "operator", "administrator"):
        assert post(anna.browser, "grant", username="anna", role=role) in (403, 409)
    assert post(anna.browser, "withdraw", username="anna", role="administrator") == 403
    assert held(site, "anna") == {Role.ADMINISTRATOR}


@pytest.mark.parametrize("role", [Role.OFFICER, Role.OPERATOR, Role.RA_OFFICER, Role.TRUSTED_AGENT, Role.REPRESENTATIVE, None])
def test_others_see_nothing_and_learn_nothing(site: Site, role: Role | None) -> None:
    sam = enrolled(site, "sam", *([role] if role else []))
    answers = [sam.browser.get(PEOPLE, params={"username": name}) for name in ("", USERNAME, "nobody")]
    assert {(one.status_code, re.sub(r'value="/authority[^"]*"', "", one.text)) for one in answers} == {
        (403, re.sub(r'value="/authority[^"]*"', "", answers[0].text))
    }
    for name in (USERNAME, "sam", "nobody"):
        assert post(sam.browser, "grant", username=name, role="administrator") == 403
    assert PEOPLE not in sam.browser.get("/account/sessions").text
    assert held(site, "sam") == (frozenset({role}) if role else frozenset())


def test_an_auditor_looks_and_changes_nothing(site: Site, anna: Somebody) -> None:
    kim = enrolled(site, "kim", Role.AUDITOR)
    page = kim.browser.get(PEOPLE, params={"username": "anna"}).text
    assert "administrator" in page
    assert f'action="{PEOPLE}/grant"' not in page
    assert post(kim.browser, "grant", username=USERNAME, role="operator") == 403
    assert post(kim.browser, "withdraw", username="anna", role="administrator") == 403
    assert held(site, "anna") == {Role.ADMINISTRATOR}
    assert anna.browser.get(PEOPLE).status_code == 200


def test_what_is_not_asked_for_is_not_taken_from_a_form(site: Site, anna: Somebody) -> None:
    """Mass assignment: fields that a form does not have change nothing, wherever they are sent."""
    extra = {"role": "administrator", "roles": "administrator", "person_id": "1", "even_the_last": "on", "is_staff": "1"}
    maria = enrolled(site)
    for path, page in (("/account/security/codes", "/account/security"), (SECOND, SECOND), ("/theme", "/account/sessions")):
        send(maria.browser, path, page, **extra)
    browser = site.browser()
    browser.post(
        "/sign-in",
        data={"csrf_token": token_of(browser.get("/sign-in").text), "username": USERNAME, "password": PASSWORD} | extra,
    )
    assert held(site) == frozenset()
    people.create(site.clinic.people, people.NewPerson(site.clinic.account_id, "otto", "Otto", PASSWORD), actor=OPERATOR)
    assert post(anna.browser, "withdraw", username="anna", even_the_last="on", role="administrator") == 403
    for role in ("root", "", "tuser", "Administrator", "officer,auditor"):
        assert post(anna.browser, "grant", username="otto", role=role) == 400
    assert held(site, "otto") == frozenset()


def test_a_grant_needs_a_fresh_second_factor(site: Site, anna: Somebody) -> None:
    site.clinic.clock.advance(minutes=11)
    page = anna.browser.get(PEOPLE)
    assert page.status_code == 200
    fields = {"csrf_token": token_of(page.text), "username": USERNAME, "role": "operator"}
    answer = anna.browser.post(f"{PEOPLE}/grant", data=fields)
    assert answer.headers["location"] == f"{SECOND}?next=%2Fauthority%2Fpeople"
    assert held(site) == frozenset()
    send(anna.browser, SECOND, code=anna.code())
    assert post(anna.browser, "grant", username=USERNAME, role="operator") == 303


def test_names_are_text_and_nothing_else(site: Site, anna: Somebody) -> None:
    script = "<script>alert(1)</script>"
    new = people.NewPerson(site.clinic.account_id, "mallory", script, PASSWORD, frozenset({Role.OPERATOR}))
    people.create(site.clinic.people, new, actor=OPERATOR)
    for username in ("mallory", script, '"><script>alert(1)</script>'):
        page = anna.browser.get(PEOPLE, params={"username": username}).text
        assert "<script>alert" not in page
    mallory = site.browser()
    mallory.post(
        "/sign-in", data={"csrf_token": token_of(mallory.get("/sign-in").text), "username": "mallory", "password": PASSWORD}
    )
    assert "<script>alert" not in mallory.get("/account/security").text


def test_a_change_ends_the_persons_sessions(site: Site, anna: Somebody) -> None:
    maria = site.signed_in()
    post(anna.browser, "grant", username=USERNAME, role="trusted_agent")
    assert maria.get("/account/applications").headers["location"].startswith("/sign-in?next=")
