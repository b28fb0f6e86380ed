"""What the demonstration plays on: a server of its own, which always ends with it, and steps that print themselves."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2

_SOURCE = Path(__file__).resolve().parent.parent / "src"
_READY_WITHIN = 50.0
_LOG_LINES = 15


class Failed(Exception):
    """A step did not do what it says."""


class Steps:
    """Numbers the steps, times them, and prints each with its result."""

    def __init__(self) -> None:
        self._count = 0

    @contextmanager
    def step(self, what: str) -> Iterator[list[str]]:
        """One step; what it appends to the list is printed below its name."""
        self._count += 1
        print(f"{self._count:>3}  {what} … ", end="", flush=True)
        began, results = time.perf_counter(), list[str]()
        try:
            yield results
        except BaseException:
            print("failed")
            raise
        print(f"{(time.perf_counter() - began) * 1000:,.0f} ms")
        for result in results:
            print(f"     {result}")


class Server:
    """`directca serve` in a process of its own."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "var"
        self._log = folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> dict[str, Any]:
        """Start on a free port, wait until it is ready, and read what it says to scripts."""
        port = _free_port()
        search = os.pathsep.join(filter(None, (str(_SOURCE), os.environ.get("PYTHONPATH"))))
        environment = os.environ | {"PORT": str(port), "DIRECTCA_DATA": str(self.data), "PYTHONPATH": search}
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "directca", "serve"],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_ready(f"http://127.0.0.1:{port}/health/ready")
        facts: dict[str, Any] = json.loads((self.data / "sandbox.json").read_text())
        return facts

    def stop(self) -> None:
        """End the process, kindly first."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def last_words(self) -> str:
        """The end of its log."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join(lines[-_LOG_LINES:])

    def _wait_until_ready(self, address: str) -> None:
        assert self._process is not None
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                raise Failed(f"The server ended by itself with exit code {self._process.returncode}.")
            try:
                if httpx2.get(address, timeout=2, trust_env=False).status_code == 200:
                    return
            except httpx2.TransportError:
                pass
            time.sleep(0.05)
        raise Failed(f"The server was not ready within {_READY_WITHIN:.0f} seconds.")


def _free_port() -> int:
    """A port that nobody holds, and whose next, where the server shows its metrics, is free as well."""
    for _ in range(50):
        with socket.socket() as probe, socket.socket() as after:
            probe.bind(("127.0.0.1", 0))
            port: int = probe.getsockname()[1]
            try:
                after.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
    raise Failed("No two free ports in a row were found on this machine.")
