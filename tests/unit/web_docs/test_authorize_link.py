"""The authorize link of the interactive form, and what it says about mistakes."""

from urllib.parse import parse_qs, urlsplit

import pytest

from directca.web.docs.authorize_link import authorize_form

BASE = "https://ca.example.org"
GOOD = {
    "client_id": "app-1",
    "redirect_uri": "https://callback.example.org/a?b=c&d=e",
    "scope": "tuser.account",
    "response_type": "code",
}
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"  # the example of RFC 7636, appendix B


def sent(link: str | None) -> dict[str, list[str]]:
    assert link is not None
    parts = urlsplit(link)
    assert f"{parts.scheme}://{parts.netloc}{parts.path}" == f"{BASE}/oauth/authorize"
    return parse_qs(parts.query, strict_parsing=True)


def test_the_link_holds_what_was_typed() -> None:
    form = authorize_form(GOOD, BASE)
    assert form.mistakes == {}
    assert sent(form.link) == {name: [value] for name, value in GOOD.items()}


def test_state_and_challenge_are_optional_and_the_method_is_added() -> None:
    form = authorize_form(GOOD | {"state": "x y&z", "code_challenge": CHALLENGE}, BASE)
    assert sent(form.link)["state"] == ["x y&z"]
    assert sent(form.link)["code_challenge"] == [CHALLENGE]
    assert sent(form.link)["code_challenge_method"] == ["S256"]


def test_an_untouched_form_is_neither_wrong_nor_answered() -> None:
    form = authorize_form({}, BASE)
    assert (form.asked, form.link, dict(form.mistakes)) == (False, None, {})
    assert form.values["scope"] == "tuser.account"
    assert form.values["response_type"] == "code"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("client_id", "", "Enter the client_id"),
        ("client_id", "a b", "letters, digits"),
        ("redirect_uri", "", "Enter one of the redirect URIs"),
        ("redirect_uri", "/callback", "not a whole URI"),
        ("redirect_uri", "https:///callback", "not a whole URI"),
        ("redirect_uri", "https://a.example/b c", "not a whole URI"),
        ("redirect_uri", "https://[::1/", "not a whole URI"),
        ("redirect_uri", "https://ä.example/", "not a whole URI"),
        ("redirect_uri", "https://a.example/#b", "no fragment"),
        ("redirect_uri", "http://a.example/", "loopback"),
        ("scope", "  ", "Enter a scope"),
        ("scope", 'a "b"', "one space between"),
        ("response_type", "token", "always code"),
        ("state", "ä", "printable ASCII"),
        ("code_challenge", "too-short", "43 characters"),
        ("code_challenge", CHALLENGE[:-1] + "=", "43 characters"),
    ],
)
def test_a_mistake_is_explained_and_no_link_is_made(field: str, value: str, says: str) -> None:
    form = authorize_form(GOOD | {field: value}, BASE)
    assert form.link is None
    assert set(form.mistakes) == {field}
    assert says in form.mistakes[field]
    assert form.summary() == [(field, f"{field}: {form.mistakes[field]}")]


@pytest.mark.parametrize(
    "uri", ["http://127.0.0.1:8765/callback", "http://[::1]/callback", "http://localhost/", "com.example.app:/done"]
)
def test_loopback_and_private_schemes_are_right(uri: str) -> None:
    assert sent(authorize_form(GOOD | {"redirect_uri": uri}, BASE).link)["redirect_uri"] == [uri]
