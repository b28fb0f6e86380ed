"""Fixtures that every folder of tests may use."""

import compileall
import gc
import os
import sys
import tomllib
from collections.abc import Generator, Iterator
from functools import cache
from pathlib import Path
from secrets import token_bytes
from unittest import mock

import httpcore2
import pytest
from bench.postgres import OLDEST, OWNER, Postgres, programs
from hypothesis import settings

from directca.cli.loading import loading
from directca.clock import SystemClock
from directca.db import migrate
from directca.db.engine import Database
from directca.db.sqlite import SqliteDatabase
from directca.web.pages import Pages
from directca.web.sessions import VisitorCookies
from directca.web.static_files import StaticFiles
from tests import postgres, preloaded
from tests.e2e.serving import command
from tests.engines import Engine, Postgresql, Sqlite, engines_for, runs_now
from tests.live import LiveServer, running, without_looks

# A slow machine is no fault of the code: what takes long is a benchmark's question.
settings.register_profile("directca", deadline=None)
settings.load_profile("directca")

# On CI nothing is skipped: there, a missing tool is a fault of the set-up and not a reason to look away. The few tests
# that cannot run there at all stand in exceptions.toml, each with its reason.
NO_SKIP = os.environ.get("DIRECTCA_NO_SKIP") == "1"
ALLOWED_SKIPS = tuple(
    entry["test"]
    for entry in tomllib.loads((Path(__file__).parent / "exceptions.toml").read_text(encoding="utf-8")).get("skip", [])
)


def pytest_sessionstart(session: pytest.Session) -> None:
    """Read the authorities that TLS trusts once: each client would read them anew, even for addresses without TLS, which takes
    twenty times as long as a request. And compile the product once, its templates too. Where Python is told to keep nothing, as
    in many containers, each process of each server would do it anew. And look for garbage a seventh as often."""
    gc.set_threshold(5000)
    httpcore2.default_ssl_context = cache(httpcore2.default_ssl_context)
    if not hasattr(session.config, "workerinput"):
        compileall.compile_dir(Path(__file__).parent.parent / "src", quiet=1)
        with mock.patch.object(sys, "dont_write_bytecode", False):
            Pages("", SystemClock(), StaticFiles(https=False), VisitorCookies(https=False, random=token_bytes)).warm()


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Keep the tests compiled too, for the next run: where nothing is kept, each worker takes a quarter of a minute for them. And
    look through ten thousand tests and all that they import for garbage neither now, which took six seconds, nor later."""
    with mock.patch.object(sys, "dont_write_bytecode", False), loading():
        return (yield)


def pytest_sessionfinish() -> None:
    """Nothing is left running."""
    preloaded.end()


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database file that went through every migration, to be copied."""
    made = SqliteDatabase(tmp_path_factory.mktemp("migrated") / "directca.sqlite", synchronous="OFF")
    migrate.upgrade(made)
    made.close()  # the last connection to close writes the log back into the file
    return made.path


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out what only `make engines` has the time for."""
    return None if runs_now(collection_path) else True


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run what asks for an engine on each, or on those alone that it names."""
    engines = engines_for(metafunc.definition.path)
    if "engine" in metafunc.fixturenames:
        named = metafunc.definition.get_closest_marker("engine")
        metafunc.parametrize("engine", engines if named is None else named.args, indirect=True)
    if "live" in metafunc.fixturenames and metafunc.definition.get_closest_marker("every_engine") is not None:
        metafunc.parametrize("live", engines, indirect=True, scope="module")


@pytest.fixture(scope="session")
def engine_sqlite(migrated: Path) -> Engine:
    """Files."""
    return Sqlite(migrated)


@pytest.fixture(scope="session")
def engine_postgresql(postgresql: Postgres) -> Iterator[Engine]:
    """A database of a real server."""
    engine = Postgresql(postgresql)
    yield engine
    engine.close()


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine in its turn."""
    found: Engine = request.getfixturevalue(f"engine_{request.param}")
    found.tampers = request.node.get_closest_marker("tampers") is not None
    return found


@pytest.fixture
def database(tmp_path: Path, engine: Engine) -> Iterator[Database]:
    """An empty database with every table."""
    made = engine.database(tmp_path)
    yield made
    engine.end(made)


@pytest.fixture(scope="session")
def live_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """The real server with a fresh data folder; one for the whole run (one for each worker of a parallel run)."""
    with running(without_looks(tmp_path_factory.mktemp("live") / "var")) as server:
        yield server


@pytest.fixture(scope="session")
def live_postgresql(tmp_path_factory: pytest.TempPathFactory, postgresql: Postgres) -> Iterator[LiveServer]:
    """Another, whose records are in PostgreSQL, and whose role there may do what serving needs and nothing else."""
    address, _ = postgresql.new_owned_database()
    folder = tmp_path_factory.mktemp("live-postgresql")
    data = without_looks(folder / "var", database=address, database_owner=OWNER)
    made = command(data, "db", "migrate")
    assert made.returncode == 0, made.stderr
    with running(data) as server:
        yield server


@pytest.fixture(scope="module")
def live(request: pytest.FixtureRequest) -> LiveServer:
    """The real server. Tests that say `every_engine` are run against one on each; all others once, on SQLite."""
    found: LiveServer = request.getfixturevalue(f"live_{getattr(request, 'param', 'sqlite')}")
    return found


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Postgres]:
    """A real PostgreSQL server, one for each worker of a parallel run."""
    binaries = programs()
    if binaries is None:
        pytest.skip(f"no PostgreSQL {OLDEST} or newer is installed, and there is no package of one for this machine")
    with postgres.server(binaries) as started:
        yield started


@pytest.fixture(scope="module")
def standby(postgresql: Postgres) -> Iterator[Postgres]:
    """A hot standby of that server."""
    binaries = programs()
    assert binaries is not None  # the server itself was brought up
    with postgres.standby(binaries, postgresql) as started:
        yield started


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure where nothing may be skipped."""
    report = yield
    if NO_SKIP and report.skipped and not hasattr(report, "wasxfail") and not item.nodeid.startswith(ALLOWED_SKIPS):
        report.outcome = "failed"
        report.longrepr = f"skipped, where nothing may be skipped: {call.excinfo.value if call.excinfo else report.longrepr}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(collector: pytest.Collector) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for a file that skips itself as a whole."""
    report = yield
    if NO_SKIP and report.outcome == "skipped" and not collector.nodeid.startswith(ALLOWED_SKIPS):
        report.outcome = "failed"
        report.longrepr = f"skipped as a whole, where nothing may be skipped: {report.longrepr}"
    return report
