"""Who a request with an access token speaks for (RFC 6750)."""

from directca.accounts.standing import is_officer
from directca.clock import Clock
from directca.db.engine import Database
from directca.oauth import scopes, store, tokens
from directca.oauth.errors import BearerRefused, InsufficientScope
from directca.oauth.model import Principal, TokenKind, TokenState

_LONGEST = 512
_NOT_GOOD = "The access token is unknown, expired or revoked; get a new one with the refresh token."


def authenticate(database: Database, clock: Clock, authorization: str | None) -> Principal:
    """The principal of an `Authorization: Bearer` header: the only place where a token is accepted (RFC 6750 2.1).

    Raises `BearerRefused`, the same for every reason: unknown, expired or revoked token, ended family, disabled application,
    suspended account or person. One statement.
    """
    presented = tokens.digest(_token(authorization))
    found = database.look(lambda tx: store.bearer(tx, presented))
    if found is None:
        raise BearerRefused(_NOT_GOOD)
    token, may_act = found
    grant = token.grant
    good = (
        token.kind is TokenKind.ACCESS
        and token.state is TokenState.ACTIVE
        and clock.now() < token.expires_at
        and grant.active
        and may_act
    )
    if not good:
        raise BearerRefused(_NOT_GOOD)
    shown_at = grant.authentication.shown_at
    return Principal(grant.account_id, grant.person_id, grant.client_id, token.scopes, grant.id, shown_at)


def check_scope(principal: Principal, needed: str) -> None:
    """Raise `InsufficientScope` unless the token covers this function (RFC 6750 3.1)."""
    if not scopes.allows(principal.scopes, needed):
        raise InsufficientScope(f"The access token does not cover this; ask the person for the scope {needed}.", needed=needed)


def speaks_for_officer(database: Database, principal: Principal) -> bool:
    """Whether the token was granted as an officer's, by somebody who is one at this moment."""
    if not scopes.allows(principal.scopes, scopes.AUTHORITY_REVOKE):
        return False
    with database.read() as tx:
        return is_officer(tx, principal.account_id, principal.person_id)


def _token(authorization: str | None) -> str:
    if authorization is None:
        raise BearerRefused("Send an access token: Authorization: Bearer, a space, the token.", presented=False)
    scheme, _, token = authorization.partition(" ")
    if scheme.lower() != "bearer":
        raise BearerRefused("Send an access token: Authorization: Bearer, a space, the token.", presented=False)
    token = token.strip(" ")
    if not token or len(token) > _LONGEST or not token.isascii():
        raise BearerRefused(_NOT_GOOD)
    return token
