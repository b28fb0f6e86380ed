"""Say whether a token is good (RFC 7662). An application learns about its own tokens only (section 4)."""

from directca.oauth import client_auth, store, tokens
from directca.oauth.context import OAuth
from directca.oauth.endpoint import answered
from directca.oauth.model import Token, TokenKind, TokenState
from directca.oauth.protocol import OAuthRequest, OAuthResponse

PARAMETERS = (*client_auth.PARAMETERS, "token", "token_type_hint")

_INACTIVE: dict[str, object] = {"active": False}
"""Section 2.2: nothing more is said of a token that is not good, nor of one that is not the caller's."""


def introspect(oauth: OAuth, request: OAuthRequest) -> OAuthResponse:
    """Answer a request to the introspection endpoint."""
    return answered(oauth, request, _introspect)


def _introspect(oauth: OAuth, request: OAuthRequest) -> OAuthResponse:
    request.parameters.check_shape(PARAMETERS)
    credentials = client_auth.present(request)
    presented = tokens.digest(request.parameters.required("token"))
    found = oauth.database.look(lambda tx: store.client_and_token(tx, credentials.client_id, presented))
    token = found.token
    client = client_auth.authenticate_with_secret(credentials, found.client, oauth.clock.now())
    good = (
        token is not None
        and token.grant.client_id == client.client_id
        and token.grant.active
        and token.state is TokenState.ACTIVE
        and oauth.clock.now() < token.expires_at
        and found.in_good_standing
    )
    if token is None or not good:
        return OAuthResponse(200, dict(_INACTIVE))
    return OAuthResponse(200, _facts(oauth, token))


def _facts(oauth: OAuth, token: Token) -> dict[str, object]:
    facts: dict[str, object] = {
        "active": True,
        "scope": " ".join(token.scopes),
        "client_id": token.grant.client_id,
        "sub": token.grant.person_id,
        "iss": oauth.config.issuer,
        "iat": int(token.created_at.timestamp()),
        "exp": int(token.expires_at.timestamp()),
    }
    said = token.grant.authentication
    if said.at is not None:
        facts["auth_time"] = int(said.at.timestamp())  # RFC 9470 6.2
    if said.context is not None:
        facts["acr"] = said.context
    if token.kind is TokenKind.ACCESS:
        facts["token_type"] = "Bearer"  # noqa: S105 — the type, not a token
    return facts
