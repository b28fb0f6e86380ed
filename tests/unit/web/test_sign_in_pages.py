"""Signing in and out by form, and the cookies that come of it."""

import re
from dataclasses import replace
from secrets import token_bytes

import anyio
import httpx2
import pytest
from anyio.to_thread import current_default_thread_limiter
from fastapi import FastAPI
from starlette.testclient import TestClient

from directca.accounts import people, sessions
from directca.accounts.passwords import Passwords
from directca.db.engine import Database
from directca.web.routes import router
from tests.browser import forms
from tests.people import CHEAP, OPERATOR, PASSWORD, USERNAME
from tests.website import Site, a_site, sign_in, token_of

HTTPS = "https://ca.example.org"


@pytest.fixture
def site(database: Database) -> Site:
    return a_site(database)


def cookies_set(answer: object) -> dict[str, str]:
    """Name to attributes, of every cookie that the answer sets."""
    lines = answer.headers.get_list("set-cookie")  # type: ignore[attr-defined]
    return {line.partition("=")[0]: line.partition(";")[2].strip() for line in lines}


def test_signing_in_leads_to_the_page_that_was_wanted(site: Site) -> None:
    answer = sign_in(site.browser(), next="/docs/oauth?client_id=a")
    assert (answer.status_code, answer.headers["location"]) == (303, "/docs/oauth?client_id=a")


def test_signing_in_leads_nowhere_else(site: Site) -> None:
    answer = sign_in(site.browser(), next="//evil.example")
    assert answer.headers["location"] == "/console"
    page = site.browser().get("/sign-in", params={"next": "https://evil.example/"})
    wanted = [dict(form.fields).get("next") for form in forms(page.text) if form.action == "/sign-in"]
    assert wanted == ["/console"]


def test_the_session_cookie_is_new_after_signing_in(site: Site) -> None:
    browser = site.browser()
    browser.get("/sign-in")
    before = browser.cookies["directca_session"]
    sign_in(browser)
    after = browser.cookies["directca_session"]
    assert before != after
    assert sessions.resume(site.clinic.people, before) is None
    assert sessions.resume(site.clinic.people, after) is not None


def test_a_session_planted_in_the_browser_is_not_adopted(site: Site) -> None:
    browser = site.browser()
    browser.cookies.set("directca_session", "p" * 43)
    assert sign_in(browser).status_code == 303
    assert sessions.resume(site.clinic.people, "p" * 43) is None


def test_on_https_the_cookies_are_tied_to_the_host(database: Database) -> None:
    site = a_site(database, HTTPS)
    browser = site.browser()
    anonymous = browser.get("/sign-in")
    signed_in = sign_in(browser)
    assert cookies_set(anonymous) == {"__Host-directca": "HttpOnly; Path=/; SameSite=lax; Secure"}
    assert cookies_set(signed_in) == {
        "__Host-directca": "HttpOnly; Path=/; SameSite=lax; Secure",
        "__Host-directca-browser": "HttpOnly; Max-Age=31536000; Path=/; SameSite=lax; Secure",
    }


def test_on_loopback_they_do_without_secure_but_not_without_the_rest(site: Site) -> None:
    browser = site.browser()
    assert cookies_set(browser.get("/sign-in")) == {"directca_session": "HttpOnly; Path=/; SameSite=lax"}


def test_a_wrong_password_shows_the_form_again_with_the_name_and_without_the_password(site: Site) -> None:
    browser = site.browser()
    answer = sign_in(browser, password="wrong horse battery")
    assert answer.status_code == 403
    text = answer.text  # type: ignore[attr-defined]
    assert f'value="{USERNAME}"' in text
    assert "wrong horse" not in text
    assert re.search(r'role="alert".*autofocus', text)
    assert 'aria-describedby="username-error"' in text
    assert 'aria-invalid="true"' in text
    assert browser.get("/account/applications").status_code == 303


def test_unknown_wrong_and_suspended_see_the_same_page(site: Site) -> None:
    def page(username: str, password: str) -> str:
        text: str = sign_in(site.browser(), username, password).text  # type: ignore[attr-defined]
        return re.sub(r'value="[^"]*"', "", text)

    unknown, wrong = page("nobody@clinic.example", PASSWORD), page(USERNAME, "wrong horse battery")
    people.suspend(site.clinic.people, USERNAME, actor=OPERATOR, reason="left")
    assert unknown == wrong == page(USERNAME, PASSWORD)


