"""The server refuses to start unless its address and lifetimes are safe."""

import pytest

from directca.oauth.config import OAuthConfig
from directca.oauth.errors import UnsafeConfiguration


@pytest.mark.parametrize("issuer", ["https://ca.example.org", "https://ca.example.org:8443", "http://127.0.0.1:8600"])
def test_https_or_loopback_is_accepted(issuer: str) -> None:
    assert OAuthConfig(issuer).issuer == issuer


@pytest.mark.parametrize("issuer", ["http://localhost:8600", "http://[::1]:8600"])
def test_every_loopback_name_may_be_plain_http(issuer: str) -> None:
    assert OAuthConfig(issuer).issuer == issuer


@pytest.mark.parametrize(
    "issuer",
    [
        "http://ca.example.org",
        "http://127.0.0.1.example.org",
        "https://",
        "https://ca.example.org/",
        "https://ca.example.org/path",
        "https://ca.example.org?x=1",
        "https://ca.example.org#x",
        "https://user@ca.example.org",
        "ftp://ca.example.org",
        "ca.example.org",
        "",
    ],
)
def test_any_other_issuer_is_refused(issuer: str) -> None:
    with pytest.raises(UnsafeConfiguration):
        OAuthConfig(issuer)


@pytest.mark.parametrize(
    "lifetimes",
    [
        {"code_seconds": 601},
        {"code_seconds": 0},
        {"access_seconds": 0},
        {"access_seconds": 90_000},
        {"refresh_seconds": 3600},
        {"grace_seconds": 61},
        {"grace_seconds": -1},
    ],
)
def test_lifetimes_that_break_a_rule_are_refused(lifetimes: dict[str, int]) -> None:
    with pytest.raises(UnsafeConfiguration):
        OAuthConfig("https://ca.example.org", **lifetimes)


def test_the_defaults_are_those_of_the_contract() -> None:
    config = OAuthConfig("https://ca.example.org")
    assert (config.code_seconds, config.access_seconds, config.grace_seconds) == (60, 3600, 10)
