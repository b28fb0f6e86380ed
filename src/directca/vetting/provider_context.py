"""What the verbs about external identity providers work with, and the port through which they reach a provider."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from directca.vetting.context import Registration
from directca.vetting.provider_config import ProviderConfig
from directca.vetting.provider_errors import NoSuchProvider
from directca.vetting.provider_metadata import KnownProvider

LARGEST_ANSWER = 131_072
"""In bytes: of metadata, keys, or tokens."""


@dataclass(frozen=True)
class Proof:
    """With what a provider is asked: the client's secret by HTTP Basic, or an access token."""

    secret: str | None = field(default=None, repr=False)
    bearer: str | None = field(default=None, repr=False)


NO_PROOF = Proof()


class Transport(Protocol):
    """Reaches an identity provider."""

    def fetch(
        self, provider: ProviderConfig, address: str, form: Mapping[str, str] | None = None, proof: Proof = NO_PROOF
    ) -> bytes:
        """What is at an address; with a form, what is answered to it.

        Bounded in time and by `LARGEST_ANSWER`; redirects are not followed; TLS by the provider's trust file or the system's
        certificates. Asks nobody whom `ProviderConfig.may_be_asked` refuses. For any number of threads. Raises
        ProviderUnavailable, also for every answer but 200.
        """


@dataclass(frozen=True)
class Providers:
    """The desk at which external providers' word is taken. `public_url` goes before the path that a provider leads back to."""

    desk: Registration
    configs: tuple[ProviderConfig, ...]
    transport: Transport
    public_url: str
    data: Path
    steady: Callable[[], float]
    known: dict[str, KnownProvider] = field(default_factory=dict)

    def named(self, name: str) -> ProviderConfig:
        """The provider of a name. Raises NoSuchProvider."""
        for one in self.configs:
            if one.name == name:
                return one
        raise NoSuchProvider("There is no identity provider of this name.", field="provider")

    def redirect_uri(self, config: ProviderConfig) -> str:
        """Where the provider leads back to: another address for each, so that none is taken for another (RFC 9700 4.4)."""
        return f"{self.public_url}{CALLBACK}/{config.name}"


CALLBACK = "/console/identity"
