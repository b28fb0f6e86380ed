"""A PostgreSQL primary and its streaming standby, each on a small disk: killed, cut off, filled, and failed over.

Both are set up with `synchronous_standby_names = '*'`: whichever is the primary, a commit returns once the other has it on disk.
After a failover the old primary is fenced, thrown away and made anew as the standby of the new one.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from bench.postgres import unprivileged

from faults.disk import Disk, a_disk
from tests.live import free_port

DATABASE, USER = "directca", "directca"
_MEGABYTES = 320
_READY_WITHIN = 60.0
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "32MB",
    "synchronous_standby_names": "*",
    "synchronous_commit": "on",
    "wal_keep_size": "64MB",
    "min_wal_size": "32MB",
    "max_wal_size": "96MB",
    "wal_receiver_timeout": "5s",
    "wal_sender_timeout": "5s",
    "wal_retrieve_retry_interval": "500ms",
    "autovacuum_naptime": "10s",
}


class DatabaseLost(Exception):
    """A server did not come up, so there is nothing to examine."""


class Server:
    """One PostgreSQL, on a disk of its own."""

    def __init__(self, name: str, binaries: Path, disk: Disk) -> None:
        self.name = name
        self.disk = disk
        self.port = free_port()
        self.data = disk.folder / "data"
        self._binaries = binaries
        self._log = disk.folder.with_suffix(".log")
        self._process: subprocess.Popen[bytes] | None = None
        user = unprivileged()
        self._as: dict[str, Any] = {}
        if user is not None:
            os.chown(disk.folder, user.pw_uid, user.pw_gid)
            self._as = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}

    @property
    def address(self) -> str:
        """Where it is, past every gate."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/{DATABASE}?application_name=faults&connect_timeout=3"

    def make(self) -> None:
        """A new cluster with an empty database, and not running."""
        self._run("initdb", "-D", self.data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        words = ("--single", "-D", self.data, "postgres")
        self._run("postgres", *words, given=f"CREATE DATABASE {DATABASE} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'\n")

    def copy_from(self, primary: "Server") -> None:
        """A standby of another server, and not running: what was here is gone. The other one must answer."""
        shutil.rmtree(self.data, ignore_errors=True)
        source = f"host=127.0.0.1 port={primary.port} user={USER} application_name={self.name}"
        self._run("pg_basebackup", "-D", self.data, "-d", source, "-R", "-X", "stream", "-c", "fast", "--no-sync")

    def start(self) -> None:
        """Start it; it need not answer yet."""
        settings = _SETTINGS | {"port": str(self.port), "unix_socket_directories": str(self.disk.folder)}
        words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        with self._log.open("ab") as output:
            self._process = subprocess.Popen(
                [self._binaries / "postgres", "-D", self.data, *words],
                cwd=self.disk.folder,
                env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
                stdout=output,
                stderr=output,
                **self._as,
            )

    def wait_until_ready(self) -> None:
        """Return once it answers; one that ended by itself is started again. Raises DatabaseLost."""
        deadline = time.monotonic() + _READY_WITHIN
        while time.monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                self.start()
            with contextlib.suppress(psycopg.Error):
                self.ask("SELECT 1")
                return
            time.sleep(0.2)
        raise DatabaseLost(f"{self.name} does not answer; the end of its log:\n{self._log.read_text(errors='replace')[-3000:]}")

    def ask(self, statement: str) -> list[tuple[Any, ...]]:
        """The rows of one statement."""
        with psycopg.connect(self.address, autocommit=True) as connection:
            return connection.execute(statement.encode()).fetchall()

    def kill(self) -> None:
        """End all its processes at one moment: each is the leader of a session of its own."""
        process, self._process = self._process, None
        if process is None:
            return
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        with contextlib.suppress(OSError):
            # The first one first: it would start others in place of those that it misses.
            pids = [process.pid, *(int(one) for one in children.read_text().split())]
            for pid in pids:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        process.wait()

    def _run(self, program: str, *words: str | Path, given: str | None = None) -> None:
        done = subprocess.run(
            [self._binaries / program, *words],
            cwd=self.disk.folder,
            env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
            input=given,
            capture_output=True,
            text=True,
            check=False,
            **self._as,
        )
        if done.returncode:
            raise DatabaseLost(f"{program} for {self.name} failed: {done.stderr or done.stdout}")


class Replicas:
    """Two servers; `primary` is the one that is written to."""

    def __init__(self, one: Server, other: Server) -> None:
        self.servers = (one, other)
        self.primary, self.standby = one, other

    def begin(self) -> None:
        """Bring both up."""
        self.primary.make()
        self.primary.start()
        self.primary.wait_until_ready()
        self._renew_standby()

    def fail_over(self) -> None:
        """Lose the primary for good, and let the standby take its place, alone until there is another."""
        self.primary.kill()
        self.standby.ask("SELECT pg_promote(true, 60)")
        self.primary, self.standby = self.standby, self.primary

    def heal(self) -> None:
        """Both up, the standby in step."""
        for server in self.servers:
            server.disk.free()
        self.primary.wait_until_ready()
        if not (self.standby.data / "standby.signal").exists():
            self._renew_standby()
            return
        try:
            self.standby.wait_until_ready()
            self._wait_until_in_step()
        except DatabaseLost:  # it fell too far behind
            self._renew_standby()

    def kill(self) -> None:
        """End both."""
        for server in self.servers:
            server.kill()

    def _renew_standby(self) -> None:
        self.standby.kill()
        self.standby.copy_from(self.primary)
        self.standby.start()
        self.standby.wait_until_ready()
        self._wait_until_in_step()

    def _wait_until_in_step(self) -> None:
        deadline = time.monotonic() + _READY_WITHIN / 3
        while time.monotonic() < deadline:
            if self.primary.ask("SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync' AND state = 'streaming'"):
                return
            time.sleep(0.1)
        raise DatabaseLost(f"{self.standby.name} does not follow {self.primary.name}.")


@contextlib.contextmanager
def replicas(binaries: Path) -> Iterator[Replicas]:
    """A primary and a standby that answer; both are gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="directca-faults-db-"))
    folder.chmod(0o711)  # PostgreSQL runs as another user than root, and has to reach its own folder
    try:
        with a_disk(folder / "db-1", _MEGABYTES) as one, a_disk(folder / "db-2", _MEGABYTES) as other:
            made = Replicas(Server("db-1", binaries, one), Server("db-2", binaries, other))
            try:
                made.begin()
                yield made
            finally:
                made.kill()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
