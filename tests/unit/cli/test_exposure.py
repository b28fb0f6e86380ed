"""Settings that decide who reaches the server and whose word it takes: what is not safe does not start."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from directca.cli.worker import listener
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


def seen_address(peer: str, *forwarded: str, proxies: tuple[str, ...] = ()) -> str:
    """What the application takes for the address of a request that comes from `peer` with these `X-Forwarded-For`."""
    seen: list[str] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"][0])

    config = listener(application, settings(trusted_proxies=list(proxies)).server)
    config.load()
    headers = [(b"x-forwarded-for", one.encode()) for one in forwarded]
    scope = {"type": "http", "client": (peer, 1), "headers": headers, "asgi": {"version": "3.0"}}
    asyncio.run(config.loaded_app(scope, None, None))
    return seen[0]


def test_nobody_is_believed_about_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    assert seen_address("127.0.0.1", "203.0.113.9") == "127.0.0.1"
    assert seen_address("192.0.2.1", "203.0.113.9", proxies=("127.0.0.1",)) == "192.0.2.1"


def test_a_named_proxy_is_believed_about_its_own_client_only() -> None:
    believed = {"proxies": ("127.0.0.1", "10.0.0.0/8")}
    assert seen_address("127.0.0.1", "203.0.113.9", **believed) == "203.0.113.9"
    assert seen_address("127.0.0.1", "6.6.6.6, 203.0.113.9, 10.1.2.3", **believed) == "203.0.113.9"
    assert seen_address("127.0.0.1", "6.6.6.6", "203.0.113.9", **believed) == "203.0.113.9"
