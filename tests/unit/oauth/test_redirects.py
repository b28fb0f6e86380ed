"""Redirect URIs: what may be registered, what matches, how an answer is added."""

from dataclasses import replace

import pytest

from directca.oauth import redirects
from directca.oauth.errors import BadRedirectUri
from directca.oauth.model import Client, ClientStatus
from tests.unit.oauth.world import MORNING


def client(*uris: str, native: bool = False) -> Client:
    return Client("app", "App", "Owner", None, True, native, None, uris, ("tuser.account",), ClientStatus.ACTIVE, MORNING)


EXACT = "https://app.example.org/callback?tenant=1"


def test_the_same_string_matches() -> None:
    assert redirects.matches(client("https://other.example.org/", EXACT), EXACT)


@pytest.mark.parametrize(
    "near",
    [
        "https://app.example.org/callback",
        "https://app.example.org/callback?tenant=1&x=2",
        "https://app.example.org/callback?tenant=1#",
        "https://app.example.org/callback/?tenant=1",
        "https://app.example.org:443/callback?tenant=1",
        "https://APP.example.org/callback?tenant=1",
        "https://app.example.org/Callback?tenant=1",
        "https://app.example.org/%63allback?tenant=1",
        "https://app.example.org/x/../callback?tenant=1",
        "https://app.example.org.evil.example/callback?tenant=1",
        "https://user@app.example.org/callback?tenant=1",
        "http://app.example.org/callback?tenant=1",
        " https://app.example.org/callback?tenant=1",
        "https://app.example.org/callback?tenant=1\n",
        "",
    ],
)
def test_anything_but_the_same_string_does_not_match(near: str) -> None:
    assert not redirects.matches(client(EXACT), near)


@pytest.mark.parametrize("port", ["", ":1", ":8080", ":65535"])
@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "localhost"])
def test_a_native_application_may_use_any_loopback_port(host: str, port: str) -> None:
    assert redirects.matches(client(f"http://{host}/callback", native=True), f"http://{host}{port}/callback")
    assert redirects.matches(client(f"http://{host}:4711/callback", native=True), f"http://{host}{port}/callback")


@pytest.mark.parametrize(
    "near",
    [
        "http://127.0.0.1:8080/other",
        "http://127.0.0.1:8080/callback?x=1",
        "http://127.0.0.1:8080/callback/",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:08080/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:80x/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:80@evil.example/callback",
        "http://127.0.0.1.evil.example/callback",
        "http://127.0.0.2:8080/callback",
        "http://localhost:8080/callback",
        "https://127.0.0.1:8080/callback",
        "http://127.0.0.1:8080/callback\n",
    ],
)
def test_only_the_port_is_free(near: str) -> None:
    assert not redirects.matches(client("http://127.0.0.1/callback", native=True), near)


def test_no_port_is_free_for_an_application_that_is_not_native() -> None:
    assert not redirects.matches(client("http://127.0.0.1:8765/callback"), "http://127.0.0.1:8766/callback")


def test_no_port_is_free_beyond_loopback() -> None:
    assert not redirects.matches(client("https://app.example.org/cb", native=True), "https://app.example.org:8443/cb")


def test_an_application_without_redirect_uris_matches_nothing() -> None:
    nothing = replace(client("https://app.example.org/"), redirect_uris=())
    assert not redirects.matches(nothing, "https://app.example.org/")
    assert not redirects.matches(replace(nothing, native=True), "http://127.0.0.1/callback")


