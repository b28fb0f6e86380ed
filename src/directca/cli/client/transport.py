"""HTTP as the client speaks it: bounded in time, no redirects, and every failure told as one of three."""

import ssl
from collections.abc import Mapping
from typing import Any, cast

import httpx2

from directca.cli.client.addresses import is_loopback
from directca.cli.client.failures import Refusal, Refused, Unreachable

_TIMEOUT = httpx2.Timeout(60.0, connect=10.0)


def open_http(server: str) -> httpx2.Client:
    """A connection pool for one server.

    Redirects are never followed: none is part of the API, and one would carry the token to another place. Proxies of the
    environment are ignored for this machine, where no proxy could reach the same server. Loading the system's trust anchors
    takes longer than a call; a server on plain http needs none, and with none a stray https address fails closed.
    """
    encrypted = server.startswith("https:")
    return httpx2.Client(
        timeout=_TIMEOUT,
        follow_redirects=False,
        trust_env=not is_loopback(server),
        verify=True if encrypted else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
        headers={"User-Agent": "directca-client", "Accept": "application/json"},
    )


def send(http: httpx2.Client, method: str, url: str, **parts: Any) -> httpx2.Response:
    """One request. Raises Unreachable if no answer came."""
    try:
        return http.request(method, url, **parts)
    except httpx2.TimeoutException:
        raise Unreachable(f"{url} did not answer in time. Run the same command again.") from None
    except httpx2.ConnectError as error:
        raise Unreachable(f"Cannot reach {url} ({error}). Check the address, and that the server is running.") from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Unreachable(f"The exchange with {url} broke off ({error}). Run the same command again.") from None


def json_object(response: httpx2.Response) -> dict[str, Any]:
    """The JSON object of a successful answer. Raises Refused for an error, Unreachable for anything but JSON."""
    if not response.is_success:
        raise Refused(_refusal(response))
    found = _object_or_none(response)
    if found is None:
        raise Unreachable(f"{response.url} answered, but not as a Direct CA does. Check the server's address.")
    return found


def text(facts: Mapping[str, Any], key: str) -> str | None:
    """A string member, or None for anything else."""
    value = facts.get(key)
    return value if isinstance(value, str) and value else None


def _refusal(response: httpx2.Response) -> Refusal:
    body = _object_or_none(response) or {}
    fallback = f"The server answered {response.status_code} {response.reason_phrase} without an explanation."
    return Refusal(
        status=response.status_code,
        slug=text(body, "error") or f"http_{response.status_code}",
        description=text(body, "description") or text(body, "error_description") or fallback,
        field=text(body, "field"),
        request_id=text(body, "request_id") or response.headers.get("X-Request-ID"),
        retry_after=response.headers.get("Retry-After"),
    )


def _object_or_none(response: httpx2.Response) -> dict[str, Any] | None:
    try:
        found = response.json()
    except ValueError:
        return None
    return cast("dict[str, Any]", found) if isinstance(found, dict) else None
