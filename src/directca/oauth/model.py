"""What the authorization server knows: applications, grants, codes, tokens, and who a bearer turns out to be."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

SECOND_FACTOR = "https://refeds.org/profile/mfa"
"""The authentication context class of a password and a second factor (the REFEDS MFA Profile)."""


class ClientStatus(StrEnum):
    """Whether an application may do anything."""

    ACTIVE = "active"
    DISABLED = "disabled"


class StoppedBy(StrEnum):
    """Who disabled an application. What the authority stopped, its account cannot let go on."""

    ACCOUNT = "account"
    AUTHORITY = "authority"


class GrantStatus(StrEnum):
    """Whether what a person granted still holds."""

    ACTIVE = "active"
    REVOKED = "revoked"


class CodeState(StrEnum):
    """An authorization code is redeemed at most once (RFC 6749 4.1.2)."""

    UNUSED = "unused"
    USED = "used"


class TokenKind(StrEnum):
    """The two kinds that one table holds; a token of one kind never passes for the other."""

    ACCESS = "access"
    REFRESH = "refresh"


class TokenState(StrEnum):
    """*Consumed* and *revoked* differ: a consumed refresh token has a successor and a short grace, a revoked one neither."""

    ACTIVE = "active"
    CONSUMED = "consumed"
    REVOKED = "revoked"


@dataclass(frozen=True)
class Client:
    """An application. `owner_name` is who answers for it, as the consent page names them.

    A confidential client proves itself with a secret, of which only the SHA-256 is kept; a public one has none and must use
    PKCE. `native` frees the port of its loopback redirect URIs (RFC 8252 7.3). `failed_at` is when the last failed
    authentication was journalled. `previous_digest` is of the secret before the last one, as good until `previous_ends_at`.
    """

    client_id: str
    name: str
    owner_name: str
    account_id: str | None
    confidential: bool
    native: bool
    secret_digest: str | None
    redirect_uris: tuple[str, ...]
    scopes: tuple[str, ...]
    status: ClientStatus
    created_at: datetime
    failed_at: datetime | None = None
    previous_digest: str | None = None
    previous_ends_at: datetime | None = None
    disabled_by: StoppedBy | None = None

    @property
    def active(self) -> bool:
        """May it do anything at all?"""
        return self.status is ClientStatus.ACTIVE

    def digests(self, now: datetime) -> tuple[str, ...]:
        """Of the secrets that are good now; none for a public application."""
        overlaps = self.previous_ends_at is not None and now < self.previous_ends_at
        both = (self.secret_digest, self.previous_digest if overlaps else None)
        return tuple(one for one in both if one is not None) if self.confidential else ()

    @property
    def actor(self) -> str:
        """How the journal names this application."""
        return f"client:{self.client_id}"


@dataclass(frozen=True)
class Authentication:
    """When the person who granted had last been authenticated, and as what: `at` is `auth_time`, `context` is `acr`.

    OpenID Connect Core 2 says what the two mean, RFC 9470 what they are good for here. A refresh changes neither.
    """

    at: datetime | None = None
    context: str | None = None

    @property
    def shown_at(self) -> datetime | None:
        """When the second factor was shown; None if it was not."""
        return self.at if self.context == SECOND_FACTOR else None


NOT_KNOWN = Authentication()
"""Of a grant that an older release has stored: worth nothing where it matters."""


@dataclass(frozen=True)
class Grant:
    """What one person allowed one application, once. All codes and tokens that come of it are its family and die with it."""

    id: str
    client_id: str
    account_id: str
    person_id: str
    scopes: tuple[str, ...]
    status: GrantStatus
    created_at: datetime
    authentication: Authentication = NOT_KNOWN

    @property
    def active(self) -> bool:
        """Does it still hold?"""
        return self.status is GrantStatus.ACTIVE

    @property
    def subject(self) -> str:
        """How the journal names this grant."""
        return f"grant:{self.id}"


@dataclass(frozen=True)
class Code:
    """An authorization code, bound to its grant, its redirect URI and its PKCE challenge (S256, or None)."""

    digest: str
    grant: Grant
    redirect_uri: str
    challenge: str | None
    state: CodeState
    expires_at: datetime


@dataclass(frozen=True)
class Token:
    """An access or a refresh token. `successor_seed` is what, with the consumed token itself, makes its one successor."""

    digest: str
    kind: TokenKind
    grant: Grant
    scopes: tuple[str, ...]
    state: TokenState
    created_at: datetime
    expires_at: datetime
    consumed_at: datetime | None = None
    successor_seed: bytes | None = None


@dataclass(frozen=True)
class Principal:
    """Who a valid access token speaks for: an application, on behalf of a person, for that person's account."""

    account_id: str
    person_id: str
    client_id: str
    scopes: tuple[str, ...]
    grant_id: str
    shown_at: datetime | None = None
    """When the person showed a second factor so that this token came to be."""

    @property
    def actor(self) -> str:
        """How the journal names who acted: the person, and the application that the person let act."""
        return f"person:{self.person_id} via client:{self.client_id}"


@dataclass(frozen=True)
class Issued:
    """What the token endpoint hands out. This is the only place where the tokens themselves exist on the server."""

    access_token: str
    refresh_token: str
    expires_in: int
    scopes: tuple[str, ...]
