"""What the server says of itself is what it does."""

from directca.oauth import metadata
from directca.oauth.config import OAuthConfig
from directca.oauth.pkce import METHODS
from directca.oauth.scopes import SCOPES
from directca.oauth.token import GRANTS

DOCUMENT = metadata.document(OAuthConfig("https://ca.example.org"))


def test_every_address_is_below_the_issuer() -> None:
    assert DOCUMENT["issuer"] == "https://ca.example.org"
    addresses = [value for name, value in DOCUMENT.items() if name.endswith("_endpoint")]
    assert addresses == [
        "https://ca.example.org/oauth/authorize",
        "https://ca.example.org/oauth/token",
        "https://ca.example.org/oauth/revoke",
        "https://ca.example.org/oauth/introspect",
    ]


def test_what_is_offered_is_what_exists() -> None:
    assert DOCUMENT["grant_types_supported"] == list(GRANTS) == ["authorization_code", "refresh_token"]
    assert DOCUMENT["code_challenge_methods_supported"] == list(METHODS) == ["S256"]
    assert DOCUMENT["scopes_supported"] == list(SCOPES)
    assert DOCUMENT["response_types_supported"] == ["code"]
    assert DOCUMENT["authorization_response_iss_parameter_supported"] is True


def test_a_public_client_may_redeem_and_revoke_and_not_introspect() -> None:
    assert "none" in str(DOCUMENT["token_endpoint_auth_methods_supported"])
    assert "none" in str(DOCUMENT["revocation_endpoint_auth_methods_supported"])
    assert "none" not in str(DOCUMENT["introspection_endpoint_auth_methods_supported"])


def test_no_value_is_empty() -> None:
    assert all(value not in (None, "", []) for value in DOCUMENT.values())
