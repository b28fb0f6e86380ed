"""`make serve` as a person types it, at a terminal, ended with Ctrl-C."""

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.live import ROOT, free_port

# The environment that runs this must be one that `make` itself would use as it is, or the test would install packages.
MADE_BY_MAKE = (Path(sys.prefix) / ".set-up-test").exists()
pytestmark = pytest.mark.skipif(not MADE_BY_MAKE, reason="this environment was not made by `make test`")

CTRL_C = b"\x03"
FIRST_START_SECONDS = 60


class Terminal:
    """A terminal with one command in it; what it prints is read as it comes."""

    def __init__(self, process: subprocess.Popen[bytes], screen: int) -> None:
        self.process = process
        self.text = ""
        self._screen = screen

    def read_until(self, *wanted: str, seconds: float = FIRST_START_SECONDS) -> str:
        """Everything printed until all of `wanted` were seen."""
        deadline = time.monotonic() + seconds
        while not all(text in self.text for text in wanted):
            assert time.monotonic() < deadline, f"{wanted} did not appear:\n{self.text}"
            assert self._read() or self.process.poll() is None, f"ended without {wanted}:\n{self.text}"
        return self.text

    def press(self, key: bytes) -> None:
        """Press a key."""
        os.write(self._screen, key)

    def end(self, seconds: float = 15) -> int:
        """Wait for the command to end, and answer its exit status."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"still running:\n{self.text}"
            self._read()
        while self._read():
            pass
        return self.process.returncode

    def _read(self) -> bool:
        ready, _, _ = select.select([self._screen], [], [], 0.2)
        if not ready:
            return False
        try:
            got = os.read(self._screen, 65536)
        except OSError:  # Linux says so when the last program has left the terminal
            return False
        self.text += got.decode(errors="replace")
        return bool(got)


@contextmanager
def typed(*words: str) -> Iterator[Terminal]:
    """Type `make …` at a terminal of its own."""
    screen, inside = os.openpty()
    process = subprocess.Popen(
        # A session whose terminal this is: only then does Ctrl-C reach everything that runs in it.
        ["setsid", "--ctty", "make", *words, f"VENV={sys.prefix}"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": "/nonexistent", "TERM": "dumb", "COLUMNS": "200"},
        stdin=inside,
        stdout=inside,
        stderr=inside,
    )
    os.close(inside)
    try:
        yield Terminal(process, screen)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGTERM)
            process.wait(15)
        os.close(screen)


def test_a_first_start_tells_everything_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    port, data = free_port(), tmp_path / "var"
    with typed("serve", f"PORT={port}", f"DATA={data}") as terminal:
        said = terminal.read_until(f"http://127.0.0.1:{port}", "/docs")
        facts = json.loads((data / "sandbox.json").read_text())
        wait_until_ready(facts["base_url"])
        terminal.press(CTRL_C)
        terminal.end()
        said = terminal.text
    assert facts["base_url"] == f"http://127.0.0.1:{port}"
    assert (data / "sandbox.json").stat().st_mode & 0o777 == 0o600
    for told in (facts["username"], facts["password"], facts["client_id"], facts["client_secret"]):
        assert told in said
    assert "Traceback" not in said
    assert "make: ***" not in said
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(facts["base_url"])

    with typed("serve", f"PORT={port}", f"DATA={data}") as terminal:
        terminal.read_until(f"http://127.0.0.1:{port}")
        wait_until_ready(facts["base_url"])
        assert json.loads((data / "sandbox.json").read_text()) == facts
        with typed("serve", f"PORT={port}", f"DATA={tmp_path / 'other'}") as second:
            assert second.end(30) != 0
            complaint = [line for line in second.text.splitlines() if line.strip() and not line.startswith("make")]
            assert len(complaint) == 1, second.text
            assert str(port) in complaint[0]
        terminal.press(CTRL_C)
        terminal.end()


def wait_until_ready(base_url: str) -> None:
    """Return once the server answers."""
    deadline = time.monotonic() + FIRST_START_SECONDS
    while True:
        try:
            if httpx2.get(f"{base_url}/health/ready", timeout=5).status_code == 200:
                return
        except httpx2.TransportError:
            pass
        assert time.monotonic() < deadline, "never ready"
        time.sleep(0.1)
