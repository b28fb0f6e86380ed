"""Servers to compare with, in processes of their own, which end with the benchmark whatever happens."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Self

from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bench import machine
from bench.server import Failed, environment, free_port
from directca.signing import key_files

_HOST = "127.0.0.1"
_READY_WITHIN = 60.0
_STOP_WITHIN = 10.0
_ASK_AGAIN = 0.02
_LISTENING = "0A"


class Beside:
    """A program that listens on a port of the loopback interface: `command` is given the port."""

    def __init__(self, command: Sequence[str], port: int, log: Path, variables: Mapping[str, str] | None = None) -> None:
        self.address = (_HOST, port)
        self._environment = environment() | dict(variables or {})
        self._command = command
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, on the cores that this process may use now, and wait until it listens."""
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                process_group=0,  # not a session: of its leader `openssl ocsp -multi` cannot make a group
            )
        try:
            self._wait_until_ready(self._process)
        except BaseException:
            self.stop()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    def stop(self) -> None:
        """End it and what it started."""
        process, self._process = self._process, None
        if process is None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            # The whole group: some programs leave their children to themselves.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_WITHIN)

    @property
    def processes(self) -> tuple[int, ...]:
        """It and its children."""
        assert self._process is not None
        return (self._process.pid, *machine.children(self._process.pid))

    def _wait_until_ready(self, process: subprocess.Popen[bytes]) -> None:
        deadline = time.perf_counter() + _READY_WITHIN
        while time.perf_counter() < deadline:
            if (ended := process.poll()) is not None:
                raise Failed(f"{self._command[0]} ended with {ended}: {self._log.read_text(errors='replace')[-600:]}")
            if _listens(self.address[1]):
                return
            time.sleep(_ASK_AGAIN)
        raise Failed(f"{self._command[0]} does not listen.")


def _listens(port: int) -> bool:
    """Whether anybody listens. Nobody is asked: `openssl ocsp` hangs for good once a connection was closed without a request."""
    entries = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()[1:]]
    return any(entry[1].endswith(f":{port:04X}") and entry[3] == _LISTENING for entry in entries)


def constant(data: Path, workers: int, body: bytes) -> Beside:
    """The workers' HTTP stack, which answers this body to everything (`constant.py`)."""
    port, file = free_port(), data.parent / "constant.body"
    file.write_bytes(body)
    command = [sys.executable, "-m", "bench.constant", str(data), str(port), str(workers), str(file)]
    return Beside(command, port, data.parent / "constant.log")


def openssl_ocsp(files: "OpensslFiles", processes: int | None) -> Beside:
    """`openssl ocsp` as a server: by itself it serves one connection after the other, with -multi some at once."""
    port = free_port()
    named = {
        "-port": str(port),
        "-index": str(files.index),
        "-CA": str(files.ca),
        "-rsigner": str(files.responder),
        "-rkey": str(files.key),
        "-ndays": "1",
        **({} if processes is None else {"-multi": str(processes)}),
    }
    return Beside(["openssl", "ocsp", *(part for pair in named.items() for part in pair)], port, files.index.with_suffix(".log"))


def openssl_version() -> str:
    """What the command line's program says of itself."""
    said = subprocess.run(["openssl", "version"], capture_output=True, text=True, check=True).stdout
    return " ".join(said.split()[:2])


class OpensslFiles:
    """What `openssl ocsp` reads. The responder's key lies there unencrypted: it is a benchmark's, and ends with it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(mode=0o700)
        self.index = folder / "index.txt"
        self.ca = folder / "ca.pem"
        self.responder = folder / "responder.pem"
        self.key = folder / "key.pem"

    def write_key(self, path: Path, passphrase: bytes) -> None:
        """Write a key of the authority as the other program can read it."""
        key = key_files.decrypt(key_files.read(path), passphrase, str(path))
        self.key.touch(0o600)
        self.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    def write_index(self, good: Sequence[str] = (), revoked: Sequence[str] = ()) -> None:
        """The register of `openssl ca` with some serials."""
        now = datetime.now(UTC)
        end, at = (f"{moment:%y%m%d%H%M%SZ}" for moment in (now + timedelta(days=365), now - timedelta(hours=1)))
        with self.index.open("w") as file:
            for number, serial in enumerate(good):
                file.write(f"V\t{end}\t\t{_even(serial)}\tunknown\t/CN=subscriber-{number}.direct.example.org\n")
            for number, serial in enumerate(revoked):
                file.write(f"R\t{end}\t{at},keyCompromise\t{_even(serial)}\tunknown\t/CN=revoked-{number}.direct.example.org\n")
        self.index.with_suffix(".txt.attr").write_text("unique_subject = no\n")


def _even(serial: str) -> str:
    return serial.upper().zfill(len(serial) + len(serial) % 2)
