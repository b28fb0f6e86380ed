"""What nobody should send to those who tell status: the right answer, or a clean refusal; bounded memory; others are served.

The server has workers of its own, so that their memory can be weighed before all of this and after it.
"""

import base64
import shutil
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import load_der_ocsp_response

from tests.e2e.api_tools import raw
from tests.e2e.serving import serving, workers
from tests.live import LiveServer
from tests.material import tlv
from tests.status_requests import asking_for, cert_id, status_request

MALFORMED = bytes.fromhex("30030a0101")
UNAUTHORIZED = bytes.fromhex("30030a0106")
MOST_GROWTH_MIB = 48
"""For each worker, over everything that this file sends: some buffers and some answers are kept."""
SLOW = 40
PATIENCE_SECONDS = 40


@dataclass
class Neighbour:
    """Somebody who asks politely all the time, and how long each answer took."""

    live: LiveServer
    request: bytes
    waited: list[float] = field(default_factory=list)
    ending: threading.Event = field(default_factory=threading.Event)

    def live_here(self) -> None:
        with httpx2.Client(base_url=self.live.base_url, timeout=60) as client:
            while not self.ending.wait(0.05):
                began = time.monotonic()
                answer = client.post("/ocsp", content=self.request)
                load_der_ocsp_response(answer.content).certificate_status  # noqa: B018  (raises unless it is successful)
                assert client.get("/crl/issuing.crl").status_code == 200
                self.waited.append(time.monotonic() - began)


