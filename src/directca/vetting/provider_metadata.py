"""What an identity provider says of itself (OpenID Connect Discovery 1.0), and its keys: fetched, checked, kept for a while.

Everything in it was written by the provider, and is believed about itself alone: it must name the configured issuer, and every
address must be at the issuer's own host, so that it leads nobody of ours anywhere else.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from directca.vetting.provider_config import ProviderConfig
from directca.vetting.provider_errors import ProviderUnavailable

_KEPT_SECONDS = 3600.0
_AGAIN_SECONDS = 60.0
_MOST_KEYS = 50

Fetch = Callable[[str], bytes]


@dataclass
class KnownProvider:
    """A provider as it was last seen. Keys are fetched anew for one that nobody knows, once a minute at most."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    """Empty where there is none, or none that may be asked."""
    says_issuer: bool
    """Whether it promises to name itself when it leads back (RFC 9207)."""
    seen_at: float
    keys: KeySet
    keys_at: float

    def is_fresh(self, now: float) -> bool:
        """Whether it need not be asked again."""
        return now < self.seen_at + _KEPT_SECONDS

    def may_ask_keys(self, now: float) -> bool:
        """Whether its keys may be fetched again already."""
        return now >= self.keys_at + _AGAIN_SECONDS


def discover(config: ProviderConfig, fetch: Fetch, now: float) -> KnownProvider:
    """The provider, from its own word. Raises ProviderUnavailable."""
    said = read_object(fetch(config.issuer.rstrip("/") + "/.well-known/openid-configuration"), config)
    if said.get("issuer") != config.issuer:
        raise _wrong(config, "names another issuer than the settings do")
    places = {name: said.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    for name, place in places.items():
        if not isinstance(place, str) or not config.may_be_asked(place):
            raise _wrong(config, f"has its {name} where nobody is asked: it must be https, at the issuer's own host")
    jwks_uri = str(places["jwks_uri"])
    userinfo = said.get("userinfo_endpoint")
    return KnownProvider(
        authorization_endpoint=str(places["authorization_endpoint"]),
        token_endpoint=str(places["token_endpoint"]),
        jwks_uri=jwks_uri,
        userinfo_endpoint=userinfo if isinstance(userinfo, str) and config.may_be_asked(userinfo) else "",
        says_issuer=said.get("authorization_response_iss_parameter_supported") is True,
        seen_at=now,
        keys=keys_at(config, fetch, jwks_uri),
        keys_at=now,
    )


def keys_at(config: ProviderConfig, fetch: Fetch, jwks_uri: str) -> KeySet:
    """The provider's keys. Raises ProviderUnavailable."""
    said = read_object(fetch(jwks_uri), config)
    found = said.get("keys")
    if not isinstance(found, list) or not 0 < len(found) <= _MOST_KEYS:
        raise _wrong(config, "has no keys")
    # A key that a shared secret is, or that is for something else, signs nothing here.
    usable = [
        one
        for one in found
        if isinstance(one, dict) and one.get("kty") in ("RSA", "EC", "OKP") and one.get("use", "sig") == "sig"
    ]
    try:
        return KeySet.import_key_set({"keys": usable})
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise _wrong(config, "has keys that cannot be read") from error


def read_object(octets: bytes, config: ProviderConfig) -> dict[str, Any]:
    """The JSON object of an answer. Raises ProviderUnavailable."""
    try:
        said = json.loads(octets)
    except (ValueError, RecursionError) as error:
        raise _wrong(config, "answers what is no JSON") from error
    if not isinstance(said, dict):
        raise _wrong(config, "answers what is no JSON object")
    return said


def _wrong(config: ProviderConfig, what: str) -> ProviderUnavailable:
    return ProviderUnavailable(f"{config.title} {what}. Tell the certificate authority's operator.", retry_after=60)


def is_unknown(keys: KeySet, token: str) -> bool:
    """Whether a token names a key that is not among these: the provider may have a new one."""
    try:
        head = json.loads(base64.urlsafe_b64decode(token.partition(".")[0] + "=="))
    except (ValueError, RecursionError):
        return False
    named = head.get("kid") if isinstance(head, dict) else None
    return named is not None and named not in {key.kid for key in keys.keys}
