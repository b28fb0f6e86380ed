"""Dump, restore and recovery to a moment, by the very commands of the operator's guide, on a real server of their own."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from bench.postgres import OLDEST, programs, unprivileged

from tests.e2e.api_tools import a_name, issued, record_of
from tests.e2e.serving import SECONDS, eventually, serving
from tests.live import ROOT, UNASKED, free_port

PAGE = (ROOT / "docs" / "operator" / "recovery.md").read_text(encoding="utf-8")
DEPLOYMENT = (ROOT / "docs" / "operator" / "deployment.md").read_text(encoding="utf-8")
SUPERUSER = "postgres"


def blocks(section: str) -> list[str]:
    """The code of one section of the page."""
    (found,) = [part for part in re.split(r"^## ", PAGE, flags=re.MULTILINE) if part.startswith(f"{section}\n")]
    return re.findall(r"```[a-z]*\n(.*?)```", found, re.DOTALL)


@dataclass(frozen=True)
class Site:
    """A machine with a server of PostgreSQL, a place for backups and one for the archive, named otherwise than on the page."""

    folder: Path
    programs: Path
    var: Path
    port: int

    def here(self, text: str) -> str:
        """What the page says, with the names of this machine."""
        names = {
            "/media": str(self.folder),
            "/var/lib/postgresql": str(self.folder),
            "/srv/directca": str(self.var),
            "db.example.org": "127.0.0.1",
            "5432": str(self.port),
        }
        for theirs, ours in names.items():
            text = text.replace(theirs, ours)
        return text

    def type(self, text: str, *, as_server: bool = False) -> str:
        """Type a block of the page into a shell, as the user of the database server if need be."""
        user = unprivileged() if as_server else None
        done = subprocess.run(
            ["/bin/sh", "-e", "-c", self.here(text)],
            cwd=self.folder,
            env=os.environ | {"PATH": f"{self.folder}/bin:{self.programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT / "src")},
            capture_output=True,
            text=True,
            timeout=2 * SECONDS,
            check=False,
            **({} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": ()}),  # type: ignore[arg-type]  # an empty tuple of groups
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def ask(self, statement: str, database: str = "directca") -> object:
        """One value from the server."""
        address = f"postgresql://{SUPERUSER}@127.0.0.1:{self.port}/{database}"
        with psycopg.connect(address, autocommit=True) as connection:
            row = connection.execute(statement.encode()).fetchone()
            return None if row is None else row[0]

    @contextlib.contextmanager
    def server(self, name: str) -> Iterator[None]:
        """PostgreSQL on one of its folders, until the end of the block."""
        words = f"-p {self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={self.folder}"
        control = f"pg_ctl -D {name} -w -t {SECONDS} -l {name}.log"
        self.type(f'{control} -o "{words}" start', as_server=True)
        try:
            yield
        finally:
            self.type(f"{control} -m fast stop", as_server=True)

    def settings(self, database: str) -> None:
        """Name a database of the server."""
        address = f"postgresql://directca@127.0.0.1:{self.port}/{database}"
        text = (self.var / "directca.toml").read_text() if (self.var / "directca.toml").exists() else UNASKED
        rest = re.sub(r'\[storage\]\n(database.* = ".*"\n)*', "", text)
        (self.var / "directca.toml").write_text(f'[storage]\ndatabase = "{address}"\ndatabase_owner = "directca_owner"\n{rest}')

    def highest_list(self) -> int:
        """The highest number of a list that this authority has published."""
        found: int = self.ask("SELECT max(number) FROM crl WHERE published_at IS NOT NULL", self.database())
        return found

    def database(self) -> str:
        """The name of the database that the settings name."""
        return re.findall(r'^database = ".*/(\w+)"', (self.var / "directca.toml").read_text(), re.MULTILINE)[0]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    binaries = programs()
    if binaries is None:
        pytest.skip(f"no PostgreSQL {OLDEST} or newer is installed, and there is no package of one for this machine")
    memory = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="directca-recovery", dir=memory if os.access(memory, os.W_OK) else None))
    var = tmp_path / "var"
    var.mkdir(mode=0o700)
    try:
        for name in ("bin", "backup", "archive"):
            (folder / name).mkdir()
        shim = folder / "bin" / "directca"
        shim.write_text(f'#!/bin/sh\nexec {sys.executable} -m directca "$@"\n')
        shim.chmod(0o755)
        if (user := unprivileged()) is not None:
            for path in (folder, folder / "backup", folder / "archive"):
                os.chown(path, user.pw_uid, user.pw_gid)
        yield Site(folder, binaries, var, free_port())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def test_an_authority_comes_back_from_a_dump_and_from_the_archive(site: Site) -> None:
    site.type(f"initdb -D main -U {SUPERUSER} -A trust -E UTF8 --locale=C --no-sync", as_server=True)
    (archive,) = (block for block in blocks("Archive") if "archive_mode" in block)
    (base,) = (block for block in blocks("Archive") if "pg_basebackup" in block)
    with (site.folder / "main" / "postgresql.conf").open("a") as settings:
        settings.write(site.here(archive))
    with site.server("main"):
        (roles,) = re.findall(r"```sql\n(.*?)```", DEPLOYMENT, re.DOTALL)
        site.type(f"psql -h 127.0.0.1 -p {site.port} -U {SUPERUSER} -v ON_ERROR_STOP=1 <<'SQL'\n{roles}SQL")
        site.settings("directca")
        site.type("directca db migrate --data /srv/directca")
        with serving(site.var, "--workers", "1") as live, live.client() as api:
            domain = live.first.direct_domain
            kept = issued(api, a_name(domain))["identifier"]
            for block in blocks("Dump"):
                site.type(block)
            site.type(base, as_server=True)
            on_time = issued(api, a_name(domain))["identifier"]
            moment = str(site.ask("SELECT clock_timestamp()"))
            time.sleep(0.01)  # the next commit is after the moment, to the microsecond
            lost = issued(api, a_name(domain))["identifier"]
            assert record_of(api("POST", f"/api/certificate/revoke/{kept}/keyCompromise"))["status"] == "revoked"
        port = int(live.base_url.rpartition(":")[2])  # which certificates name
        published = site.highest_list()
        with tarfile.open(site.folder / "backup" / "directca-folder.tar") as packed:
            assert {"directca.toml", "policy.toml", "keys/issuing.pem", "keys/root.pem"} <= {
                name.removeprefix("./") for name in packed.getnames()
            }
        _from_the_dump(site, kept, lost, published)
    _from_the_archive(site, moment, (kept, on_time), lost, (published, port))


def _from_the_dump(site: Site, kept: str, lost: str, published: int) -> None:
    for block in blocks("Restore a dump"):
        site.type(block)
    site.settings("directca_restored")
    said = site.type(blocks("Make it safe to start")[0])
    assert "This authority knows everything until" in said
    assert "The journal is whole" in said
    assert site.highest_list() > published
    state = "SELECT state FROM record WHERE identifier = '{}'"
    assert site.ask(state.format(kept), "directca_restored") == "issued"
    assert site.ask(state.format(lost), "directca_restored") is None


def _from_the_archive(site: Site, moment: str, known: tuple[str, str], lost: str, before: tuple[int, int]) -> None:
    published, port = before
    folder, settings, asked = blocks("Go back to a moment")
    site.type(folder, as_server=True)
    assert "2026-11-24 12:00:00.000000+00" in settings
    with (site.folder / "restored" / "postgresql.conf").open("a") as file:
        file.write(site.here(settings).replace("2026-11-24 12:00:00.000000+00", moment))
    with site.server("restored"):
        eventually(lambda: site.type(asked).strip() == "f")
        site.settings("directca")
        made_safe, look = blocks("Make it safe to start")
        assert "The journal is whole" in site.type(made_safe)
        assert site.highest_list() > published
        with serving(site.var, "--workers", "1", port=port) as live, live.client() as api:
            for name in known:
                assert record_of(api("GET", f"/api/certificate/{name}"))["status"] == "issued"
            assert api("GET", f"/api/certificate/{lost}").status_code == 404
            issued(api, a_name(live.first.direct_domain))
            site.type(look)
        numbers = "SELECT count(*) - count(DISTINCT (authority_id, partition, number)) FROM crl"
        assert site.ask(numbers) == 0
