"""Every page is guarded by its headers, follows the reader's colours, holds nothing inline, and fails without a word too much."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jinja2 import UndefinedError
from starlette.requests import Request

from directca.db.engine import Database
from directca.web import dates, static_files
from directca.web.headers import security_headers
from directca.web.pages import TEMPLATES
from tests.website import Site, a_site, token_of

PAGES = ["/", "/sign-in", "/sign-out", "/nothing", "/broken", "/static/directca.css", "/static/nothing"]
OWN_TEMPLATES = sorted(TEMPLATES.glob("*.html"))


@pytest.fixture
def site(database: Database) -> Site:
    return a_site(database)


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_is_guarded(site: Site, path: str) -> None:
    headers = site.browser().get(path).headers
    policy = headers["content-security-policy"].split("; ")
    assert {"default-src 'none'", "script-src 'self'", "style-src 'self'", "form-action 'self'"} <= set(policy)
    assert {"base-uri 'none'", "frame-ancestors 'none'"} <= set(policy)
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "same-origin"
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert "strict-transport-security" not in headers


def test_on_https_the_browser_is_told_to_stay_there(database: Database) -> None:
    site = a_site(database, "https://ca.example.org")
    for path in PAGES:
        assert site.browser().get(path).headers["strict-transport-security"] == "max-age=63072000"


def test_only_the_form_of_the_consent_page_may_lead_elsewhere() -> None:
    policy = security_headers(https=True, form_action=("https://app.example.com",))["Content-Security-Policy"]
    assert "form-action 'self' https://app.example.com;" in policy


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sign-out", "/account/applications", "/account/sessions"])
def test_no_cache_keeps_a_page_that_carries_a_token(site: Site, path: str) -> None:
    assert site.signed_in().get(path).headers["cache-control"] == "no-store"


@pytest.mark.parametrize("template", OWN_TEMPLATES, ids=lambda path: path.name)
def test_nothing_is_inline(template: Path) -> None:
    text = template.read_text(encoding="utf-8")
    assert not re.search(r"<style|\sstyle=|\son[a-z]+\s*=|javascript:", text)
    assert all("src=" in tag for tag in re.findall(r"<script[^>]*>", text))
    assert "|safe" not in text.replace(" ", "")


@pytest.mark.parametrize("template", OWN_TEMPLATES, ids=lambda path: path.name)
def test_nothing_comes_from_elsewhere(template: Path) -> None:
    assert not re.search(r"""(src|href|action)=["'](https?:)?//""", template.read_text(encoding="utf-8"))


def test_the_stylesheet_is_small_and_says_a_colour_once() -> None:
    style = (static_files.FOLDER / "directca.css").read_text(encoding="utf-8")
    assert len(style.encode()) < 25_000
    rules = style.partition("*, *::before")[2]
    assert not re.findall(r"#[0-9a-f]{3,8}\b", rules)
    assert "@import" not in style
    assert "url(" not in style


def test_the_reader_chooses_light_dark_or_the_system(site: Site) -> None:
    browser = site.browser()
    assert "data-theme" not in browser.get("/").text.partition("<head>")[0]
    for chosen in ("dark", "light"):
        answer = browser.post("/theme", data={"theme": chosen, "next": "/sign-out"})
        assert (answer.status_code, answer.headers["location"]) == (303, "/sign-out")
        assert f'data-theme="{chosen}"' in browser.get("/").text
    browser.post("/theme", data={"theme": "system", "next": "//evil.example"})
    assert "data-theme" not in browser.get("/").text.partition("<head>")[0]


def test_no_other_value_reaches_the_page_and_no_other_site_changes_it(site: Site) -> None:
    browser = site.browser()
    browser.cookies.set("directca_theme", '"><script>')
    assert "data-theme" not in browser.get("/").text.partition("<head>")[0]
    answer = browser.post("/theme", data={"theme": "dark"}, headers={"Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert browser.post("/theme", data={"theme": "dark", "next": "https://evil.example"}).headers["location"] == "/"


def test_an_unknown_page_is_not_found_and_a_wrong_method_not_allowed(site: Site) -> None:
    missing, wrong = site.browser().get("/nothing"), site.browser().put("/sign-in")
    assert (missing.status_code, "There is no such page" in missing.text) == (404, True)
    assert (wrong.status_code, set(wrong.headers["allow"].split(", "))) == (405, {"GET", "HEAD", "POST"})


def test_a_bug_shows_its_request_id_and_nothing_else(site: Site) -> None:
    answer = site.browser().get("/broken")
    assert answer.status_code == 500
    assert "01JD-REQUEST" in answer.text
    for inside in ("hunter2", "RuntimeError", "Traceback", "password"):
        assert inside not in answer.text


def test_head_answers_as_get_does(site: Site) -> None:
    for path in ("/", "/sign-in", "/static/directca.css"):
        answer = site.browser().head(path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_files_are_kept_until_they_change_and_asked_for_otherwise(site: Site) -> None:
    browser = site.browser()
    address = re.findall(r'href="(/static/directca\.css\?v=[0-9a-f]{16})"', browser.get("/").text)[0]
    versioned, plain = browser.get(address), browser.get("/static/directca.css?v=old")
    assert versioned.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert versioned.headers["content-type"].startswith("text/css")
    assert plain.headers["cache-control"] == "no-cache"
    again = browser.get("/static/directca.css", headers={"If-None-Match": plain.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["../pages.py", "%2e%2e/pages.py", "..%2fpages.py", "/etc/passwd", "", "directca.css/"])
def test_no_path_leads_out_of_the_folder(site: Site, name: str) -> None:
    assert site.browser().get(f"/static/{name}").status_code == 404


def test_every_form_that_changes_something_carries_the_token(site: Site) -> None:
    browser = site.signed_in()
    for path in ("/", "/sign-out", "/account/applications", "/account/sessions"):
        text = browser.get(path).text
        posts = re.findall(r'<form method="post" action="([^"]+)"[^>]*>(.*?)</form>', text, re.DOTALL)
        guarded = [inside for action, inside in posts if action != "/theme"]
        assert guarded
        assert all(token_of(text) in inside for inside in guarded)


def test_a_page_for_everybody_names_nobody_and_sets_no_cookie(site: Site) -> None:
    browser = site.signed_in()
    answer = browser.get("/nothing")
    assert "Maria" not in answer.text
    assert "set-cookie" not in answer.headers


def test_a_forgotten_value_is_a_bug_and_not_an_empty_page(site: Site) -> None:
    request = Request({"type": "http", "method": "GET", "path": "/", "headers": [], "query_string": b""})
    with pytest.raises(UndefinedError):
        site.web.pages.render(request, "error.html", heading="Heading")


@pytest.mark.parametrize(
    ("distance", "words"),
    [
        (timedelta(days=23, hours=5), "in 23 days"),
        (timedelta(days=59), "in 59 days"),
        (timedelta(days=300), "in 10 months"),
        (timedelta(days=1095), "in 3 years"),
        (timedelta(hours=47), "in 47 hours"),
        (timedelta(minutes=-5), "5 minutes ago"),
        (timedelta(days=-2), "2 days ago"),
        (timedelta(seconds=-20), "just now"),
        (timedelta(seconds=20), "in a moment"),
    ],
)
def test_a_date_is_said_in_words(distance: timedelta, words: str) -> None:
    now = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
    assert dates.in_words(now + distance, now) == words


def test_a_serial_is_shown_in_groups_of_four() -> None:
    assert dates.grouped("19ef29624d73766f7e7ca0af3f2853e") == "19ef 2962 4d73 766f 7e7c a0af 3f28 53e"
