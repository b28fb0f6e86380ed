"""The console's frame: what stands beside every page, for whom; and the first page, which says what needs action."""

import re
import secrets
from datetime import timedelta

import pytest

from directca.accounts import accounts
from directca.accounts.people_errors import SessionEnded
from directca.accounts.person import GRANTED, Person, PersonStatus, Role, Session
from directca.db.engine import Database
from directca.oauth import applications, in_person, scopes
from directca.oauth.applications import NewApplication
from directca.oauth.errors import ClientIdTaken
from directca.web import next_page
from directca.web.console import routes
from directca.web.navigation import ACCOUNT, AUTHORITY, Navigation, navigation
from tests.console import Desk, a_desk
from tests.people import NOON, OPERATOR
from tests.unit.web.test_organization_pages import a_draft
from tests.visiting import sent, staff
from tests.website import CALLBACK
from tests.world import ALICE, START


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database)


def a_session(*roles: Role, shown: bool = True) -> Session:
    person = Person("p1", "a1", "maria", "Maria", frozenset(roles), PersonStatus.ACTIVE)
    ends = NOON + timedelta(hours=8)
    return Session("f" * 64, person, "Clinic", "Firefox", NOON, NOON, ends, NOON if shown else None, has_factor=True)


def currents(shown: Navigation) -> dict[str, str]:
    return {one.path: one.current for _, links in shown.groups for one in links if one.current}


def test_a_section_is_seen_by_its_roles_alone() -> None:
    for role in (*GRANTED, Role.TUSER):
        labels = {one.label for _, links in navigation(a_session(role), "/console").groups for one in links}
        assert {one.label for one in ACCOUNT} <= labels
        for one in AUTHORITY:
            assert one.roles, f"{one.label} would be everybody's"
            assert (one.label in labels) == (role in one.roles)


@pytest.mark.parametrize(
    ("here", "wanted"),
    [
        ("/console", {"/console": "page"}),
        ("/account/security", {"/account/security": "page"}),
        ("/account/security/app", {"/account/security": "true"}),
        ("/account/sessions", {"/account/security": "true"}),
        ("/authority/people", {"/authority/people": "page"}),
        ("/console-of-somebody", {}),
        ("/console/nothing", {}),
    ],
)
def test_the_section_of_a_page_is_marked_and_no_other(here: str, wanted: dict[str, str]) -> None:
    assert currents(navigation(a_session(Role.AUDITOR), here)) == wanted


def test_the_pages_of_a_section_stand_on_its_pages() -> None:
    shown = navigation(a_session(), "/account/sessions").pages
    assert [(one.path, one.current) for one in shown] == [("/account/security", ""), ("/account/sessions", "page")]
    assert navigation(a_session(), "/console").pages == ()


def test_every_page_of_the_console_asks_for_the_sign_in(desk: Desk) -> None:
    stranger = desk.browser()
    for path, _, _ in routes.PAGES:
        filled = re.sub(r"\{\w+\}", "0123456789abcdef", path)
        answer = stranger.get(filled)
        assert answer.status_code == 303, path
        assert answer.headers["location"].startswith("/sign-in?next="), path


def test_every_form_of_the_console_is_refused_without_its_token(desk: Desk) -> None:
    maria = desk.signed_in()
    for path, _, submit in routes.PAGES:
        if submit is not None:
            answer = maria.post(re.sub(r"\{\w+\}", "0123456789abcdef", path), data={"csrf_token": "0" * 64})
            assert answer.status_code == 403, path


def test_a_form_that_had_to_wait_leads_back_to_its_page() -> None:
    assert next_page.page_of_form("/console/certificates/abc/revoke") == "/console/certificates/abc/revoke"
    assert next_page.page_of_form("/console//evil.example") == "/console"
    assert next_page.own_path(None) == "/console"


def test_who_has_signed_in_arrives_here_and_sees_whose_it_is(desk: Desk) -> None:
    page = desk.signed_in().get("/console")
    assert page.status_code == 200
    assert ">Maria<" in page.text
    assert "/authority/people" not in page.text
    assert page.headers["cache-control"] == "no-store"


def test_nothing_needs_action_when_all_is_well(desk: Desk) -> None:
    desk.world.issue()
    page = desk.signed_in().get("/console").text
    assert "Nothing needs action." in page


def test_what_needs_action_says_what_and_who(desk: Desk) -> None:
    desk.world.issue()
    desk.world.clock.advance(days=340)
    page = desk.signed_in().get("/console").text
    assert f"{ALICE} expires in 25 days" in page.replace("&#39;", "'")
    desk.world.clock.advance(days=30)
    page = desk.signed_in().get("/console").text
    assert "Control of the domain must be shown again".lower() in page.lower()
    assert "Who must act: the organization&#39;s representative" in page
    assert "Nothing needs action." not in page


def test_a_balance_that_pays_for_nothing_is_told(desk: Desk) -> None:
    console = desk.console
    with console.database.write() as tx:
        poor = accounts.open_account(tx, "Poor Clinic", actor=OPERATOR, at=START, random=secrets.token_bytes)
    desk.person("paul", account_id=poor.id)
    page = desk.signed_in("paul").get("/console").text
    assert "$0.00 are left; a pair for an address costs $35.00 a year." in page
    assert "No organization is registered" in page.replace("no organization", "No organization")
    assert ALICE not in page


def test_an_application_that_is_not_decided_stands_once_and_officers_are_told_how_many_wait(desk: Desk) -> None:
    maria = desk.signed_in()
    case = a_draft(desk, maria)
    page = maria.get("/console").text
    assert "The application for Clinic of Springfield is a draft: complete it, then submit it." in page
    assert "Clinic of Springfield: " not in page
    sent(maria, case, step="submit")
    assert "The application for Clinic of Springfield is with the certificate authority." in maria.get("/console").text
    officer = staff(desk, "olga", Role.OFFICER)
    page = officer.get("/console").text
    assert ("1 case waits for a decision." in page, 'href="/console/queue"' in page) == (True, True)
    assert ("Top up" in page, "no organization" in page) == (False, False)
    assert "waits for a decision" not in maria.get("/console").text


def test_somebody_present_may_do_all_of_the_account_and_nothing_beyond() -> None:
    principal = in_person.principal(a_session(Role.OFFICER))
    assert principal.actor == "person:p1 via client:console"
    assert scopes.allows(principal.scopes, scopes.CERTIFICATE_ISSUE)
    for beyond in scopes.OFFICERS:
        assert not scopes.allows(principal.scopes, beyond)
    with pytest.raises(SessionEnded):
        in_person.principal(a_session(shown=False))


def test_no_application_passes_for_the_console(desk: Desk) -> None:
    new = NewApplication("Console", "Mallory", (CALLBACK,), client_id=in_person.CONSOLE)
    with pytest.raises(ClientIdTaken):
        applications.register(desk.console.web.oauth, new, actor=OPERATOR)


def test_an_error_within_the_console_keeps_its_navigation(desk: Desk) -> None:
    maria = desk.signed_in()
    for path, status in (("/console/certificates/nothing", 404), ("/console/queue", 403), ("/console/proposals/nothing", 403)):
        page = maria.get(path)
        assert page.status_code == status, path
        assert '<nav class="docs-nav" aria-label="Console">' in page.text
        assert '<a href="/console">Overview</a>' in page.text
        assert "Sign out" in page.text
        assert page.headers["Cache-Control"] == "no-store"
    stranger = desk.browser().get("/console/certificates/nothing")
    assert (stranger.status_code, "docs-nav" in stranger.text) == (303, False)
