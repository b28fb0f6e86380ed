"""The nodes: each a `directca serve` with a data folder and a process group of its own."""

import contextlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import httpx2

from faults.node import CLOCK, NAME, WITNESS
from tests.live import SandboxAccount

ROOT = Path(__file__).resolve().parent.parent
READY_WITHIN = 90.0
_STOP_WITHIN = 30.0


class NotReady(Exception):
    """A node did not become ready, so there is nothing to examine."""


@dataclass
class Node:
    """One node; `hands` is the file by which its clock is moved."""

    name: str
    data: Path
    port: int
    folder: Path
    workers: int = 1
    _process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def log(self) -> Path:
        """What it says."""
        return self.folder / f"{self.name}.log"

    @property
    def witness(self) -> Path:
        """What its keys signed."""
        return self.folder / f"{self.name}.signed"

    @property
    def hands(self) -> Path:
        """By how many seconds its clock is off."""
        return self.folder / f"{self.name}.clock"

    @property
    def runs(self) -> bool:
        """Whether its first process lives."""
        return self._process is not None and self._process.poll() is None

    def begin(self) -> None:
        """Start it; it need not be ready."""
        if not self.hands.exists():
            self.hands.write_text("0")
        named = {WITNESS: str(self.witness), CLOCK: str(self.hands), NAME: self.name}
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DIRECTCA_", "PORT"))}
        words = ["serve", "--data", str(self.data), "--port", str(self.port), "--workers", str(self.workers)]
        with self.log.open("ab") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "faults.node", *words],
                cwd=ROOT,
                env=kept | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"} | named,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def wait_until_ready(self, seconds: float = READY_WITHIN) -> None:
        """Return once /health/ready answers 200; a node that ended by itself is started again. Raises NotReady."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if not self.runs:
                self.begin()
            if self.is_ready():
                return
            time.sleep(0.2)
        raise NotReady(f"{self.name} is not ready; the end of its log:\n{self.last_words()}")

    def is_ready(self) -> bool:
        """Whether it says so."""
        try:
            return httpx2.get(f"{self.base_url}/health/ready", timeout=5).status_code == 200
        except httpx2.TransportError:
            return False

    def kill(self) -> None:
        """End all its processes at one moment, as when its machine loses power."""
        process, self._process = self._process, None
        if process is not None:
            beside = _children(process.pid)  # what sends to webhooks has a group of its own
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            for child in beside:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            process.wait()

    def kill_a_worker(self, chance: random.Random) -> None:
        """End one of its workers."""
        if self._process is None:
            return
        with contextlib.suppress(OSError, IndexError):
            os.kill(chance.choice(_children(self._process.pid)), signal.SIGKILL)

    def stop(self) -> None:
        """End it kindly, and by force what is left."""
        if self._process is not None:
            self._process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(_STOP_WITHIN)
        self.kill()

    def move_clock(self, seconds: float) -> None:
        """Let its clock stand so many seconds before the machine's."""
        fresh = self.hands.with_suffix(".new")
        fresh.write_text(f"{seconds}")
        fresh.replace(self.hands)

    def account(self) -> SandboxAccount:
        """The first account of the sandbox that its first start made."""
        return SandboxAccount.of(json.loads((self.data / "sandbox.json").read_text("utf-8")))

    def last_words(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-3000:] if self.log.exists() else ""


def _children(process: int) -> list[int]:
    """The processes that a process has started and that are still there."""
    try:
        return [int(one) for one in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    except OSError:
        return []


def copied(first: Node, name: str, port: int) -> Node:
    """A further node with a copy of the first one's data folder."""
    data = first.data.with_name(name)
    shutil.copytree(first.data, data)
    return Node(name, data, port, first.folder, first.workers)
