"""Redirect URIs: what may be registered, what matches, and how an answer is put on one.

A requested redirect URI must equal a registered one as a whole string (RFC 9700 4.1.3, RFC 3986 6.2.1): no normalization, no
prefix, no pattern. The one exemption is the port of a loopback URI of a native application (RFC 8252 7.3).
"""

import re
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address
from urllib.parse import unquote_plus, urlencode, urlsplit

from directca.oauth.config import LOOPBACK_HOSTS
from directca.oauth.errors import BadRedirectUri
from directca.oauth.model import Client

_LONGEST = 1024
_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()+,;=%-]+")
"""RFC 3986's characters without `#`, since a fragment is forbidden, and without `*`, so that nobody takes one for a pattern."""
_PARTS = re.compile(r"(?P<scheme>[a-z][a-z0-9+.-]*):(?://(?P<authority>[^/?]*))?(?P<path>[^?]*)(?:\?(?P<query>.*))?")
"""RFC 3986 appendix B, with the scheme in the one spelling that every browser makes of it."""
_NO_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})|%[01][0-9A-Fa-f]|%7[Ff]")
"""A percent sign that escapes nothing, or a control character that an application might put into a header."""
_BRACKET = re.compile(r"[\[\]]")
"""Only around an address does one stand for itself."""
_HOST = re.compile(r"(?:(?P<name>[A-Za-z0-9.-]+)|\[(?P<six>[0-9A-Fa-f:.]+)\])(?::(?P<port>[1-9][0-9]{0,4}))?")
"""A host and port, and nothing that would mean something else in a header."""
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?")
_NUMERIC = re.compile(r"[0-9]+|0[xX][0-9A-Fa-f]*")
"""A last label of which every browser makes an IPv4 address, whatever it was meant to be: `127.1`, `0x7f.1`."""
_NO_ADDRESS = "its host must be a whole address, or a name that cannot be taken for one"
_LONGEST_NAME = 253
_HIGHEST_PORT = 65_535
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
"""RFC 8252 7.1: a private-use scheme is a reversed domain name, so it holds at least one dot."""
_ANSWERED = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})
"""What an answer may add (RFC 6749 4.1.2, 4.1.2.1; RFC 9207 2). None of it may be there twice (RFC 6749 3.1)."""
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::([1-9][0-9]{0,4}))?((?:[/?].*)?)")


def check_registrable(uri: str, *, native: bool, loopback: bool) -> None:
    """Raise `BadRedirectUri` unless an application may register this redirect URI.

    https with a host; a private-use scheme and a path for native applications (RFC 8252 7.1); http on loopback, where `loopback`
    allows it: for native applications (RFC 8252 7.3, RFC 9700 2.6), and for all on a server that is itself on loopback. What
    browsers or applications read in more than one way is not registered at all: it would be compared as one thing and be another.
    """
    if not uri or len(uri) > _LONGEST or not _CHARACTERS.fullmatch(uri):
        raise _bad(uri, "it must be an absolute URI of plain URI characters, without a fragment or a wildcard")
    parts = _PARTS.fullmatch(uri)
    if parts is None:
        raise _bad(uri, "it must be an absolute URI that begins with its scheme in small letters, such as https://")
    query = parts["query"] or ""
    if (fault := _path_fault(parts["path"], query) or _authority_fault(parts["authority"])) is not None:
        raise _bad(uri, fault)
    if taken := _ANSWERED & _names(query):
        raise _bad(uri, f"its query holds {', '.join(sorted(taken))}, which only this server's answer may add; leave it out")
    if parts["scheme"] == "https" and parts["authority"]:
        return
    if loopback and _LOOPBACK.fullmatch(uri):
        return
    if not (native and _PRIVATE_SCHEME.fullmatch(parts["scheme"])):
        raise _bad(uri, "it must begin with https://; http:// on loopback and own dotted schemes are for native applications")
    if parts["authority"] is not None or not parts["path"].startswith("/"):
        raise _bad(uri, "after an own scheme comes a single slash, as in com.example.app:/callback; a web address has https://")


