"""After signing in one arrives on a page of this server, whatever the address said."""

from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directca.web.next_page import START, own_path, sign_in_address

ELSEWHERE = [
    None,
    "",
    "//evil.example",
    "///evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\\/evil.example",
    "//evil.example/%2f..",
    "/%2fevil.example",
    "/%5cevil.example",
    "/%09/evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "\t//evil.example",
    " //evil.example",
    "/ /evil.example",
    "https://evil.example",
    "https:evil.example",
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "evil.example",
    "@evil.example",
    "/.//evil.example",
    "/..//evil.example",
    "/../evil",
    "/account/../../evil",
    "/x//evil.example",
    "/\x00",
    "/\u2028",
    "/\uff0f/evil.example",
    "/account#//evil.example",
    "/account?next=\\evil",
    "/account\r\nSet-Cookie: a=b",
    "/" + "a" * 5000,
    "?next=/account",
]

OURS = [
    "/",
    "/account/applications",
    "/docs/oauth?client_id=a&scope=tuser.account#"[:-1],
    "/oauth/authorize?" + urlencode({"redirect_uri": "https://app.example.com/cb?x=1", "state": "a b/c\\d//e", "scope": "a b"}),
    "/account/applications/records/withdraw",
]


@pytest.mark.parametrize("value", ELSEWHERE)
def test_what_may_lead_elsewhere_is_dropped(value: str | None) -> None:
    assert own_path(value) == START


@pytest.mark.parametrize("value", OURS)
def test_our_own_pages_are_kept_as_they_are(value: str) -> None:
    assert own_path(value) == value
    assert own_path(parse_qs(urlsplit(sign_in_address(value)).query)["next"][0]) == value


@given(st.text(alphabet=st.sampled_from("/\\%25fFc.:@?#&= \t\r\nevil09ex\x00"), max_size=24))
def test_whatever_is_kept_stays_on_this_server(value: str) -> None:
    kept = own_path(value)
    # As a browser reads it (WHATWG URL): tabs and line ends vanish, backslashes are slashes.
    read = "".join(char for char in kept if char not in "\t\r\n").replace("\\", "/")
    assert read.startswith("/")
    assert not read.startswith("//")
    assert urlsplit(read)[:2] == ("", "")
