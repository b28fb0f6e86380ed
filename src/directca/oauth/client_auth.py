"""Who the application is: `client_secret_basic`, `client_secret_post`, or no secret for a public one (RFC 6749 2.3, 3.2.1)."""

import binascii
from base64 import b64decode
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import unquote_plus

from directca.oauth import tokens
from directca.oauth.errors import InvalidClient, InvalidRequest, WrongSecret
from directca.oauth.model import Client
from directca.oauth.protocol import OAuthRequest

METHODS = ("client_secret_basic", "client_secret_post", "none")
METHODS_WITH_SECRET = METHODS[:2]

PARAMETERS = ("client_id", "client_secret")

_NOBODY = tokens.digest("")
"""What an unknown application's secret is compared with, so that unknown and wrong take the same time."""

_REFUSED = "The application is unknown or its secret is wrong; check client_id and client_secret."


@dataclass(frozen=True)
class Credentials:
    """What the application says of itself, not yet believed."""

    client_id: str
    secret: str | None


def present(request: OAuthRequest) -> Credentials:
    """Read the credentials from the Authorization header or from the body, never from both (RFC 6749 2.3).

    Raises `InvalidRequest` when they are given twice or contradict each other, `InvalidClient` when there are none.
    """
    client_id = request.parameters.one("client_id")
    secret = request.parameters.one("client_secret")
    if request.authorization is None:
        if client_id is None:
            raise InvalidClient("The application does not say who it is; send client_id and client_secret.")
        return Credentials(client_id, secret)
    basic = _basic(request.authorization)
    if secret is not None:
        raise InvalidRequest("The secret is sent in the header and in the body; use one of the two.")
    if client_id is not None and client_id != basic.client_id:
        raise InvalidRequest("The client_id in the body is not the one in the Authorization header.")
    return basic


def authenticate(credentials: Credentials, client: Client | None, now: datetime) -> Client:
    """The application, if it is registered, enabled, and proved itself.

    A confidential application must send its secret, or the one before as long as that overlaps; a public one has none, and
    whoever sends one for it is not it. Raises `InvalidClient`, the same to the caller for every reason.
    """
    good = () if client is None else client.digests(now)
    # Always two comparisons: how long it takes tells nothing.
    compared = [tokens.matches(credentials.secret or "", stored) for stored in (*good, _NOBODY, _NOBODY)[:2]]
    right = any(compared[: len(good)])
    if client is None:
        raise InvalidClient(_REFUSED)
    proved = right if client.confidential and credentials.secret is not None else _is_public(credentials, client)
    if not proved or not client.active:
        raise WrongSecret(_REFUSED, client_id=client.client_id, last_noted=client.failed_at)
    return client


def authenticate_with_secret(credentials: Credentials, client: Client | None, now: datetime) -> Client:
    """The same where a public application's name is not authorization enough (RFC 7662 2.1)."""
    proved = authenticate(credentials, client, now)
    if not proved.confidential:
        raise InvalidClient("Only an application that has a secret may use this endpoint.")
    return proved


def _is_public(credentials: Credentials, client: Client) -> bool:
    return credentials.secret is None and not client.confidential


def _basic(authorization: str) -> Credentials:
    """RFC 7617 with the form-encoding of RFC 6749 2.3.1 undone on both halves."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        raise InvalidClient("The Authorization header must use the scheme Basic here; leave it out if the secret is in the body.")
    try:
        text = b64decode(encoded.strip(), validate=True).decode("utf-8")
        name, colon, secret = text.partition(":")
        client_id, secret = unquote_plus(name, errors="strict"), unquote_plus(secret, errors="strict")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise InvalidClient("The Authorization header is not valid Basic credentials.") from None
    if not colon or not client_id or not (client_id + secret).isprintable() or not client_id.isascii():
        raise InvalidClient("The Authorization header is not valid Basic credentials.")
    return Credentials(client_id, secret or None)
