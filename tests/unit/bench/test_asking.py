"""OCSP requests that are measured are those of real clients, and only whole, successful answers count."""

import socket
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import cycle

import pytest
from bench import asking
from bench.asking import Questions, Volley
from bench.server import Failed
from cryptography import x509

from directca.pki.ocsp import ResponseStatus, issuer_hashes, refusal
from directca.pki.ocsp_request import read_request
from directca.responders.ocsp import in_path
from tests import authority as ca

SUCCESSFUL = b"\x30\x82\x01\x00\x0a\x01\x00" + bytes(20)
SERIALS = ["1", "7f" * 16, "80" * 16, "ff" * 16]


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body


@contextmanager
def answering(pieces: list[bytes]) -> Iterator[tuple[str, int]]:
    """A server that answers each connection once with these pieces, and closes it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with connection:
                    if not connection.recv(65536):
                        return
                    for piece in pieces:
                        connection.sendall(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        address = listening.getsockname()
        yield address
        socket.create_connection(address).close()  # ends the thread
        thread.join(5)


@pytest.mark.parametrize("serial", SERIALS)
def test_a_question_is_what_the_product_reads(serial: str) -> None:
    issuer = ca.issuing_ca().issuer
    questions = Questions.about(x509.load_der_x509_certificate(issuer.certificate_der))
    body = questions.post(serial).partition(b"\r\n\r\n")[2]
    (asked,) = read_request(body).certificates
    assert asked.serial == int(serial, 16)
    assert (asked.name_hash, asked.key_hash) == issuer_hashes(issuer)["sha1"]


def test_a_question_in_the_path_is_the_same() -> None:
    questions = Questions.about(x509.load_der_x509_certificate(ca.issuing_ca().issuer.certificate_der))
    path = questions.get(SERIALS[1]).split(b" ")[1].decode()
    assert "+" not in path
    assert in_path(path.replace("%2F", "/").replace("%2B", "+").replace("%3D", "=")) == questions.der(SERIALS[1])


def test_each_request_on_a_new_connection_is_counted() -> None:
    whole = answer(SUCCESSFUL)
    with answering([whole[:30], whole[30:]]) as address:
        run = asking._new(Volley(address, 3, 5.0, 10, kept=False), cycle([b"x"]))
    assert len(run.latencies) == 10


@pytest.mark.parametrize(
    ("sent", "why"),
    [
        (answer(refusal(ResponseStatus.TRY_LATER)), "not successful"),
        (answer(SUCCESSFUL)[:-1], "before its answer was whole"),
        (b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n", "503 No"),
    ],
)
def test_anything_but_a_whole_successful_answer_is_not_measured(sent: bytes, why: str) -> None:
    with answering([sent]) as address, pytest.raises(Failed, match=why):
        asking._new(Volley(address, 1, 5.0, 1, kept=False), cycle([b"x"]))