@pytest.mark.parametrize(
    "uri",
    [
        "https://callback.mydomain.com/",
        "https://app.example.org",
        "https://app.example.org:8443/cb?x=1&y=2;z",
        "http://127.0.0.1:8765/callback",
        "http://[::1]/callback",
        "http://localhost:3000/cb",
    ],
)
def test_https_and_loopback_http_can_be_registered(uri: str) -> None:
    redirects.check_registrable(uri, native=False, loopback=True)


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "/callback",
        "//app.example.org/callback",
        "http://app.example.org/callback",
        "https:///callback",
        "https://app.example.org/cb#fragment",
        "https://app.example.org/cb#",
        "https://*.example.org/cb",
        "https://user:password@app.example.org/cb",
        "https://app.example.org/c b",
        "https://app.example.org/cb\r\nX: y",
        "https://app.example.org:port/cb",
        "https://app.example.org;script-src/cb",
        "https://app.example.org,https://evil.example/cb",
        "https://[::1/cb",
        "https://ä.example/cb",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://app.example.org/cb",
        "com.example.app:/callback",
        "https://app.example.org/" + "a" * 1024,
    ],
)
def test_what_is_not_safe_cannot_be_registered(uri: str) -> None:
    with pytest.raises(BadRedirectUri):
        redirects.check_registrable(uri, native=False, loopback=True)


@pytest.mark.parametrize("native", [False, True])
@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("https://app.example.org:0/cb", "port"),
        ("http://127.0.0.1:0/cb", "port"),
        ("https://app.example.org:00443/cb", "port"),
        ("https://app.example.org:65536/cb", "port"),
        ("https://app.example.org:/cb", "port"),
        ("HTTPS://app.example.org/cb", "small letters"),
        ("hTTp://localhost/cb", "small letters"),
        ("COM.example.app:/cb", "small letters"),
        ("https://./cb", "DNS name"),
        ("https://a..b/cb", "DNS name"),
        ("https://app.example.org./cb", "DNS name"),
        ("https://-app.example.org/cb", "DNS name"),
        ("https://app-.example.org/cb", "DNS name"),
        (f"https://{'a' * 64}.example/cb", "DNS name"),
        (f"https://{'a.' * 126}ab/cb", "DNS name"),
        ("https://127.1/cb", "whole address"),
        ("https://2130706433/cb", "whole address"),
        ("https://0x7f.1/cb", "whole address"),
        ("https://0x7f000001/cb", "whole address"),
        ("https://127.0.0.01/cb", "whole address"),
        ("https://999.1.1.1/cb", "whole address"),
        ("https://[1:2]/cb", "whole address"),
        ("https://[1.2.3.4]/cb", "whole address"),
        ("https://[fe80::1%25eth0]/cb", "plain name or address"),
        ("https://@app.example.org/cb", "plain name or address"),
        ("https://app.example.org\\@evil.example/cb", "plain URI characters"),
        ("http:\\\\127.0.0.1/cb", "plain URI characters"),
        ("https:app.example.org", "begin with https"),
        ("https:/app.example.org", "begin with https"),
        ("http://127.0.0.2/cb", "begin with https"),
        ("http://app.localhost/cb", "begin with https"),
        ("http://LOCALHOST/cb", "begin with https"),
        ("http://[0:0:0:0:0:0:0:1]/cb", "begin with https"),
        ("https://app.example.org/x/../cb", "browsers take out"),
        ("https://app.example.org/./cb", "browsers take out"),
        ("https://app.example.org/x/.%2E/cb", "browsers take out"),
        ("https://app.example.org/%2e", "browsers take out"),
        ("https://app.example.org/cb%", "percent"),
        ("https://app.example.org/cb?x=%zz", "percent"),
        ("https://app.example.org/cb%0d%0aX:y", "percent"),
        ("https://app.example.org/cb?x=%00", "percent"),
        ("https://app.example.org/a[b]", "bracket"),
        ("https://app.example.org/cb?a[]=1", "bracket"),
    ],
)
def test_what_is_read_in_more_than_one_way_cannot_be_registered(uri: str, why: str, native: bool) -> None:
    with pytest.raises(BadRedirectUri, match=why):
        redirects.check_registrable(uri, native=native, loopback=True)


