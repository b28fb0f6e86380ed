"""The real server with a process group of its own: started, hurt and ended as an operator, or fate, does it.

with serving(folder, "--workers", "2") as live:
    os.kill(workers(live)[0], signal.SIGKILL)
"""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests.live import ROOT, LiveServer, free_port, stop, wait_until_ready
from tests.preloaded import preloaded

SECONDS = 30
"""How long a busy machine may take for what takes a moment."""


def command(data: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `directca …` on a data folder and wait for its end. With further variables it is started anew: they may be such as
    Python looks at when it starts, or the system's loader."""
    if environment:
        return subprocess.run(
            [sys.executable, "-m", "directca", *words],
            cwd=ROOT,
            env=variables(data, **environment),
            capture_output=True,
            text=True,
            timeout=2 * SECONDS,
            check=False,
        )
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        child = preloaded(words, variables(data), (output.fileno(), errors.fileno()), session=False)
        try:
            child.wait(2 * SECONDS)
        finally:
            child.kill()
        for file in (output, errors):
            file.seek(0)
        return subprocess.CompletedProcess(child.args, child.wait(), output.read(), errors.read())


def start(data: Path, port: int, *words: str, stderr: int | None = None) -> LiveServer:
    """Begin `directca serve`; it need not be ready, nor ever become so. Its log goes to a file, or to a descriptor."""
    log = data.parent / f"{data.name}.log"
    with log.open("ab") as output:
        streams = (output.fileno(), output.fileno() if stderr is None else stderr)
        process = preloaded(["serve", "--port", str(port), *words], variables(data), streams, session=True)
    return LiveServer(f"http://127.0.0.1:{port}", data, log, process)


@contextlib.contextmanager
def serving(data: Path, *words: str, port: int | None = None, stderr: int | None = None) -> Iterator[LiveServer]:
    """A server that is ready; whatever is left of it afterwards is ended."""
    live = start(data, free_port() if port is None else port, *words, stderr=stderr)
    try:
        wait_until_ready(live.base_url, live.process, live.log)
        yield live
    finally:
        stop(live.process)
        kill_group(live)


def kill_group(live: LiveServer) -> None:
    """End what is left of a server, its workers too, at once. Its first process gave the group its number."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(live.process.pid, signal.SIGKILL)
    live.process.wait()


def workers(live: LiveServer) -> list[int]:
    """The server's workers: of its child processes those that were forked, and so have its own command line."""
    children = Path(f"/proc/{live.process.pid}/task/{live.process.pid}/children").read_text().split()
    ours = _command_line(live.process.pid)
    return [int(one) for one in children if _command_line(int(one)) == ours]


def _command_line(process: int) -> bytes:
    """How a process was called; nothing of one that has ended."""
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def group(live: LiveServer) -> list[int]:
    """Every process that is left of a server."""
    found = []
    for folder in Path("/proc").iterdir():
        with contextlib.suppress(ValueError, OSError):
            words = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(words[2]) == live.process.pid and words[0] != "Z":
                found.append(int(folder.name))
    return found


def has_ended(live: LiveServer) -> bool:
    """Whether nothing is left of a server."""
    return group(live) == []


def eventually(fact: Callable[[], bool], *, seconds: float = SECONDS) -> None:
    """Wait for something to become true."""
    deadline = time.monotonic() + seconds
    while not fact():
        assert time.monotonic() < deadline, f"not so after {seconds} seconds"
        time.sleep(0.05)


def variables(data: Path, **more: str) -> dict[str, str]:
    """The environment of a process: nothing of this one's settings but the paths."""
    kept = {name: value for name, value in os.environ.items() if name not in {"PORT", "DIRECTCA_PASSPHRASE"}}
    return kept | {"DIRECTCA_DATA": str(data), "PYTHONPATH": str(ROOT / "src"), "COLUMNS": "200"} | more
