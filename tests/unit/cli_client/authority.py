"""A small authority that speaks the published contract over real HTTP, so that the client can be tested at its wire.

It signs with a throwaway key, keeps records in memory, and does on request what a network or a policy may do: lose an
answer after the work was done, refuse an order, forget a token, answer with somebody else's certificate.
"""

import base64
import hashlib
import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests import material

CLIENT_ID = "directca-cli"
PAGE_SIZE = 2
_BEGAN = datetime(2026, 11, 24, tzinfo=UTC)
_FIELDS = {"signing": "signingCertificatePkcs10Data", "encryption": "encryptionCertificatePkcs10Data"}


@dataclass
class Seen:
    """A request that arrived."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """Its JSON body."""
        return json.loads(self.body)


@dataclass
class Mood:
    """What goes wrong next; each is used up by its use."""

    lose_answers: int = 0
    refuse_with: tuple[int, dict[str, Any]] | None = None
    swap_certificates: bool = False


@dataclass
class State:
    """All that the authority knows."""

    issuer: str = ""
    announced_issuer: str | None = None
    next_page_origin: str | None = None
    deny: bool = False
    mood: Mood = field(default_factory=Mood)
    seen: list[Seen] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    access_tokens: set[str] = field(default_factory=set)
    refresh_tokens: set[str] = field(default_factory=set)
    refreshes: int = 0
    records: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)

    def calls(self, prefix: str) -> list[Seen]:
        """The requests whose path begins so."""
        return [each for each in self.seen if each.path.startswith(prefix)]

    def new_access_token(self) -> str:
        """A token that is good."""
        token = secrets.token_urlsafe(32)
        self.access_tokens.add(token)
        return token


@contextmanager
def running() -> Iterator[State]:
    """The authority on a free port."""
    state = State()
    handler = type("Handler", (_Handler,), {"state": state})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    state.issuer = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield state
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    state: State

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Stay silent."""

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PATCH(self) -> None:
        self._serve()

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        seen = Seen(self.command, unquote(parts.path), dict(parse_qsl(parts.query)), dict(self.headers.items()), body)
        self.state.seen.append(seen)
        if seen.path == "/oauth/authorize":
            self._redirect(_authorize(self.state, seen))
            return
        status, answer = _answer(self.state, seen)
        if seen.path.startswith("/api/") and self.state.mood.lose_answers:
            self.state.mood.lose_answers -= 1
            self.close_connection = True
            return
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _redirect(self, address: str) -> None:
        self.send_response(303)
        self.send_header("Location", address)
        self.send_header("Content-Length", "0")
        self.end_headers()


def _authorize(state: State, seen: Seen) -> str:
    asked = seen.query
    back = {"state": asked["state"], "iss": state.announced_issuer or state.issuer}
    if state.deny:
        return f"{asked['redirect_uri']}?{urlencode({'error': 'access_denied', **back})}"
    code = secrets.token_hex(16)
    state.codes[code] = asked
    return f"{asked['redirect_uri']}?{urlencode({'code': code, **back})}"


def _answer(state: State, seen: Seen) -> tuple[int, dict[str, Any]]:
    if seen.path == "/.well-known/oauth-authorization-server":
        return 200, _metadata(state)
    if seen.path == "/oauth/token":
        return _token(state, dict(parse_qsl(seen.body.decode())))
    if seen.path == "/oauth/revoke":
        state.refresh_tokens.discard(dict(parse_qsl(seen.body.decode()))["token"])
        return 200, {}
    if seen.headers.get("Authorization", "").removeprefix("Bearer ") not in state.access_tokens:
        return 401, {"error": "invalid_token", "description": "Sign in again.", "request_id": "r-401"}
    if state.mood.refuse_with is not None:
        refusal, state.mood.refuse_with = state.mood.refuse_with, None
        return refusal
    return _certificates(state, seen)


def _metadata(state: State) -> dict[str, Any]:
    return {
        "issuer": state.issuer,
        "authorization_endpoint": f"{state.issuer}/oauth/authorize",
        "token_endpoint": f"{state.issuer}/oauth/token",
        "revocation_endpoint": f"{state.issuer}/oauth/revoke",
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
    }


