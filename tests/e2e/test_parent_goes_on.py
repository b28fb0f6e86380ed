"""With the parent process everything ends: neither a log that cannot be written nor a database that cannot be read ends it."""

import contextlib
import fcntl
import os
import signal
import struct
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest
from cryptography.x509.ocsp import load_der_ocsp_response

from tests.e2e.api_tools import ISSUE, a_name, requests_for
from tests.e2e.serving import SECONDS, eventually, serving, workers
from tests.live import LiveServer
from tests.status_requests import status_request

SHM_LOCKS, SHM_LOCK_COUNT = 120, 8
"""The bytes of the `-shm` file that SQLite's WAL mode locks (https://www.sqlite.org/walformat.html, 2.3.1)."""
SILENT_SECONDS = 20
LOCKED_SECONDS = 30


@contextlib.contextmanager
def nowhere(kind: str) -> Iterator[int]:
    """A standard error that takes nothing: of a full disk, or of a reader that has gone."""
    if kind == "full":
        descriptor = os.open("/dev/full", os.O_WRONLY)
    else:
        reader, descriptor = os.pipe()
        os.close(reader)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@pytest.mark.parametrize("kind", ["full", "gone"])
def test_a_log_that_cannot_be_written_ends_nothing(var: Path, kind: str) -> None:
    with nowhere(kind) as descriptor, serving(var, "--workers", "2", stderr=descriptor) as live:
        before = workers(live)
        for victim in before:
            os.kill(victim, signal.SIGKILL)
            eventually(partial(is_replaced, live, victim))
        assert live.process.poll() is None
        assert httpx2.get(f"{live.base_url}/health/ready", timeout=30).status_code == 200


def is_replaced(live: LiveServer, victim: int) -> bool:
    now = workers(live)
    return victim not in now and len(now) == 2


def test_a_database_that_cannot_be_locked_makes_ocsp_silent_and_comes_back(var: Path) -> None:
    with serving(var, "--workers", "2") as live:
        with live.client() as api:
            issued = api("POST", ISSUE, json=requests_for(a_name(live.first.direct_domain)))
            assert issued.status_code == 200, issued.text
        issuer = httpx2.get(f"{live.base_url}/aia/issuing.cer", timeout=30).content
        serial = int(issued.json()["signing_cert_serial"], 16)
        asked = partial(said, live, issuer, serial)
        assert (asked(), asked(nonce=b"n" * 16)) == ("GOOD", "GOOD")
        before = workers(live)
        with locked(next(var.glob("*.sqlite-shm"))):
            began, heard = time.monotonic(), set()
            while time.monotonic() < began + LOCKED_SECONDS:
                late = time.monotonic() > began + SILENT_SECONDS
                answers = {asked(), asked(nonce=os.urandom(16))}
                heard |= answers
                assert not late or answers == {"TRY_LATER"}
                time.sleep(0.2)
            assert heard <= {"GOOD", "TRY_LATER"}  # and no internalError: nothing here is broken
        eventually(lambda: (asked(), asked(nonce=os.urandom(16))) == ("GOOD", "GOOD"))
        assert live.process.poll() is None
        assert workers(live) == before
        live.process.terminate()
        assert live.process.wait(SECONDS) == 0


def said(live: LiveServer, issuer: bytes, serial: int, nonce: bytes | None = None) -> str:
    body = status_request(issuer, serial, nonce=nonce)
    answer = httpx2.post(f"{live.base_url}/ocsp", content=body, timeout=SECONDS)
    read = load_der_ocsp_response(answer.content)
    return read.certificate_status.name if read.response_status.value == 0 else read.response_status.name


@contextlib.contextmanager
def locked(file: Path) -> Iterator[None]:
    """Every lock of the log, held by somebody else; SQLite asks for it again and again, and then gives up."""
    with file.open("r+b") as opened:
        eventually(partial(took, opened.fileno()))
        yield


def took(descriptor: int) -> bool:
    try:
        fcntl.fcntl(descriptor, fcntl.F_SETLK, struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, SHM_LOCKS, SHM_LOCK_COUNT, 0))
    except OSError:
        return False
    return True
