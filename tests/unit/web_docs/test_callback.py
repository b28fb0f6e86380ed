"""The page that shows an authorization code, and when it offers the command that redeems it."""

import pytest
from starlette.testclient import TestClient

from directca.web.docs.callback import Callback
from tests.unit.web_docs.conftest import BASE

CODE = "53c9b090e8154b12a5199d8ea05b7d65"


def test_a_code_of_this_server_can_be_redeemed(reader: TestClient) -> None:
    page = reader.get("/docs/callback", params={"code": CODE, "iss": BASE, "state": "s"})
    assert page.status_code == 200
    assert f"code={CODE}" in page.text
    assert f"{BASE}/oauth/token" in page.text
    assert "Keep this code to yourself" in page.text
    assert "<h1>Your authorization code</h1>" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"


def test_the_code_is_in_no_link_and_no_form(reader: TestClient) -> None:
    page = reader.get("/docs/callback", params={"code": CODE, "iss": BASE})
    assert not [part for part in page.text.split('"') if CODE in part and part.startswith("/")]


@pytest.mark.parametrize(
    "query",
    [
        {"code": CODE},
        {"code": CODE, "iss": "https://evil.example"},
        {"code": CODE, "iss": BASE, "error": "access_denied"},
        {"code": CODE.upper(), "iss": BASE},
        {"code": CODE + '"; reboot; "', "iss": BASE},
        {"code": CODE[:-1], "iss": BASE},
        {"code": CODE + "\n", "iss": BASE},
        {"iss": BASE},
        {},
    ],
)
def test_anything_else_is_offered_no_command(query: dict[str, str], reader: TestClient) -> None:
    assert Callback.of(query).command(BASE) is None
    page = reader.get("/docs/callback", params=query)
    assert page.status_code == 200
    assert "data-urlencode" not in page.text.replace("--data-urlencode &#34;code_verifier", "")


def test_what_comes_with_the_address_is_escaped(reader: TestClient) -> None:
    mark = "<script>alert(1)</script>"
    for name in ("code", "state", "iss", "error", "error_description"):
        for others in ({}, {"code": CODE, "iss": BASE}, {"error": "access_denied"}):
            assert mark not in reader.get("/docs/callback", params=others | {name: mark}).text


def test_a_known_error_leads_to_its_explanation(reader: TestClient) -> None:
    assert "/docs/errors#access_denied" in reader.get("/docs/callback", params={"error": "access_denied"}).text
    assert "/docs/errors#made_up" not in reader.get("/docs/callback", params={"error": "made_up"}).text


def test_the_heading_says_what_came(reader: TestClient) -> None:
    for query, heading in ({"error": "access_denied"}, "No code came back"), ({}, "A place for your code to arrive"):
        text = reader.get("/docs/callback", params=query).text
        assert f"<h1>{heading}</h1>" in text
        assert f"<title>{heading} · Documentation · directca</title>" in text


def test_a_foreign_issuer_is_warned_of(reader: TestClient) -> None:
    page = reader.get("/docs/callback", params={"code": CODE, "iss": "https://evil.example"})
    assert "not this server" in page.text
