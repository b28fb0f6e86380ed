"""Bytes that no client library sends, strange addresses, slow senders; and what of all this stands in the log."""

import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import httpx2
import pytest

from tests.e2e.api_tools import (
    ISSUE,
    PASSWORD,
    QUERY,
    SIGNING,
    Clinic,
    a_clinic,
    issued,
    nothing_changes,
    raw,
    refusal_of,
    requests_for,
    spare_keys,
)
from tests.live import ApiClient, LiveServer

HOST = b"Host: ca.example\r\n"
SLOWEST_SECONDS = 25


@pytest.fixture(scope="module")
def clinic(live: LiveServer) -> Clinic:
    return a_clinic(live)


@pytest.fixture(scope="module")
def api(live: LiveServer, clinic: Clinic) -> Iterator[ApiClient]:
    """A client; whatever the tests of this file sent, nothing may have changed at the end."""
    with live.client(clinic.access) as client, nothing_changes(live, client, clinic.account):
        yield client


@dataclass(frozen=True)
class Wire:
    """Requests as bytes, with a good token."""

    live: LiveServer
    token: str

    def get(self, target: bytes, headers: bytes = b"", version: bytes = b"1.1") -> bytes:
        """The answer to a GET after which the connection is to be closed."""
        close = b"Connection: close\r\n"
        return raw(self.live, b"GET " + target + b" HTTP/" + version + b"\r\n" + HOST + self.bearer + headers + close + b"\r\n")

    def post(self, headers: bytes, body: bytes) -> bytes:
        """The answer to a POST of JSON, its length said by the headers."""
        return raw(self.live, self.head(headers) + body)

    def head(self, headers: bytes, path: bytes = b"/api/certificate/") -> bytes:
        """Request line and headers of a POST."""
        plain = b"Content-Type: application/json\r\nConnection: close\r\n"
        return b"POST " + path + b" HTTP/1.1\r\n" + HOST + self.bearer + plain + headers + b"\r\n"

    @property
    def bearer(self) -> bytes:
        return b"Authorization: Bearer " + self.token.encode() + b"\r\n"


@pytest.fixture(scope="module")
def wire(live: LiveServer, api: ApiClient) -> Wire:
    return Wire(live, api.access_token)


@pytest.fixture(scope="module", autouse=True)
def slow(live: LiveServer, wire: Wire) -> Iterator[tuple[float, dict[str, socket.socket]]]:
    """Connections that stand still from now on while the other tests of this file run, and when they were opened."""
    host, port = live.base_url.removeprefix("http://").split(":")
    sent = {
        "nothing": b"",
        "half a head": b"GET /api/certificate/query HTTP/1.1\r\nHos",
        "no body": wire.head(b"Content-Length: 100\r\n"),
        "half a body": wire.head(b"Content-Length: 100\r\n") + b"{",
        "half a chunk": wire.head(b"Transfer-Encoding: chunked\r\n") + b"40\r\n{",
        "no last chunk": wire.head(b"Transfer-Encoding: chunked\r\n") + b"2\r\n{}\r\n",
        "no end of fields": wire.head(b"Transfer-Encoding: chunked\r\n") + b"2\r\n{}\r\n0\r\nX: y\r\n",
        "half a form": b"POST /oauth/token HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\ngrant",
        "half a sign-in": b"POST /sign-in HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\nuser",
    }
    opened = {name: socket.create_connection((host, int(port)), timeout=SLOWEST_SECONDS) for name in sent}
    for name, connection in opened.items():
        connection.sendall(sent[name])
    yield time.monotonic(), opened
    for connection in opened.values():
        connection.close()


