"""Settings that decide who reaches the server and whose word it takes: what is not safe does not start."""

from pathlib import Path
from typing import Any

import pytest

from directca.settings import BadSettings, Settings, read

HTTPS = "https://ca.example.org"


def settings(workers: int | None = None, **server: Any) -> Settings:
    return read({"server": server}, Path("/nowhere"), workers=workers)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "ca.example.org", ""])
def test_plain_http_is_served_on_loopback_only(host: str) -> None:
    with pytest.raises(BadSettings) as refused:
        settings(host=host)
    assert refused.value.field == "server.host"
    assert settings(host=host, public_url=HTTPS).server.host == host  # a proxy with TLS on another machine


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
def test_loopback_needs_no_https(host: str) -> None:
    assert settings(host=host).public_url == "http://127.0.0.1:8600"


@pytest.mark.parametrize(
    "proxy", ["*", "", "proxy.example.org", "0.0.0.0/0", "::/0", "10.0.0.1/8", "10.0.0.0/33", "127.0.0.1:80"]
)
def test_only_named_proxies_are_trusted(proxy: str) -> None:
    with pytest.raises(BadSettings) as refused:
        settings(trusted_proxies=["127.0.0.1", proxy])
    assert refused.value.field == "server.trusted_proxies"


def test_nobody_is_a_trusted_proxy_unless_named() -> None:
    assert settings().server.trusted_proxies == ()
    named = ("127.0.0.1", "10.0.0.0/8", "2001:db8::/32")
    assert settings(trusted_proxies=list(named)).server.trusted_proxies == named


@pytest.mark.parametrize(("workers", "share", "waiting"), [(1, 4, 4), (2, 2, 2), (4, 1, 1), (8, 1, 0)])
def test_the_workers_share_the_memory_for_passwords(workers: int, share: int, waiting: int) -> None:
    one = settings(workers=workers).passwords_per_worker()
    assert (one.at_once, one.waiting) == (share, waiting)
    assert settings(workers=workers).passwords.at_once == 4  # what was set stays what is shown
