"""Releases side by side on one database: what a newer one adds does not disturb an older one, and what it takes away waits.

`tests/last_release` names the commit that stands for the last release. Its code is taken from the history and run as it is.
"""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from bench.postgres import Postgres
from sqlalchemy import text

from directca.cli.sole_server import sole_server
from directca.db import migrate, steps
from directca.db.address import read_address
from directca.db.engine import Database
from directca.db.errors import DatabaseUnusable, OlderNodesRun
from directca.db.opening import open_database
from tests.e2e.api_tools import a_name, issued, record_of
from tests.e2e.serving import command
from tests.live import ROOT, UNASKED, LiveServer, free_port, stop, wait_until_ready

STEP = """
import sqlalchemy as sa
from alembic import op

revision, down_revision = "{number}", "{before}"
branch_labels = depends_on = None
{works_with}

def upgrade():
    {change}
"""
ADDS = 'op.add_column("record", sa.Column("later", sa.String())); op.create_table("later", sa.Column("id", sa.Integer()))'
TAKES_AWAY = 'op.drop_table("later")'


def floor() -> str:
    """The oldest step whose release can work with what this release's steps leave, by what they say themselves."""
    sources = [path.read_text(encoding="utf-8") for path in (steps.FOLDER / "versions").glob("step_*.py")]
    said = [dict(re.findall(r'^(works_with|revision) = "(\w+)"', source, re.MULTILINE)) for source in sources]
    return max(one.get("works_with", one["revision"]) for one in said)


@pytest.fixture
def later_steps(tmp_path: Path) -> Path:
    """The steps of this release, one that adds, and one that takes away."""
    folder = tmp_path / "migrations"
    shutil.copytree(steps.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__"))
    says = f'works_with = "{floor()}"'
    (folder / "versions" / "step_9001.py").write_text(
        STEP.format(number="9001", before=steps.NEWEST, works_with=says, change=ADDS)
    )
    (folder / "versions" / "step_9002.py").write_text(STEP.format(number="9002", before="9001", works_with="", change=TAKES_AWAY))
    return folder


@contextlib.contextmanager
def release(folder: Path, *, without: str = "") -> Iterator[None]:
    """Be the release that has these steps, perhaps without the last."""
    away = folder / "versions" / f"step_{without}.py"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "FOLDER", folder)
        if without:
            away.rename(away.with_suffix(".away"))
        try:
            yield
        finally:
            if without:
                away.with_suffix(".away").rename(away)


@pytest.fixture
def in_a_file(tmp_path: Path) -> Iterator[Database]:
    """A database of its own with every table of this release: what is done to it here no other test should find."""
    with contextlib.closing(open_database(tmp_path / "directca.sqlite")) as made:
        migrate.upgrade(made)
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def any_database(request: pytest.FixtureRequest) -> Iterator[Database]:
    """The same, at a server too."""
    if request.param == "sqlite":
        yield request.getfixturevalue("in_a_file")
        return
    server: Postgres = request.getfixturevalue("postgresql")
    with contextlib.closing(open_database(read_address(server.new_database(), Path("/nowhere")))) as made:
        migrate.upgrade(made)
        yield made


def test_what_a_newer_release_only_added_is_worked_with(any_database: Database, later_steps: Path) -> None:
    with release(later_steps, without="9002"):
        migrate.upgrade(any_database)
        assert migrate.revisions(any_database) == ("9001", "9001")
    migrate.upgrade(any_database)  # of this release: nothing to do, and nothing to refuse
    assert migrate.revisions(any_database) == ("9001", steps.NEWEST)
    with any_database.write() as tx:
        assert steps.numbers(tx).floor == floor()
        tx.execute(text("UPDATE record SET later = 'kept'"))


def test_what_a_newer_release_took_away_is_refused(any_database: Database, later_steps: Path) -> None:
    with release(later_steps):
        migrate.upgrade(any_database)
    with pytest.raises(DatabaseUnusable, match=r"newer release \(schema 9002\)"):
        migrate.upgrade(any_database)


@pytest.mark.parametrize(("name", "says"), [("directca", "before there were steps"), (f"directca/{steps.NEWEST}", steps.NEWEST)])
def test_nothing_is_taken_away_while_an_older_node_lives(postgresql: Postgres, later_steps: Path, name: str, says: str) -> None:
    address = postgresql.new_database()
    database = open_database(read_address(address, Path("/nowhere")))
    migrate.upgrade(database)
    database.close()
    with release(later_steps):
        with psycopg.connect(address, application_name=name), pytest.raises(OlderNodesRun, match=says):
            migrate.upgrade(database)
        assert migrate.revisions(database)[0] == steps.NEWEST  # not even what would only have been added
        with psycopg.connect(address, application_name="directca/9002"), psycopg.connect(address, application_name="psql"):
            migrate.upgrade(database)
        assert migrate.revisions(database)[0] == "9002"
    database.close()


