"""An identity provider that asserts what a test says, without a network, for what is not about tokens."""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey

from directca.vetting import external_identity
from directca.vetting.case_model import Actor, OrganizationPerson
from directca.vetting.context import Registration
from directca.vetting.declarations import CURRENT
from directca.vetting.external_identity import Answer
from directca.vetting.provider_config import ProviderConfig
from directca.vetting.provider_context import NO_PROOF, Proof, Providers

ISSUER, IAL2 = "https://id.example.org", "urn:example:ial2"
CONFIG = ProviderConfig(
    name="test", title="Test Identity", issuer=ISSUER, client_id="directca", acr_values=(IAL2,), algorithms=("ES256",)
)


@dataclass
class Asserting:
    """A transport behind which a provider asserts a name, in answer to the nonce that it is told."""

    desk: Registration
    name: str
    nonce: str = ""
    key: ECKey = field(default_factory=lambda: ECKey.generate_key("P-256", {"kid": "1"}))

    def fetch(
        self, provider: ProviderConfig, address: str, form: Mapping[str, str] | None = None, proof: Proof = NO_PROOF
    ) -> bytes:
        places = {name: f"{ISSUER}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
        answers: dict[str, Any] = {
            "/.well-known/openid-configuration": {"issuer": ISSUER, **places},
            "/jwks_uri": {"keys": [self.key.as_dict(private=False)]},
            "/token_endpoint": {"id_token": self._token()},
        }
        return json.dumps(answers[address.removeprefix(ISSUER)]).encode()

    def _token(self) -> str:
        now = int(self.desk.clock.now().timestamp())
        said = {"iss": ISSUER, "sub": "1", "aud": "directca", "iat": now, "exp": now + 60, "auth_time": now, "acr": IAL2}
        return jwt.encode({"alg": "ES256", "kid": "1"}, {**said, "nonce": self.nonce, "name": self.name}, self.key)

    def answer(self, address: str) -> Answer:
        """What it leads back with to whoever opens the address."""
        asked = parse_qs(urlsplit(address).query)
        self.nonce = asked["nonce"][0]
        return Answer(asked["state"][0], "code", ISSUER)


def a_provider(desk: Registration, name: str) -> tuple[Providers, Asserting]:
    """The desk at which its word is taken, and the provider."""
    made = Asserting(desk, name)
    return Providers(desk, (CONFIG,), made, "https://ca.example.org", Path(), time.monotonic), made


def proofed(at: tuple[Providers, Asserting], doer: Actor, person_id: str) -> OrganizationPerson:
    """The person after a sign-in from its beginning to its end."""
    providers, provider = at
    begun = external_identity.begin(providers, doer, "b" * 64, person_id, "test", CURRENT)
    return external_identity.finish(providers, doer, "b" * 64, "test", provider.answer(begun.address))
