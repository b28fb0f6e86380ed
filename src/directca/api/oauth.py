"""The authorization server's endpoints for software: token, revocation, introspection, metadata.

This edge reads a bounded form, hands it to the protocol code in a thread, and sends what comes back. The models below are what
OpenAPI shows; the protocol code, not they, decides what is right.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from fastapi import Security
from fastapi.openapi.models import HTTPBase
from fastapi.security.base import SecurityBase
from pydantic import BaseModel, Field
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from directca.accounts.rate_errors import TooManyFailures
from directca.accounts.rates import Rates
from directca.api import bodies, limits
from directca.api.answers import JSON, JsonText
from directca.api.frame import ARRIVED
from directca.api.plain import Handler, PlainRouter
from directca.api.work import Work, of_status
from directca.errors import RateLimited, Unavailable
from directca.oauth import metadata
from directca.oauth.context import OAuth
from directca.oauth.errors import InvalidRequest, OAuthError
from directca.oauth.introspect import introspect
from directca.oauth.protocol import (
    FORM,
    LARGEST_BODY,
    OAuthRequest,
    OAuthResponse,
    Pairs,
    parse_form,
    refusal,
    slow_down,
    unavailable,
)
from directca.oauth.revoke import revoke
from directca.oauth.token import token

_SLOWEST_SECONDS = 15

Verb = Callable[[OAuth, OAuthRequest], OAuthResponse]

Refused = Callable[[str], None]
"""Told the error of every refusal."""


class ClientForm(BaseModel):
    """Who the application is: in the body, or by HTTP Basic in the Authorization header, never both."""

    client_id: str | None = Field(None, description="The application; may be left out with HTTP Basic.")
    client_secret: str | None = Field(None, description="Its secret. A public application has none.")


class TokenForm(ClientForm):
    """A code or a refresh token, to be exchanged for tokens."""

    grant_type: Literal["authorization_code", "refresh_token"]
    code: str | None = Field(None, description="For authorization_code: the code, 32 hex digits, once.")
    redirect_uri: str | None = Field(None, description="Never required; when sent, it must be the one authorized.")
    code_verifier: str | None = Field(None, description="Required if the authorization request had a code_challenge (RFC 7636).")
    refresh_token: str | None = Field(None, description="For refresh_token: the token of the last answer.")
    scope: str | None = Field(None, description="For refresh_token: the same scopes or fewer.")


class PresentedToken(ClientForm):
    """A token to revoke or to ask about."""

    token: str = Field(description="An access token or a refresh token.")
    token_type_hint: str | None = Field(None, description="Accepted and not needed: both kinds are found alike.")


class TokenAnswer(BaseModel):
    """RFC 6749 5.1."""

    access_token: str
    token_type: Literal["Bearer"]
    expires_in: int = Field(description="Seconds; 3600 unless the operator chose otherwise.")
    refresh_token: str = Field(description="Replaces the one that was sent, if one was sent.")
    scope: str


class Introspection(BaseModel):
    """RFC 7662 2.2. Only `active` is there when it is false."""

    active: bool
    scope: str | None = None
    client_id: str | None = None
    token_type: Literal["Bearer"] | None = None
    sub: str | None = Field(None, description="The person who granted.")
    iss: str | None = None
    iat: int | None = None
    exp: int | None = None
    auth_time: int | None = Field(None, description="When the person was last authenticated, as the token came to be (RFC 9470).")
    acr: str | None = Field(None, description="As what: the second factor, or nothing.")


class OAuthErrorAnswer(BaseModel):
    """RFC 6749 5.2, with `description`, the certificate API's own key, holding the same text."""

    error: str
    error_description: str
    description: str


