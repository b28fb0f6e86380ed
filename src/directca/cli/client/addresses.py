"""Which addresses a client may send a secret to: https anywhere, plain http to this very machine only."""

import ipaddress
from urllib.parse import urlsplit

from directca.cli.client.failures import Misused

DEFAULT_SERVER = "http://127.0.0.1:8600"


def server_address(text: str) -> str:
    """A server's address without its closing slash. Raises Misused for anything that a token must not be sent to."""
    address = text.strip().rstrip("/")
    try:
        parts = urlsplit(address)
        port_is_fine = parts.port is None or parts.port > 0
    except ValueError:
        raise Misused(f"{text!r} is no address. Give one such as https://ca.example.org.") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_fine or parts.query or parts.fragment:
        raise Misused(f"{text!r} is no address of a server. Give one such as https://ca.example.org.")
    if parts.username is not None:
        raise Misused("The address holds a user name or a password. Leave it out: the browser asks for them.")
    if parts.scheme == "http" and not is_loopback(address):
        raise Misused(f"{address} is plain http, where anybody on the way can read your tokens. Use https.")
    return address


def is_loopback(address: str) -> bool:
    """Whether the address names this machine by a loopback address or by `localhost`."""
    host = urlsplit(address).hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def same_origin(one: str, other: str) -> bool:
    """Whether two addresses have the same scheme, host and port (RFC 6454 section 5)."""
    return _origin(one) == _origin(other)


def _origin(address: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(address)
    default = {"http": 80, "https": 443}.get(parts.scheme)
    return parts.scheme, parts.hostname, parts.port or default