@dataclass(frozen=True)
class Target:
    """The server, and requests that it answers."""

    live: LiveServer
    issuer: bytes
    serial: int

    @property
    def request(self) -> bytes:
        return status_request(self.issuer, self.serial)

    def post(self, body: bytes, headers: bytes = b"") -> bytes:
        """The answer to a POST of some bytes, as they are."""
        length = b"Content-Length: %d\r\n" % len(body)
        return raw(self.live, b"POST /ocsp HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + headers + length + b"\r\n" + body)

    def ask(self, method: bytes, path: bytes, headers: bytes = b"") -> bytes:
        """The answer to a request without a body."""
        return raw(self.live, method + b" " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + headers + b"\r\n")


def megabytes(pid: int) -> float:
    """The memory of a process that nobody shares."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = (one for one in lines if one.startswith("RssAnon:"))
    return int(line.split()[1]) / 1024


@pytest.fixture(scope="module")
def target(first_start: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    """Everything in this file is sent to it, beside a neighbour; at the end the workers are those of the beginning, and lean."""
    data = Path(shutil.copytree(first_start, tmp_path_factory.mktemp("hostile") / "var"))
    with serving(data, "--workers", "2") as live:
        issuing = x509.load_der_x509_certificate(httpx2.get(f"{live.base_url}/aia/issuing.cer", timeout=30).content)
        made = Target(live, issuing.public_bytes(Encoding.DER), 7)
        for _ in range(50):
            assert body_of(made.post(made.request))
        before = {pid: megabytes(pid) for pid in workers(live)}
        neighbour = Neighbour(live, made.request)
        thread = threading.Thread(target=neighbour.live_here)
        thread.start()
        yield made
        neighbour.ending.set()
        thread.join()
        assert set(workers(live)) == set(before), "a worker died"
        assert [pid for pid, was in before.items() if megabytes(pid) - was > MOST_GROWTH_MIB] == []
        assert len(neighbour.waited) > 20
        assert max(neighbour.waited) < 10


def status(answer: bytes) -> int:
    """The status of an answer; 0 when the server said nothing."""
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else 0


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def test_every_piece_of_a_request_is_malformed(target: Target) -> None:
    whole = target.request
    for length in range(0, len(whole), 7):
        answer = target.post(whole[:length])
        assert (status(answer), body_of(answer)) == (200, MALFORMED)
    assert body_of(target.post(whole + b"\0")) == MALFORMED


@pytest.mark.parametrize(
    "field_of_type", [b"", b"Content-Type: text/html\r\n", b"Content-Type: application/json\r\n", b"Content-Type: \xff\r\n"]
)
def test_a_request_is_one_whatever_it_is_called(target: Target, field_of_type: bytes) -> None:
    answer = target.post(target.request, field_of_type)
    assert status(answer) == 200
    assert load_der_ocsp_response(body_of(answer)).serial_number == target.serial


@pytest.mark.parametrize(
    "body",
    [b"{}", b"<ocsp/>", b"\x30\x84\xff\xff\xff\xff", b"\x30\x80\0\0", b"0" * 65_536, b"\0" * 65_536, tlv(0x30, b"") * 1000],
)
def test_what_is_no_request_is_malformed(target: Target, body: bytes) -> None:
    assert (status(target.post(body)), body_of(target.post(body))) == (200, MALFORMED)


def test_a_nest_of_a_thousand_sequences_is_malformed(target: Target) -> None:
    nest = b""
    while len(nest) < 60_000:
        nest = tlv(0x30, nest + b"\x05\0" * 20)
    assert body_of(target.post(nest)) == MALFORMED


def test_a_million_certificates_are_not_read(target: Target) -> None:
    one = cert_id(target.issuer, 7)
    assert body_of(target.post(asking_for(*[one] * 101))) == MALFORMED
    host, port = target.live.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        total = 1_000_000 * len(one)
        connection.sendall(b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % total)
        assert status(sent_until_refused(connection, one * 1000, 1000)) == 413


def test_a_body_without_end_is_cut_off(target: Target) -> None:
    host, port = target.live.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"POST /ocsp HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert status(sent_until_refused(connection, b"ffff\r\n" + b"0" * 65_535 + b"\r\n", 1000)) == 413


def sent_until_refused(connection: socket.socket, piece: bytes, times: int) -> bytes:
    """Send a piece again and again until the other side answers or hangs up; its answer, if it comes through."""
    with suppress(ConnectionError):
        for _ in range(times):
            connection.sendall(piece)
    with suppress(ConnectionError):
        return connection.recv(65_536)
    return b"HTTP/1.1 413 (lost with the connection, which was reset)"


@pytest.mark.parametrize("method", [b"OPTIONS", b"TRACE", b"PUT", b"DELETE", b"PATCH"])
@pytest.mark.parametrize("path", [b"/ocsp", b"/ocsp/MAA=", b"/crl/issuing.crl", b"/aia/issuing.cer"])
def test_other_methods_are_refused_and_told_which_there_are(target: Target, method: bytes, path: bytes) -> None:
    answer = target.ask(method, path)
    assert status(answer) == 405
    assert b"allow: get, head" in answer.lower()


def test_head_is_a_get_without_a_body(target: Target) -> None:
    path = b"/ocsp/" + base64.b64encode(target.request).replace(b"/", b"%2F").replace(b"+", b"%2B")
    for asked in (path, b"/crl/issuing.crl"):
        head, got = target.ask(b"HEAD", asked), target.ask(b"GET", asked)
        assert (status(head), body_of(head)) == (200, b"")
        assert b"content-length: %d" % len(body_of(got)) in head.lower()


@pytest.mark.parametrize(
    "path",
    [
        *(b"/ocsp/", b"/ocsp//////", b"/ocsp/%00", b"/ocsp/%ff%fe", b"/ocsp/../../etc/passwd", b"/ocsp/%2e%2e%2f%2e%2e%2fetc"),
        *(b"/ocsp/not~base64", b"/ocsp/" + b"A" * 60_000, b"/ocsp/" + b"%41" * 20_000, b"/ocsp/" + b"/" * 60_000),
        *(b"/ocsp/MAA=?MAA=", b"/ocsp/MAA=/MAA=", b"/ocsp?request=MAA=", b"/ocsp/%", b"/ocsp/%zz"),
    ],
)
def test_an_absurd_address_is_malformed_or_refused(target: Target, path: bytes) -> None:
    answer = target.ask(b"GET", path)
    assert (status(answer), body_of(answer)) == (200, MALFORMED) or status(answer) in (400, 404, 414, 431)


@pytest.mark.parametrize(
    "path",
    [
        *(b"/crl/", b"/crl", b"/crl/root", b"/crl/issuing.crl/", b"/crl/issuing/16-3.crl", b"/crl/issuing/..%2f..%2fkeys.crl"),
        *(
            b"/crl/../directca.sqlite",
            b"/crl/%2e%2e/directca.toml",
            b"/crl/%00.crl",
            b"/crl/issuing.crl%00",
            b"/crl//issuing.crl",
        ),
        *(
            b"/crl/" + b"a" * 60_000 + b".crl",
            b"/crl/issuing/" + b"9" * 5000 + b"-0.crl",
            b"/aia/../keys/root.pem",
            b"/crl/\xff.crl",
        ),
    ],
)
def test_no_other_file_is_served(target: Target, path: bytes) -> None:
    assert status(target.ask(b"GET", path)) in (400, 404, 414, 431)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        (b"bytes=0-0", {206}),
        (b"bytes=99999999999999999999-", {416, 200}),
        (b"bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(5000)), {200, 400, 431}),
        (b"bytes=-0", {416, 200}),
        (b"lines=1-2", {200}),
        (b"bytes=5-1,-", {200}),
        (b"\xff", {200, 400}),
    ],
)
def test_an_absurd_range_gets_the_whole_or_nothing(target: Target, value: bytes, wanted: set[int]) -> None:
    answer = target.ask(b"GET", b"/crl/issuing.crl", b"Range: " + value + b"\r\n")
    assert status(answer) in wanted
    if status(answer) == 200:
        x509.load_der_x509_crl(body_of(answer))
    path = b"/ocsp/" + base64.b64encode(target.request).replace(b"/", b"%2F")
    assert status(target.ask(b"GET", path, b"Range: " + value + b"\r\n")) in (200, 400, 431)


def test_requests_in_one_packet_are_answered_and_garbage_ends_the_connection(target: Target) -> None:
    good = b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % len(target.request) + target.request
    last = good.replace(b"Host: a\r\n", b"Host: a\r\nConnection: close\r\n")
    assert raw(target.live, good * 20 + last).count(b"application/ocsp-response") == 21
    answer = raw(target.live, good * 3 + b"\0\1\2 garbage\r\n\r\n" + good)
    assert answer.count(b"HTTP/1.1 400") == 1
    assert b"HTTP/1.1 200" not in answer.partition(b"HTTP/1.1 400")[2]


def test_another_issuer_is_unauthorized(target: Target) -> None:
    root = httpx2.get(f"{target.live.base_url}/aia/root.cer", timeout=30).content
    assert body_of(target.post(status_request(root, 1))) == UNAUTHORIZED
    assert body_of(target.post(asking_for(cert_id(root, 1), cert_id(target.issuer, 1)))) == UNAUTHORIZED


def test_ever_other_questions_cost_time_and_no_memory(target: Target) -> None:
    with httpx2.Client(base_url=target.live.base_url, timeout=60) as client:
        for number in range(300):
            answer = client.post("/ocsp", content=status_request(target.issuer, 2**100 + number, nonce=b"%d" % number))
            assert load_der_ocsp_response(answer.content).serial_number == 2**100 + number


def test_slow_senders_are_given_up_and_keep_nobody_waiting(target: Target) -> None:
    host, port = target.live.base_url.removeprefix("http://").split(":")
    halves = (
        b"POST /ocsp HTTP/1.1\r\nHost: a\r\nContent-Length: 80\r\n\r\n0",
        b"GET /ocsp/MAA",
        b"GET /crl/issuing.crl HTTP/1.1\r\nHo",
    )
    opened = [socket.create_connection((host, int(port)), timeout=PATIENCE_SECONDS) for _ in range(SLOW)]
    for number, connection in enumerate(opened):
        connection.sendall(halves[number % len(halves)])
    began = time.monotonic()
    assert status(target.post(target.request)) == 200
    assert time.monotonic() - began < 10
    for connection in opened:
        with connection:
            assert status(connection.recv(65_536)) in (0, 400, 408)
