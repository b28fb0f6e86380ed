"""Making an access token and its place in the family."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from directca.oauth import tokens
from directca.oauth.context import OAuth
from directca.oauth.model import Grant, Issued, Token, TokenKind, TokenState
from directca.oauth.protocol import OAuthResponse


@dataclass(frozen=True)
class Minted:
    """What to hand out, and the two rows to store. They hold digests only."""

    issued: Issued
    access: Token
    refresh: Token


def mint(oauth: OAuth, grant: Grant, scopes: tuple[str, ...], refresh_token: str, now: datetime) -> Minted:
    """A new access token with these scopes beside a refresh token, which always keeps the scopes of the grant (RFC 6749 6)."""
    access_token = tokens.new_token(oauth.random)
    config = oauth.config
    return Minted(
        Issued(access_token, refresh_token, config.access_seconds, scopes),
        _row(access_token, TokenKind.ACCESS, grant, scopes, (now, config.access_seconds)),
        _row(refresh_token, TokenKind.REFRESH, grant, grant.scopes, (now, config.refresh_seconds)),
    )


def answer(issued: Issued) -> OAuthResponse:
    """The answer of RFC 6749 5.1; `scope` is always said."""
    return OAuthResponse(
        200,
        {
            "access_token": issued.access_token,
            "token_type": "Bearer",
            "expires_in": issued.expires_in,
            "refresh_token": issued.refresh_token,
            "scope": " ".join(issued.scopes),
        },
    )


def _row(token: str, kind: TokenKind, grant: Grant, scopes: tuple[str, ...], life: tuple[datetime, int]) -> Token:
    now, seconds = life
    return Token(tokens.digest(token), kind, grant, scopes, TokenState.ACTIVE, now, now + timedelta(seconds=seconds))
