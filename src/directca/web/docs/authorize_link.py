"""The authorize link that the documentation builds from what a reader typed, and what is wrong with it if it is wrong.

The server builds it, so the form works without JavaScript; the script of the page asks the same address while one types.
The rules repeat those of the authorization endpoint (RFC 6749 4.1.1, RFC 7636 4.3, RFC 9700 2.1) in a reader's words and
decide nothing: the endpoint checks for itself.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import quote, urlencode, urlsplit

from directca.oauth.config import LOOPBACK_HOSTS
from directca.web.docs.identifiers import CLIENT_ID

FIELDS = ("client_id", "redirect_uri", "scope", "response_type", "state", "code_challenge")
"""The fields of the form, in its order."""

FIELD_TEXTS = (
    ("client_id", "client_id", "Names your application."),
    ("redirect_uri", "redirect_uri", "Where the code is sent, exactly as registered."),
    ("scope", "scope", "What you ask for; several words with a space between them."),
    ("response_type", "response_type", "Always code."),
    ("state", "state (optional)", "Comes back unchanged, so that you recognise your own answers."),
    ("code_challenge", "code_challenge (optional)", "PKCE: the SHA-256 of your verifier, in base64url. The method is S256."),
)
"""Each field with its label and its hint."""

DEFAULTS = {"scope": "tuser.account", "response_type": "code"}

LONGEST = 2048
"""A field longer than this is cut off: no identifier is that long."""

Check = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class AuthorizeForm:
    """What was typed, what is wrong with it by field, and the link if nothing is."""

    asked: bool
    values: Mapping[str, str]
    mistakes: Mapping[str, str] = field(default_factory=dict)
    link: str | None = None

    def summary(self) -> list[tuple[str, str]]:
        """The mistakes as the summary on top of a form takes them: the field's id and a sentence."""
        return [(name, f"{name}: {mistake}") for name, mistake in self.mistakes.items()]


def authorize_form(query: Mapping[str, str], base_url: str, redirect_uri: str = "") -> AuthorizeForm:
    """The form for a page's query: untouched when nothing was typed, else with its link or its mistakes.

    `redirect_uri` stands in its field until another is typed.
    """
    defaults = DEFAULTS | {"redirect_uri": redirect_uri}
    values = {name: query.get(name, defaults.get(name, "")).strip()[:LONGEST] for name in FIELDS}
    # An identifier alone in the address fills the form; the link is asked for by the form's own fields.
    if "response_type" not in query and "scope" not in query:
        return AuthorizeForm(asked=False, values=values)
    found = {name: check(values[name]) for name, check in CHECKS}
    mistakes = {name: mistake for name, mistake in found.items() if mistake is not None}
    link = None if mistakes else _link(values, base_url)
    return AuthorizeForm(asked=True, values=values, mistakes=mistakes, link=link)


def _link(values: Mapping[str, str], base_url: str) -> str:
    given = {name: values[name] for name in FIELDS if values[name]}
    if "code_challenge" in given:
        given["code_challenge_method"] = "S256"
    return f"{base_url}/oauth/authorize?" + urlencode(given, quote_via=quote, safe="")


def _client_id(value: str) -> str | None:
    if not value:
        return "Enter the client_id that was issued to your application."
    if not CLIENT_ID.fullmatch(value):
        return "A client_id has letters, digits and . _ ~ - only. Copy it again from where it was issued, without spaces."
    return None


def _redirect_uri(value: str) -> str | None:
    if not value:
        return "Enter one of the redirect URIs that are registered for your application."
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        return _NOT_A_URI
    if "#" in value:
        return "A redirect URI has no fragment: leave out # and what follows it."
    if parts.scheme == "http" and host and host not in LOOPBACK_HOSTS:
        return "Plain http is for loopback addresses only: the code would travel unprotected. Use https."
    whole = parts.scheme and re.fullmatch(r"[\x21-\x7e]+", value) and (host or parts.scheme not in ("http", "https"))
    return None if whole else _NOT_A_URI


_NOT_A_URI = "This is not a whole URI. Write it as it is registered, such as https://callback.example.org/path, without spaces."


def _scope(value: str) -> str | None:
    if not value:
        return "Enter a scope: tuser.account covers every certificate function."
    if not re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*", value):
        return "Scopes are words with one space between them, for example: certificate.read certificate.issue."
    return None


def _response_type(value: str) -> str | None:
    return None if value == "code" else "The response type is always code: the server gives out authorization codes only."


def _state(value: str) -> str | None:
    if re.fullmatch(r"[\x20-\x7e]*", value):
        return None
    return "Use printable ASCII characters, best a long random text that your application can recognise."


def _code_challenge(value: str) -> str | None:
    if not value or re.fullmatch(r"[A-Za-z0-9_-]{43}", value):
        return None
    return (
        "A challenge has exactly 43 characters of A-Z a-z 0-9 - _: the SHA-256 of the code verifier in base64url "
        "without padding. The verifier itself stays with your application."
    )


CHECKS: tuple[tuple[str, Check], ...] = (
    ("client_id", _client_id),
    ("redirect_uri", _redirect_uri),
    ("scope", _scope),
    ("response_type", _response_type),
    ("state", _state),
    ("code_challenge", _code_challenge),
)