def _token(state: State, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
    if form["grant_type"] == "authorization_code":
        asked = state.codes.pop(form["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if asked is None or challenge != asked["code_challenge"] or form["redirect_uri"] != asked["redirect_uri"]:
            return 400, {"error": "invalid_grant", "error_description": "The code does not fit."}
    elif form["refresh_token"] in state.refresh_tokens:
        state.refresh_tokens.remove(form["refresh_token"])
        state.refreshes += 1
    else:
        return 400, {"error": "invalid_grant", "error_description": "The refresh token was used before."}
    refresh = secrets.token_urlsafe(32)
    state.refresh_tokens.add(refresh)
    token = {"access_token": state.new_access_token(), "refresh_token": refresh}
    return 200, {**token, "token_type": "Bearer", "expires_in": 3600, "scope": "tuser.account"}


def _certificates(state: State, seen: Seen) -> tuple[int, dict[str, Any]]:
    path = seen.path.removeprefix("/api/certificate/").split("/")
    if seen.path == "/api/certificate/query":
        return 200, _query(state, seen)
    if path[0] == "revoke":
        record = _latest(state, path[1])
        record |= {"status": "revoked", "revocation_reason": path[2], "revoked_ts": "2026-11-24T09:00:00Z"}
        return 200, record
    if seen.method == "GET":
        found = _latest(state, path[0])
        return (200, found) if found else (404, {"error": "not_found", "description": "No such record.", "request_id": "r-404"})
    if "dryRun" in seen.query:
        return 200, {"dry_run": True, "price_cents": 123400, "currency": "USD", "lint": "passed"}
    key = seen.headers.get("Idempotency-Key", "")
    if key not in state.answers:
        state.answers[key] = _order(state, seen, path)
    return 200, state.answers[key]


def _latest(state: State, name: str) -> dict[str, Any]:
    return next((record for record in reversed(state.records) if record["identifier"] == name), {})


def _query(state: State, seen: Seen) -> dict[str, Any]:
    offset = int(seen.query.get("offset", 0))
    page = state.records[::-1][offset : offset + PAGE_SIZE]
    after = offset + PAGE_SIZE
    origin = state.next_page_origin or state.issuer
    more = f"{origin}/api/certificate/query?offset={after}" if after < len(state.records) else None
    about = {"offset": offset, "totalCount": len(state.records), "returnedCount": len(page), "nextPageUri": more}
    return {"query": about, "records": page}


def _order(state: State, seen: Seen, path: list[str]) -> dict[str, Any]:
    body, keys = seen.json, {}
    for role, name in _FIELDS.items():
        if name in body:
            request = x509.load_pem_x509_csr(body[name].encode())
            subject = str(request.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
            keys[role] = request.public_key()
        else:
            subject = path[-1]
            keys[role] = x509.load_pem_x509_certificate(_latest(state, subject)[f"{role}_cert"].encode()).public_key()
    if state.mood.swap_certificates:
        keys = {"signing": keys["encryption"], "encryption": keys["signing"]}
    record = _record(subject, keys, body.get("durationYear", 1))
    state.records.append(record)
    return record


def _record(subject: str, keys: dict[str, Any], years: int) -> dict[str, Any]:
    end = _BEGAN.replace(year=_BEGAN.year + years) - timedelta(seconds=1)
    made = {role: _certificate(subject, key, end) for role, key in keys.items()}
    return {
        "identifier": subject,
        "status": "issued",
        "kind": "address",
        "organization": "Example Clinic",
        "organization_type": "CoveredEntity",
        "not_before_ts": "2026-11-24T00:00:00Z",
        "not_after_ts": end.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "revocation_reason": None,
        "revoked_ts": None,
        "ca_chain": _certificate("Example CA", material.rsa_key(9).public_key(), end)[1],
        **{f"{role}_cert_serial": f"{serial:x}" for role, (serial, _) in made.items()},
        **{f"{role}_cert": pem for role, (_, pem) in made.items()},
    }


def _certificate(subject: str, key: Any, end: datetime) -> tuple[int, str]:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)])
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Example CA")])
    serial = x509.random_serial_number()
    builder = x509.CertificateBuilder(issuer, name, key, serial, _BEGAN, end)
    made = builder.sign(material.rsa_key(9), hashes.SHA256())
    return serial, made.public_bytes(serialization.Encoding.PEM).decode()
