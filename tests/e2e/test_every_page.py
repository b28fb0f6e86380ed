"""Every page in a real browser, wide and light, narrow and dark: none has a finding, and none is forgotten."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import replace

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, Route
from starlette.testclient import TestClient

from directca.accounts import roles
from directca.accounts.person import Role
from directca.accounts.roles import AtCommand
from directca.accounts.sign_in import Attempt
from directca.accounts.sign_in import sign_in as begin
from directca.accounts.sign_up_config import SignUpConfig
from directca.db.engine import Database
from directca.errors import Unavailable
from directca.vetting.approval_config import ApprovalConfig
from directca.web import authorize, joining_pages
from directca.web.console import certificate_list
from tests.console import Desk, a_desk
from tests.e2e import gallery_account, gallery_authority
from tests.e2e.gallery import Gallery
from tests.e2e.test_pages import NODE_MODULES, chromium
from tests.factors import with_app
from tests.live import ROOT, free_port
from tests.people import OPERATOR, PASSWORD, USERNAME
from tests.visiting import an_account, staff
from tests.website import served, sign_in

SCRIPT = ROOT / "tests" / "e2e" / "gallery.mjs"
STAFF = {"olga": Role.OFFICER, "otto": Role.OFFICER, "kim": Role.AUDITOR, "adam": Role.ADMINISTRATOR}
WALLS = (
    gallery_account.pairs,
    gallery_authority.organizations,
    gallery_account.domains,
    gallery_account.money,
    gallery_account.users,
    gallery_account.notices,
    gallery_authority.payments,
    gallery_authority.revoking,
    gallery_authority.waiting,
    gallery_authority.oversight,
    gallery_authority.security,
    gallery_authority.doors,
)


NO_PAGES = {
    "/static/{name:path}": "a file",
    "/console/certificates/{record}/{file}": "a file",
    certificate_list.EXPORT: "a file",
    "/oauth/authorize/": "the same as the one without the slash",
    "/sign-up/code": "it leads to the page before it; what is shown is the answer to a form",
}
"""What is opened and is no page, and why."""
ROUTERS = {"authorize_page", "docs_routes", "web_routes", "joining_pages", "console_routes"}
"""What has pages, as the composition root calls it. `test_pages.py` opens those of the documentation, on a real server."""


def test_every_page_is_sound_and_none_is_forgotten(database: Database) -> None:
    """axe, sideways scrolling, small targets, headings, complaints of the browser, requests elsewhere: nothing on any page."""
    if shutil.which("node") is None or not (NODE_MODULES / "playwright-core").is_dir() or chromium() is None:
        pytest.skip("node, its packages or Chromium are missing: see test_pages.py")
    port = free_port()
    base = f"http://localhost:{port}"
    made = a_gallery(database, base)
    pages, shown = opened(made)
    assert pages - set(shown.values()) == set(NO_PAGES)
    # axe takes half a second: it looks at each page once, and at each answer that says what is wrong.
    once = {route: name for name, route in reversed(shown.items())}
    for name, one in made.pages.items():
        one["axe"] = once[shown[name]] == name or one["status"] != 200
    asked = {
        "base_url": base,
        "cookies": made.cookies(),
        "pages": made.pages,
        "shots": os.environ.get("DIRECTCA_SHOTS"),
        "chromium": chromium(),
    }
    with served(made.desk.app, port):
        ran = subprocess.run(
            ["node", str(SCRIPT)], input=json.dumps(asked), capture_output=True, text=True, timeout=540, check=False
        )
    assert ran.returncode == 0, ran.stderr[-4000:]
    seen = json.loads(ran.stdout)
    assert set(seen) == set(made.pages)
    assert {name: found for name, found in seen.items() if found} == {}


def test_whatever_has_pages_stands_in_the_gallery() -> None:
    """A router that the composition root gains stands here too, and its pages in the gallery."""
    text = (ROOT / "src" / "directca" / "app.py").read_text()
    assert set(re.findall(r"include_router\((\w+)\.router", text)) == ROUTERS


def opened(made: Gallery) -> tuple[set[str], dict[str, str]]:
    """The pages that the application has, and the one that each picture of the gallery shows: both as their routes have it."""
    pages = [one for one in _routes(made.desk.app.routes) if "GET" in (one.methods or ())]
    shown = {}
    for name, one in made.pages.items():
        scope = {"type": "http", "method": "GET", "path": one["path"].partition("?")[0]}
        shown[name] = next((page.path for page in pages if page.matches(scope)[0] is Match.FULL), "")
    return {one.path for one in pages}, shown


def _routes(found: Iterable[BaseRoute]) -> Iterator[Route]:
    for one in found:
        if isinstance(one, Route):
            yield one
        else:
            yield from _routes(one.original_router.routes)  # type: ignore[attr-defined]  # FastAPI's own class for a router


def a_gallery(database: Database, base: str) -> Gallery:
    """Everything. The clock stands a year and more after the first pair was issued."""
    desk = a_desk(database, base=base, asserts="Rosa Representative")
    made = Gallery(desk)
    config = ApprovalConfig(deciders_bulk=2, deciders_ending=2, deciders_compromise=2)
    object.__setattr__(desk.console, "registration", replace(desk.console.registration, config=config))
    joining = replace(desk.console.joining, config=SignUpConfig(open=True))
    object.__setattr__(desk.console, "joining", joining)
    object.__setattr__(desk.console.web, "sign_up_open", True)
    desk.app.include_router(joining_pages.router(desk.console.web, joining))
    desk.app.include_router(authorize.router(desk.console.web))
    _faults(desk)
    records = gallery_account.certificates(desk.world)
    roles.grant(desk.console.web.people, USERNAME, Role.ACCOUNT_ADMINISTRATOR, by=AtCommand(OPERATOR))
    roles.grant(desk.console.web.people, USERNAME, Role.REPRESENTATIVE, by=AtCommand(OPERATOR))
    authority = an_account(desk, "Example Authority")
    made.browsers["oscar"] = staff(desk, "oscar", Role.OFFICER, account_id=authority, name="Oscar Officer")
    desk.world.clock.advance(minutes=11)  # Oscar's second factor is too long ago for what needs it anew
    for who, role in STAFF.items():
        made.browsers[who] = staff(desk, who, role, account_id=authority, name=f"{who.title()} {role.value.title()}")
    made.browsers["maria"] = _with_factor(desk, USERNAME)
    desk.person("nora", account_id=an_account(desk, "Newcomer Clinic"), name="Nora Newcomer")
    desk.person("newly", Role.OFFICER, account_id=authority, name="Newly Officer")
    for who in ("nora", "newly"):
        made.browsers[who] = desk.browser()
        sign_in(made.browsers[who], who)
    made.browsers["nobody"], made.browsers["half"] = desk.browser(), desk.browser()
    sign_in(made.browsers["half"], "otto")
    for wall in WALLS:
        wall(made, records)
    return made


def _with_factor(desk: Desk, username: str) -> TestClient:
    """The browser of somebody who has just shown a second factor."""
    web = desk.console.web
    begun = begin(web.people, Attempt(username, PASSWORD, "192.0.2.1", "Firefox", None)).session
    browser = desk.browser()
    browser.cookies.set(web.cookies.session_name, with_app(web.factors, begun)[1].secret)
    return browser


def _faults(desk: Desk) -> None:
    """Two pages that fail: by a fault of ours, and since something is away."""

    @desk.app.get("/broken")
    def broken(request: Request) -> Response:
        request.state.request_id = "01JD-REQUEST"
        raise RuntimeError("the password of the database is hunter2")

    @desk.app.get("/away")
    def away() -> Response:
        raise Unavailable("The database does not answer. Try again in a minute.")
