"""Reaching identity providers over HTTP: bounded in time and size, no redirects, no proxies, checked TLS.

Where an answer leads is not this module's to judge but `ProviderConfig.may_be_asked`, which is asked before every question.
"""

import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote_plus

import httpx2

from directca.vetting.provider_config import ProviderConfig
from directca.vetting.provider_context import LARGEST_ANSWER, NO_PROOF, Proof
from directca.vetting.provider_errors import ProviderUnavailable

_STEP_SECONDS = 5.0
_WHOLE_SECONDS = 15.0


class ProviderHttp:
    """The port's implementation."""

    def __init__(self, data: Path) -> None:
        self._data = data

    def fetch(
        self, provider: ProviderConfig, address: str, form: Mapping[str, str] | None = None, proof: Proof = NO_PROOF
    ) -> bytes:
        """What is at an address, or answered to a form."""
        if not provider.may_be_asked(address):
            raise ProviderUnavailable(f"{provider.title} names an address that nobody asks.", retry_after=60)
        ends = time.monotonic() + _WHOLE_SECONDS
        auth = None if proof.secret is None else httpx2.BasicAuth(quote_plus(provider.client_id), quote_plus(proof.secret))
        method, headers = ("GET" if form is None else "POST"), {"Accept": "application/json", "Accept-Encoding": "identity"}
        if proof.bearer is not None:
            headers["Authorization"] = f"Bearer {proof.bearer}"
        try:
            with (
                httpx2.Client(
                    verify=self._trust(provider), timeout=_STEP_SECONDS, trust_env=False, follow_redirects=False
                ) as client,
                client.stream(method, address, data=form, headers=headers, auth=auth) as answer,
            ):
                if answer.status_code != 200:
                    raise ProviderUnavailable(
                        f"{provider.title} answers with HTTP status {answer.status_code}. Begin anew.", retry_after=60
                    )
                return _bounded(provider, answer, ends)
        except (httpx2.HTTPError, ssl.SSLError, OSError, ValueError) as error:
            raise ProviderUnavailable(
                f"{provider.title} cannot be reached ({type(error).__name__}). Try again later.", retry_after=60
            ) from error

    def _trust(self, provider: ProviderConfig) -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(self._data / provider.trust_file) if provider.trust_file else None)


def _bounded(provider: ProviderConfig, answer: httpx2.Response, ends: float) -> bytes:
    octets = bytearray()
    for piece in answer.iter_raw():
        octets += piece
        if len(octets) > LARGEST_ANSWER or time.monotonic() > ends:
            raise ProviderUnavailable(f"{provider.title} answers too much, or too slowly.", retry_after=60)
    return bytes(octets)