@pytest.mark.parametrize(
    "uri",
    [
        "https://App.Example.org/Callback",
        "https://xn--bcher-kva.example/cb",
        "https://192.0.2.1:1/cb",
        "https://[2001:db8::1]:65535/cb",
        "https://app.example.org/cb%20x?y=%C3%A9&z=a/b?c",
        "https://app.example.org/..x/...",
        "https://intranet/cb",
        "https://4clinic.example/cb",
        f"https://{'a' * 63}.example/cb",
    ],
)
def test_what_is_unusual_and_plain_can_be_registered(uri: str) -> None:
    redirects.check_registrable(uri, native=False, loopback=False)


@pytest.mark.parametrize("name", ["code", "state", "iss", "error", "error_description", "error_uri", "c%6Fde"])
@pytest.mark.parametrize("query", ["{}=1", "tenant=1&{}=1", "tenant=1;{}=1", "{}", "a=1&{}"])
@pytest.mark.parametrize("base", ["https://app.example.org/cb", "http://127.0.0.1/cb", "com.example.app:/cb"])
def test_what_the_answer_adds_cannot_be_there_already(base: str, query: str, name: str) -> None:
    with pytest.raises(BadRedirectUri, match=r"its query holds .* leave it out"):
        redirects.check_registrable(f"{base}?{query.format(name)}", native=True, loopback=True)


def test_a_parameter_that_only_sounds_like_one_of_the_answer_is_the_applications_own() -> None:
    redirects.check_registrable("https://app.example.org/code/state?my_code=1&value=code&Code=2", native=False, loopback=False)


def test_plain_http_needs_leave() -> None:
    with pytest.raises(BadRedirectUri):
        redirects.check_registrable("http://127.0.0.1/callback", native=False, loopback=False)


def test_a_private_scheme_is_for_native_applications_and_holds_a_dot() -> None:
    redirects.check_registrable("com.example.app:/callback", native=True, loopback=True)
    for uri in ("myapp:/callback", "javascript:alert(1)", "com.example.app://host/callback", "com..example:/cb"):
        with pytest.raises(BadRedirectUri):
            redirects.check_registrable(uri, native=True, loopback=True)


@pytest.mark.parametrize("uri", ["com.example.app:cb", "com.example.app:", "com.example.app:///cb", "app.example.org:443/cb"])
def test_a_single_slash_comes_after_a_private_scheme(uri: str) -> None:
    """RFC 8252 7.1. A web address whose scheme was forgotten is not taken for one."""
    with pytest.raises(BadRedirectUri, match="single slash"):
        redirects.check_registrable(uri, native=True, loopback=True)


def test_an_answer_keeps_the_query_of_the_redirect_uri() -> None:
    assert redirects.answer("https://a.example/cb", {"code": "1"}) == "https://a.example/cb?code=1"
    assert redirects.answer("https://a.example/cb?t=1", {"code": "1"}) == "https://a.example/cb?t=1&code=1"


def test_an_answer_cannot_break_out_of_its_parameter() -> None:
    answer = redirects.answer("https://a.example/cb", {"state": "a&code=evil#\r\nLocation: x"})
    assert answer == "https://a.example/cb?state=a%26code%3Devil%23%0D%0ALocation%3A+x"


@pytest.mark.parametrize(
    ("uri", "source", "destination"),
    [
        ("https://app.example.org:8443/cb", "https://app.example.org:8443", "app.example.org:8443"),
        ("http://127.0.0.1:8765/cb", "http://127.0.0.1:8765", "a program on this computer (127.0.0.1:8765)"),
        ("http://[::1]:8765/cb", "http:", "a program on this computer ([::1]:8765)"),
        ("com.example.app:/cb", "com.example.app:", "an app on this device (com.example.app)"),
    ],
)
def test_the_destination_is_spelled_out(uri: str, source: str, destination: str) -> None:
    assert redirects.policy_source(uri) == source
    assert redirects.destination(uri) == destination
