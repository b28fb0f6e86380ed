"""What the authorization server answers when it says no.

    OAuthError                    the family whose wire form RFC 6749 fixes: `error`, `error_description`, a status
      InvalidRequest              400  RFC 6749 5.2, 4.1.2.1
      InvalidClient               401  RFC 6749 5.2, with WWW-Authenticate
        WrongSecret               401  the same, noted in the journal
      InvalidGrant                400  RFC 6749 5.2
        Replayed                  400  the same, and the family is revoked
      UnsupportedGrantType        400  RFC 6749 5.2
      InvalidScope                400  RFC 6749 5.2, 4.1.2.1
      UnsupportedResponseType     400  RFC 6749 4.1.2.1
      AccessDenied                400  RFC 6749 4.1.2.1
      UnmetAuthentication         400  RFC 9470 5, on the redirect
      TemporarilyUnavailable      503  RFC 6749 4.1.2.1, and the token endpoint with Retry-After
        SlowDown                  429  the same word, from whoever calls too often
    CannotRedirect                400  a page for the person: RFC 6749 4.1.2.1 forbids to redirect
    BearerRefused                 401  RFC 6750 3.1, an `Unauthenticated`
    InsufficientUserAuthentication 401 RFC 9470 3, an `Unauthenticated`
    InsufficientScope             403  RFC 6750 3.1, a `Rejected`

The others below are of the ordinary families: they are for whoever registers applications.
"""

from datetime import datetime
from typing import ClassVar

from directca.errors import Conflict, Malformed, NotFound, Rejected, Unauthenticated, Unavailable
from directca.oauth.model import SECOND_FACTOR

REALM = "directca"


class OAuthError(Exception):
    """A refusal in the form of RFC 6749. `detail` is safe to show, says what to do, and keeps to the ASCII of section 5.2."""

    error: ClassVar[str] = "server_error"
    status: ClassVar[int] = 400

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class InvalidRequest(OAuthError):
    """A parameter is missing, repeated, malformed, or contradicts another."""

    error = "invalid_request"


class InvalidClient(OAuthError):
    """The application did not prove who it is."""

    error = "invalid_client"
    status = 401


class WrongSecret(InvalidClient):
    """The same to the caller; to the journal, somebody failed to pass for an application that exists."""

    def __init__(self, detail: str, *, client_id: str, last_noted: datetime | None) -> None:
        super().__init__(detail)
        self.client_id = client_id
        self.last_noted = last_noted


class InvalidGrant(OAuthError):
    """The code or refresh token is unknown, expired, used, revoked, or somebody else's."""

    error = "invalid_grant"


class Replayed(InvalidGrant):
    """The code was redeemed, or the refresh token consumed, before: its whole family is revoked."""


class UnsupportedGrantType(OAuthError):
    """`grant_type` is neither `authorization_code` nor `refresh_token`."""

    error = "unsupported_grant_type"


class InvalidScope(OAuthError):
    """A scope is unknown, missing, or more than may be asked for."""

    error = "invalid_scope"


class UnsupportedResponseType(OAuthError):
    """`response_type` is not `code`."""

    error = "unsupported_response_type"


class AccessDenied(OAuthError):
    """The person refused."""

    error = "access_denied"


class UnmetAuthentication(OAuthError):
    """The person cannot be authenticated as the application asks."""

    error = "unmet_authentication_requirements"


class TemporarilyUnavailable(OAuthError):
    """The server cannot answer now; the same request may succeed a little later."""

    error = "temporarily_unavailable"
    status = 503


class SlowDown(TemporarilyUnavailable):
    """Too many calls came, or too many that proved nothing; the same request may succeed after the wait."""

    status = 429


class CannotRedirect(Malformed):
    """The application or its redirect URI cannot be trusted, so the person is told and nobody is redirected to."""

    slug = "cannot_redirect"


class BearerRefused(Unauthenticated):
    """No valid access token came with the request. `challenge` is the value of `WWW-Authenticate`."""

    slug = "invalid_token"

    def __init__(self, detail: str, *, presented: bool = True) -> None:
        super().__init__(detail)
        # RFC 6750 3.1: a request without any credentials is told the scheme and no error code.
        error = f', error="invalid_token", error_description="{detail}"' if presented else ""
        self.presented = presented
        self.challenge = f'Bearer realm="{REALM}"{error}'


class InsufficientUserAuthentication(Unauthenticated):
    """The access token is valid, and its person showed no second factor, or too long ago, for this function (RFC 9470 3).

    Send the person to the authorization endpoint with the `acr_values` and `max_age` of `challenge`, the value of
    `WWW-Authenticate`: the token that comes of it is good for this."""

    slug = "insufficient_user_authentication"

    def __init__(self, *, within: int) -> None:
        detail = f"This needs a second factor that was shown within {within} seconds; ask the person to authenticate anew."
        super().__init__(detail)
        self.challenge = (
            f'Bearer realm="{REALM}", error="{self.slug}", error_description="{detail}", '
            f'acr_values="{SECOND_FACTOR}", max_age="{within}"'
        )


class InsufficientScope(Rejected):
    """The access token is valid and does not cover this function. `challenge` is the value of `WWW-Authenticate`."""

    slug = "insufficient_scope"

    def __init__(self, detail: str, *, needed: str) -> None:
        super().__init__(detail)
        self.challenge = f'Bearer realm="{REALM}", error="insufficient_scope", error_description="{detail}", scope="{needed}"'


class BadApplication(Malformed):
    """The application cannot be registered like this."""

    slug = "bad_application"


class BadRedirectUri(Malformed):
    """The redirect URI cannot be registered: it is not absolute, not safe, or has a fragment."""

    slug = "bad_redirect_uri"


class TooManyApplications(Rejected):
    """The account has as many applications as it can have."""

    slug = "too_many_applications"


class StoppedByAuthority(Rejected):
    """The authority has stopped the application, so its account cannot let it go on."""

    slug = "application_stopped"


class ClientIdTaken(Conflict):
    """Another application has this client_id."""

    slug = "client_id_taken"


class NoSuchApplication(NotFound):
    """No application has this client_id."""

    slug = "application_not_found"


class NotConnected(NotFound):
    """This person has granted that application nothing that still holds."""

    slug = "connection_not_found"


class UnsafeConfiguration(Unavailable):
    """The authorization server must not start like this."""

    slug = "unsafe_configuration"
