"""What is PostgreSQL's alone: servers that go away, that promise too little, or that sort in another way."""

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from bench.postgres import OLDEST, SERVING, Postgres, programs
from sqlalchemy import String, bindparam, literal_column, select, text
from sqlalchemy.exc import ProgrammingError

from directca.db import migrate
from directca.db import postgresql as engine
from directca.db.address import read_address
from directca.db.engine import Database
from directca.db.errors import DatabaseBusy, DatabaseUnusable, UnstorableText
from directca.db.opening import open_database
from directca.db.prepared import Prepared
from directca.db.schema import findable


@pytest.fixture
def database(postgresql: Postgres) -> Iterator[Database]:
    made = opened(postgresql.new_database())
    with made.write() as tx:
        tx.execute(text("CREATE TABLE counted (n INTEGER PRIMARY KEY)"))
    yield made
    made.close()


def opened(address: str, password: str | None = None) -> Database:
    return open_database(read_address(address, Path("/nowhere")), password)


def add(database: Database, number: int) -> None:
    with database.write() as tx:
        tx.execute(text("INSERT INTO counted VALUES (:n)"), {"n": number})


def count(database: Database) -> int:
    with database.read() as tx:
        return int(tx.execute(text("SELECT count(*) FROM counted")).scalar_one())


def test_connections_that_broke_at_rest_are_replaced_without_a_word(database: Database, postgresql: Postgres) -> None:
    with database.read(), database.read():
        pass  # two at rest
    assert postgresql.end_sessions() >= 2
    assert count(database) == 0
    postgresql.end_sessions()
    add(database, 1)
    assert count(database) == 1


def test_a_single_look_finds_another_connection_too(database: Database, postgresql: Postgres) -> None:
    with database.read(), database.read():
        pass
    postgresql.end_sessions()
    one = Prepared(select(literal_column("7").label("seven")))
    assert [database.look(lambda tx: one.rows(tx, {})[0].seven) for _ in range(3)] == [7, 7, 7]


_REFUSED = Prepared(select(literal_column("1 / (SELECT count(*) FROM counted)").label("one")))


def test_what_a_look_asked_and_did_not_wait_for_is_answered_in_it(database: Database) -> None:
    seven = Prepared(select(literal_column("7").label("seven")))
    with database.read():
        pass  # one at rest, on which a look is a statement by itself
    waits = database.look(lambda tx: seven.asked(tx, {}))
    with database.write() as tx:  # the same connection
        tx.execute(text("INSERT INTO counted VALUES (1)"))
        assert waits()[0].seven == 7
    assert count(database) == 1


def test_a_reader_leaves_no_transaction_open(database: Database, postgresql: Postgres) -> None:
    one = Prepared(select(literal_column("7").label("seven")))

    def read() -> object:
        with database.read() as tx:
            return one.rows(tx, {})[0].seven

    def left_open() -> bool:
        asked = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'directca/%' AND state LIKE '%transaction%'"
        return bool(postgresql.run(asked))

    assert [read() for _ in range(3)] == [7, 7, 7]
    until = time.monotonic() + 10
    while left_open() and time.monotonic() < until:
        time.sleep(0.01)
    assert not left_open()
    add(database, 1)
    assert (read(), count(database)) == (7, 1)
    read()
    postgresql.end_sessions()
    assert read() == 7


def test_what_nobody_waited_for_is_refused_to_whoever_asked(database: Database) -> None:
    def asks() -> None:
        with database.read() as tx:
            _REFUSED.asked(tx, {})

    for _ in range(3):
        assert count(database) == 0  # one at rest
        with pytest.raises(psycopg.errors.DivisionByZero):
            database.look(lambda tx: _REFUSED.asked(tx, {}))
        with pytest.raises(psycopg.errors.DivisionByZero):
            asks()
    assert isinstance(database, engine.PostgresDatabase)
    assert database._engine.pool.checkedout() == len(database._resting)


def test_one_that_breaks_in_the_middle_undoes_its_work(database: Database, postgresql: Postgres) -> None:
    def change_and_break() -> None:
        with database.write() as tx:
            tx.execute(text("INSERT INTO counted VALUES (1)"))
            postgresql.end_sessions()
            tx.execute(text("INSERT INTO counted VALUES (2)"))

    with pytest.raises(DatabaseUnusable):
        change_and_break()
    assert count(database) == 0
    add(database, 3)
    assert count(database) == 1


def test_what_a_prepared_statement_meets_is_told_in_the_same_words(database: Database, postgresql: Postgres) -> None:
    echo = Prepared(select(bindparam("said", type_=String).label("said")))

    def break_and_ask() -> None:
        with database.read() as tx:
            assert echo.rows(tx, {"said": "a"})[0].said == "a"
            postgresql.end_sessions()
            echo.rows(tx, {"said": "b"})

    with pytest.raises(DatabaseUnusable):
        break_and_ask()
    with pytest.raises(UnstorableText), database.read() as tx:
        echo.rows(tx, {"said": "a\0"})


