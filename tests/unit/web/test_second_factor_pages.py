"""The second factor by form: where staff is led, what an unfinished sign-in opens, and attacks on all of it."""

import html
import re
from dataclasses import dataclass

import pytest
from starlette.responses import Response
from starlette.testclient import TestClient

from directca.accounts import sessions
from directca.accounts.person import Role
from directca.db.engine import Database
from tests.authenticator import Authenticator
from tests.browser import forms
from tests.factors import Phone, a_colleague, enter, with_app
from tests.people import PASSWORD, USERNAME
from tests.website import Site, a_site, sign_in, token_of

BASE = "http://localhost:8000"
SECOND = "/sign-in/second-factor"
SECURITY = "/account/security"


@pytest.fixture
def site(database: Database) -> Site:
    return a_site(database, BASE)


@dataclass
class Somebody:
    """A browser with its person's telephone."""

    site: Site
    browser: TestClient
    username: str
    phone: Phone

    def code(self) -> str:
        """The next code that was not shown yet."""
        self.site.clinic.clock.advance(seconds=30)
        return self.phone.code(self.site.clinic.clock.now())

    def sign_in_again(self) -> TestClient:
        """In another browser, with both."""
        browser = self.site.browser()
        sign_in(browser, self.username)
        assert send(browser, SECOND, code=self.code()).status_code == 303
        return browser


def send(browser: TestClient, path: str, page: str | None = None, **fields: str) -> Response:
    """Send a form as a page of ours would, with the token of that page."""
    shown = browser.get(page or path)
    assert shown.status_code == 200, shown.headers.get("location")
    return browser.post(path, data={"csrf_token": token_of(shown.text), **fields})  # type: ignore[return-value]


def enrolled(site: Site, username: str = USERNAME, *roles: Role) -> Somebody:
    """Somebody with an authenticator app, who is signed in."""
    if username != USERNAME:
        a_colleague(site.clinic, username, *roles)
    phone, new = with_app(site.web.factors, enter(site.clinic, username).session)
    browser = site.browser()
    browser.cookies.set("directca_session", new.secret)
    return Somebody(site, browser, username, phone)


def key_of(page: str) -> str:
    """The key that a page shows for an app."""
    found = re.search(r'data-value="([A-Z2-7]{32})"', page)
    assert found is not None
    return found[1]


def text_of(answer: Response) -> str:
    return str(answer.text)  # type: ignore[attr-defined]


def test_staff_is_led_to_add_a_factor_and_the_session_opens_nothing_else(site: Site) -> None:
    a_colleague(site.clinic, "olga", Role.OFFICER, Role.RA_OFFICER)
    browser = site.browser()
    answer = sign_in(browser, "olga", next="/account/sessions")
    assert answer.headers["location"] == f"{SECURITY}?next=%2Faccount%2Fsessions"
    for path in ("/account/applications", "/account/sessions", "/authority/people", f"{SECURITY}/x/remove"):
        assert browser.get(path).headers["location"].startswith("/sign-in?next="), path
    assert browser.get("/sign-in").headers["location"].startswith(SECURITY)
    assert browser.get(SECOND).headers["location"].startswith(SECURITY)
    page = browser.get(answer.headers["location"]).text
    assert "Add a second factor" in page
    token = token_of(page)
    for path, fields in (
        ("/account/sessions", {"session": "0" * 64}),
        (f"{SECURITY}/codes", {}),
        (f"{SECURITY}/x/remove", {}),
        ("/authority/people/grant", {"username": USERNAME, "role": "operator"}),
    ):
        answer = browser.post(path, data={"csrf_token": token, **fields})  # type: ignore[assignment]
        assert answer.headers.get("location", "").startswith("/sign-in?next="), path


