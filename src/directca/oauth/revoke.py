"""Revoke a token (RFC 7009).

Revoking a refresh token, even one that was consumed by a rotation, ends its family at once, access tokens included (section 2.1);
there is no grace for what was revoked on purpose. Revoking an access token ends that token alone.
"""

from directca.db.engine import Tx
from directca.journal.model import Event
from directca.journal.record import append
from directca.oauth import client_auth, family, store, tokens
from directca.oauth.context import OAuth
from directca.oauth.endpoint import answered
from directca.oauth.errors import InvalidGrant
from directca.oauth.model import Client, Token, TokenKind
from directca.oauth.protocol import OAuthRequest, OAuthResponse

PARAMETERS = (*client_auth.PARAMETERS, "token", "token_type_hint")


def revoke(oauth: OAuth, request: OAuthRequest) -> OAuthResponse:
    """Answer a request to the revocation endpoint. A token that means nothing here is as good as revoked: 200 (section 2.2)."""
    return answered(oauth, request, _revoke)


def _revoke(oauth: OAuth, request: OAuthRequest) -> OAuthResponse:
    request.parameters.check_shape(PARAMETERS)
    credentials = client_auth.present(request)
    presented = tokens.digest(request.parameters.required("token"))
    found = oauth.database.look(lambda tx: store.client_and_token(tx, credentials.client_id, presented))
    client = client_auth.authenticate(credentials, found.client, oauth.clock.now())
    if found.token is not None:
        _check_owner(client, found.token)
        with oauth.database.write() as tx:
            _end(oauth, tx, client, found.token)
    return OAuthResponse(200, {})


def _check_owner(client: Client, token: Token) -> None:
    """Section 2.1: verify that the token was issued to this application; if not, refuse and say so."""
    if token.grant.client_id != client.client_id:
        raise InvalidGrant("The token was issued to another application.")


def _end(oauth: OAuth, tx: Tx, client: Client, token: Token) -> None:
    now, grant = oauth.clock.now(), token.grant
    if token.kind is TokenKind.REFRESH:
        family.end(tx, grant, because=family.Because.REVOKED_BY_CLIENT, actor=client.actor, at=now)
    elif store.revoke_token(tx, token.digest):
        append(tx, Event("access_token.revoked", client.actor, grant.subject, account_id=grant.account_id), at=now)
