"""The commands of the units and of the deployment chapter, one after another, behind the walls of the units."""

import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx2
import pytest

from tests.live import ROOT, free_port
from tests.walls import values

UNITS = ROOT / "deploy" / "systemd"
SERVER, BACKUP, VERIFY = (UNITS / f"directca{name}.service" for name in ("", "-backup", "-verify"))
PAGE = (ROOT / "docs" / "operator" / "deployment.md").read_text(encoding="utf-8")
PROGRAM = "/opt/directca/.venv/bin/directca"
SECONDS = 60
"""How long a busy machine may take for what takes a moment."""

pytestmark = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")


class Machine:
    """A folder in which every path of the units has its place."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self.port = free_port()
        self.data, self.status, self.kept = (
            self.at(name) for name in ("srv/directca", "srv/directca-status", "var/backups/directca")
        )
        for folder, mode in ((self.data, 0o700), (self.status, 0o755), (self.kept, 0o700)):
            folder.mkdir(mode=mode, parents=True)

    def at(self, path: str) -> Path:
        """Where a path of the real machine is here."""
        return self._root / path.lstrip("/")

    def fitted(self, text: str) -> str:
        """A text with the paths of here."""
        return re.sub(r"/(srv/directca|var/backups|etc/directca|run/credentials)", rf"{self._root}/\1", text)

    def begin(self, unit: Path, command: str, log: Path, **more: str) -> subprocess.Popen[bytes]:
        """Start a command of a unit with nothing of this process's environment."""
        text = unit.read_text(encoding="utf-8")
        ours = f"{sys.executable} -m directca"
        words = shlex.split(self.fitted(command).replace("%%", "%").replace(PROGRAM, ours))
        variables = dict(one.split("=", 1) for one in map(self.fitted, values(text, "Environment")))
        with log.open("ab") as output:
            return subprocess.Popen(
                [sys.executable, str(ROOT / "tests" / "walls.py"), str(unit), *words],
                env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT / "src"), **variables, **more},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def run(self, unit: Path, command: str) -> None:
        """Run one to its end, which must be a good one."""
        log = self._root / "command.log"
        process = self.begin(unit, command, log)
        assert process.wait(SECONDS) == 0, log.read_text()


@contextmanager
def manager(at: Path) -> Iterator[socket.socket]:
    """Who is told how far a service is, as systemd would be."""
    with closing(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)) as listening:
        listening.bind(str(at))
        listening.settimeout(SECONDS)
        yield listening


def block(word: str) -> str:
    """The one block of settings on the page that has a word."""
    (found,) = [text for text in re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL) if word in text]
    return found


def test_an_authority_lives_behind_the_walls_of_its_units(tmp_path: Path) -> None:
    """Made, started, backed up, verified and ended. What units hold besides system calls, mask and variables, such as folders and
    devices, only a machine that runs systemd can show."""
    here = Machine(tmp_path)
    settings, passphrase = here.data / "directca.toml", here.at("run/credentials/directca.service/key-passphrase")
    settings.write_text(here.fitted(block("public_url")).replace("[server]", f"[server]\nport = {here.port}"))
    (init,) = re.findall(r"^runuser -u directca -- (.* init .*)$", PAGE, re.MULTILINE)
    here.run(VERIFY, init)
    passphrase.parent.mkdir(parents=True)
    (here.data / "secrets" / "key-passphrase").rename(passphrase)
    with settings.open("a", encoding="utf-8") as written:
        written.write(here.fitted(block("passphrase_file")))
    unit = SERVER.read_text(encoding="utf-8")
    here.run(SERVER, values(unit, "ExecStartPre")[0])

    log = tmp_path / "server.log"
    with manager(tmp_path / "notify") as told:
        server = here.begin(SERVER, values(unit, "ExecStart")[0], log, NOTIFY_SOCKET=str(tmp_path / "notify"))
        try:
            assert told.recv(100) == b"READY=1"
            assert httpx2.get(f"http://127.0.0.1:{here.port}/health/ready", timeout=SECONDS).status_code == 200
            for job in (BACKUP, VERIFY):
                here.run(job, values(job.read_text(encoding="utf-8"), "ExecStart")[0])
            server.terminate()
            assert told.recv(100) == b"STOPPING=1"
            assert server.wait(int(values(unit, "TimeoutStopSec")[0])) == 0
        finally:
            server.kill()
            server.wait()
    assert '"level": "error"' not in log.read_text()
    assert [one.stat().st_mode & 0o777 for one in here.kept.glob("directca-*Z.tar")] == [0o600]
    assert (here.status / "crl" / "issuing.crl").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize(
    ("unit", "does", "refused"),
    [
        (SERVER, "os.setuid(os.getuid())", True),
        (SERVER, "os.sched_setaffinity(0, {0})", True),
        (SERVER, "os.setpriority(os.PRIO_PROCESS, 0, 5)", False),
        (VERIFY, "os.setpriority(os.PRIO_PROCESS, 0, 5)", True),
    ],
    ids=["user", "core", "later", "not-later"],
)
def test_the_walls_hold(unit: Path, does: str, *, refused: bool) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "tests" / "walls.py"), str(unit), sys.executable, "-c", f"import os; {does}"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode != 0, "Operation not permitted" in done.stderr) == (refused, refused), done.stderr