def test_the_first_app_is_added_by_the_pages_with_codes_that_are_shown_once(site: Site) -> None:
    a_colleague(site.clinic, "olga", Role.OFFICER)
    browser = site.browser()
    sign_in(browser, "olga")
    new = send(browser, f"{SECURITY}/app/new", SECURITY, next="/account/sessions")
    assert new.headers["location"] == f"{SECURITY}/app?next=%2Faccount%2Fsessions"
    page = browser.get(new.headers["location"]).text
    assert '<svg class="qr"' in page
    code = Phone(key_of(page), ()).code(site.clinic.clock.now())
    assert send(browser, f"{SECURITY}/app", code="000000").status_code == 403
    added = send(browser, f"{SECURITY}/app", code=code, name="telephone", next="/account/sessions")
    assert len(set(re.findall(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}", text_of(added)))) == 10
    assert 'href="/account/sessions">I have kept them' in text_of(added)
    assert browser.get("/account/sessions").status_code == 200


def test_after_the_last_step_the_wanted_page_is_next_and_the_cookie_is_new(site: Site) -> None:
    olga = enrolled(site, "olga", Role.OFFICER)
    browser = site.browser()
    answer = sign_in(browser, "olga", next="/account/sessions?a=b")
    assert answer.headers["location"] == f"{SECOND}?next=%2Faccount%2Fsessions%3Fa%3Db"
    half = browser.cookies["directca_session"]
    assert "directca_browser" not in browser.cookies, "the password alone makes no browser a known one"
    page = browser.get(answer.headers["location"])
    (wanted,) = [dict(form.fields)["next"] for form in forms(page.text) if form.action == SECOND]
    answer = send(browser, SECOND, code=olga.code(), next=wanted)
    assert answer.headers["location"] == "/account/sessions?a=b"
    assert browser.cookies["directca_session"] != half
    assert "directca_browser" in browser.cookies
    assert sessions.begun(site.clinic.people, half) is None
    assert browser.get("/account/sessions").status_code == 200


def test_a_session_fixed_before_the_second_factor_is_worth_nothing_after_it(site: Site) -> None:
    olga = enrolled(site, "olga", Role.OFFICER)
    browser, thief = site.browser(), site.browser()
    sign_in(browser, "olga")
    thief.cookies.set("directca_session", browser.cookies["directca_session"])
    assert thief.get(SECOND).status_code == 200
    send(browser, SECOND, code=olga.code())
    for path in (SECOND, SECURITY, "/account/applications"):
        assert thief.get(path).headers["location"].startswith("/sign-in?next="), path


def test_a_code_is_not_good_twice(site: Site) -> None:
    maria = enrolled(site)
    first, second = site.browser(), site.browser()
    for browser in (first, second):
        sign_in(browser)
    code = maria.code()
    assert send(first, SECOND, code=code).status_code == 303
    answer = send(second, SECOND, code=code)
    assert answer.status_code == 403
    assert "was used before" in text_of(answer)
    assert send(second, SECOND, code=maria.phone.codes[0].lower()).status_code == 303
    third = site.browser()
    sign_in(third)
    assert send(third, SECOND, code=maria.phone.codes[0]).status_code == 403


def test_tries_are_limited(site: Site) -> None:
    maria = enrolled(site)
    browser = site.browser()
    sign_in(browser)
    assert [send(browser, SECOND, code=f"00000{number}").status_code for number in range(6)] == [403] * 5 + [429]
    later = send(browser, SECOND, code=maria.phone.code(site.clinic.clock.now()))
    assert (later.status_code, int(later.headers["retry-after"]) > 0) == (429, True)
    assert send(browser, SECOND, code="").status_code == 400


@pytest.mark.parametrize("path", [SECOND, f"{SECURITY}/app/new", f"{SECURITY}/app", f"{SECURITY}/passkey", f"{SECURITY}/codes"])
def test_no_other_site_can_send_a_form(site: Site, path: str) -> None:
    maria = enrolled(site)
    fields = {"code": maria.code(), "csrf_token": token_of(maria.browser.get(SECURITY).text)}
    for changed, headers in (
        ({"csrf_token": ""}, {}),
        ({"csrf_token": "0" * 64}, {}),
        ({}, {"Sec-Fetch-Site": "cross-site"}),
        ({}, {"Origin": "https://evil.example"}),
    ):
        answer = maria.browser.post(path, data={**fields, **changed}, headers=headers)
        assert answer.status_code == 403
        assert "The form was open for too long" in answer.text
    stale = token_of(maria.browser.get(SECURITY).text)
    send(maria.browser, SECOND, code=maria.code())
    assert maria.browser.post(path, data={**fields, "csrf_token": stale}).status_code == 403, "a token dies with its secret"


@pytest.mark.parametrize(
    "bad", ["https://evil.example", "//evil.example", "/\\evil.example", "/%2e%2e//evil", "javascript:alert(1)"]
)
def test_nothing_leads_to_another_site(site: Site, bad: str) -> None:
    maria = enrolled(site)
    for path in (SECOND, SECURITY, f"{SECURITY}/passkey"):
        page = html.unescape(maria.browser.get(path, params={"next": bad}).text)
        assert bad not in re.sub(r'<input type="hidden" name="next" value="/[^"]*">\s*<button name="theme"', "", page), path
    browser = site.browser()
    sign_in(browser, next=bad)
    answer = send(browser, SECOND, code=maria.code(), next=bad)
    assert answer.headers["location"] == "/console"


SCRIPT = "<script>alert('x')</script>\"><img src=x onerror=alert(1)>"


def test_a_name_is_text_and_nothing_else(site: Site) -> None:
    maria = enrolled(site)
    send(maria.browser, f"{SECURITY}/app/new", SECURITY)
    secret = key_of(maria.browser.get(f"{SECURITY}/app").text)
    code = Phone(secret, ()).code(site.clinic.clock.now())
    assert send(maria.browser, f"{SECURITY}/app", code=code, name=SCRIPT).status_code == 303
    page = maria.browser.get(SECURITY).text
    assert html.escape("<script>alert(", quote=False) in page
    removal = re.findall(rf'href="({SECURITY}/[0-9a-f]+/remove)"', page)[-1]
    for text in (page, maria.browser.get(removal).text):
        assert "<script>alert" not in text
        assert "<img" not in text
    with_error = send(maria.browser, SECOND, code=SCRIPT)
    assert (with_error.status_code, "<img" in text_of(with_error)) == (403, False)


def test_removing_asks_first_and_needs_a_fresh_factor(site: Site) -> None:
    maria = enrolled(site)
    (removal,) = re.findall(rf'href="({SECURITY}/[0-9a-f]+/remove)"', maria.browser.get(SECURITY).text)
    token = token_of(maria.browser.get(removal).text)
    site.clinic.clock.advance(minutes=11)
    assert maria.browser.get(removal).headers["location"].startswith(f"{SECOND}?next=%2Faccount%2Fsecurity%2F")
    answer = maria.browser.post(removal, data={"csrf_token": token})
    assert answer.headers["location"] == f"{SECOND}?next=%2Faccount%2Fsecurity"
    page = maria.browser.get(answer.headers["location"]).text
    assert "once more" in page
    assert send(maria.browser, SECOND, code=maria.code(), next=removal).headers["location"] == removal
    assert "your password alone" in maria.browser.get(removal).text
    assert send(maria.browser, removal).headers["location"] == SECURITY
    assert "Your password alone signs you in." in maria.browser.get(SECURITY).text


def test_what_belongs_to_somebody_else_is_not_there(site: Site) -> None:
    maria, olga = enrolled(site), enrolled(site, "olga", Role.OFFICER)
    (hers,) = re.findall(rf'href="({SECURITY}/[0-9a-f]+/remove)"', olga.browser.get(SECURITY).text)
    nothing = f"{SECURITY}/{'0' * 24}/remove"
    token = token_of(maria.browser.get(SECURITY).text)
    answers = [
        (answer.status_code, re.search(r"<main.*</main>", answer.text, re.DOTALL)[0])  # type: ignore[index]
        for path in (hers, nothing)
        for answer in (maria.browser.get(path), maria.browser.post(path, data={"csrf_token": token}))
    ]
    assert len(set(answers)) == 1
    assert answers[0][0] == 404
    assert olga.sign_in_again().get("/account/applications").status_code == 200


def test_new_codes_are_shown_once(site: Site) -> None:
    maria = enrolled(site)
    fresh = re.findall(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){3}", text_of(send(maria.browser, f"{SECURITY}/codes", SECURITY)))
    assert len(set(fresh)) == 10
    page = maria.browser.get(SECURITY).text
    assert not any(code in page for code in fresh)
    assert maria.browser.get(f"{SECURITY}/codes").status_code == 405


def test_a_passkey_is_added_and_shown_by_the_pages(site: Site) -> None:
    a_colleague(site.clinic, "olga", Role.AUDITOR)
    device, browser = Authenticator(), site.browser()
    sign_in(browser, "olga")
    answer = send(browser, f"{SECURITY}/passkey", passkey="{}")
    assert answer.status_code == 400
    page = browser.get(f"{SECURITY}/passkey").text
    fields = {
        "csrf_token": token_of(page),
        "passkey": device.make(options_of(page)),
        "name": "laptop",
        "next": "/authority/people",
    }
    added = browser.post(f"{SECURITY}/passkey", data=fields)
    assert re.findall(r'class="button" href="([^"]+)"', added.text) == ["/authority/people"]
    assert browser.get("/authority/people").status_code == 200
    other = site.browser()
    sign_in(other, "olga")
    page = other.get(SECOND).text
    answer = other.post(SECOND, data={"csrf_token": token_of(page), "passkey": device.show(options_of(page))})  # type: ignore[assignment]
    assert answer.status_code == 303
    assert other.get("/account/applications").status_code == 200


def options_of(page: str) -> str:
    """What the page's script is told."""
    found = re.search(r'data-options="([^"]*)"', page)
    assert found is not None
    return html.unescape(found[1])


def test_the_secret_is_shown_to_nobody_whose_factor_is_old(site: Site) -> None:
    maria = enrolled(site)
    send(maria.browser, f"{SECURITY}/app/new", SECURITY)
    site.clinic.clock.advance(minutes=11)
    assert maria.browser.get(f"{SECURITY}/app").headers["location"].startswith(SECOND)
    assert maria.browser.get(f"{SECURITY}/passkey").headers["location"].startswith(SECOND)


def test_who_has_no_factor_and_an_old_password_signs_in_again(site: Site) -> None:
    browser = site.signed_in()
    site.clinic.clock.advance(minutes=11)
    answer = send(browser, f"{SECURITY}/app/new", SECURITY)
    asked = browser.get(answer.headers["location"])
    assert asked.headers["location"] == "/sign-in?next=%2Faccount%2Fsecurity&again=1"
    page = browser.get(asked.headers["location"])
    assert page.status_code == 200
    fields = {"csrf_token": token_of(page.text), "username": USERNAME, "password": PASSWORD, "next": SECURITY}
    assert browser.post("/sign-in", data=fields).headers["location"] == SECURITY
    assert send(browser, f"{SECURITY}/app/new", SECURITY).headers["location"].startswith(f"{SECURITY}/app")


def test_staff_that_took_its_time_shows_the_password_again_before_the_first_factor(site: Site) -> None:
    a_colleague(site.clinic, "olga", Role.OFFICER)
    browser = site.browser()
    sign_in(browser, "olga")
    site.clinic.clock.advance(minutes=11)
    answer = send(browser, f"{SECURITY}/app/new", SECURITY)
    asked = browser.get(answer.headers["location"])
    assert asked.headers["location"] == "/sign-in?next=%2Faccount%2Fsecurity&again=1"
    page = browser.get(asked.headers["location"])
    fields = {"csrf_token": token_of(page.text), "username": "olga", "password": PASSWORD, "next": SECURITY}
    onwards = browser.post("/sign-in", data=fields).headers["location"]
    assert onwards == f"{SECURITY}?next=%2Faccount%2Fsecurity"
    assert send(browser, f"{SECURITY}/app/new", SECURITY).headers["location"].startswith(f"{SECURITY}/app")


def test_an_unfinished_sign_in_can_be_given_up(site: Site) -> None:
    enrolled(site)
    browser = site.browser()
    sign_in(browser)
    half = browser.cookies["directca_session"]
    assert browser.post("/sign-out", data={"csrf_token": token_of(browser.get(SECOND).text)}).status_code == 303
    assert sessions.begun(site.clinic.people, half) is None


def test_without_a_name_the_address_has_no_passkeys(database: Database) -> None:
    site = a_site(database)
    maria = enrolled(site)
    assert "addressed by a number" in maria.browser.get(SECURITY).text
    assert maria.browser.get(f"{SECURITY}/passkey").status_code == 400
