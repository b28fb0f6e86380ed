"""`directca …` without the second that Python takes to load it: the real program, from its first line, in a process of its own.

    child = preloaded(["serve", "--port", "8600"], environment, (log, log), session=True)

One process for each worker of a run loads the product once, and forks children (`preloading.py`). How the program starts when
nobody has loaded it is seen by `tests/live.py`, `test_make.py`, `test_demo.py` and others, which start it by its command.
"""

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_END_SECONDS = 30


class Child:
    """A process that was forked, as `subprocess.Popen` would show it."""

    def __init__(self, words: Sequence[str], pid: int, told: int) -> None:
        self.args = list(words)
        self.pid = pid
        self.returncode: int | None = None
        self._told = told

    def poll(self) -> int | None:
        """The exit code, or the negative of the signal that ended it; None while it runs."""
        return self._look(0)

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. Raises TimeoutExpired."""
        code = self._look(timeout)
        if code is None:
            raise subprocess.TimeoutExpired(self.args, timeout or 0)
        return code

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it at once."""
        self.send_signal(signal.SIGKILL)

    def _look(self, timeout: float | None) -> int | None:
        if self.returncode is None and select.select([self._told], [], [], timeout)[0]:
            said = os.read(self._told, 16)
            os.close(self._told)
            self.returncode = int(said or -signal.SIGKILL)  # nothing is said once the parent of all was killed
        return self.returncode


class _Parent:
    """The process that has loaded the product."""

    def __init__(self) -> None:
        self._line, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._lock = threading.Lock()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.preloading", str(theirs.fileno())],
                cwd=ROOT,
                env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
                pass_fds=(theirs.fileno(),),
            )

    def fork(self, call: Mapping[str, object], streams: tuple[int, int]) -> tuple[int, int]:
        """The process id of a child, and where its end is told."""
        heard, told = os.pipe()
        with self._lock:
            socket.send_fds(self._line, [json.dumps(call).encode()], [*streams, told])
            os.close(told)
            said = self._line.recv(16)
        assert said, "the parent of all processes ended"
        return int(said), heard

    def close(self) -> None:
        """End it. Its children go on."""
        self._line.close()
        self._process.wait(_END_SECONDS)


_parents: list[_Parent] = []
_one_parent = threading.Lock()


def preloaded(words: Sequence[str], environment: Mapping[str, str], streams: tuple[int, int], *, session: bool) -> Child:
    """Begin `directca …` at the root of the checkout, with standard output and standard error."""
    with _one_parent:
        if not _parents:
            _parents.append(_Parent())
    call = {"words": list(words), "environment": dict(environment), "folder": str(ROOT), "session": session}
    return Child(words, *_parents[0].fork(call, streams))


def end() -> None:
    """End the process that has loaded the product, if there is one."""
    while _parents:
        _parents.pop().close()
