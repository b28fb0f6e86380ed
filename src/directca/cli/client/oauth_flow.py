"""The client's side of OAuth 2: metadata, the authorization request, and the token endpoint.

Keeps RFC 8414 (the issuer in the metadata equals the address asked), RFC 7636 (S256), RFC 9207 (`iss` checked),
RFC 8252 (a public client with a loopback redirect) and RFC 7009 (the refresh token is revoked, and with it the grant).
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import httpx2

from directca.cli.client import transport
from directca.cli.client.addresses import server_address
from directca.cli.client.credentials import SignIn
from directca.cli.client.failures import Misused, Refusal, Refused, Unreachable

METADATA_PATH = "/.well-known/oauth-authorization-server"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationServer:
    """What a server says about itself (RFC 8414)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str | None
    sends_issuer: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One authorization request, with the secrets that tie its answer to it."""

    client_id: str
    redirect_uri: str
    scope: str
    state: str = field(repr=False)
    verifier: str = field(repr=False)


def new_state() -> str:
    """A state that nobody guesses: 256 random bits."""
    return secrets.token_urlsafe(32)


def new_attempt(client_id: str, redirect_uri: str, scope: str, state: str) -> Attempt:
    """An attempt with a fresh verifier of 256 random bits (RFC 7636 7.1)."""
    return Attempt(
        client_id=client_id,
        redirect_uri=redirect_uri,
        scope=scope,
        state=state,
        verifier=secrets.token_urlsafe(32),
    )


def discover(http: httpx2.Client, server: str) -> AuthorizationServer:
    """Ask a server for its metadata. Raises Unreachable unless it is the very server that was asked for."""
    facts = transport.json_object(transport.send(http, "GET", server + METADATA_PATH))
    issuer = transport.text(facts, "issuer") or ""
    # RFC 8414 3.3: another issuer means that somebody else's metadata came back.
    if issuer.rstrip("/") != server:
        raise Misused(f"The server at {server} calls itself {issuer or 'nothing'}. Use --server {issuer or 'with its name'}.")
    if "S256" not in (facts.get("code_challenge_methods_supported") or []):
        raise Unreachable(f"{server} does not offer PKCE with S256, without which this client does not sign in.")
    revocation = transport.text(facts, "revocation_endpoint")
    return AuthorizationServer(
        issuer=issuer,
        authorization_endpoint=_endpoint(facts, "authorization_endpoint"),
        token_endpoint=_endpoint(facts, "token_endpoint"),
        revocation_endpoint=server_address(revocation) if revocation else None,
        sends_issuer=facts.get("authorization_response_iss_parameter_supported") is True,
    )


def authorization_url(server: AuthorizationServer, attempt: Attempt) -> str:
    """Where the user's browser goes."""
    challenge = base64.urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).rstrip(b"=")
    parameters = {
        "response_type": "code",
        "client_id": attempt.client_id,
        "redirect_uri": attempt.redirect_uri,
        "scope": attempt.scope,
        "state": attempt.state,
        "code_challenge": challenge.decode(),
        "code_challenge_method": "S256",
    }
    return f"{server.authorization_endpoint}?{urlencode(parameters)}"


def code_from(answer: dict[str, str], server: AuthorizationServer) -> str:
    """The code in an authorization response whose state was found right. Raises Refused or Unreachable."""
    issuer = answer.get("iss")
    # RFC 9207 2.4: checked before anything else in the response is believed, errors included.
    if issuer != server.issuer and (issuer is not None or server.sends_issuer):
        raise Unreachable(
            f"The answer came from {issuer or 'a server without a name'}, not {server.issuer}. Nothing was sent to it."
        )
    if "error" in answer:
        words = {"access_denied": "Access was refused on the consent page. Run the command again to be asked once more."}
        fallback = f"The server ended the sign-in with {answer['error']}."
        text = answer.get("error_description") or words.get(answer["error"]) or fallback
        raise Refused(Refusal(status=400, slug=answer["error"], description=text))
    if not answer.get("code"):
        raise Unreachable("The answer to the sign-in holds no code. Run the command again.")
    return answer["code"]


def redeem(http: httpx2.Client, server: AuthorizationServer, attempt: Attempt, code: str, now: datetime) -> SignIn:
    """Exchange the code for tokens."""
    form = {
        "grant_type": "authorization_code",
        "client_id": attempt.client_id,
        "code": code,
        "redirect_uri": attempt.redirect_uri,
        "code_verifier": attempt.verifier,
    }
    facts = transport.json_object(transport.send(http, "POST", server.token_endpoint, data=form))
    return SignIn(
        server=server.issuer.rstrip("/"),
        client_id=attempt.client_id,
        scope=transport.text(facts, "scope") or attempt.scope,
        access_token=_bearer_token(facts),
        refresh_token=transport.text(facts, "refresh_token"),
        expires_at=_expiry(facts, now),
        token_endpoint=server.token_endpoint,
        revocation_endpoint=server.revocation_endpoint,
    )


def refresh(http: httpx2.Client, old: SignIn, now: datetime) -> SignIn:
    """Exchange the refresh token for new tokens.

    An answer that is lost on the way is asked for once more: the server lets the old token be used for a short grace.
    """
    if old.refresh_token is None:
        raise _sign_in_again(old.server)
    form = {"grant_type": "refresh_token", "client_id": old.client_id, "refresh_token": old.refresh_token}
    try:
        response = transport.send(http, "POST", old.token_endpoint, data=form)
    except Unreachable:
        response = transport.send(http, "POST", old.token_endpoint, data=form)
    try:
        facts = transport.json_object(response)
    except Refused as error:
        if error.refusal.slug == "invalid_grant":
            raise _sign_in_again(old.server) from None
        raise
    return SignIn(
        server=old.server,
        client_id=old.client_id,
        scope=transport.text(facts, "scope") or old.scope,
        access_token=_bearer_token(facts),
        refresh_token=transport.text(facts, "refresh_token") or old.refresh_token,
        expires_at=_expiry(facts, now),
        token_endpoint=old.token_endpoint,
        revocation_endpoint=old.revocation_endpoint,
    )


def revoke_tokens(http: httpx2.Client, sign_in: SignIn) -> bool:
    """Revoke the tokens at the server (RFC 7009). False if it offers no such endpoint."""
    if sign_in.revocation_endpoint is None:
        return False
    token, hint = sign_in.refresh_token, "refresh_token"
    if token is None:
        token, hint = sign_in.access_token, "access_token"
    form = {"token": token, "token_type_hint": hint, "client_id": sign_in.client_id}
    response = transport.send(http, "POST", sign_in.revocation_endpoint, data=form)
    if not response.is_success:
        transport.json_object(response)
    return True


def _endpoint(facts: dict[str, Any], name: str) -> str:
    found = transport.text(facts, name)
    if found is None:
        raise Unreachable(f"The server's metadata names no {name}. Check the server's address.")
    return server_address(found)


def _bearer_token(facts: dict[str, Any]) -> str:
    token = transport.text(facts, "access_token")
    if token is None or (transport.text(facts, "token_type") or "").lower() != "bearer":
        raise Unreachable("The token endpoint's answer holds no bearer token. Check the server's address.")
    return token


def _expiry(facts: dict[str, Any], now: datetime) -> datetime:
    seconds = facts.get("expires_in")
    return now + timedelta(seconds=seconds if isinstance(seconds, int) and seconds > 0 else 3600)


def _sign_in_again(server: str) -> Refused:
    text = f"Your sign-in has ended. Run `directca client login --server {server}` again."
    return Refused(Refusal(status=401, slug="invalid_grant", description=text))