class ServerMetadata(BaseModel):
    """RFC 8414 2."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    revocation_endpoint: str
    introspection_endpoint: str
    service_documentation: str
    scopes_supported: list[str]
    response_types_supported: list[str]
    response_modes_supported: list[str]
    grant_types_supported: list[str]
    code_challenge_methods_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
    revocation_endpoint_auth_methods_supported: list[str]
    introspection_endpoint_auth_methods_supported: list[str]
    authorization_response_iss_parameter_supported: bool
    acr_values_supported: list[str]


class Nothing(BaseModel):
    """An empty object."""


class _ClientBasic(SecurityBase):
    """Names HTTP Basic in the OpenAPI document. It decides nothing: the protocol code reads the header."""

    def __init__(self) -> None:
        self.model = HTTPBase(scheme="basic", description="client_id and client_secret of an application, form-encoded.")
        self.scheme_name = "client_secret_basic"

    async def __call__(self) -> None:
        """Nothing to do."""


@dataclass(frozen=True)
class _Endpoint:
    path: str
    name: str
    verb: Verb
    form: type[BaseModel]
    answer: type[BaseModel]
    summary: str

    def description(self) -> dict[str, Any]:
        """What OpenAPI says of it."""
        return {
            "summary": self.summary,
            "operation_id": self.path.strip("/").replace("/", "_"),
            "response_model": None,
            "responses": {200: {"model": self.answer}, **_REFUSALS},
            "openapi_extra": _form_schema(self.form),
            "dependencies": [Security(_ClientBasic())],
        }


_ENDPOINTS = (
    _Endpoint(metadata.TOKEN, "token", token, TokenForm, TokenAnswer, "Exchange a code or a refresh token for tokens"),
    _Endpoint(
        metadata.REVOKE,
        "revoke_token",
        revoke,
        PresentedToken,
        Nothing,
        "Revoke a token, and with a refresh token all of its grant",
    ),
    _Endpoint(metadata.INTROSPECT, "introspect", introspect, PresentedToken, Introspection, "Ask whether a token is good"),
)

PATHS = tuple(endpoint.path for endpoint in _ENDPOINTS)
"""Where errors have the form of RFC 6749."""

_FAILED_PROOFS = frozenset({"invalid_client", "invalid_grant"})
"""What somebody is told who guesses at secrets, codes or refresh tokens."""

_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": OAuthErrorAnswer, "description": "The request, the grant or the scope is not good."},
    401: {"model": OAuthErrorAnswer, "description": "The application did not prove who it is."},
    429: {"model": OAuthErrorAnswer, "description": "Too often; Retry-After says when."},
    503: {"model": OAuthErrorAnswer, "description": "The server cannot answer now; see Retry-After."},
}


def router(oauth: OAuth, refused: Refused, rates: Rates, work: Work) -> PlainRouter:
    """Every endpoint, with and without a final slash."""
    made = PlainRouter("OAuth")
    for endpoint in _ENDPOINTS:
        handler = _handler(oauth, endpoint, refused, rates, work)
        made.add(["POST"], endpoint.path, handler, endpoint.description)
        made.add(["POST"], endpoint.path + "/", handler)
    here, handler = metadata.WELL_KNOWN, _metadata_handler(oauth)
    made.add(["GET"], here, handler, _metadata_description)
    made.add(["HEAD"], here, handler)
    made.add(["GET", "HEAD"], here + "/", handler)
    return made


def explained(error: RateLimited | Unavailable) -> OAuthResponse:
    """The answer to a request that was refused before it was read."""
    return slow_down(error) if isinstance(error, RateLimited) else unavailable(error)


def _handler(oauth: OAuth, endpoint: _Endpoint, refused: Refused, rates: Rates, work: Work) -> Handler:
    def judged(request: Request, parsed: OAuthRequest) -> OAuthResponse:
        found = endpoint.verb(oauth, parsed)
        if found.body.get("error") not in _FAILED_PROOFS:
            return found
        try:
            rates.failed(limits.address_of(request))
        except TooManyFailures as error:
            setattr(request.state, limits.STANDINGS, [error.standing])
            return slow_down(error)
        except Unavailable as error:
            return unavailable(error)
        return found

    async def answer(request: Request) -> Response:
        try:
            parsed = await _read(request)
        except OAuthError as error:
            found = refusal(error)
        else:
            found = await work.do(
                endpoint.name, request, lambda: judged(request, parsed), lambda answer: of_status(answer.status)
            )
        if found.status >= 400:
            refused(str(found.body["error"]))
        return sent(found)

    return answer


def _metadata_handler(oauth: OAuth) -> Handler:
    document = metadata.document(oauth.config)

    async def answer(_request: Request) -> Response:
        # Public, the same for everybody, and only a new configuration changes it.
        return JSONResponse(document, headers={"Cache-Control": "public, max-age=300", "Access-Control-Allow-Origin": "*"})

    return answer


def _metadata_description() -> dict[str, Any]:
    return {
        "summary": "What this server offers (RFC 8414)",
        "operation_id": "oauth_metadata",
        "response_model": None,
        "responses": {200: {"model": ServerMetadata}},
    }


async def _read(request: Request) -> OAuthRequest:
    """The form and the Authorization header. Parameters in the address are no parameters (RFC 6749 2.3.1)."""
    authorization = request.headers.getlist("authorization")
    if len(authorization) > 1:
        raise InvalidRequest("The Authorization header is sent more than once.")
    try:
        if ARRIVED in request.scope["state"]:
            body = await _body(request)
        else:
            async with asyncio.timeout(_SLOWEST_SECONDS):
                body = await _body(request)
    except (TimeoutError, ClientDisconnect):
        raise InvalidRequest("The body did not arrive completely; send it again.") from None
    parameters = parse_form(request.headers.get("content-type"), body)
    return OAuthRequest(parameters, authorization[0] if authorization else None)


async def _body(request: Request) -> bytes:
    body = await bodies.received(request, LARGEST_BODY)
    if body is None:
        raise InvalidRequest(f"The body is larger than {LARGEST_BODY} bytes.")
    return body


def sent(answer: OAuthResponse) -> Response:
    """The answer of the protocol, as the framework wants it."""
    return JsonText(JSON.encode(answer.body), answer.status, _as_sent(answer.headers))


@lru_cache(maxsize=64)
def _as_sent(headers: Pairs) -> tuple[tuple[bytes, bytes], ...]:
    return tuple((name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers)


def _form_schema(form: type[BaseModel]) -> dict[str, Any]:
    # The empty requirement says that Basic is one way of two: the body is the other.
    return {"requestBody": {"required": True, "content": {FORM: {"schema": form.model_json_schema()}}}, "security": [{}]}
