"""What an identity provider's settings and its own word may be: nobody of ours is led anywhere but to the provider."""

import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from joserfc.jwk import ECKey

from directca.vetting import provider_config
from directca.vetting.provider_config import ProviderConfig
from directca.vetting.provider_context import LARGEST_ANSWER
from directca.vetting.provider_errors import BadProviderSettings, ProviderUnavailable
from directca.vetting.provider_metadata import discover
from directca.web.provider_http import ProviderHttp

ISSUER = "https://id.example.org"
GOOD: dict[str, Any] = {
    "name": "test",
    "title": "Test Identity",
    "issuer": ISSUER,
    "client_id": "directca",
    "acr_values": ["urn:example:ial2"],
}


def said(**changes: Any) -> dict[str, Any]:
    places = {name: f"{ISSUER}/{name}" for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint")}
    return {"issuer": ISSUER, **places} | changes


def seen(metadata: Any, keys: Any = None) -> Any:
    key = ECKey.generate_key("P-256", {"kid": "1"}).as_dict(private=False)
    (config,) = provider_config.read([GOOD], Path())
    answers = {"/.well-known/openid-configuration": metadata, "/jwks_uri": {"keys": [key]} if keys is None else keys}
    return discover(config, lambda place: json.dumps(answers[place.removeprefix(ISSUER)]).encode(), 0.0)


def test_a_provider_says_where_it_is() -> None:
    known = seen(said(authorization_response_iss_parameter_supported=True))
    assert (known.token_endpoint, known.says_issuer) == (f"{ISSUER}/token_endpoint", True)
    assert [key.kid for key in known.keys.keys] == ["1"]


@pytest.mark.parametrize("place", ["authorization_endpoint", "token_endpoint", "jwks_uri"])
@pytest.mark.parametrize(
    "address",
    [
        *("http://id.example.org/x", "https://evil.example/x", "https://169.254.169.254/latest", "https://127.0.0.1/x"),
        *("https://id.example.org:8443/x", "https://id.example.org@evil.example/x", "https://evil.example#id.example.org"),
        *("https://sub.id.example.org/x", "file:///etc/passwd", "gopher://id.example.org/x", "//id.example.org/x", "", None, 7),
        *("https://id.example.org:notaport/", "https://[id.example.org/"),
    ],
)
def test_nobody_is_led_elsewhere_by_what_a_provider_says(place: str, address: object) -> None:
    with pytest.raises(ProviderUnavailable):
        seen(said(**{place: address}))


def test_a_place_for_userinfo_elsewhere_is_no_place() -> None:
    assert seen(said(userinfo_endpoint="https://evil.example/x")).userinfo_endpoint == ""


@pytest.mark.parametrize("metadata", [said(issuer=f"{ISSUER}/"), said(issuer="https://evil.example"), {}, [], "x"])
def test_a_provider_that_is_another_is_not_believed(metadata: Any) -> None:
    with pytest.raises(ProviderUnavailable):
        seen(metadata)


NO_KEYS = (
    {},
    {"keys": []},
    {"keys": "x"},
    {"keys": [{"kty": "oct", "k": "AAAA"}]},
    {"keys": [{"kty": "RSA"}]},
)


@pytest.mark.parametrize("keys", NO_KEYS)
def test_a_provider_without_keys_of_its_own_is_not_believed(keys: Any) -> None:
    with pytest.raises(ProviderUnavailable):
        seen(said(), keys)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": "Test"}, "name"),
        ({"name": "../x"}, "name"),
        ({"title": ""}, "title"),
        ({"issuer": "http://id.example.org"}, "issuer"),
        ({"issuer": "https://id.example.org/?x=1"}, "issuer"),
        ({"client_id": ""}, "client_id"),
        ({"acr_values": []}, "acr_values"),
        ({"acr_values": "urn:example:ial2"}, "acr_values"),
        ({"algorithms": ["none"]}, "algorithms"),
        ({"algorithms": ["HS256"]}, "algorithms"),
        ({"scopes": ["profile"]}, "scopes"),
        ({"name_claims": []}, "name_claims"),
        ({"required_claims": ["ial"]}, "required_claims"),
        ({"fresh_seconds": 5}, "fresh_seconds"),
        ({"fresh_seconds": True}, "fresh_seconds"),
        ({"client_secret_file": "not-there"}, "client_secret_file"),
        ({"trust_file": "not-there"}, "trust_file"),
        ({"secret": "x"}, "secret"),
    ],
)
def test_settings_that_cannot_be_used_are_named(changes: dict[str, Any], field: str) -> None:
    with pytest.raises(BadProviderSettings) as refusal:
        provider_config.read([GOOD | changes], Path("/nowhere"))
    assert refusal.value.field == f"identity_providers.{field}"


@pytest.mark.parametrize("tables", [{}, "x", [GOOD, GOOD], [GOOD, GOOD | {"name": "other"}]])
def test_providers_are_told_apart(tables: Any) -> None:
    with pytest.raises(BadProviderSettings):
        provider_config.read(tables, Path())


class _Hostile(BaseHTTPRequestHandler):
    """Leads elsewhere, answers without end, or wrongly."""

    def do_GET(self) -> None:
        if self.path == "/redirect":
            self.send_response(302)
            self.send_header("Location", "/inside")
        elif self.path == "/inside":
            self.send_response(200)
        else:
            self.send_response(200 if self.path == "/long" else 500)
        self.end_headers()
        if self.path == "/long":
            self.wfile.write(b"x" * (LARGEST_ANSWER + 1))

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name for it)
        """Say nothing."""


@pytest.fixture(scope="module")
def hostile() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


def test_answers_are_bounded_and_lead_nowhere(hostile: str, tmp_path: Path) -> None:
    here = ProviderConfig(title="Test Identity", issuer=hostile, loopback=True)
    transport = ProviderHttp(tmp_path)
    assert transport.fetch(here, f"{hostile}/inside") == b""
    for path in ("/redirect", "/long", "/broken"):
        with pytest.raises(ProviderUnavailable):
            transport.fetch(here, f"{hostile}{path}")
    with pytest.raises(ProviderUnavailable):
        transport.fetch(ProviderConfig(title="Test Identity", issuer=ISSUER), f"{hostile}/inside")
    with pytest.raises(ProviderUnavailable):
        transport.fetch(here, f"{hostile.replace('http:', 'https:')}/inside")


def test_only_certificates_that_are_configured_make_a_provider_known(tmp_path: Path) -> None:
    (tmp_path / "trust.pem").write_text("no certificate")
    here = ProviderConfig(title="Test Identity", issuer="https://127.0.0.1:1", loopback=True, trust_file="trust.pem")
    with pytest.raises(ProviderUnavailable) as refusal:
        ProviderHttp(tmp_path).fetch(here, "https://127.0.0.1:1/x")
    assert isinstance(refusal.value.__cause__, ssl.SSLError)
