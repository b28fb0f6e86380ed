"""What the server says of itself (RFC 8414), so that a client needs nothing but the issuer."""

from directca.oauth import client_auth, pkce, scopes
from directca.oauth.config import OAuthConfig
from directca.oauth.model import SECOND_FACTOR
from directca.oauth.token import GRANTS

WELL_KNOWN = "/.well-known/oauth-authorization-server"
AUTHORIZE = "/oauth/authorize"
TOKEN = "/oauth/token"  # noqa: S105 — a path
REVOKE = "/oauth/revoke"
INTROSPECT = "/oauth/introspect"
DOCUMENTATION = "/docs/oauth"


def document(config: OAuthConfig) -> dict[str, object]:
    """The metadata document of section 2. Every address is below the configured issuer, never taken from a request."""
    return {
        "issuer": config.issuer,
        "authorization_endpoint": config.issuer + AUTHORIZE,
        "token_endpoint": config.issuer + TOKEN,
        "revocation_endpoint": config.issuer + REVOKE,
        "introspection_endpoint": config.issuer + INTROSPECT,
        "service_documentation": config.issuer + DOCUMENTATION,
        "scopes_supported": list(scopes.SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": list(GRANTS),
        "code_challenge_methods_supported": list(pkce.METHODS),
        "token_endpoint_auth_methods_supported": list(client_auth.METHODS),
        "revocation_endpoint_auth_methods_supported": list(client_auth.METHODS),
        "introspection_endpoint_auth_methods_supported": list(client_auth.METHODS_WITH_SECRET),
        "authorization_response_iss_parameter_supported": True,
        "acr_values_supported": [SECOND_FACTOR],
    }
