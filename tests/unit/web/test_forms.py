"""Forms are read within bounds and answered only when they come from this browser's own page."""

import asyncio

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.testclient import TestClient

from directca.db.engine import Database
from directca.web.context import SignInFirst
from directca.web.forms import LONGEST_FORM, Form, FormNotOurs, FormNotRead, check_token, read_form
from directca.web.sessions import Visitor
from tests.people import PASSWORD, USERNAME
from tests.website import BASE, Site, a_site, token_of

FORM = "application/x-www-form-urlencoded"
FILES = "multipart/form-data; boundary=x"
PART = b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n'


@pytest.fixture
def site(database: Database) -> Site:
    return a_site(database)


def send(browser: TestClient, changed: dict[str, str] | None = None, headers: dict[str, str] | None = None) -> Response:
    page = browser.get("/sign-in")
    filled = {"username": USERNAME, "password": PASSWORD, "csrf_token": token_of(page.text)} | (changed or {})
    return browser.post("/sign-in", data=filled, headers=headers or {})  # type: ignore[return-value]


def test_the_form_of_ones_own_page_is_answered(site: Site) -> None:
    assert send(site.browser()).status_code == 303
    for headers in ({"Origin": BASE}, {"Sec-Fetch-Site": "same-origin", "Origin": BASE}, {"Sec-Fetch-Site": "none"}):
        assert send(site.browser(), headers=headers).status_code == 303


@pytest.mark.parametrize("token", ["", "0" * 64, "é", "a" * 10_000])
def test_a_wrong_token_is_refused(site: Site, token: str) -> None:
    browser = site.browser()
    answer = send(browser, {"csrf_token": token})
    assert answer.status_code == 403
    assert "set-cookie" not in answer.headers
    assert b"Go back, load the page again" in answer.content  # type: ignore[attr-defined]


def test_the_token_of_another_browser_is_refused(site: Site) -> None:
    foreign = token_of(site.browser().get("/sign-in").text)
    assert send(site.browser(), {"csrf_token": foreign}).status_code == 403


def test_a_form_without_a_cookie_is_refused(site: Site) -> None:
    page = site.browser().get("/sign-in")
    answer = site.browser().post("/sign-in", data={"username": USERNAME, "password": PASSWORD, "csrf_token": token_of(page.text)})
    assert answer.status_code == 403


def test_the_token_from_before_signing_in_is_worth_nothing_afterwards(site: Site) -> None:
    browser = site.browser()
    before = token_of(browser.get("/sign-in").text)
    assert browser.post("/sign-in", data={"username": USERNAME, "password": PASSWORD, "csrf_token": before}).status_code == 303
    assert browser.post("/sign-out", data={"csrf_token": before}).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": BASE + ".evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": BASE},
        {"Sec-Fetch-Site": "cross-site", "Origin": BASE},
    ],
)
def test_a_form_that_another_site_sent_is_refused_even_with_the_right_token(site: Site, headers: dict[str, str]) -> None:
    assert send(site.browser(), headers=headers).status_code == 403


@pytest.mark.parametrize(
    ("body", "media_type"),
    [
        (b"{}", "application/json"),
        (b"username=a", "text/plain"),
        (b"username=a", FILES),
        (b"username=a", "multipart/form-data"),
        (b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n", FILES),
        (PART + b"\xff\r\n--x--\r\n", FILES),
        ((PART + b"1\r\n") * 2 + b"--x--\r\n", FILES),
        ((PART[:-4] + b'; filename="b"\r\n\r\n1\r\n') * 9 + b"--x--\r\n", FILES),
        (PART + b"a" * 70_000, FILES),
        (b"username=a&username=b", FORM),
        (b"username=%ff", FORM),
        (b"username=\xc3\xa9", FORM),
        (b"a=1&" * 200, FORM),
        (b"username=" + b"a" * 70_000, FORM),
    ],
)
def test_what_no_page_of_ours_sends_is_not_read(site: Site, body: bytes, media_type: str) -> None:
    answer = site.browser().post("/sign-in", content=body, headers={"Content-Type": media_type})
    assert answer.status_code == 400


def test_what_is_refused_says_who_must_act(site: Site) -> None:
    visitor = Visitor("s" * 43)
    with pytest.raises(FormNotOurs):
        check_token(visitor, Form({"csrf_token": Visitor("t" * 43).csrf_token}))
    with pytest.raises(FormNotOurs):
        check_token(Visitor("s" * 43, is_new=True), Form({"csrf_token": visitor.csrf_token}))
    check_token(visitor, Form({"csrf_token": visitor.csrf_token}))
    with pytest.raises(SignInFirst):
        site.web.signed_in(Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""}))


def test_nothing_is_read_beyond_the_limit() -> None:
    asked = 0

    async def receive() -> dict[str, object]:
        nonlocal asked
        asked += 1
        return {"type": "http.request", "body": b"a" * 4096, "more_body": True}

    scope = {"type": "http", "method": "POST", "path": "/", "headers": [(b"content-type", FORM.encode())]}
    with pytest.raises(FormNotRead):
        asyncio.run(read_form(Request(scope, receive)))
    assert asked == LONGEST_FORM // 4096 + 1
