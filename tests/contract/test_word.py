"""Word from PostgreSQL: every process hears of what relying parties are told, and who cannot hear says so."""

import os
import resource
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bench.postgres import Postgres
from sqlalchemy import text

from directca.db import migrate
from directca.db.address import read_address
from directca.db.engine import ChangeMark, Database
from directca.db.opening import open_database

SECONDS = 20
COUNT = "UPDATE authority SET status_version = status_version + 1"
CHANGES = (
    """
    INSERT INTO authority (id, role, subject_dn, certificate_der, key_reference, not_after, created_at, status_version)
    VALUES ('issuing', 'issuing', 'CN=x', '', 'k', now(), now(), 0)
    """,
    COUNT,
    """
    INSERT INTO crl (authority_id, partition, number, this_update, next_update, entries, status_version, points, tbs_sha256)
    VALUES ('issuing', '', 1, now(), now(), 0, 0, '', '')
    """,
    "UPDATE crl SET published_at = now()",
    """
    INSERT INTO ocsp_responder (authority_id, serial, key_reference, not_before, not_after, created_at, tbs_sha256)
    VALUES ('issuing', 'a1', 'k', now(), now(), now(), '')
    """,
    "INSERT INTO signing_switch (id) VALUES (1)",
)


@pytest.fixture(scope="module")
def address(postgresql: Postgres) -> str:
    return postgresql.new_database()


@pytest.fixture
def databases(address: str) -> Iterator[tuple[Database, Database]]:
    """Two processes' worth of one database with every table: who changes it, and who hears."""
    made = [open_database(read_address(address, Path("/nowhere"))) for _ in range(2)]
    migrate.upgrade(made[0])
    yield made[0], made[1]
    for one in made:
        one.close()


def eventually(fact: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not fact():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def heard(mark: ChangeMark) -> int:
    """The mark, once it can be told."""
    eventually(lambda: mark.read() is not None)
    found = mark.read()
    assert found is not None
    return found


def listener(address: str, postgresql: Postgres) -> int:
    """The server's process for the connection that listens."""
    name = address.rpartition("/")[2]
    rows = postgresql.run(
        f"SELECT pid FROM pg_stat_activity WHERE datname = '{name}' AND query IN ('LISTEN directca', 'SELECT 1')"
    )
    (pid,) = [int(str(one)) for (one,) in rows]
    return pid


def test_each_change_that_matters_is_heard_and_no_other(databases: tuple[Database, Database]) -> None:
    changing, hearing = databases
    mark = hearing.changes(at_once=False)
    assert mark.read() is None  # before anybody listens anything may have changed
    before = heard(mark)
    with changing.write() as tx:
        tx.execute(text("INSERT INTO lease (name, holder, expires_at) VALUES ('x', 'y', now())"))
    assert heard(mark) == before
    for one in CHANGES:
        with changing.write() as tx:
            tx.execute(text(one))
        eventually(lambda before=before: mark.read() not in {None, before})  # type: ignore[misc]  # bound at once
        before = heard(mark)
    assert hearing.changes(at_once=True).read() is None  # word takes its time, so who cannot wait must ask


def test_what_is_undone_is_no_news(databases: tuple[Database, Database]) -> None:
    changing, hearing = databases
    mark = hearing.changes(at_once=False)
    before = heard(mark)

    def change_and_fail() -> None:
        with changing.write() as tx:
            tx.execute(text(COUNT))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        change_and_fail()
    with changing.write() as tx:
        tx.execute(text(COUNT))
    eventually(lambda: mark.read() not in {None, before})
    assert heard(mark) == before + 1


def test_a_connection_that_broke_is_not_taken_for_silence(
    databases: tuple[Database, Database], address: str, postgresql: Postgres
) -> None:
    changing, hearing = databases
    mark = hearing.changes(at_once=False)
    before = heard(mark)
    postgresql.run(f"SELECT pg_terminate_backend({listener(address, postgresql)})")
    with changing.write() as tx:
        tx.execute(text(COUNT))
    eventually(lambda: mark.read() != before)
    assert heard(mark) != before  # it listens again, and what was said meanwhile counts as said


def test_a_server_that_stands_still_is_not_taken_for_silence(
    databases: tuple[Database, Database], address: str, postgresql: Postgres
) -> None:
    mark = databases[1].changes(at_once=False)
    heard(mark)
    asleep = listener(address, postgresql)
    os.kill(asleep, signal.SIGSTOP)
    try:
        eventually(lambda: mark.read() is None)
    finally:
        os.kill(asleep, signal.SIGCONT)
    heard(mark)


def test_after_its_end_and_in_a_fork_it_begins_anew(databases: tuple[Database, Database]) -> None:
    changing, hearing = databases
    mark = hearing.changes(at_once=False)
    before = heard(mark)
    hearing.close()
    assert heard(mark) > before
    hearing.close()
    pid = os.fork()
    if pid == 0:
        try:
            found = heard(mark)
            with changing.write() as tx:
                tx.execute(text(COUNT))
            eventually(lambda: mark.read() not in {None, found})
            hearing.close()
            os._exit(0)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.fixture
def many_files() -> Iterator[None]:
    """A process that has as many as a worker with a thousand connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    held = [os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC) for _ in range(1100)]
    yield
    for one in held:
        os.close(one)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.usefixtures("many_files")
def test_a_process_with_many_connections_hears_too(databases: tuple[Database, Database]) -> None:
    changing, hearing = databases
    mark = hearing.changes(at_once=False)
    heard(mark)
    time.sleep(2.5)  # longer than one answer of the server is believed
    before = mark.read()
    assert before is not None
    with changing.write() as tx:
        tx.execute(text(f"{CHANGES[0]} ON CONFLICT DO NOTHING"))
        tx.execute(text(COUNT))
    eventually(lambda: mark.read() not in {None, before})