def test_one_that_breaks_at_the_commit_is_told_to_every_block_of_it(database: Database, postgresql: Postgres) -> None:
    def change_and_break() -> None:
        with database.write() as tx:
            tx.execute(text("INSERT INTO counted VALUES (1)"))
            postgresql.end_sessions()

    with pytest.raises(DatabaseUnusable):
        change_and_break()
    assert count(database) == 0


def test_a_transaction_in_which_something_failed_is_not_committed_in_silence(database: Database) -> None:
    """The server would answer COMMIT with ROLLBACK, and nobody would hear of it."""

    def change_and_go_on() -> None:
        with database.write() as tx:
            tx.execute(text("INSERT INTO counted VALUES (1)"))
            with pytest.raises(ProgrammingError, match="no_such_table"):
                tx.execute(text("SELECT * FROM no_such_table"))

    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        change_and_go_on()
    assert count(database) == 0


def test_a_text_that_it_cannot_keep_is_the_senders_mistake(database: Database) -> None:
    with pytest.raises(UnstorableText, match="NUL"), database.read() as tx:
        tx.execute(text("SELECT 1 WHERE 'a' = :name"), {"name": "a\0"})
    with database.read() as tx:
        assert not tx.execute(text("SELECT 1 WHERE 'a' = :name"), {"name": findable("a\0")}).all()


def test_a_reader_cannot_write(database: Database) -> None:
    with pytest.raises(DatabaseUnusable, match="read-only"), database.read() as tx:
        tx.execute(text("INSERT INTO counted VALUES (1)"))
    assert count(database) == 0


def test_a_statement_that_takes_too_long_is_given_up(database: Database) -> None:
    def ask_for_long() -> None:
        with database.read() as tx:
            tx.execute(text("SET LOCAL statement_timeout = 50"))
            tx.execute(text("SELECT pg_sleep(10)"))

    with pytest.raises(DatabaseBusy):
        ask_for_long()


