"""Lists from a real server with two processes: each tells of a revocation within a second, and nobody's headers impress it."""

import contextlib
import os
import re
import shutil
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from cryptography import x509

from tests.e2e.api_tools import a_name, issued
from tests.e2e.serving import eventually, serving, workers
from tests.live import UNASKED, LiveServer, free_port

LIST = "/crl/issuing.crl"
CONNECTIONS = 12
"""More than enough for both processes to have some: connections are shared out evenly."""


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, Path]]:
    """A server with two workers and the folder that it publishes to."""
    data = tmp_path_factory.mktemp("status") / "var"
    folder = data.with_name("web")
    data.mkdir()
    folder.mkdir()
    port = free_port()
    (data / "directca.toml").write_text(f'[server]\nport = {port}\nworkers = 2\n\n{UNASKED}publish_to = "{folder}"\n')
    with serving(data, port=port) as live:
        yield live, folder


def revoked(live: LiveServer) -> int:
    """The serial of a certificate that was revoked a moment ago."""
    with live.client() as api:
        name = a_name(live.first.direct_domain)
        record = issued(api, name)
        assert api("POST", f"/api/certificate/revoke/{name}/keyCompromise").status_code == 200
    return int(record["signing_cert_serial"], 16)


def lists(encoded: bytes, serial: int) -> bool:
    return x509.load_der_x509_crl(encoded).get_revoked_certificate_by_serial_number(serial) is not None


def metrics(live: LiveServer) -> str:
    port = int(live.base_url.rpartition(":")[2]) + 1
    return httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text


def raw(live: LiveServer, headers: bytes, method: bytes = b"GET") -> tuple[int, bytes, bytes]:
    """Status, head and body of an answer to a request with these headers."""
    host, port = live.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(method + b" " + LIST.encode() + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + headers + b"\r\n")
        got = b""
        while piece := connection.recv(65_536):
            got += piece
    head, _, body = got.partition(b"\r\n\r\n")
    return int(head.split()[1]), head.lower(), body


def test_every_process_tells_of_a_revocation_within_a_second(published: tuple[LiveServer, Path]) -> None:
    live, _ = published
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(httpx2.Client(base_url=live.base_url)) for _ in range(CONNECTIONS)]
        before = {client.get(LIST).headers["etag"] for client in clients}
        assert len(before) == 1
        serial = revoked(live)
        time.sleep(1)
        answers = [client.get(LIST, headers={"If-None-Match": next(iter(before))}) for client in clients]
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.headers["etag"] for answer in answers}) == 1
    assert all(lists(answer.content, serial) for answer in answers)


def test_the_folder_has_it_seconds_later_and_a_broken_folder_stops_no_revocation(published: tuple[LiveServer, Path]) -> None:
    live, folder = published
    file = folder / LIST[1:]
    serial = revoked(live)
    eventually(lambda: file.exists() and lists(file.read_bytes(), serial))
    shutil.rmtree(folder)
    serial = revoked(live)
    assert lists(httpx2.get(live.base_url + LIST).content, serial)
    eventually(lambda: re.search(r'directca_upkeep_failures_total\{task="publish"\} [1-9]', metrics(live)) is not None)
    assert "status_folder_unusable" in live.log.read_text()
    assert lists(httpx2.get(live.base_url + LIST).content, serial)
    folder.mkdir()
    eventually(lambda: file.exists() and lists(file.read_bytes(), serial))
    assert file.read_bytes() == httpx2.get(live.base_url + LIST).content
    assert oct(file.stat().st_mode & 0o777) == "0o644"
    assert len(workers(live)) in (2, 3)  # a third is publishing, perhaps, and ends


def test_one_connection_may_ask_many_times(published: tuple[LiveServer, Path]) -> None:
    live, _ = published
    with httpx2.Client(base_url=live.base_url) as client:
        whole = client.get(LIST)
        known = {"If-None-Match": whole.headers["etag"]}
        for _ in range(20):
            assert client.get(LIST, headers=known).status_code == 304
            part = client.get(LIST, headers={"Range": "bytes=5-9"})
            assert (part.status_code, part.content) == (206, whole.content[5:10])
            assert client.head(LIST).headers["content-length"] == str(len(whole.content))
            assert client.request("PROPFIND", LIST, content=b"x" * 100).status_code == 405
            assert client.request("GET", LIST, content=b"a body that nobody asked for").content == whole.content
            assert client.get("/crl/nobody.crl").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        b"Range: bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(6_000)),
        b"Range: bytes=" + b",".join([b"0-"] * 10_000),
        b"Range: bytes=" + b"9" * 60_000 + b"-" + b"9" * 4_000,
        b"Range: bytes=-" + b"9" * 60_000,
        b"\r\n".join([b"Range: bytes=0-1"] * 3_000),
        b"If-None-Match: " + b'"x", ' * 13_000,
        b"If-None-Match: " + b'W/"' * 21_000,
        b"\r\n".join([b'If-None-Match: "x"'] * 3_000),
        b"If-Modified-Since: " + b"Mon, " * 13_000,
        b"If-Range: " + b'"' * 60_000 + b"\r\nRange: bytes=0-1",
        b"Range: bytes=\xff\xfe\x00-",
        b"Range: \r\nIf-None-Match: \r\nIf-Modified-Since: \r\nIf-Range: ",
    ],
    ids=lambda headers: headers[:24].decode("latin-1").strip(),
)
def test_absurd_headers_get_a_right_answer_or_a_clean_refusal(published: tuple[LiveServer, Path], headers: bytes) -> None:
    live, _ = published
    whole = httpx2.get(live.base_url + LIST).content
    began = time.monotonic()
    status, head, body = raw(live, headers + b"\r\n")
    assert time.monotonic() - began < 5
    if status == 200:
        assert body == whole
    elif status == 206:
        assert whole.endswith(body)
    else:
        assert status in (400, 416), head
    assert httpx2.get(live.base_url + LIST).content == whole


def test_answers_are_counted_and_no_request_is_logged_for_each(published: tuple[LiveServer, Path]) -> None:
    live, _ = published
    before = live.log.read_text().count('"path": "/crl/')
    for _ in range(5):
        httpx2.get(live.base_url + LIST)
    assert 'directca_status_files_total{status="200"}' in metrics(live)
    assert live.log.read_text().count('"path": "/crl/') == before == 0


def test_openssl_style_clients_of_http_1_0_are_answered(published: tuple[LiveServer, Path]) -> None:
    live, _ = published
    host, port = live.base_url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(b"GET " + LIST.encode() + b" HTTP/1.0\r\n\r\n")
        got = b""
        while piece := connection.recv(65_536):
            got += piece
    assert got.endswith(httpx2.get(live.base_url + LIST).content)


def test_memory_stays_where_it_is_while_many_do_not_fetch(published: tuple[LiveServer, Path]) -> None:
    live, _ = published
    host, port = live.base_url.removeprefix("http://").split(":")

    def memory() -> int:
        pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in workers(live)[:2]]
        return sum(pages) * os.sysconf("SC_PAGE_SIZE")

    before = memory()
    with contextlib.ExitStack() as stack:
        for _ in range(200):
            connection = stack.enter_context(socket.create_connection((host, int(port)), timeout=30))
            connection.sendall((b"GET " + LIST.encode() + b" HTTP/1.1\r\nHost: a\r\n\r\n") * 200)
        time.sleep(2)
        assert memory() - before < 64 * 1024 * 1024
        assert httpx2.get(live.base_url + LIST, timeout=10).status_code == 200
