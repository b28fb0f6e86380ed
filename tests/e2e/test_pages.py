"""A real browser on the real server: for people who see little, use no mouse, allow no script, hold a telephone."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from directca.web.docs import site
from tests.live import LiveServer, authorize_url

SCRIPT = Path(__file__).with_name("pages.mjs")
NODE_MODULES = Path(__file__).parent.parent / "interop" / "node" / "node_modules"
PAGES = [
    "/",
    "/sign-in",
    "/sign-in?next=%2Foauth%2Fauthorize%3Fclient_id%3Da",
    "/sign-out",
    "/nothing",
    "/oauth/authorize?client_id=nobody",
    *(page.path for page in site.PAGES),
    "/docs/callback?code=0123456789abcdef0123456789abcdef&state=x",
]
CONSENT = "consent"
KINDS = ["axe", "overflow", "foreign", "complaints", "small", "layout"]


def chromium() -> str | None:
    """Where the browser is."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def seen(live: LiveServer) -> dict[str, Any]:
    """All that the browser saw, in one run."""
    if shutil.which("node") is None:
        pytest.skip("node is missing: the browser is driven from it")
    if not (NODE_MODULES / "playwright-core").is_dir():
        pytest.skip("node packages are missing: `npm ci` in tests/interop/node")
    if chromium() is None:
        pytest.skip("Chromium is missing")
    live.tokens()  # so that there is a connected application
    account = live.first
    asked = {
        "base_url": live.base_url,
        "username": account.username,
        "password": account.password,
        "authorize": authorize_url(account, state="abc"),
        "redirect_uri": account.redirect_uri,
        "pages": PAGES,
        "own_pages": [f"/account/applications/{account.client_id}/withdraw", _consent_path(live)],
        "chromium": chromium(),
    }
    ran = subprocess.run(["node", str(SCRIPT)], input=json.dumps(asked), capture_output=True, text=True, timeout=540, check=False)
    assert ran.returncode == 0, ran.stderr[-4000:]
    answer: dict[str, Any] = json.loads(ran.stdout)
    consent = answer["seen"].pop(_consent_path(live))
    answer["seen"][CONSENT] = consent
    answer["seen"]["withdraw"] = answer["seen"].pop(f"/account/applications/{account.client_id}/withdraw")
    return answer


def _consent_path(live: LiveServer) -> str:
    parts = urlsplit(authorize_url(live.first, state="abc"))
    return f"{parts.path}?{parts.query}"


@pytest.mark.parametrize("page", [*PAGES, "withdraw", CONSENT])
@pytest.mark.parametrize("kind", KINDS)
def test_no_page_has(seen: dict[str, Any], page: str, kind: str) -> None:
    """axe findings, sideways scrolling, requests elsewhere, complaints of the browser, small targets, headings out of sight."""
    assert seen["seen"][page][kind] == []


def test_signing_in_and_granting_need_no_mouse(seen: dict[str, Any]) -> None:
    granted = seen["granted"]
    assert granted["skip"] == "Skip to the content"
    assert granted["ringless"] == []
    query = parse_qs(urlsplit(granted["arrived"]).query)
    assert query["state"] == ["abc"]
    assert len(query["code"][0]) == 32


def test_refusing_is_as_easy_as_granting(seen: dict[str, Any]) -> None:
    query = parse_qs(urlsplit(seen["refused"]["arrived"]).query)
    assert query["error"] == ["access_denied"]
    assert query["state"] == ["abc"]


def test_the_consent_page_says_who_asks_for_what(seen: dict[str, Any], live: LiveServer) -> None:
    told = seen["granted"]["consent"]
    assert urlsplit(live.first.redirect_uri).hostname in told  # type: ignore[operator]
    assert "charged to your account" in told
    assert "withdraw" in told


def test_everything_works_without_script(seen: dict[str, Any]) -> None:
    plain = seen["withoutScript"]
    assert plain["signedIn"] == "/console"
    assert plain["theme"] == "dark"
    assert "error=access_denied" in plain["arrived"]
    assert plain["signedOut"] == "You are signed out"
    assert plain["copyButtons"] == 0


def test_a_mistake_takes_the_focus_and_leads_to_its_field(seen: dict[str, Any]) -> None:
    mistakes = seen["mistakes"]
    assert mistakes["focus"] == "error-summary"
    assert mistakes["title"].startswith("Error: ")
    assert mistakes["field"] == "username"
    assert mistakes["axe"] == []
