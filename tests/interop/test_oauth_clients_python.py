"""Two OAuth clients of the Python world live with the running server: Authlib and requests-oauthlib."""

from typing import Any

import pytest
from authlib.integrations.base_client import OAuthError
from authlib.integrations.requests_client import OAuth2Session as AuthlibSession
from oauthlib.oauth2 import InvalidGrantError
from oauthlib.oauth2.rfc6749.errors import MismatchingStateError, TokenExpiredError
from requests_oauthlib import OAuth2Session

from tests.live import LiveServer

SCOPE = "tuser.account"


class Endpoints:
    """Where the server's parts are, taken from its metadata."""

    def __init__(self, session: Any, base_url: str) -> None:
        found = session.get(f"{base_url}/.well-known/oauth-authorization-server", withhold_token=True).json()
        self.issuer = found["issuer"]
        self.authorize = found["authorization_endpoint"]
        self.token = found["token_endpoint"]
        self.revoke = found["revocation_endpoint"]
        self.introspect = found["introspection_endpoint"]
        self.query = f"{base_url}/api/certificate/query"


@pytest.fixture(autouse=True)
def loopback_may_be_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both libraries refuse plain HTTP unless they are told that it stays on this machine."""
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
def test_authlib_lives_through_a_grant(live: LiveServer, method: str) -> None:
    account = live.first
    with AuthlibSession(
        account.client_id,
        account.client_secret,
        scope=SCOPE,
        redirect_uri=account.redirect_uri,
        code_challenge_method="S256",
        token_endpoint_auth_method=method,
        revocation_endpoint_auth_method=method,
    ) as session:
        at = Endpoints(session, account.base_url)
        verifier = "a-verifier-of-at-least-forty-three-characters-0123456789"
        url, state = session.create_authorization_url(at.authorize, code_verifier=verifier)
        callback = live.redirect_after_consent(url)
        first = session.fetch_token(at.token, authorization_response=callback, code_verifier=verifier, state=state)
        assert first["token_type"] == "Bearer"
        assert session.get(at.query).status_code == 200

        second = session.refresh_token(at.token, first["refresh_token"])
        assert second["refresh_token"] != first["refresh_token"]
        assert session.introspect_token(at.introspect, second["access_token"]).json()["active"] is True

        assert session.revoke_token(at.revoke, second["refresh_token"], "refresh_token").status_code == 200
        assert session.introspect_token(at.introspect, second["access_token"]).json() == {"active": False}
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.refresh_token(at.token, second["refresh_token"])


def test_authlib_cannot_finish_with_another_verifier(live: LiveServer) -> None:
    account = live.first
    with AuthlibSession(account.client_id, account.client_secret, scope=SCOPE, redirect_uri=account.redirect_uri) as session:
        session.code_challenge_method = "S256"
        at = Endpoints(session, account.base_url)
        url, state = session.create_authorization_url(at.authorize, code_verifier="first-" * 10)
        callback = live.redirect_after_consent(url)
        with pytest.raises(OAuthError, match="invalid_grant"):
            session.fetch_token(at.token, authorization_response=callback, code_verifier="other-" * 10, state=state)


def test_requests_oauthlib_lives_through_a_grant(live: LiveServer) -> None:
    account = live.first
    with OAuth2Session(account.client_id, redirect_uri=account.redirect_uri, scope=[SCOPE], pkce="S256") as session:
        at = Endpoints(session, account.base_url)
        url, _ = session.authorization_url(at.authorize)
        callback = live.redirect_after_consent(url)
        secret = {"client_secret": account.client_secret}
        first = session.fetch_token(at.token, authorization_response=callback, **secret)
        assert first["expires_in"] == 3600
        assert session.get(at.query).status_code == 200

        second = session.refresh_token(at.token, client_id=account.client_id, **secret)
        assert second["refresh_token"] != first["refresh_token"]
        assert session.get(at.query).status_code == 200

        form = {"token": second["access_token"], "client_id": account.client_id, **secret}
        assert session.post(at.introspect, data=form, withhold_token=True).json()["scope"] == SCOPE
        assert session.post(at.revoke, data=form, withhold_token=True).status_code == 200
        assert session.post(at.introspect, data=form, withhold_token=True).json() == {"active": False}
        assert session.get(at.query).status_code == 401
        with pytest.raises((InvalidGrantError, TokenExpiredError)):
            session.fetch_token(at.token, authorization_response=callback, **secret)


def test_requests_oauthlib_refuses_a_callback_with_another_state(live: LiveServer) -> None:
    account = live.first
    with OAuth2Session(account.client_id, redirect_uri=account.redirect_uri, scope=[SCOPE]) as session:
        at = Endpoints(session, account.base_url)
        url, state = session.authorization_url(at.authorize)
        callback = live.redirect_after_consent(url).replace(f"state={state}", "state=other")
        with pytest.raises(MismatchingStateError):
            session.fetch_token(at.token, authorization_response=callback, client_secret=account.client_secret)
