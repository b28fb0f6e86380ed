"""The certificate functions and the query, one method each."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import httpx2

from directca.cli.client import credentials, records, tokens, transport
from directca.cli.client.addresses import DEFAULT_SERVER, same_origin, server_address
from directca.cli.client.failures import Unreachable
from directca.clock import Clock

_FUNCTIONS = "/api/certificate/"
_UNAUTHORIZED = 401

Json = dict[str, Any]


class Connection:
    """Calls one server with one user's tokens."""

    def __init__(self, http: httpx2.Client, server: str, source: tokens.TokenSource) -> None:
        self._http = http
        self._server = server
        self._source = source

    def issue(self, body: Json, *, idempotency_key: str | None, dry_run: bool = False) -> Json:
        """A new pair; or, as a dry run, what would come of it."""
        return self._order("POST", "", body, idempotency_key, dry_run=dry_run)

    def renew(self, name: str, body: Json, *, idempotency_key: str | None, dry_run: bool = False) -> Json:
        """A later pair for a name that has one."""
        return self._order("POST", f"renew/{_segment(name)}", body, idempotency_key, dry_run=dry_run)

    def reissue(self, name: str, body: Json, *, idempotency_key: str | None, dry_run: bool = False) -> Json:
        """Another pair for the rest of the term."""
        return self._order("PATCH", _segment(name), body, idempotency_key, dry_run=dry_run)

    def revoke(self, name: str, reason: str) -> records.Record:
        """Both certificates revoked, held, or released."""
        return records.record(self._call("POST", f"{_FUNCTIONS}revoke/{_segment(name)}/{_segment(reason)}"))

    def retrieve(self, name: str) -> records.Record:
        """The record of a name."""
        return records.record(self._call("GET", _FUNCTIONS + _segment(name)))

    def query(self, filters: dict[str, str]) -> records.Page:
        """The first page of the records that match."""
        return records.page(self._call("GET", f"{_FUNCTIONS}query", params=filters))

    def pages(self, first: records.Page) -> Iterator[records.Page]:
        """That page and all after it, in order."""
        page = first
        yield page
        while page.next_uri is not None:
            page = records.page(self._call("GET", page.next_uri))
            yield page

    def _order(self, method: str, path: str, body: Json, idempotency_key: str | None, *, dry_run: bool) -> Json:
        headers = {"Idempotency-Key": idempotency_key} if idempotency_key and not dry_run else {}
        params = {"dryRun": "true"} if dry_run else None
        return self._call(method, _FUNCTIONS + path, json=body, headers=headers, params=params)

    def _call(self, method: str, path: str, **parts: Any) -> Json:
        url = urljoin(self._server + "/", path)
        # A page's address comes out of an answer; the token goes to no other server because of it.
        if not same_origin(url, self._server):
            raise Unreachable(f"The server points to another one for its next page, {url}. The token is not sent there.")
        token = self._source.access_token()
        response = self._send(method, url, token, **parts)
        if response.status_code == _UNAUTHORIZED:
            # Nothing was done for a token that was refused, so that repeating is safe for each function.
            token_instead = self._source.replacement(token)
            if token_instead is not None:
                response = self._send(method, url, token_instead, **parts)
        return transport.json_object(response)

    def _send(self, method: str, url: str, token: str, **parts: Any) -> httpx2.Response:
        headers = {**parts.pop("headers", {}), "Authorization": f"Bearer {token}"}
        sent = {name: value for name, value in parts.items() if value is not None}
        return transport.send(self._http, method, url, headers=headers, **sent)


@contextmanager
def connect(server: str | None, token_file: Path | None, clock: Clock) -> Iterator[Connection]:
    """A connection with a given token if there is one, else with the stored sign-in."""
    token = tokens.given_token(token_file)
    address = server_address(server) if server is not None else None
    if token is not None:
        address = address or DEFAULT_SERVER
        with transport.open_http(address) as http:
            yield Connection(http, address, tokens.GivenToken(token))
        return
    sign_in = credentials.load(address)
    with transport.open_http(sign_in.server) as http:
        yield Connection(http, sign_in.server, tokens.StoredSignIn(http, sign_in, clock))


def _segment(text: str) -> str:
    return quote(text, safe="@")
