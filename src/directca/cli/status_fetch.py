"""HTTP as a relying party speaks it: plain, bounded in time and size, and going nowhere but to the address itself."""

import ssl
import time
from types import TracebackType
from typing import Self

import httpx2

from directca.cli.client.addresses import is_loopback
from directca.revocation.verification_model import Asked, Fetched

_CONNECT_SECONDS = 5.0
_LONGEST_LOCATION = 200


class Stranger:
    """Asks by HTTP and answers what came back. `seconds` is the most that one exchange may take, from first to last octet."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        # No proxy of the environment could reach the same loopback address.
        self._near, self._far = (_client(seconds, trust_env=far) for far in (False, True))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._near.close()
        self._far.close()

    def __call__(self, asked: Asked) -> Fetched:
        """One exchange. Never raises: no answer is an answer."""
        http = self._near if is_loopback(asked.url) else self._far
        method = "GET" if asked.body is None else "POST"
        headers = {} if asked.content_type is None else {"Content-Type": asked.content_type}
        deadline = time.monotonic() + self._seconds
        try:
            with http.stream(method, asked.url, content=asked.body, headers=headers) as answer:
                return _read(answer, asked, deadline)
        except httpx2.TimeoutException:
            return Fetched(None, problem=f"no answer within {self._seconds:g} seconds.")
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            return Fetched(None, problem=f"{str(error).rstrip('.') or type(error).__name__}.")


def _client(seconds: float, *, trust_env: bool) -> httpx2.Client:
    return httpx2.Client(
        timeout=httpx2.Timeout(seconds, connect=min(seconds, _CONNECT_SECONDS)),
        follow_redirects=False,
        trust_env=trust_env,
        # Addresses in certificates are plain http, so no trust anchors are loaded; https then fails closed.
        verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        headers={"User-Agent": "directca-status", "Accept": "*/*", "Accept-Encoding": "identity"},
    )


def _read(answer: httpx2.Response, asked: Asked, deadline: float) -> Fetched:
    status, content_type = answer.status_code, answer.headers.get("content-type", "")
    if status != 200:
        return Fetched(status, content_type, location=answer.headers.get("location", "nowhere")[:_LONGEST_LOCATION])
    body = bytearray()
    for piece in answer.iter_raw():
        body += piece
        if len(body) > asked.most_octets:
            return Fetched(status, content_type, problem="It is longer than anything that belongs there.")
        if time.monotonic() > deadline:
            return Fetched(status, content_type, problem="It takes too long to send.")
    return Fetched(status, content_type, bytes(body))
