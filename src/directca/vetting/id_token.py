"""Whether an ID token may be relied upon (OpenID Connect Core 3.1.3.7), and for whose identity.

Pure. Each check is a function of one ordered list, and what no check lets pass is refused.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeGuard

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from directca.vetting.policy import same_text
from directca.vetting.provider_config import ProviderConfig
from directca.vetting.provider_errors import AssertionRefused

_SKEW = 60
"""Seconds by which clocks may differ."""

_LONGEST = 32_768
_LONGEST_NAME = 200


@dataclass(frozen=True)
class Expected:
    """What an assertion must be: of which provider, to which sign-in, about whom."""

    config: ProviderConfig
    nonce: str
    begun_at: datetime
    now: datetime
    person: str


@dataclass(frozen=True)
class Assertion:
    """An assertion that may be relied upon. `claims` is everything that was said."""

    subject: str
    name: str
    acr: str
    asserted_at: datetime
    proofed_at: datetime
    claims: Mapping[str, Any]


def verified(token: object, keys: KeySet, expected: Expected) -> dict[str, Any]:
    """What an ID token says, if it may be relied upon. Raises AssertionRefused, which says in general what is wrong with it."""
    if not isinstance(token, str) or not 0 < len(token) <= _LONGEST:
        raise AssertionRefused("The identity provider gave no ID token.")
    claims = _signed(token, keys, expected.config)
    for check in CHECKS:
        check(claims, expected)
    return claims


def is_silent(claims: Mapping[str, Any], config: ProviderConfig) -> bool:
    """Whether an ID token leaves out what is asked for, so that the provider must be asked for it (OpenID Connect Core 5.3)."""
    wanted = {*config.name_claims, *(one.partition("=")[0] for one in config.required_claims), config.proofed_at_claim} - {""}
    return not wanted <= set(claims)


def about(claims: Mapping[str, Any], besides: Mapping[str, Any], expected: Expected) -> Assertion:
    """The assertion about the expected person. `besides` is what the provider's UserInfo says, of the same subject; what
    the ID token says goes before it. Raises AssertionRefused."""
    if besides and besides.get("sub") != claims["sub"]:
        raise AssertionRefused("The identity provider speaks of two different people.")
    said = {**besides, **claims}
    _check_required(said, expected.config)
    name = _name(said, expected.config)
    if not same_text(name, expected.person):
        raise AssertionRefused(
            f"The identity provider knows whoever signed in by another name than {expected.person}. "
            "The very person must sign in, and be named in the case as the provider names them."
        )
    asserted_at = _moment(claims["iat"])
    return Assertion(claims["sub"], name, claims["acr"], asserted_at, _proofed_at(said, expected, asserted_at), said)


def _signed(token: str, keys: KeySet, config: ProviderConfig) -> dict[str, Any]:
    try:
        found = jwt.decode(token, keys, algorithms=list(config.algorithms))
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise AssertionRefused(
            "The assertion's signature is not the identity provider's, or not by an algorithm that counts."
        ) from error
    return found.claims


def _issuer_is_the_provider(claims: dict[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.config.issuer:
        raise AssertionRefused("The assertion is another identity provider's.")


def _it_is_for_us(claims: dict[str, Any], expected: Expected) -> None:
    own, said = expected.config.client_id, claims.get("aud")
    audience = said if isinstance(said, list) else [said]
    authorized = claims.get("azp")
    if own not in audience or (len(audience) > 1 and authorized is None) or authorized not in (None, own):
        raise AssertionRefused("The assertion is for somebody else.")


def _it_is_of_now(claims: dict[str, Any], expected: Expected) -> None:
    now, began = expected.now.timestamp(), expected.begun_at.timestamp()
    expires, issued, not_before = (claims.get(name) for name in ("exp", "iat", "nbf"))
    if not _is_time(expires) or expires <= now - _SKEW:
        raise AssertionRefused("The assertion has expired.")
    if not _is_time(issued) or not began - _SKEW <= issued <= now + _SKEW:
        raise AssertionRefused("The assertion was not made for this sign-in: its time is another.")
    if not_before is not None and (not _is_time(not_before) or not_before > now + _SKEW):
        raise AssertionRefused("The assertion does not hold yet.")


def _it_answers_this_sign_in(claims: dict[str, Any], expected: Expected) -> None:
    if not expected.nonce or claims.get("nonce") != expected.nonce:
        raise AssertionRefused("The assertion was not made for this sign-in: it answers another.")


def _the_person_was_there(claims: dict[str, Any], expected: Expected) -> None:
    at = claims.get("auth_time")
    if not _is_time(at) or at < expected.begun_at.timestamp() - expected.config.fresh_seconds - _SKEW:
        raise AssertionRefused("The person signed in at the identity provider too long ago. Sign in there again.")


def _the_level_is_enough(claims: dict[str, Any], expected: Expected) -> None:
    if claims.get("acr") not in expected.config.acr_values:
        raise AssertionRefused("The identity provider has not proofed this person at the level that is asked for (IAL2).")


def _there_is_a_subject(claims: dict[str, Any], _expected: Expected) -> None:
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255 or not subject.isprintable():
        raise AssertionRefused("The assertion is about nobody.")


CHECKS: Final[tuple[Callable[[dict[str, Any], Expected], None], ...]] = (
    _issuer_is_the_provider,
    _it_is_for_us,
    _it_is_of_now,
    _it_answers_this_sign_in,
    _the_person_was_there,
    _the_level_is_enough,
    _there_is_a_subject,
)
"""Every check, in the order of the specification."""


def _check_required(said: Mapping[str, Any], config: ProviderConfig) -> None:
    for required in config.required_claims:
        name, _, value = required.partition("=")
        found = said.get(name)
        if not isinstance(found, bool | int | str) or str(found).lower() != value.lower():
            raise AssertionRefused("The identity provider does not say of this person what is asked for.")


def _name(claims: Mapping[str, Any], config: ProviderConfig) -> str:
    parts = [claims.get(one) for one in config.name_claims]
    if not all(isinstance(one, str) and one.strip() and one.isprintable() and len(one) <= _LONGEST_NAME for one in parts):
        raise AssertionRefused("The identity provider does not say the person's name.")
    return " ".join(str(one).strip() for one in parts)


def _proofed_at(claims: Mapping[str, Any], expected: Expected, asserted_at: datetime) -> datetime:
    name = expected.config.proofed_at_claim
    if not name:
        return asserted_at
    said = claims.get(name)
    try:
        if isinstance(said, str):
            read = datetime.fromisoformat(said)
            found = (read.replace(tzinfo=UTC) if read.tzinfo is None else read).astimezone(UTC)
        elif _is_time(said):
            found = _moment(said)
        else:
            raise AssertionRefused("The identity provider does not say when it proofed the person.")
    except (ValueError, OverflowError) as error:
        raise AssertionRefused("The identity provider does not say when it proofed the person.") from error
    if found > expected.now:
        raise AssertionRefused("The identity provider says it will proof the person later.")
    return found


def _moment(seconds: Any) -> datetime:
    return datetime.fromtimestamp(int(seconds), UTC)


def _is_time(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e11
