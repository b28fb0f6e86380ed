"""HTTP as a stranger speaks it, against a server that does what servers should not."""

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from directca.cli.status_fetch import Stranger
from directca.revocation.verification_model import Asked, Fetched

LONG = 100_000


class _Handler(BaseHTTPRequestHandler):
    """Each path is one way to answer."""

    protocol_version = "HTTP/1.1"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002  (the library's name for it)
        """Nobody reads it."""

    def do_GET(self) -> None:
        match self.path:
            case "/fine":
                self._say(200, b"content", **{"Content-Type": "application/pkix-crl"})
            case "/elsewhere":
                self._say(302, b"", Location="/fine")
            case "/long":
                self._say(200, b"x" * LONG)
            case "/short":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                self.close_connection = True
            case "/slow":
                self.send_response(200)
                self.send_header("Content-Length", "100")
                self.end_headers()
                for _ in range(100):
                    self.wfile.write(b"x")
                    time.sleep(0.1)
            case "/silent":
                time.sleep(2)
            case _:
                self._say(404, b"nothing here")

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        self._say(200, sent, **{"Content-Type": self.headers["Content-Type"]})

    def _say(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is what some tests are about."""


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    server = _Server(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    thread.join()
    server.server_close()


def fetched(url: str, *, seconds: float = 1.0, most: int = 1000, body: bytes | None = None) -> Fetched:
    with Stranger(seconds) as stranger:
        return stranger(Asked(url, most, body, None if body is None else "application/ocsp-request"))


def test_what_is_there_is_read(base: str) -> None:
    assert fetched(f"{base}/fine") == Fetched(200, "application/pkix-crl", b"content")


def test_what_is_sent_arrives(base: str) -> None:
    assert fetched(f"{base}/ocsp", body=b"a question") == Fetched(200, "application/ocsp-request", b"a question")


def test_no_redirect_is_followed(base: str) -> None:
    found = fetched(f"{base}/elsewhere")
    assert (found.status, found.location, found.body) == (302, "/fine", b"")


def test_other_statuses_are_told(base: str) -> None:
    assert fetched(f"{base}/nowhere").status == 404


def test_no_more_than_so_much_is_read(base: str) -> None:
    found = fetched(f"{base}/long")
    assert (found.status, found.body) == (200, b"")
    assert found.problem is not None
    assert fetched(f"{base}/long", most=LONG).body == b"x" * LONG


def test_an_exchange_takes_no_longer_than_so_long(base: str) -> None:
    began = time.monotonic()
    found = fetched(f"{base}/slow", seconds=0.5)
    assert (found.status, found.body) == (200, b"")
    assert found.problem is not None
    assert time.monotonic() - began < 5


def test_silence_ends(base: str) -> None:
    found = fetched(f"{base}/silent", seconds=0.3)
    assert (found.status, found.problem) == (None, "no answer within 0.3 seconds.")


def test_an_answer_that_breaks_off(base: str) -> None:
    found = fetched(f"{base}/short")
    assert found.status is None
    assert found.problem


def test_nobody_listens() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        found = fetched(f"http://127.0.0.1:{port}/crl")
    assert found.status is None
    assert found.problem


@pytest.mark.parametrize("url", ["http://name.invalid/crl", "http:///crl", "ldap://127.0.0.1/crl", "http://127.0.0.1:99999/crl"])
def test_an_address_that_leads_nowhere(url: str) -> None:
    found = fetched(url)
    assert found.status is None
    assert found.problem