def matches(client: Client, requested: str) -> bool:
    """Is this one of the application's redirect URIs?"""
    if requested in client.redirect_uris:
        return True
    if not client.native:
        return False
    portless = _without_port(requested)
    return portless is not None and any(portless == _without_port(uri) for uri in client.redirect_uris)


def answer(redirect_uri: str, parameters: dict[str, str]) -> str:
    """The redirect URI with the answer's parameters added to its query, which it keeps (RFC 6749 3.1.2, 4.1.2)."""
    joint = "&" if "?" in redirect_uri else "?"
    return f"{redirect_uri}{joint}{urlencode(parameters)}"


def origin(redirect_uri: str) -> str:
    """Scheme, host and port; the scheme alone where there is no host."""
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"


def policy_source(redirect_uri: str) -> str:
    """What lets a content security policy's `form-action` follow the redirect: its origin.

    The grammar of CSP 3 has no IPv6 addresses, so `http://[::1]` can only be named by its scheme.
    """
    parts = urlsplit(redirect_uri)
    return f"{parts.scheme}:" if parts.netloc.startswith("[") else origin(redirect_uri)


def destination(redirect_uri: str) -> str:
    """Where the browser will be sent, for a person to read: the host, spelled out."""
    parts = urlsplit(redirect_uri)
    if not parts.netloc:
        return f"an app on this device ({parts.scheme})"
    if parts.hostname in LOOPBACK_HOSTS:
        return f"a program on this computer ({parts.netloc})"
    return parts.netloc


def _path_fault(path: str, query: str) -> str | None:
    if _NO_ESCAPE.search(path) or _NO_ESCAPE.search(query):
        return "a percent sign in it must be followed by two hexadecimal digits, and stand for no control character"
    if _BRACKET.search(path) or _BRACKET.search(query):
        return "a bracket in its path or query must be escaped"
    if {".", ".."} & {re.sub("%2[eE]", ".", segment) for segment in path.split("/")}:
        return "its path must not hold . or .. for a segment, which browsers take out"
    return None


def _authority_fault(authority: str | None) -> str | None:
    """RFC 3986 3.2: a host that is a DNS name or an address in its usual spelling, and a port that there is."""
    if not authority:
        return None
    found = _HOST.fullmatch(authority)
    if found is None:
        return "its host must be a plain name or address, without a user name or password, and a port be a number from 1 on"
    if found["port"] is not None and int(found["port"]) > _HIGHEST_PORT:
        return f"its port must be 1 to {_HIGHEST_PORT}"
    if found["name"] is None:
        return None if _is_address(IPv6Address, found["six"]) else _NO_ADDRESS
    return _name_fault(found["name"])


def _name_fault(name: str) -> str | None:
    labels = name.split(".")
    if _NUMERIC.fullmatch(labels[-1]):
        return None if _is_address(IPv4Address, name) else _NO_ADDRESS
    if len(name) > _LONGEST_NAME or not all(map(_LABEL.fullmatch, labels)):
        return "its host must be a DNS name: labels of letters, digits and hyphens, with dots between them only"
    return None


def _is_address(kind: Callable[[str], object], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True


def _names(query: str) -> set[str]:
    """The parameters of a query, as any application might read them: some take a semicolon for a separator, too."""
    return {unquote_plus(pair.partition("=")[0]) for pair in re.split("[&;]", query)}


def _without_port(uri: str) -> str | None:
    """A loopback URI with its port taken out; None for any other URI or an impossible port."""
    found = _LOOPBACK.fullmatch(uri)
    if found is None or (found[2] is not None and int(found[2]) > _HIGHEST_PORT):
        return None
    return found[1] + found[3]


def _bad(uri: str, why: str) -> BadRedirectUri:
    return BadRedirectUri(f"The redirect URI {uri[:200]!r} cannot be registered: {why}.", field="redirect_uri")
