"""A real browser with a device of its own: from the first sign-in of an administrator, who adds a passkey, to a step-up."""

import json
import os
import shutil
import subprocess
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse, Response

from directca.accounts.person import Role
from directca.db.engine import Database
from tests.e2e.test_pages import NODE_MODULES, chromium
from tests.factors import a_colleague
from tests.live import ROOT, free_port
from tests.people import PASSWORD, USERNAME
from tests.website import Site, a_site, served

SCRIPT = ROOT / "tests" / "e2e" / "second_factors.mjs"


def with_a_later(site: Site) -> FastAPI:
    """The pages, and one more that moves their clock."""

    @site.app.get("/later")
    def later() -> Response:
        site.clinic.clock.advance(minutes=11)
        return PlainTextResponse("later")

    return site.app


@pytest.fixture
def told(database: Database) -> dict[str, Any]:
    """What the browser tells of its way."""
    if shutil.which("node") is None or not (NODE_MODULES / "playwright-core").is_dir() or chromium() is None:
        pytest.skip("node, its packages or Chromium are missing: see test_pages.py")
    port = free_port()
    site = a_site(database, f"http://localhost:{port}")
    a_colleague(site.clinic, "olga", Role.ADMINISTRATOR)
    a_colleague(site.clinic, "kim", Role.AUDITOR)
    asked = {
        "base_url": site.base,
        "username": "olga",
        "password": PASSWORD,
        "later": "/later",
        "person": USERNAME,
        "shots": os.environ.get("DIRECTCA_SHOTS"),
        "chromium": chromium(),
    }
    with served(with_a_later(site), port):
        ran = subprocess.run(
            ["node", str(SCRIPT)], input=json.dumps(asked), capture_output=True, text=True, timeout=120, check=False
        )
    assert ran.returncode == 0, ran.stderr[-4000:]
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def test_a_passkey_from_the_first_sign_in_to_a_step_up(told: dict[str, Any]) -> None:
    assert {name: found for name, found in told.pop("seen").items() if found} == {}
    assert told.pop("complaints") == []
    assert told == {
        "led": "/account/security",
        "codes": 10,
        "enrolled": "/authority/people",
        "challenged": "/sign-in/second-factor",
        "signedIn": "/authority/people",
        "steppedUp": "/sign-in/second-factor",
        "granted": 1,
        "unverified": "/sign-in/second-factor",
        "noButton": False,
        "withoutScript": "/authority/people",
    }
