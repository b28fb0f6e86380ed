"""Filling in the console's forms: `post(browser, path, step="submit")` sends the form of a page as a browser would."""

import secrets

from starlette.testclient import TestClient

from directca.accounts import accounts
from directca.accounts.person import Role
from directca.accounts.sign_in import Attempt, sign_in
from tests.console import Desk
from tests.factors import with_app
from tests.people import OPERATOR, PASSWORD
from tests.website import token_of

EVERY_SCRIPT = "<script>alert(1)</script>"


def post(browser: TestClient, path: str, **fields: str) -> tuple[int, str, str]:
    """Send fields to a page with the visitor's own token: status, where it leads, what it shows."""
    page = browser.get(path)
    token = token_of(page.text if page.status_code == 200 else browser.get("/account/sessions").text)
    answer = browser.post(path, data={"csrf_token": token, **fields})
    return answer.status_code, answer.headers.get("location", ""), answer.text


def sent(browser: TestClient, path: str, **fields: str) -> str:
    """The same of a form that is accepted; where it leads."""
    status, location, text = post(browser, path, **fields)
    assert status == 303, text
    return location


def an_account(desk: Desk, name: str) -> str:
    """Another account."""
    with desk.console.database.write() as tx:
        return accounts.open_account(tx, name, actor=OPERATOR, at=desk.world.clock.now(), random=secrets.token_bytes).id


def staff(desk: Desk, username: str, *roles: Role, account_id: str | None = None, name: str = "") -> TestClient:
    """A browser in which somebody of the authority's own account is signed in, who has just shown a second factor."""
    desk.person(username, *roles, account_id=account_id or an_account(desk, "Authority"), name=name)
    web = desk.console.web
    begun = sign_in(web.people, Attempt(username, PASSWORD, "192.0.2.1", "Firefox", None)).session
    browser = desk.browser()
    browser.cookies.set(web.cookies.session_name, with_app(web.factors, begun)[1].secret)
    return browser
