"""Connected applications and sessions: seen by their person alone, withdrawn with a word of what follows."""

import re

import pytest

from directca.accounts import sessions
from directca.accounts.sign_in import Attempt, sign_in
from directca.db.engine import Database
from directca.oauth import connected
from tests.people import PASSWORD, USERNAME, a_clinic
from tests.website import BASE, Site, a_site, token_of

NOTICE = "can no longer use your account"
OWN = ["/account/applications", "/account/sessions", "/account/applications/x/withdraw"]


@pytest.fixture
def site(database: Database) -> Site:
    return a_site(database)


@pytest.mark.parametrize("path", OWN)
def test_whoever_is_not_signed_in_is_led_to_it_and_back(site: Site, path: str) -> None:
    answer = site.browser().get(path)
    assert answer.status_code == 303
    assert answer.headers["location"] == f"/sign-in?next={path.replace('/', '%2F')}"


@pytest.mark.parametrize("path", OWN[1:])
def test_a_form_sent_after_the_session_ended_changes_nothing_and_leads_to_sign_in(site: Site, path: str) -> None:
    browser = site.signed_in()
    token = token_of(browser.get("/account/sessions").text)
    site.clinic.clock.advance(hours=1)
    answer = browser.post(path, data={"csrf_token": token, "session": "x"})
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?")


def test_an_empty_page_says_what_belongs_there(site: Site) -> None:
    assert "No application may use your account" in site.signed_in().get("/account/applications").text


def test_a_connected_application_shows_whose_it_is_and_what_it_may(site: Site) -> None:
    site.connect(site.application())
    text = site.signed_in().get("/account/applications").text
    assert "Records Exchange" in text
    assert "Example Health Software" in text
    assert "Buy, renew, reissue, revoke and read certificates for Sandbox Clinic" in text


def test_withdrawing_is_asked_for_says_what_follows_and_ends_it(site: Site) -> None:
    application = site.application()
    site.connect(application)
    browser = site.signed_in()
    address = f"/account/applications/{application.client.client_id}/withdraw"
    assert address in browser.get("/account/applications").text
    question = browser.get(address)
    assert "Certificates that it bought stay valid" in question.text
    assert "cannot take this back" in question.text
    assert connected.connections(site.web.oauth, site.clinic.maria) != ()
    answer = browser.post(address, data={"csrf_token": token_of(question.text)})
    assert answer.status_code == 303
    assert connected.connections(site.web.oauth, site.clinic.maria) == ()
    assert NOTICE in browser.get(answer.headers["location"]).text
    assert NOTICE not in browser.get(answer.headers["location"]).text
    assert browser.post(address, data={"csrf_token": token_of(question.text)}).status_code == 404


@pytest.mark.parametrize("base", [BASE, "https://ca.example.org"])
def test_nobody_is_told_of_a_withdrawal_that_did_not_take_place(database: Database, base: str) -> None:
    site = a_site(database, base)
    application = site.application()
    site.connect(application)
    browser, other = site.signed_in(), site.signed_in()
    assert NOTICE not in browser.get("/account/applications?withdrawn").text
    assert NOTICE not in browser.get("/account/applications?withdrawn=1").text
    address = f"/account/applications/{application.client.client_id}/withdraw"
    answer = browser.post(address, data={"csrf_token": token_of(browser.get(address).text)})
    name = site.web.cookies.notice_name
    notice = answer.cookies[name]
    for planted in (notice, "withdrawn", ""):
        other.cookies.set(name, planted)
        told = other.get("/account/applications")
        assert (told.status_code, NOTICE in told.text) == (200, False)
    assert NOTICE in browser.get("/account/applications").text


def test_nothing_is_withdrawn_without_the_form_of_ones_own(site: Site) -> None:
    application = site.application()
    site.connect(application)
    browser = site.signed_in()
    address = f"/account/applications/{application.client.client_id}/withdraw"
    assert browser.post(address, data={"csrf_token": ""}).status_code == 403
    assert browser.put(address).status_code == 405
    assert len(connected.connections(site.web.oauth, site.clinic.maria)) == 1


def test_an_application_that_is_not_connected_is_not_found(site: Site) -> None:
    application = site.application()
    browser = site.signed_in()
    for missing in (application.client.client_id, "nothing", "<script>"):
        assert browser.get(f"/account/applications/{missing}/withdraw").status_code == 404


def test_an_application_name_that_is_markup_is_shown_as_text(site: Site) -> None:
    site.connect(site.application("<b>Bold</b> & Co"))
    text = site.signed_in().get("/account/applications").text
    assert "<b>Bold" not in text
    assert "&lt;b&gt;Bold&lt;/b&gt; &amp; Co" in text


def test_the_account_says_whose_it_is_and_how_to_leave_it(site: Site) -> None:
    browser = site.signed_in()
    for path in OWN[:2]:
        text = browser.get(path).text
        head = text.partition("</header>")[0]
        assert 'action="/sign-out"' in head
        assert 'href="/sign-in"' not in head
        assert site.clinic.maria.display_name in text.partition("<main")[2].partition("<h1")[0]
        sections = text.partition('aria-label="Console"')[2].partition("</nav>")[0]
        assert {"/console", OWN[0], "/account/security"} <= set(re.findall(r'href="([^"]+)"', sections))


def test_whoever_is_not_signed_in_is_offered_it_on_every_page(site: Site) -> None:
    head = site.browser().get("/").text.partition("</header>")[0]
    assert 'href="/sign-in"' in head
    assert "/sign-out" not in head


def test_other_browsers_can_be_signed_out(site: Site) -> None:
    agent = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
    other = sign_in(site.clinic.people, Attempt(USERNAME, PASSWORD, "192.0.2.7", agent))
    browser = site.signed_in()
    page = browser.get("/account/sessions")
    assert "Firefox on Windows" in page.text
    assert "Gecko" not in page.text
    answer = browser.post("/account/sessions", data={"csrf_token": token_of(page.text), "session": other.session.id})
    assert answer.status_code == 303
    assert sessions.resume(site.clinic.people, other.secret) is None
    assert browser.get("/account/sessions").status_code == 200


def test_the_sessions_of_somebody_else_cannot_be_ended(site: Site, database: Database) -> None:
    other = a_clinic(database, "Other Clinic", "peter@other.example")
    theirs = sign_in(other.people, Attempt("peter@other.example", PASSWORD, "192.0.2.7"))
    browser = site.signed_in()
    token = token_of(browser.get("/account/sessions").text)
    answer = browser.post("/account/sessions", data={"csrf_token": token, "session": theirs.session.id})
    assert answer.status_code == 404
    assert sessions.resume(other.people, theirs.secret) is not None