def test_nothing_is_taken_away_from_a_server_on_the_same_folder(in_a_file: Database, later_steps: Path, tmp_path: Path) -> None:
    lock = (
        f"import fcntl, os, sys; fcntl.flock(os.open({str(tmp_path)!r}, 0), fcntl.LOCK_EX); print(flush=True); sys.stdin.read()"
    )
    with release(later_steps):
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        with subprocess.Popen([sys.executable, "-c", lock], **pipes) as server:  # type: ignore[call-overload]  # the pipes
            server.stdout.readline()
            with pytest.raises(OlderNodesRun, match="a server in"):
                migrate.upgrade(in_a_file)
            server.stdin.close()
        with sole_server(tmp_path):  # this process is the server now
            migrate.upgrade(in_a_file)
        assert migrate.revisions(in_a_file)[0] == "9002"


def test_a_step_that_says_what_it_works_with_names_an_older_one() -> None:
    for number in steps.known():
        said = [
            line for line in (steps.FOLDER / "versions" / f"step_{number}.py").read_text().splitlines() if "works_with" in line
        ]
        assert all(line.split('"')[1] in steps.known() and line.split('"')[1] < number for line in said), number


@pytest.fixture(scope="module")
def last_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The code of the last release."""
    commit = (ROOT / "tests" / "last_release").read_text().strip()
    folder = tmp_path_factory.mktemp("last-release")
    packed = subprocess.run(["git", "archive", commit, "src"], cwd=ROOT, capture_output=True, check=False)
    if packed.returncode:
        pytest.skip(f"this clone has no history back to the last release, {commit}: fetch it with git fetch --unshallow")
    subprocess.run(["tar", "x"], cwd=folder, input=packed.stdout, check=True)
    return folder


@contextlib.contextmanager
def serving_last(code: Path, data: Path) -> Iterator[LiveServer]:
    """The last release's server."""
    port, log = free_port(), data.parent / "last.log"
    words = [sys.executable, "-m", "directca", "serve", "--port", str(port), "--workers", "1"]
    with log.open("ab") as output:
        environment = of_last(code, data)
        process = subprocess.Popen(words, cwd=code, env=environment, stdout=output, stderr=output)
    try:
        wait_until_ready(f"http://127.0.0.1:{port}", process, log)
        yield LiveServer(f"http://127.0.0.1:{port}", data, log, process)
    finally:
        stop(process)


def of_last(code: Path, data: Path) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(code / "src"), "DIRECTCA_DATA": str(data)}


def test_the_last_release_works_on_beside_this_one(
    last_release: Path, tmp_path: Path, postgresql: Postgres, later_steps: Path
) -> None:
    """A rolling upgrade: the new schema comes while an old node answers, and an old node starts on it."""
    data, address = tmp_path / "var", postgresql.new_database()
    data.mkdir(mode=0o700)
    (data / "directca.toml").write_text(f'[storage]\ndatabase = "{address}"\n\n{UNASKED}')
    with serving_last(last_release, data) as live, live.client() as api:
        before = issued(api, a_name(live.first.direct_domain))
        database = open_database(read_address(address, data))
        with release(later_steps, without="9002"):
            migrate.upgrade(database)
        after = issued(api, a_name(live.first.direct_domain))
        renewed = record_of(api("POST", f"/api/certificate/revoke/{before['identifier']}/superseded"))
        assert renewed["status"] == "revoked"
        old = subprocess.run(
            [sys.executable, "-m", "directca", "journal", "verify"],
            env=of_last(last_release, data),
            cwd=last_release,
            capture_output=True,
            text=True,
            check=False,
        )
        assert old.returncode == 0, old.stderr
        with release(later_steps), pytest.raises(OlderNodesRun, match="before there were steps"):
            migrate.upgrade(database)
        listed = command(data, "status", "verify", "--json")  # this release, beside the old node
        assert listed.returncode == 0, listed.stdout + listed.stderr
        assert record_of(api("GET", f"/api/certificate/{after['identifier']}"))["status"] == "issued"
    with release(later_steps):
        migrate.upgrade(database)
    database.close()
