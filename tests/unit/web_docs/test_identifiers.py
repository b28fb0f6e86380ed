"""Identifiers from the address of a page are filled into samples only if they are harmless there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directca.web.docs.identifiers import Identifiers, identifiers

HARMFUL = [
    "$(reboot)",
    "`reboot`",
    'x"; reboot; "',
    "x' -- ",
    "a\nreboot",
    "a b",
    "a\\",
    "a;b",
    "a|b",
    "a{b}",
    "a<b>",
    "ä",
    "\x00",
    "x" * 5000,
]


def test_the_readers_own_values_are_used() -> None:
    found = identifiers(
        {
            "client_id": "app-1.x_y~z",
            "redirect_uri": "http://127.0.0.1:8765/callback?a=b",
            "common_name": "Bob@Direct.Example.ORG",
        }
    )
    assert found == Identifiers("app-1.x_y~z", "http://127.0.0.1:8765/callback?a=b", "bob@direct.example.org")
    assert found.direct_domain == "direct.example.org"
    assert found.carried() == (
        "?client_id=app-1.x_y~z&redirect_uri=http%3A%2F%2F127.0.0.1%3A8765%2Fcallback%3Fa%3Db"
        "&common_name=bob%40direct.example.org"
    )


def test_a_domain_is_a_common_name() -> None:
    assert identifiers({"common_name": "direct.example.org"}).direct_domain == "direct.example.org"


@pytest.mark.parametrize("field", ["client_id", "redirect_uri", "common_name"])
@pytest.mark.parametrize("value", HARMFUL)
def test_a_harmful_value_is_replaced(field: str, value: str) -> None:
    for sent in (value, "https://a.example/" + value, "alice@a.example" + value):
        assert identifiers({field: sent}) in (Identifiers(), identifiers({}))


def test_nothing_is_carried_when_nothing_was_given() -> None:
    assert identifiers({}).carried() == ""


@given(st.dictionaries(st.sampled_from(["client_id", "redirect_uri", "common_name"]), st.text(max_size=60)))
def test_whatever_is_sent_no_dangerous_character_comes_out(query: dict[str, str]) -> None:
    filled = "".join(identifiers(query).fills("https://ca.example.org").values())
    assert not set(filled) & set("\"'`$\\;|<>(){}[]!*# \t\r\n\0")
    assert filled.isascii()