def status(answer: bytes) -> int:
    """The status of the first answer; a server that said nothing is told by 0."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


@pytest.mark.parametrize(
    "sent",
    [
        *(
            b"\0\1\2\r\n\r\n",
            b"\r\n\r\nnonsense\r\n\r\n",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"\x16\x03\x01\x02\0\x01\0\x01\xfc",
        ),
        *(b"GET / HTTP/9.9\r\nHost: a\r\n\r\n", b"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", b"CONNECT a:1 HTTP/1.1\r\n\r\n"),
        *(b"GET api/certificate/query HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /a\1b HTTP/1.1\r\nHost: a\r\n\r\n"),
        *(b"GET / HTTP/1.1\nHost: a\n\n", b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", b"GET / HTTP/1.1\r\n: a\r\n\r\n"),
        *(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nX: a\rY: b\r\n\r\n"),
        *(b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", b"GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n"),
        *(b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n"),
        *(b"GET /health/live\r\n\r\n", b"GET / HTTP/0.9\r\nHost: a\r\n\r\n", b"GET / HTTP/2.0\r\nHost: a\r\n\r\n"),
    ],
)
def test_what_is_no_http(live: LiveServer, sent: bytes) -> None:
    answer = raw(live, sent)
    assert status(answer) == 400
    assert b"\r\nx-request-id: " in answer.lower()


LENGTHS = (b"-1", b"+2", b"0x2", b"2, 2", b"2 2", b"", b"9" * 30, b"2\x0b")
CODINGS = (b"xchunked", b"chunked, identity", b"identity", b"chunkedx")
CHUNK_SIZES = (b"zz", b"-1", b"+2", b"0x2", b"F" * 20, b"")


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        (b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        (b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", b"{}"),
        (b"Content-Length: 2\r\nContent-Length: 2\r\n", b"{}"),
        (b"Content-Length: 2\r\nContent-Length: 3\r\n", b"{}"),
        *[(b"Content-Length: " + length + b"\r\n", b"{}") for length in LENGTHS],
        *[(b"Transfer-Encoding: " + coding + b"\r\n", b"0\r\n\r\n") for coding in CODINGS],
        (b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"),
        *[(b"Transfer-Encoding: chunked\r\n", size + b"\r\n{}\r\n0\r\n\r\n") for size in CHUNK_SIZES],
        (b"Transfer-Encoding: chunked\r\n", b"2\n{}\n0\n\n"),
        (b"Transfer-Encoding: chunked\r\n", b"1\r\n{}\r\n0\r\n\r\n"),
    ],
)
def test_a_length_that_two_readers_would_read_differently(wire: Wire, headers: bytes, body: bytes) -> None:
    smuggled = b"GET /api/certificate/query HTTP/1.1\r\n" + HOST + wire.bearer + b"\r\n"
    answer = wire.post(headers, body + smuggled)
    assert status(answer) == 400
    assert answer.count(b"HTTP/1.1 ") == 1  # what was hidden behind it is not answered
    assert b"totalCount" not in answer


def test_a_length_that_is_never_sent(wire: Wire) -> None:
    answer = wire.post(b"Content-Length: 99999999999\r\n", b"")
    assert status(answer) == 400
    assert b"body_too_large" in answer


def test_a_chunked_body_without_end(wire: Wire) -> None:
    answer = wire.post(b"Transfer-Encoding: chunked\r\n", b"".join([b"1000\r\n", b" " * 4096, b"\r\n"] * 18))
    assert status(answer) == 400
    assert b"body_too_large" in answer


def test_fields_behind_the_body_are_no_headers(wire: Wire) -> None:
    head = wire.head(b"Transfer-Encoding: chunked\r\n").replace(wire.bearer, b"")
    answer = raw(wire.live, head + b"2\r\n{}\r\n0\r\n" + wire.bearer + b"\r\n")
    assert status(answer) == 401


def test_an_expectation(wire: Wire) -> None:
    answer = wire.post(b"Expect: 100-continue\r\nContent-Length: 2\r\n", b"{}")
    assert answer.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 400 ")


def test_requests_in_one_packet_are_answered_in_order(wire: Wire) -> None:
    one = b"GET /api/certificate/a%d@direct.b.example HTTP/1.1\r\n" + HOST + wire.bearer + b"%s\r\n"
    answer = raw(wire.live, b"".join(one % (number, b"" if number < 20 else b"Connection: close\r\n") for number in range(21)))
    assert answer.count(b"HTTP/1.1 404 ") == 21
    places = [answer.index(b"name a%d@" % number) for number in range(21)]
    assert places == sorted(places)


def test_a_flood_of_headers(wire: Wire) -> None:
    assert status(wire.get(b"/api/certificate/query", b"".join(b"X-%d: y\r\n" % one for one in range(3_000)))) == 200
    assert status(wire.get(b"/api/certificate/query", b"X: " + b"y" * 70_000 + b"\r\n")) == 431
    assert status(wire.get(b"/api/certificate/query", b"".join(b"X-%d: y\r\n" % one for one in range(40_000)))) in (0, 431)
    assert status(wire.get(b"/api/certificate/query", b"X: " + b"y" * 500_000 + b"\r\n")) in (0, 431)
    assert status(wire.get(b"/api/certificate/" + b"a" * 500_000)) in (0, 431)


def test_a_flood_of_parameters(wire: Wire, api: ApiClient) -> None:
    refusal_of(api("GET", QUERY + "?" + "&".join(f"x{one}=1" for one in range(5_000))), 400, "unknown_parameter", "x0")
    refusal_of(api("GET", QUERY + "?" + "limit=1&" * 7_000), 400, "bad_parameter", "limit")
    assert status(wire.get(b"/api/certificate/query?" + b"&" * 60_000)) == 200


@pytest.mark.parametrize(
    "segment",
    [
        *("..", "%2e%2e", ".", "a%00b", "%00", "a%0d%0aX:%20y", "a%0a", "%ff%fe", "%zz", "%", "a%2540b.example", "%E0%A4%A"),
        *("a%20b", "a%252fb", "%c0%ae%c0%ae", "%uff20", "a%EF%BC%A0b.example", "%E2%84%AA@b.example", "a" * 60_000, "*"),
        *("a*@b.example", "';DROP TABLE record--", "1' OR '1'='1", "a@b.example'--", "%25", "_", "a@b..example", "a@b.example."),
        *("a@@b.example", "<script>", "{{7*7}}", "${jndi:ldap}", "a@b.example%00.evil.example", "a@xn--b.example", "[::1]"),
        *("127.0.0.1", "a@127.0.0.1", "~"),
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "{}"), ("PATCH", "{}"), ("POST", "renew/{}"), ("POST", "revoke/{}/unspecified")]
)
def test_a_segment_that_is_no_name(wire: Wire, method: str, path: str, segment: str) -> None:
    target = f"/api/certificate/{path.format(segment.replace(' ', '%20'))}"
    body = b'{"durationYear": 1}'
    head = wire.head(b"Content-Length: %d\r\n" % len(body), target.encode()).replace(b"POST", method.encode(), 1)
    answer = raw(wire.live, head + body)
    assert status(answer) == 400, answer[:500]
    assert b'"error": "bad_common_name"' in answer
    assert b"X: y" not in answer.split(b"\r\n\r\n")[0]


@pytest.mark.parametrize("segment", ["a%2fb", "a/../b", "..%2f..%2fetc%2fpasswd", "a%2Fb@c.example", "/", "//", "%2f"])
def test_a_slash_is_never_part_of_a_name(wire: Wire, segment: str) -> None:
    answer = wire.get(f"/api/certificate/{segment}".encode())
    assert status(answer) == 404
    assert b"root:" not in answer


@pytest.mark.parametrize(
    "path", ["/static/../../../etc/passwd", "/static/%2e%2e/%2e%2e/app.py", "/crl/..%2f..%2fdirectca.sqlite", "/aia/../keys"]
)
@pytest.mark.parametrize("prefix", ["", "/docs"])
def test_files_of_the_server_are_not_served(wire: Wire, prefix: str, path: str) -> None:
    answer = wire.get((prefix + path).encode())
    assert status(answer) in (400, 404)
    assert not any(inside in answer for inside in (b"root:x", b"SQLite format", b"PRIVATE KEY", b"import "))


def test_headers_that_claim_something_change_nothing(live: LiveServer, api: ApiClient) -> None:
    claims = {
        "X-HTTP-Method-Override": "DELETE",
        "X-Original-URL": "/oauth/token",
        "X-Rewrite-URL": "/",
        "Range": "bytes=0-1",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "Forwarded": "host=evil.example",
        "X-Request-Id": "chosen-by-a-stranger",
        "Content-Encoding": "gzip",
        "If-None-Match": "*",
        "Accept": "text/html",
        "Origin": "https://evil.example",
    }
    answer = api("GET", QUERY, headers=claims)
    assert answer.status_code == 200
    assert "evil.example" not in answer.text + str(answer.headers)
    assert answer.headers["X-Request-Id"] != "chosen-by-a-stranger"
    assert "access-control-allow-origin" not in answer.headers
    assert answer.json()["query"]["uri"].startswith(live.base_url)


def test_slow_senders_are_given_up(slow: tuple[float, dict[str, socket.socket]]) -> None:
    began, opened = slow
    for name, connection in opened.items():
        answer = connection.recv(65_536)  # the socket's own time-out is the failure
        assert status(answer) in (0, 400, 408), name
    assert time.monotonic() - began < 2 * SLOWEST_SECONDS


def log_with(live: LiveServer, last: str) -> str:
    """The log, once the line of a request is in it, which is written after its answer."""
    for _ in range(200):
        text = live.log.read_text(encoding="utf-8", errors="strict")
        if last in text:
            break
        time.sleep(0.05)
    return text


def test_no_secret_and_no_forged_line_is_in_the_log(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    body = requests_for(f"log@{clinic.domain}", spare_keys())
    refusal_of(api("POST", ISSUE, json={**body, "durationYear": 7}), 400, "bad_duration")
    tokens = live.tokens(clinic.access)
    code = live.authorize(clinic.access)["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": clinic.access.client_id,
        "client_secret": "wrong-secret",
        "code": code,
    }
    assert httpx2.post(f"{live.base_url}/oauth/token", data=form, timeout=30).status_code == 401
    in_address = f"{live.base_url}{QUERY}?access_token={tokens.access_token}"
    assert httpx2.get(in_address).status_code == 401
    marked = '/marked%0d%0a{"event": "forged-line"}%0aWARNING forged-line'
    assert httpx2.get(live.base_url + marked, headers={"User-Agent": "marked-agent"}).status_code == 404
    text = log_with(live, "forged-line")
    first = live.first
    secrets = {
        "password": PASSWORD, "client secret": clinic.access.client_secret, "access token": tokens.access_token, "code": code,
        "refresh token": tokens.refresh_token, "wrong secret": "wrong-secret", "request": str(body[SIGNING]).splitlines()[2],
        "first token": api.access_token, "user agent": "marked-agent", "Bearer": "Bearer ",
    }  # fmt: skip
    # What the sandbox prints at its start, to whoever starts it, is the one exception.
    beyond = text.split('"event":', 1)[1]
    assert [what for what, secret in secrets.items() if secret in beyond] == []
    assert first.password not in beyond
    assert first.client_secret not in beyond
    lines = beyond.splitlines()[1:]
    events = [json.loads(line)["event"] for line in lines]
    assert "forged-line" not in events
    assert any("forged-line" in line for line in lines)
    assert "request failed" not in events


def test_after_all_this_the_server_serves(live: LiveServer) -> None:
    clinic = a_clinic(live)
    with live.client(clinic.access) as api:
        assert issued(api, f"alice@{clinic.domain}")["status"] == "issued"
    assert httpx2.get(f"{live.base_url}/health/ready", timeout=30).status_code == 200
