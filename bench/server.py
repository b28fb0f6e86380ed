"""The real server in processes of its own, which end with the benchmark whatever happens."""

import contextlib
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench import machine

_SOURCE = Path(__file__).resolve().parent.parent / "src"
_FIRST_OF_CONNECTIONS = 32_768
_HOST = "127.0.0.1"
_READY_WITHIN = 240.0
_STOP_WITHIN = 20.0
_ASK_AGAIN = 0.005
_SETTINGS = "[revocation]\nverify_minutes = 0\n[rates]\n" + "".join(
    f"{kind}_{what} = 1000000\n" for kind in ("address", "application", "account") for what in ("burst", "per_minute")
)
_LOG_LINES = 15


class Failed(Exception):
    """The server did not do what every client relies on, so there is nothing to measure."""


def environment() -> dict[str, str]:
    """What this process was given, and where the product's source is."""
    search = os.pathsep.join(filter(None, (str(_SOURCE), os.environ.get("PYTHONPATH"))))
    return os.environ | {"PYTHONPATH": search}


class Server:
    """`directca serve` on a data folder, a worker per core unless told, on a free port of the loopback interface.

    A folder that has no settings yet gets those for measuring, and below them what `settings` says.
    """

    def __init__(self, data: Path, workers: int | None = None, settings: str = "") -> None:
        self.data = data
        self._settings = settings
        self._count = workers
        self.address = (_HOST, 0)
        self.workers: tuple[int, ...] = ()
        self._log = data.parent / f"{data.name}.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()
        if isinstance(error, Failed):
            error.add_note(f"The server's last words:\n{self.last_words()}")

    @property
    def base_url(self) -> str:
        """Where it answers."""
        return f"http://{_HOST}:{self.address[1]}"

    @property
    def parent(self) -> int:
        """The process that was started; the workers are its children."""
        assert self._process is not None
        return self._process.pid

    @property
    def sandbox(self) -> dict[str, Any]:
        """What it says to scripts."""
        found: dict[str, Any] = json.loads((self.data / "sandbox.json").read_text("utf-8"))
        return found

    def start(self) -> float:
        """Start it and wait until it is ready. Returns how many seconds that took."""
        self._say_what_is_measured()
        self.address = (_HOST, free_port())
        command = [sys.executable, "-m", "directca", "serve", "--data", str(self.data), "--port", str(self.address[1])]
        began = time.perf_counter()
        with self._log.open("wb") as log:
            # A process group of its own, so that what is ended by force is exactly what was started here.
            self._process = subprocess.Popen(
                [*command, "--workers", str(self._count or machine.cores())],
                env=environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            self._wait_until_ready(began + _READY_WITHIN)
            taken = time.perf_counter() - began
            self.workers = machine.children(self._process.pid)
        except BaseException as error:
            self.stop()
            if isinstance(error, Failed):
                error.add_note(f"The server's last words:\n{self.last_words()}")
            raise
        return taken

    def _say_what_is_measured(self) -> None:
        """Let nothing look at everything that is published meanwhile: that takes seconds of a core. One client calls more often
        here than any has to: its calls are counted like all, and none is refused for their number."""
        settings = self.data / "directca.toml"
        if not settings.exists():
            self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
            settings.write_text(_SETTINGS + self._settings, "utf-8")

    def stop(self) -> None:
        """End it, kindly first."""
        process, self._process = self._process, None
        if process is None:
            return
        process.terminate()
        try:
            process.wait(_STOP_WITHIN)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def last_words(self) -> str:
        """The end of its log."""
        lines = self._log.read_text(errors="replace").splitlines() if self._log.exists() else []
        return "\n".join(lines[-_LOG_LINES:])

    def _wait_until_ready(self, deadline: float) -> None:
        while time.perf_counter() < deadline:
            assert self._process is not None
            if (ended := self._process.poll()) is not None:
                raise Failed(f"The server ended by itself with exit code {ended}.")
            if self._is_ready():
                return
            time.sleep(_ASK_AGAIN)
        raise Failed(f"The server was not ready within {_READY_WITHIN:.0f} seconds.")

    def _is_ready(self) -> bool:
        # The socket listens long before a worker answers, so a question waits there instead of being asked again.
        try:
            with socket.create_connection(self.address, timeout=_READY_WITHIN) as asked:
                asked.sendall(b"GET /health/ready HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
                return asked.recv(64).startswith(b"HTTP/1.1 200")
        except OSError:
            return False


def free_port() -> int:
    """A port that nobody holds, and whose next, where the server shows its metrics, is free as well.

    Below those that the system gives to connections: of these, thousands are held for a minute after a run of short connections.
    """
    for _ in range(200):
        port = random.randrange(11_000, _FIRST_OF_CONNECTIONS - 1)
        with socket.socket() as probe, socket.socket() as after, contextlib.suppress(OSError):
            for one, number in ((probe, port), (after, port + 1)):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.bind((_HOST, number))
            return port
    raise Failed("No two free ports in a row were found on this machine.")
