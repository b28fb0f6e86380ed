"""External identity providers whose word on a person's identity is taken: one table `[[identity_providers]]` for each."""

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from directca.vetting.provider_errors import BadProviderSettings

SECTION = "identity_providers"
ALGORITHMS = frozenset(f"{kind}{bits}" for kind in ("RS", "PS", "ES") for bits in (256, 384, 512)) | {"EdDSA"}
"""Those that only the provider can sign with: `none` and those by a shared secret are not among them."""

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@dataclass(frozen=True)
class ProviderConfig:
    """An OpenID provider. One of `acr_values` must be asserted; they are what its operator calls IAL2. `required_claims` are
    further ones, as `name=value`. `name_claims` together are the person's name; `proofed_at_claim` says when the provider proofed
    the person; without it the day of the assertion counts. The person must have signed in within `fresh_seconds`. `trust_file`
    holds the certificates by which its servers are known (empty: the system's). `loopback` lets it be on this machine, without
    TLS: for tests and sandboxes."""

    name: str = ""
    title: str = ""
    issuer: str = ""
    client_id: str = ""
    client_secret_file: str = ""
    acr_values: tuple[str, ...] = ()
    required_claims: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ("openid", "profile")
    name_claims: tuple[str, ...] = ("name",)
    proofed_at_claim: str = ""
    algorithms: tuple[str, ...] = ("RS256", "PS256", "ES256")
    fresh_seconds: int = 900
    trust_file: str = ""
    loopback: bool = False

    def may_be_asked(self, address: str) -> bool:
        """Whether an address that the provider names may be asked, or shown to a browser: at the issuer's own host, by https.
        Whatever the provider's metadata say, nothing else is."""
        try:
            parts, own = urlsplit(address), urlsplit(self.issuer)
            port = parts.port
        except ValueError:
            return False
        if parts.username is not None or parts.password is not None or parts.fragment or not parts.hostname:
            return False
        if self.loopback:
            return parts.scheme in ("http", "https") and parts.hostname in _LOOPBACK
        return parts.scheme == "https" and parts.hostname == own.hostname and port == own.port


def read(tables: object, data: Path) -> tuple[ProviderConfig, ...]:
    """The providers of a settings file. Raises BadProviderSettings, which names the setting."""
    if not isinstance(tables, list) or not all(isinstance(one, Mapping) for one in tables):
        raise _bad("", f"tables, each under [[{SECTION}]]")
    found = tuple(_provider(one) for one in tables)
    if len({one.name for one in found}) != len(found) or len({one.issuer for one in found}) != len(found):
        raise _bad("name", "another one for each provider, and so must the issuer")
    for one in found:
        _check(one, data)
    return found


def _provider(table: Mapping[str, Any]) -> ProviderConfig:
    known = {one.name: one.default for one in fields(ProviderConfig)}
    for name, value in table.items():
        if name not in known:
            raise BadProviderSettings(
                f"There is no setting {SECTION}.{name}. Remove it or correct its name.", field=f"{SECTION}.{name}"
            )
        default = known[name]
        assert default is not MISSING  # each field above has one
        if isinstance(default, tuple):
            if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
                raise _bad(name, "a list of strings")
        elif type(value) is not type(default):
            raise _bad(name, {bool: "true or false", int: "a whole number", str: "a string"}[type(default)])
    given: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
    return ProviderConfig(**given)


def _check(one: ProviderConfig, data: Path) -> None:
    wrong = next(((name, wanted) for name, wanted, is_good in _WANTED if not is_good(one)), None)
    if wrong is not None:
        raise _bad(*wrong)
    for name, file in (("client_secret_file", one.client_secret_file), ("trust_file", one.trust_file)):
        if file and not (data / file).is_file():
            raise _bad(name, f"a file that is there; {data / file} is not")


_WANTED: tuple[tuple[str, str, Callable[[ProviderConfig], object]], ...] = (
    ("name", "a short name in small letters, such as login-gov: it stands in addresses", lambda one: _NAME.fullmatch(one.name)),
    (
        "title",
        "what people know the provider by, 64 characters at most",
        lambda one: one.title.strip() and one.title.isprintable() and len(one.title) <= 64,
    ),
    (
        "issuer",
        "the provider's https address, letter by letter as it says it itself",
        lambda one: one.may_be_asked(one.issuer) and not urlsplit(one.issuer).query,
    ),
    ("client_id", "what the provider gave you", lambda one: one.client_id),
    ("acr_values", "what the provider calls IAL2, one value at least", lambda one: one.acr_values),
    ("algorithms", f"some of {', '.join(sorted(ALGORITHMS))}", lambda one: one.algorithms and set(one.algorithms) <= ALGORITHMS),
    ("scopes", "a list with openid in it", lambda one: "openid" in one.scopes),
    ("name_claims", "the claims that are a person's name, one at least", lambda one: one.name_claims),
    ("required_claims", 'a list such as ["ial=2"]', lambda one: all("=" in claim for claim in one.required_claims)),
    ("fresh_seconds", "60 to 86400", lambda one: 60 <= one.fresh_seconds <= 86_400),
)
"""What each setting must be, in words and as a question."""


def _bad(name: str, wanted: str) -> BadProviderSettings:
    where = f"{SECTION}.{name}" if name else SECTION
    return BadProviderSettings(f"{where} must be {wanted}.", field=where)
