"""The token endpoint (RFC 6749 3.2): which grant, then that grant's own story in `redeem.py` or `refresh.py`."""

from collections.abc import Mapping
from types import MappingProxyType

from directca.oauth import client_auth
from directca.oauth.context import OAuth
from directca.oauth.endpoint import Verb, answered
from directca.oauth.errors import UnsupportedGrantType
from directca.oauth.protocol import OAuthRequest, OAuthResponse
from directca.oauth.redeem import redeem
from directca.oauth.refresh import refresh

GRANTS: Mapping[str, Verb] = MappingProxyType({"authorization_code": redeem, "refresh_token": refresh})

PARAMETERS = (*client_auth.PARAMETERS, "grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope")


def token(oauth: OAuth, request: OAuthRequest) -> OAuthResponse:
    """Answer a request to the token endpoint. Raises nothing that the protocol has an answer for."""
    return answered(oauth, request, _token)


def _token(oauth: OAuth, request: OAuthRequest) -> OAuthResponse:
    request.parameters.check_shape(PARAMETERS)
    verb = GRANTS.get(request.parameters.required("grant_type"))
    if verb is None:
        raise UnsupportedGrantType("The grant_type must be authorization_code or refresh_token.")
    return verb(oauth, request)
