"""schemathesis reads our OpenAPI document and asks the running server things that nobody thought of.

Every answer must be one that the document announces: its status, its content type, its schema; and never a 500.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
import pytest

from directca.accounts.person import Role
from directca.oauth.scopes import AUTHORITY_VET
from tests.e2e.api_tools import a_clinic
from tests.e2e.test_officers import BOTH, somebody
from tests.live import UNASKED, LiveServer, running

EXAMPLES = 15
OFFICERS = "^/api/(revocation|certificate/report-compromise|case/(queue|.*/(ask|decide))|organization/.*/(suspend|reinstate|end))"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
    "negative_data_rejection",
    "ignored_auth",
    "unsupported_method",
)


@pytest.fixture(scope="module")
def document(live: LiveServer) -> dict[str, Any]:
    """The OpenAPI document as a client fetches it."""
    answer = httpx2.get(f"{live.base_url}/openapi.json", timeout=30)
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_the_document_speaks_of_every_function(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    operations = {f"{method.upper()} {path.rstrip('/')}" for path, item in document["paths"].items() for method in item}
    assert {
        "POST /api/certificate",
        "PATCH /api/certificate/{commonName}",
        "GET /api/certificate/{commonName}",
        "POST /api/certificate/renew/{commonName}",
        "POST /api/certificate/revoke/{commonName}/{reason}",
        "GET /api/certificate/query",
        "POST /api/certificate/report-compromise",
        "POST /api/revocation",
        "POST /api/organization",
        "POST /api/representative",
        "GET /api/case/queue",
        "POST /api/case/{id}/decide",
        "GET /api/revocation/{id}",
        "POST /oauth/token",
        "POST /oauth/revoke",
        "POST /oauth/introspect",
    } <= operations


def test_every_answer_is_one_that_the_document_announces(live: LiveServer, tmp_path: Path) -> None:
    # The second account, so that whatever is bought or revoked here disturbs nobody else's test. What is for officers alone
    # is asked below.
    asked(
        live,
        live.tokens(live.second).access_token,
        tmp_path,
        "--exclude-path-regex",
        OFFICERS.replace("revocation|certificate/report-compromise|", ""),
    )


def test_so_are_those_to_an_officer_and_to_one_who_reports_many_keys(tmp_path: Path) -> None:
    """Behind what stops everybody else: the officers' scope, and the limit of reports. What is revoked here is nobody's."""
    data = tmp_path / "var"
    data.mkdir()
    (data / "directca.toml").write_text(UNASKED + "[sandbox]\nenabled = true\n\n[limits]\nreports_per_address = 100000\n")
    with running(data) as live:
        officer = somebody(live, a_clinic(live), Role.OFFICER)
        token = live.tokens(officer, scope=f"{BOTH} {AUTHORITY_VET}").access_token
        told = asked(live, token, tmp_path, "--include-path-regex", OFFICERS)
    assert "Selected: 9/" in told


def asked(live: LiveServer, token: str, folder: Path, *more: str) -> str:
    """Let it ask, and be content with every answer. What it said of it."""
    words = ["run", f"{live.base_url}/openapi.json", "--url", live.base_url, "--checks", ",".join(CHECKS), *more]
    bounds = ["--max-examples", str(EXAMPLES), "--phases", "examples,coverage,fuzzing", "--seed", "20261124", "--workers", "1"]
    ran = subprocess.run(
        [sys.executable, "-m", "schemathesis.cli", *words, *bounds, "-H", f"Authorization: Bearer {token}", "--no-color"],
        cwd=folder,
        env=os.environ | {"COLUMNS": "140"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-15000:] + ran.stderr[-3000:]
    return ran.stdout


def test_the_document_has_no_dangling_reference(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    named = {part.split('"')[0] for part in text.split('"#/components/schemas/')[1:]}
    assert named <= set(document["components"]["schemas"])
