"""Redirect URIs: what may be registered, what matches, and how an answer is put on one.

A requested redirect URI must equal a registered one as a whole string (RFC 9700 4.1.3, RFC 3986 6.2.1): no normalization, no
prefix, no pattern. The one exemption is the port of a loopback URI of a native application (RFC 8252 7.3).
"""

import re
from urllib.parse import unquote_plus, urlencode, urlsplit

from directca.oauth.config import LOOPBACK_HOSTS
from directca.oauth.errors import BadRedirectUri
from directca.oauth.model import Client

_LONGEST = 1024
_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()+,;=%-]+")
"""RFC 3986's characters without `#`, since a fragment is forbidden, and without `*`, so that nobody takes one for a pattern."""
_HOST = re.compile(r"(?:[A-Za-z0-9.-]+|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?")
"""A host and port, and nothing that would mean something else in a header."""
_PRIVATE_SCHEME = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+")
"""RFC 8252 7.1: a private-use scheme is a reversed domain name, so it holds at least one dot."""
_ANSWERED = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})
"""What an answer may add (RFC 6749 4.1.2, 4.1.2.1; RFC 9207 2). None of it may be there twice (RFC 6749 3.1)."""
_LOOPBACK = re.compile(r"(http://(?:127\.0\.0\.1|\[::1\]|localhost))(?::([0-9]{1,5}))?((?:[/?].*)?)")


def check_registrable(uri: str, *, native: bool, loopback: bool) -> None:
    """Raise `BadRedirectUri` unless an application may register this redirect URI.

    https with a host; a private-use scheme for native applications (RFC 8252 7.1); http on loopback, where `loopback` allows it:
    for native applications (RFC 8252 7.3, RFC 9700 2.6), and for all on a server that is itself on loopback.
    """
    if not uri or len(uri) > _LONGEST or not _CHARACTERS.fullmatch(uri):
        raise _bad(uri, "it must be an absolute URI of plain URI characters, without a fragment or a wildcard")
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _bad(uri, "its host or port cannot be read") from None
    if parts.netloc and not _HOST.fullmatch(parts.netloc):
        raise _bad(uri, "its host must be a plain name or address, without a user name or password")
    if taken := _ANSWERED & _names(parts.query):
        raise _bad(uri, f"its query holds {', '.join(sorted(taken))}, which only this server's answer may add; leave it out")
    if parts.scheme == "https" and host:
        return
    if loopback and parts.scheme == "http" and host in LOOPBACK_HOSTS:
        return
    if native and _PRIVATE_SCHEME.fullmatch(parts.scheme) and not parts.netloc:
        return
    raise _bad(uri, "it must begin with https://; http:// on loopback and own dotted schemes are for native applications")


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


def _names(query: str) -> set[str]:
    """The parameters of a query, as any application might read them: some take a semicolon for a separator, too."""
    return {unquote_plus(pair.partition("=")[0]) for pair in re.split("[&;]", query)}


def _without_port(uri: str) -> str | None:
    """A loopback URI with its port taken out; None for any other URI or an impossible port."""
    found = _LOOPBACK.fullmatch(uri)
    if found is None or (found[2] is not None and not 1 <= int(found[2]) <= 65535):
        return None
    return found[1] + found[3]


def _bad(uri: str, why: str) -> BadRedirectUri:
    return BadRedirectUri(f"The redirect URI {uri[:200]!r} cannot be registered: {why}.", field="redirect_uri")
