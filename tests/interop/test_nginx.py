"""The nginx configuration of the operator's guide, run as it is: it serves what the server serves, and nothing stale."""

import base64
import contextlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx2
import pytest
from cryptography import x509
from cryptography.x509 import ocsp

from tests.interop.issued import tool
from tests.live import ROOT, UNASKED, LiveServer, free_port, running
from tests.material import csr, rsa_key
from tests.status_requests import status_request

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed"),
    pytest.mark.skipif(shutil.which("faketime") is None, reason="faketime is not installed"),
]

SAMPLE = ROOT / "docs" / "operator" / "nginx.conf"
LISTS = ("/crl/issuing.crl", "/crl/root.crl", "/crl/issuing/2-0.crl", "/crl/issuing/2-1.crl")
CERTIFICATES = ("/aia/issuing.cer", "/aia/issuing.p7c", "/aia/root.cer", "/aia/root.p7c")
LIST = LISTS[0]
SECONDS = 30
SAME = ("content-type", "content-length", "cache-control", "accept-ranges", "x-content-type-options", "content-range")
AROUND = """\
{user}
daemon off;
pid {folder}/nginx.pid;
error_log {folder}/error.log;
worker_processes 2;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/conf.d/*.conf;
}}
"""


@dataclass(frozen=True)
class Pair:
    """The server, the folder that it publishes to, and nginx in front of both."""

    live: LiveServer
    folder: Path
    nginx: str

    def both(self, path: str, method: str = "GET", **headers: str) -> tuple[httpx2.Response, httpx2.Response]:
        """The same asked of the server and of nginx."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        server, nginx = (httpx2.request(method, base + path, headers=named) for base in (self.live.base_url, self.nginx))
        return server, nginx


def adapted(status: Path, cache: Path, server: str, port: int) -> str:
    """The sample with its four marked lines adapted, and nothing else changed."""
    text = SAMPLE.read_text(encoding="utf-8")
    assert text.count("# adapt: ") == 4
    for before, after in (
        ("/var/cache/nginx/directca", str(cache)),
        ("server 127.0.0.1:8600;", f"server {server.removeprefix('http://')};"),
        ("server_name pki.example.org;", "server_name 127.0.0.1;"),
        ("root /srv/directca-status;", f"root {status};"),
        ("listen 80;", f"listen 127.0.0.1:{port};"),
    ):
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    return text


@contextlib.contextmanager
def nginx(folder: Path, site: str, port: int) -> Iterator[str]:
    """A running nginx with the site; its address."""
    (folder / "conf.d").mkdir(parents=True)
    (folder / "conf.d" / "directca.conf").write_text(site)
    user = "user root;" if os.geteuid() == 0 else ""  # the folders of tests are for their owner alone
    (folder / "nginx.conf").write_text(AROUND.format(folder=folder, user=user))
    words = [str(NGINX), "-e", str(folder / "error.log"), "-p", str(folder), "-c", str(folder / "nginx.conf")]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    base = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: process.poll() is not None or reachable(base))
        assert process.poll() is None, process.communicate()[1]
        yield base
    finally:
        process.terminate()
        process.communicate(timeout=SECONDS)


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    folder = tmp_path_factory.mktemp("nginx")
    data, status = folder / "var", folder / "status"
    data.mkdir()
    status.mkdir()
    (data / "directca.toml").write_text(f'[server]\nworkers = 2\n\n{UNASKED}partitions = 2\npublish_to = "{status}"\n')
    with running(data) as live:
        eventually(lambda: all((status / path[1:]).exists() for path in LISTS + CERTIFICATES))
        port = free_port()
        with nginx(folder / "nginx", adapted(status, folder / "cache", live.base_url, port), port) as base:
            yield Pair(live, status, base)


def eventually(fact: object, seconds: float = SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not fact():  # type: ignore[operator]  # a function
        assert time.monotonic() < deadline, f"not so after {seconds} seconds"
        time.sleep(0.1)


def reachable(base: str) -> bool:
    with contextlib.suppress(httpx2.TransportError):
        return httpx2.get(base).status_code == 404
    return False


def publish(pair: Pair, *before: str) -> subprocess.CompletedProcess[str]:
    """`directca crl publish` by hand, perhaps at another time."""
    environment = os.environ | {"DIRECTCA_DATA": str(pair.live.data_dir), "PYTHONPATH": str(ROOT / "src")}
    words = [*before, sys.executable, "-m", "directca", "crl", "publish"]
    return subprocess.run(words, env=environment, capture_output=True, text=True, check=False, timeout=2 * SECONDS)


@pytest.mark.parametrize("path", LISTS + CERTIFICATES)
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_it_serves_what_the_server_serves(pair: Pair, path: str, method: str) -> None:
    ours, theirs = pair.both(path, method)
    assert (ours.status_code, theirs.status_code) == (200, 200)
    assert theirs.content == ours.content
    assert theirs.headers["etag"].startswith('"')
    names = SAME if path in LISTS else tuple(name for name in SAME if name != "cache-control")
    assert {name: theirs.headers.get(name) for name in names} == {name: ours.headers.get(name) for name in names}
    if path in LISTS:
        assert theirs.headers["last-modified"] == ours.headers["last-modified"]
    assert "max-age=86400" in theirs.headers["cache-control"] or path in LISTS


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"if_none_match": "{etag}"}, 304),
        ({"if_none_match": 'W/"x", W/{etag}'}, 304),
        ({"if_none_match": '"x"', "if_modified_since": "{date}"}, 200),
        ({"if_modified_since": "{date}"}, 304),
        ({"if_modified_since": "Tue, 24 Nov 1998 12:00:00 GMT"}, 200),
        ({"if_match": '"x"'}, 412),
        ({"if_unmodified_since": "Tue, 24 Nov 1998 12:00:00 GMT"}, 412),
        ({"range": "bytes=0-9"}, 206),
        ({"range": "bytes=-9"}, 206),
        ({"range": "bytes=5-"}, 206),
        ({"range": "bytes=0-1,4-5"}, 200),
        ({"range": "bytes=99999999-"}, 416),
        ({"range": "bytes=0-9", "if_range": "{etag}"}, 206),
        ({"range": "bytes=0-9", "if_range": '"x"'}, 200),
        ({"range": "bytes=0-9", "if_range": "{date}"}, 206),
        ({"accept_encoding": "gzip"}, 200),
    ],
)
def test_it_understands_conditions_and_ranges_as_the_server_does(pair: Pair, headers: dict[str, str], status: int) -> None:
    answers = []
    for base in (pair.live.base_url, pair.nginx):
        held = httpx2.head(base + "/crl/root.crl").headers  # the only list of its second
        filled = {
            name.replace("_", "-"): value.replace("{etag}", held["etag"]).replace("{date}", held["last-modified"])
            for name, value in headers.items()
        }
        answers.append(httpx2.get(base + "/crl/root.crl", headers=filled))
    ours, theirs = answers
    assert (ours.status_code, theirs.status_code) == (status, status)
    if status in (200, 206):
        assert theirs.content == ours.content
    assert theirs.headers.get("content-range") == ours.headers.get("content-range")
    assert "content-encoding" not in theirs.headers


@pytest.mark.parametrize("path", [LIST, CERTIFICATES[0]])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_other_methods_are_told_which_there_are(pair: Pair, path: str, method: str) -> None:
    for answer in pair.both(path, method):
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")


def test_a_revocation_is_on_its_list_within_seconds_and_the_copy_of_before_is_not_current(pair: Pair, tmp_path: Path) -> None:
    before = httpx2.get(pair.nginx + LIST)
    account = pair.live.first
    name = f"nginx@{account.direct_domain}"
    requests = [csr(name, rsa_key(key)) for key in (300, 301)]
    names = ("signingCertificatePkcs10Data", "encryptionCertificatePkcs10Data")
    with pair.live.client(account) as api:
        sent: dict[str, object] = {"durationYear": 1} | dict(zip(names, requests, strict=True))
        made = api("POST", "/api/certificate/", json=sent)
        assert made.status_code == 200, made.text
        assert api("POST", f"/api/certificate/revoke/{name}/keyCompromise").status_code == 200
    known = {"If-None-Match": before.headers["etag"], "If-Modified-Since": before.headers["last-modified"]}
    eventually(lambda: httpx2.get(pair.nginx + LIST, headers=known).status_code == 200, seconds=12)
    serial = int(made.json()["signing_cert_serial"], 16)
    named = x509.load_pem_x509_certificate(made.json()["signing_cert"].encode())
    (point,) = named.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    uri = point.full_name[0].value  # type: ignore[index]  # a URI
    assert uri == f"{pair.live.base_url}/crl/issuing/2-{serial % 2}.crl"
    for path in (LIST, uri.removeprefix(pair.live.base_url)):
        file = tmp_path / "list.crl"
        tool("curl", "-fsS", "-o", file, pair.nginx + path)
        listed = tool("openssl", "crl", "-inform", "DER", "-in", file, "-noout", "-text")
        assert f"{serial:X}" in listed.replace("Serial Number: 0", "Serial Number: ")
        issuer = tmp_path / "issuing.cer"
        tool("curl", "-fsS", "-o", issuer, pair.nginx + "/aia/issuing.cer")
        pem = tmp_path / "issuing.pem"
        tool("openssl", "x509", "-inform", "DER", "-in", issuer, "-out", pem)
        tool("openssl", "crl", "-inform", "DER", "-in", file, "-noout", "-CAfile", pem)
    assert httpx2.get(pair.nginx + LIST).content == httpx2.get(pair.live.base_url + LIST).content


def test_curl_keeps_a_copy_and_goes_on_with_a_part(pair: Pair, tmp_path: Path) -> None:
    whole = httpx2.get(pair.nginx + LIST).content
    for base in (pair.nginx, pair.live.base_url):
        file, tag = tmp_path / "list.crl", tmp_path / "tag"
        fetch = ("curl", "-fsS", "-w", "%{http_code}", "-o", file)
        assert tool(*fetch, "--etag-save", tag, base + LIST) == "200"
        assert file.read_bytes() == whole
        assert tool(*fetch, "--etag-compare", tag, base + LIST) == "304"
        file.write_bytes(whole[:100])
        assert tool(*fetch, "-C", "-", base + LIST) == "206"
        assert file.read_bytes() == whole


def test_a_list_that_runs_out_is_taken_away_and_answered_with_503(pair: Pair) -> None:
    told = publish(pair, "faketime", "-f", f"+{72 * 3600 - 30}s")
    try:
        assert told.returncode == 1
        assert "it is out of date" in told.stdout
        for path in LISTS:
            for method in ("GET", "HEAD"):
                answer = httpx2.request(method, pair.nginx + path)
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "30")
                assert answer.headers["cache-control"] == "no-store"
        assert httpx2.get(pair.nginx + CERTIFICATES[0]).status_code == 200
    finally:
        assert publish(pair).returncode == 0
    assert httpx2.get(pair.nginx + LIST).content == httpx2.get(pair.live.base_url + LIST).content


def test_nothing_else_of_the_folder_or_the_machine_is_served(pair: Pair) -> None:
    (pair.folder / "crl" / ".issuing.crl.new").write_bytes(b"a draft")
    (pair.folder / "other.txt").write_bytes(b"something else")
    for path in (
        "/crl/.issuing.crl.new",
        "/other.txt",
        "/crl/",
        "/crl/../other.txt",
        "/",
        "/crl/%2e%2e/%2e%2e/etc/passwd",
        "/sign-in",
    ):
        answer = httpx2.get(pair.nginx + path)
        assert answer.status_code in (400, 404, 503), path
        assert not any(one in answer.content for one in (b"a draft", b"something else", b"root:"))


def test_ocsp_goes_through_it_and_is_kept_as_long_as_it_says(pair: Pair) -> None:
    issuing = httpx2.get(pair.nginx + "/aia/issuing.cer").content
    serial = _a_serial(pair)
    asked = base64.b64encode(status_request(issuing, serial)).decode()
    first, second = (httpx2.get(f"{pair.nginx}/ocsp/{asked}") for _ in range(2))
    for answer in (first, second):
        read = ocsp.load_der_ocsp_response(answer.content)
        assert (read.response_status, read.serial_number) == (ocsp.OCSPResponseStatus.SUCCESSFUL, serial)
        assert int(re.findall(r"max-age=(\d+)", answer.headers["cache-control"])[0]) <= 45
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("MISS", "HIT")
    nonce = base64.b64encode(status_request(issuing, serial, nonce=b"n" * 16)).decode()
    found = [httpx2.get(f"{pair.nginx}/ocsp/{nonce}") for _ in range(2)]
    assert [one.headers["x-cache"] for one in found] == ["MISS", "MISS"]
    headers = {"Content-Type": "application/ocsp-request"}
    posted = httpx2.post(f"{pair.nginx}/ocsp", content=status_request(issuing, serial), headers=headers)
    assert ocsp.load_der_ocsp_response(posted.content).serial_number == serial


def test_a_kept_answer_lives_no_longer_for_the_cache_behind(pair: Pair) -> None:
    """Whoever keeps what nginx kept reckons its age by Date, where no Age is told (RFC 9111 4.2.3)."""
    issuing = httpx2.get(pair.nginx + "/aia/issuing.cer").content
    request = status_request(issuing, _a_serial(pair), algorithm="sha256")  # asked by no other test
    asked = base64.b64encode(request).decode().rstrip("=")
    first = httpx2.get(f"{pair.nginx}/ocsp/{asked}")
    time.sleep(2.1)
    second = httpx2.get(f"{pair.nginx}/ocsp/{asked}")
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("MISS", "HIT")
    ends = []
    for answer in (first, second):
        assert len(answer.headers.get_list("date")) == 1
        assert "age" not in answer.headers
        seconds = int(re.findall(r"max-age=(\d+)", answer.headers["cache-control"])[0])
        ends.append(parsedate_to_datetime(answer.headers["date"]) + timedelta(seconds=seconds))
    assert ends[0] == ends[1]


def test_slashes_in_an_ocsp_path_go_through_as_they_are(pair: Pair) -> None:
    issuing = httpx2.get(pair.nginx + "/aia/issuing.cer").content
    encoded = (base64.b64encode(status_request(issuing, serial)).decode() for serial in range(1 << 40, (1 << 40) + (1 << 16)))
    asked = next(one for one in encoded if "//" in one)
    answer = ocsp.load_der_ocsp_response(httpx2.get(f"{pair.nginx}/ocsp/{asked}").content)
    assert answer.certificate_status is ocsp.OCSPCertStatus.UNKNOWN


def _a_serial(pair: Pair) -> int:
    """The serial of the responder's own certificate, which is good without anything being bought."""
    issuing = httpx2.get(pair.nginx + "/aia/issuing.cer").content
    answer = httpx2.post(f"{pair.nginx}/ocsp", content=status_request(issuing, 1))
    (responder,) = ocsp.load_der_ocsp_response(answer.content).certificates
    return responder.serial_number