def test_a_writer_waits_for_its_turn_once_however_many_connections_rest(
    postgresql: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(engine._SESSION, "lock_timeout", 500)
    address = postgresql.new_database()
    waiting, other = opened(address), opened(address)
    with waiting.read(), waiting.read(), waiting.read(), waiting.read():
        pass  # four at rest
    with other.write():
        began = time.monotonic()
        with pytest.raises(DatabaseBusy), waiting.write():
            pass
        assert 0.4 < time.monotonic() - began < 1.0
    waiting.close()
    other.close()


def test_whoever_stands_still_in_the_middle_loses_the_turn(postgresql: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engine._SESSION, "idle_in_transaction_session_timeout", 200)
    address = postgresql.new_database()
    slow, other = opened(address), opened(address)
    with other.write() as tx:
        tx.execute(text("CREATE TABLE counted (n INTEGER PRIMARY KEY)"))
    stopped, go_on = threading.Event(), threading.Event()

    failures: list[Exception] = []

    def stand_still() -> None:
        try:
            with slow.write() as tx:
                tx.execute(text("INSERT INTO counted VALUES (1)"))
                stopped.set()
                go_on.wait(30)
                tx.execute(text("INSERT INTO counted VALUES (2)"))
        except (DatabaseBusy, DatabaseUnusable) as error:
            failures.append(error)

    thread = threading.Thread(target=stand_still)
    thread.start()
    assert stopped.wait(30)
    add(other, 3)  # within the time that a writer waits
    go_on.set()
    thread.join()
    assert len(failures) == 1
    assert count(other) == 1
    slow.close()
    other.close()


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        ("TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'", "its encoding is SQL_ASCII"),
        ("TEMPLATE template0 ENCODING 'UTF8' ICU_LOCALE 'en' LOCALE_PROVIDER icu LOCALE 'C'", "it sorts by"),
    ],
)
def test_a_database_that_sorts_or_writes_in_another_way_is_refused(
    postgresql: Postgres, options: str, wrong: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        address = postgresql.new_database(options)
    except psycopg.errors.FeatureNotSupported:  # built without ICU, it sorts in one way only: let that be the wrong one
        address = postgresql.new_database()
        monkeypatch.setattr(engine, "_SORTED_BY_BYTES", frozenset())
    database = opened(address)
    with pytest.raises(DatabaseUnusable, match=wrong):
        database.check()
    database.close()


@pytest.mark.parametrize(("setting", "wrong"), [("synchronous_commit", "synchronous_commit is off")])
def test_a_server_that_forgets_what_it_committed_is_refused(postgresql: Postgres, setting: str, wrong: str) -> None:
    address = postgresql.new_database()
    name = address.rpartition("/")[2]
    postgresql.run(f"ALTER DATABASE {name} SET {setting} = off")
    database = opened(address)
    with pytest.raises(DatabaseUnusable, match=wrong):
        database.check()
    database.close()


def test_no_password_is_ever_said(postgresql: Postgres) -> None:
    database = opened(f"postgresql://nobody@127.0.0.1:{postgresql.port}/none", "very-secret")
    with pytest.raises(DatabaseUnusable) as told, database.read():
        pass
    assert "very-secret" not in str(told.value)
    assert "very-secret" not in database.name


def test_a_server_that_is_not_there_is_named() -> None:
    database = opened("postgresql://directca@127.0.0.1:1/directca")
    with pytest.raises(DatabaseUnusable, match=r"directca at 127\.0\.0\.1"), database.read():
        pass


def test_where_none_is_installed_a_package_has_all_its_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DIRECTCA_POSTGRESQL", "package")
    found = programs()
    if found is None:
        pytest.skip("there is no package of a server for this machine")
    needed = ("postgres", "initdb", "pg_ctl", "pg_basebackup", "pg_dump", "pg_restore", "psql", "createdb")
    assert [name for name in needed if not os.access(found / name, os.X_OK)] == []
    version = subprocess.run([found / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
    assert int(version.split()[-1].partition(".")[0]) >= OLDEST


@pytest.fixture
def without_standby(database: Database, postgresql: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """The database again, at a server that waits for a standby which is not there; nobody waits for long."""
    with database.read() as tx:
        address = postgresql.address(tx.execute(text("SELECT current_database()")).scalar_one())
    postgresql.run("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
    monkeypatch.setattr(engine, "COMMIT_SECONDS", 0.3)
    made = opened(address)
    try:
        postgresql.run("SELECT pg_reload_conf()")
        wait_for_nobody(address)
        yield made
    finally:
        postgresql.run("ALTER SYSTEM RESET synchronous_standby_names")
        postgresql.run("SELECT pg_reload_conf()")
        made.close()


def wait_for_nobody(address: str) -> None:
    """Return once a commit at the server waits in vain: each of its processes hears of a setting in its own time."""
    deadline = time.monotonic() + 30
    warned: list[object] = []
    with psycopg.connect(address, autocommit=True) as connection:
        connection.add_notice_handler(warned.append)
        while not warned:
            assert time.monotonic() < deadline
            impatience = threading.Timer(0.2, connection.cancel_safe)
            impatience.start()
            connection.execute("SELECT pg_logical_emit_message(true, 'test', '')")
            impatience.cancel()
            impatience.join()


def test_a_commit_that_no_standby_confirmed_is_no_success(without_standby: Database) -> None:
    with pytest.raises(DatabaseUnusable, match="standby"):
        add(without_standby, 1)
    assert count(without_standby) == 1  # the primary has it, and shows it


def test_nothing_is_promised_from_what_no_standby_has(without_standby: Database) -> None:
    with pytest.raises(DatabaseUnusable, match="standby"):
        without_standby.confirm()


def test_a_block_that_changes_nothing_waits_for_the_standby_too(without_standby: Database) -> None:
    with pytest.raises(DatabaseUnusable, match="standby"), without_standby.write():
        pass


def test_whoever_asks_whether_changes_are_taken_is_told_in_a_moment(
    without_standby: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(DatabaseUnusable, match="standby"):
        without_standby.confirm()
    monkeypatch.setattr(engine, "COMMIT_SECONDS", 3.0)
    began = time.monotonic()
    for _ in range(2):  # of which the second waits for the trial of the first
        with pytest.raises(DatabaseUnusable, match="takes no changes"):
            without_standby.check_writing()
    assert time.monotonic() - began < 2.5
    assert without_standby._trial is not None
    with pytest.raises(DatabaseUnusable):  # it ends before the database is closed under its hands
        without_standby._trial.result(30)


def test_who_did_not_get_a_turn_says_so_until_one_comes(postgresql: Postgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(engine._SESSION, "lock_timeout", 200)
    address = postgresql.new_database()
    waiting, other = opened(address), opened(address)
    with other.write():
        with pytest.raises(DatabaseBusy), waiting.write():
            pass
        with pytest.raises(DatabaseBusy):
            waiting.check_writing()
    waiting.check_writing()
    waiting.close()
    other.close()


def test_a_role_that_was_deprived_of_a_privilege_cannot_write_until_it_has_it(postgresql: Postgres) -> None:
    """Changes of other tables are taken meanwhile, as that of the lease every few seconds."""
    serving, owner = (opened(address) for address in postgresql.new_owned_database())
    migrate.upgrade_for(owner, SERVING)
    owner.close()
    name = dict(serving.address.parameters)["dbname"]
    postgresql.run(f"REVOKE INSERT ON journal FROM {SERVING}", name)
    with pytest.raises(DatabaseUnusable, match="permission denied"), serving.write() as tx:
        tx.execute(text("INSERT INTO journal DEFAULT VALUES"))
    with serving.write() as tx:
        tx.execute(text("UPDATE lease SET holder = NULL"))
    for _ in range(2):
        with pytest.raises(DatabaseUnusable, match=f"The role {SERVING} lacks INSERT on journal"):
            serving.check_writing()
    postgresql.run(f"GRANT INSERT ON journal TO {SERVING}", name)
    serving.check_writing()
    serving.close()
