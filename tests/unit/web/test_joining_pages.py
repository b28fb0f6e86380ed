"""Joining by the pages: from the letter to the signed-in browser; what the pages show of others, and what they never say."""

import pytest
from starlette.testclient import TestClient

from directca.db.engine import Database
from directca.web import joining_pages
from tests.browser import forms
from tests.people import PASSWORD
from tests.unit.accounts.test_joining import NINA, Front
from tests.website import Site, a_site, sign_in


class Door(Front):
    """The same front, and its pages."""

    def __init__(self, database: Database, **config: object) -> None:
        self.site: Site = a_site(database)
        super().__init__(database, self.site.clinic, **config)
        self.site.app.include_router(joining_pages.router(self.site.web, self.joining))


@pytest.fixture
def door(database: Database) -> Door:
    return Door(database)


def send(browser: TestClient, path: str, page: str, **fields: str) -> str:
    (form,) = [one for one in forms(page) if one.action == path]
    answer = browser.post(path, data={**dict(form.fields), **fields})
    assert answer.status_code < 500
    assert "no-store" in answer.headers["Cache-Control"]
    return answer.text


def test_from_the_letter_to_the_browser_in_which_one_is_signed_in(door: Door) -> None:
    token, browser = door.invited(), door.site.browser()
    page = browser.get("/invitation", params={"token": token})
    assert ("Sandbox Clinic" in page.text, NINA in page.text) == (True, True)
    assert page.headers["Referrer-Policy"] == "same-origin"
    weak = send(browser, "/invitation", page.text, display_name="<b>Nina</b>", password="short")
    assert ("&lt;b&gt;Nina&lt;/b&gt;" in weak, "<b>Nina" in weak, "at least 15 characters" in weak) == (True, False, True)
    done = send(browser, "/invitation", weak, display_name="Nina", password=PASSWORD)
    assert "You have access" in done
    assert (token in done, PASSWORD in done) == (False, False)
    assert sign_in(browser, NINA).status_code == 303
    gone = browser.get("/invitation", params={"token": token})
    assert (gone.status_code, "This invitation is good no more" in gone.text) == (404, True)


def test_a_form_of_another_site_lets_nobody_in(door: Door) -> None:
    token, browser = door.invited(), door.site.browser()
    browser.get("/invitation", params={"token": token})
    stolen = {"token": token, "display_name": "Mallory", "password": PASSWORD}
    assert browser.post("/invitation", data=stolen).status_code == 403
    assert browser.get("/invitation", params={"token": token}).status_code == 200


def test_an_account_is_opened_by_a_code_and_the_page_is_the_same_for_an_address_that_has_one(door: Door) -> None:
    door.elsewhere("known@clinic.example")
    pages = []
    for email in ("known@clinic.example", NINA):
        browser = door.site.browser()
        page = send(browser, "/sign-up", browser.get("/sign-up").text, email=email)
        fields = {one.action: dict(one.fields) for one in forms(page)}["/sign-up/code"]
        pages.append(page.replace(fields["sign_up"], "").replace(fields["csrf_token"], ""))
    assert pages[0] == pages[1]
    wanted = {"code": door.code(), "account_name": "<script>alert(1)</script>", "display_name": "Nina", "password": PASSWORD}
    wrong = send(browser, "/sign-up/code", page, **wanted | {"code": "AAAA-AAAA-AAAA"})
    assert ("This is not the code" in wrong, "<script>alert" in wrong) == (True, False)
    assert "You have access" in send(browser, "/sign-up/code", wrong, **wanted)
    assert sign_in(browser, NINA).status_code == 303
    assert "<script>alert" not in browser.get("/account/applications").text


def test_where_it_is_not_open_the_pages_say_so(database: Database) -> None:
    door = Door(database, open=False)
    browser = door.site.browser()
    assert browser.get("/sign-up").status_code == 403
    assert browser.get("/sign-up/code").status_code == 403
    assert "/sign-up" not in browser.get("/sign-in").text