def test_empty_fields_are_named_and_cost_no_attempt(site: Site) -> None:
    for _ in range(10):
        answer = sign_in(site.browser(), "", "")
        assert answer.status_code == 400
    text = answer.text  # type: ignore[attr-defined]
    assert 'href="#username">Enter your user name.' in text
    assert 'href="#password">Enter your password.' in text
    assert sign_in(site.browser()).status_code == 303


def test_too_many_attempts_are_told_when_to_come_back(site: Site) -> None:
    for _ in range(site.clinic.people.limits.per_username):
        sign_in(site.browser(), password="wrong horse battery")
    answer = sign_in(site.browser())
    assert answer.status_code == 429
    assert answer.headers["retry-after"] == "6"
    assert "Wait 6 seconds" in answer.text  # type: ignore[attr-defined]


def test_whoever_is_signed_in_goes_on_at_once(site: Site) -> None:
    browser = site.signed_in()
    answer = browser.get("/sign-in", params={"next": "/docs"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/docs")


def test_signing_in_again_ends_the_session_before(site: Site) -> None:
    browser = site.browser()
    browser.get("/sign-in")
    token = token_of(browser.get("/sign-in").text)
    browser.post("/sign-in", data={"username": USERNAME, "password": PASSWORD, "csrf_token": token})
    first = browser.cookies["directca_session"]
    token = token_of(browser.get("/").text)
    browser.post("/sign-in", data={"username": USERNAME, "password": PASSWORD, "csrf_token": token})
    assert browser.cookies["directca_session"] != first
    assert sessions.resume(site.clinic.people, first) is None


def test_signing_out_ends_the_session_here_and_on_the_server(site: Site) -> None:
    browser = site.signed_in()
    secret = browser.cookies["directca_session"]
    page = browser.get("/sign-out")
    assert "Maria" in page.text
    answer = browser.post("/sign-out", data={"csrf_token": token_of(page.text)})
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-out")
    assert "directca_session" not in browser.cookies
    assert sessions.resume(site.clinic.people, secret) is None
    assert "You are signed out" in browser.get("/sign-out").text


def test_no_other_site_can_sign_somebody_out(site: Site) -> None:
    browser = site.signed_in()
    assert browser.post("/sign-out", data={"csrf_token": ""}).status_code == 403
    assert browser.get("/account/applications").status_code == 200


def test_a_browser_that_was_here_before_brings_its_own_budget(site: Site) -> None:
    browser: TestClient = site.signed_in()
    page = browser.get("/sign-out")
    browser.post("/sign-out", data={"csrf_token": token_of(page.text)})
    for _ in range(site.clinic.people.limits.per_username):
        sign_in(site.browser(), password="wrong horse battery")
    assert sign_in(site.browser()).status_code == 429
    assert sign_in(browser).status_code == 303


def test_a_name_that_is_markup_is_shown_as_text(site: Site) -> None:
    answer = sign_in(site.browser(), '"><script>alert(1)</script>', "wrong horse battery")
    assert "<script>alert" not in answer.text  # type: ignore[attr-defined]
    assert "&lt;script&gt;alert(1)" in answer.text  # type: ignore[attr-defined]


def test_whoever_signs_in_holds_up_nobody_else(site: Site) -> None:
    slow = Passwords(replace(CHEAP, memory_kib=65_536, passes=12, at_once=1, waiting=3), token_bytes)
    app = FastAPI(openapi_url=None)
    app.include_router(router(replace(site.web, people=replace(site.web.people, passwords=slow))))
    answered: list[str] = []

    async def visit() -> None:
        current_default_thread_limiter().total_tokens = 1
        async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=site.base) as browser:
            token = token_of((await browser.get("/sign-in")).text)
            sent = {"csrf_token": token, "username": USERNAME, "password": PASSWORD, "next": ""}

            async def enter() -> None:
                await browser.post("/sign-in", data=sent)
                answered.append("sign-in")

            async with anyio.create_task_group() as visitors:
                for _ in range(4):
                    visitors.start_soon(enter)
                await anyio.sleep(0.1)
                await browser.get("/")
                answered.append("page")

    anyio.run(visit)
    assert answered == ["page", *["sign-in"] * 4]


def test_another_colour_after_a_mistake_does_not_lose_the_way(site: Site) -> None:
    browser = site.browser()
    sent = {"csrf_token": token_of(browser.get("/sign-in").text), "username": USERNAME, "password": "wrong"}
    page = browser.post("/sign-in", data={**sent, "next": "/oauth/authorize?client_id=a"}).text
    (colours,) = [dict(form.fields) for form in forms(page) if form.action == "/theme"]
    back = browser.get(colours["next"])
    assert [dict(form.fields).get("next") for form in forms(back.text) if form.action == "/sign-in"] == [
        "/oauth/authorize?client_id=a"
    ]
