"""The role that serves may do what the stores do, and nothing else; a server does not start while it could touch the journal."""

import ast
import importlib
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest
from bench.postgres import OWNER, SERVING, Postgres
from psycopg import errors
from sqlalchemy import Table, inspect, text

import directca
from directca.accounts.factor_store import authenticator_app, passkey
from directca.db import migrate, privileges
from directca.db.address import read_address
from directca.db.engine import Database, Tx
from directca.db.errors import DatabaseUnusable, RoleTooPowerful, SchemaBehind
from directca.db.opening import open_database
from directca.db.privileges import FOR_GOOD, PRIVILEGES
from directca.oauth.tables import authorization_code, oauth_token
from directca.revocation.store import crl
from tests.engines import Postgresql

SOURCES = Path(directca.__path__[0])
BY_OTHER_NAMES = {
    "accounts/factor_store.py:table": (authenticator_app, passkey),
    "db/long_values.py:table": (crl,),
    "oauth/store.py:table": (authorization_code, oauth_token),
}
"""Tables that a statement names by a variable of its function."""

OWNERS = (Path("db/steps.py"),)
"""What the owner alone does."""

BY_TRIGGERS = {("status_count", "INSERT"), ("status_count", "UPDATE"), ("vetting_change", "UPDATE")}
STILL_USED_BY_THE_LAST_RELEASE: set[tuple[str, str]] = set()


def opened(address: str) -> Database:
    return open_database(read_address(address, Path("/nowhere")))


def stated() -> Iterator[tuple[str, str]]:
    """Every table that a statement of the product changes, and how."""
    for path in SOURCES.rglob("*.py"):
        place = path.relative_to(SOURCES)
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if "migrations" not in place.parts else ():
            match call:
                case ast.Call(func=ast.Name("insert" | "update" | "delete" as verb), args=[ast.Name(name), *_]):
                    found = named(place, name)
                    tables = (found,) if isinstance(found, Table) else BY_OTHER_NAMES[f"{place}:{name}"]
                    yield from ((table.name, verb.upper()) for table in tables)
                case ast.Call(func=ast.Attribute(value=ast.Name(name), attr="insert" | "update" | "delete" as verb)):
                    found = named(place, name)  # mostly something else that has such a method
                    if isinstance(found, Table) and place not in OWNERS:
                        yield found.name, verb.upper()


def named(place: Path, name: str) -> object:
    """What a module calls by a name."""
    return getattr(importlib.import_module(".".join(("directca", *place.with_suffix("").parts))), name, None)


def test_the_table_grants_what_the_code_does_and_nothing_more() -> None:
    granted = {
        (table, privilege) for table in PRIVILEGES for _, privilege, _ in privileges._wanted(table) if privilege != "SELECT"
    }
    assert granted == set(stated()) | BY_TRIGGERS | STILL_USED_BY_THE_LAST_RELEASE


def test_the_journal_is_for_good() -> None:
    assert PRIVILEGES["journal"] == "SELECT, INSERT"
    assert {"journal", "journal_head", "ledger_movement", "record"} & FOR_GOOD == {"journal", "journal_head", "ledger_movement"}


def test_a_table_that_nobody_thought_of_is_seen(database: Database) -> None:
    with database.read() as tx:
        assert set(inspect(tx).get_table_names()) == PRIVILEGES.keys()


@pytest.fixture
def serving(engine_postgresql: Postgresql) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A session of the role that serves, for plain SQL."""
    with psycopg.connect(engine_postgresql.address, autocommit=True) as connection:
        yield connection


@pytest.mark.parametrize(
    "statement",
    [
        *(f"UPDATE {table} SET {column} = {column}" for table, column in (("journal", "actor"), ("journal_head", "id"))),
        "UPDATE ledger_movement SET amount = 0",
        "UPDATE certificate SET serial = serial",
        "UPDATE alembic_version SET version_num = '9999'",
        *(f"DELETE FROM {table}" for table in ("journal", "journal_head", "ledger_movement", "record", "certificate", "crl")),
        *(f"TRUNCATE {table}" for table in ("journal", "lease")),
        "DROP TABLE journal",
        "ALTER TABLE journal ADD COLUMN more TEXT",
        "ALTER TABLE account DISABLE TRIGGER ALL",
        "CREATE TRIGGER mine BEFORE INSERT ON journal EXECUTE FUNCTION count_vetting()",
        "CREATE OR REPLACE FUNCTION count_vetting() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE RULE mine AS ON INSERT TO journal DO INSTEAD NOTHING",
        "CREATE INDEX mine ON journal (actor)",
        "CREATE TABLE mine (n INTEGER)",
        "CREATE TEMPORARY TABLE journal (n INTEGER)",
        "CREATE SCHEMA mine",
        "CREATE ROLE mine",
        "SET session_replication_role = replica",
        f"SET ROLE {OWNER}",
        "SELECT * FROM pg_authid",
        "SELECT pg_read_file('postgresql.conf')",
        "COPY journal TO PROGRAM 'true'",
        "SELECT setval('ledger_movement_id_seq', 1)",
    ],
)
def test_the_role_that_serves_cannot(serving: psycopg.Connection[tuple[object, ...]], statement: str) -> None:
    with pytest.raises(errors.InsufficientPrivilege):
        serving.execute(statement.encode())


def test_it_cannot_read_what_nobody_granted(
    engine_postgresql: Postgresql, serving: psycopg.Connection[tuple[object, ...]]
) -> None:
    engine_postgresql._psycopg.execute("CREATE TABLE kept_by_others (n INTEGER)")
    try:
        with pytest.raises(errors.InsufficientPrivilege):
            serving.execute("SELECT * FROM kept_by_others")
    finally:
        engine_postgresql._psycopg.execute("DROP TABLE kept_by_others")


@pytest.fixture
def administrator(postgresql: Postgres, engine_postgresql: Postgresql) -> Iterator[Tx]:
    """A transaction of a superuser, who can give away everything; it is undone."""
    with closing(opened(postgresql.address(engine_postgresql.address.rpartition("/")[2]))) as database, undone(database) as tx:
        yield tx


@contextmanager
def undone(database: Database) -> Iterator[Tx]:
    with suppress(UndoneError), database.write() as tx:
        yield tx
        raise UndoneError


class UndoneError(Exception):
    """What was tried is over."""


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (f"GRANT UPDATE ON journal TO {SERVING}", "UPDATE on journal"),
        (f"GRANT UPDATE (actor) ON journal TO {SERVING}", "UPDATE (actor) on journal"),
        (f"GRANT UPDATE (id) ON journal_head TO {SERVING}", "UPDATE (id) on journal_head"),
        (f"GRANT DELETE ON journal TO {SERVING}", "DELETE on journal"),
        ("GRANT TRUNCATE ON journal TO PUBLIC", "TRUNCATE on journal"),
        (f"GRANT TRIGGER ON journal TO {SERVING}", "TRIGGER on journal"),
        (f"GRANT UPDATE ON ledger_movement TO {SERVING}", "UPDATE on ledger_movement"),
        (f"GRANT {OWNER} TO {SERVING}", f"as {OWNER} it owns tables"),
        (f"ALTER ROLE {SERVING} NOINHERIT; GRANT {OWNER} TO {SERVING}", f"as {OWNER} it owns tables"),
        (f"GRANT pg_write_all_data TO {SERVING}", "UPDATE on journal"),
        (f"ALTER ROLE {SERVING} NOINHERIT; GRANT pg_write_all_data TO {SERVING}", "UPDATE on journal"),
        (f"GRANT pg_execute_server_program TO {SERVING}", "programs of the server"),
        (f"ALTER ROLE {SERVING} SUPERUSER", "it is a superuser"),
        (f"ALTER ROLE {SERVING} CREATEROLE", "it makes roles"),
        (f"GRANT CREATE ON SCHEMA public TO {SERVING}", "it makes tables"),
        ("GRANT CREATE ON SCHEMA public TO PUBLIC", "it makes tables"),
        (f"ALTER TABLE lease OWNER TO {SERVING}", "it owns tables"),
    ],
)
def test_one_that_can_do_more_is_refused(administrator: Tx, given: str, named: str) -> None:
    privileges.check(administrator, SERVING)
    administrator.exec_driver_sql(given)
    assert any(named in one for one in privileges.standing(administrator, SERVING).dangers)
    with pytest.raises(RoleTooPowerful, match="db migrate"):
        privileges.check(administrator, SERVING)


def test_one_that_cannot_do_enough_is_told_what_it_lacks(administrator: Tx) -> None:
    administrator.exec_driver_sql(f"REVOKE INSERT ON journal FROM {SERVING}")
    with pytest.raises(DatabaseUnusable, match=r"lacks INSERT on journal\. .*db migrate"):
        privileges.check(administrator, SERVING)


def test_more_than_it_needs_elsewhere_is_told_and_not_refused(administrator: Tx) -> None:
    """A later release may have granted it, beside whose nodes this one runs."""
    administrator.exec_driver_sql(f"GRANT DELETE ON record TO {SERVING}")
    privileges.check(administrator, SERVING)
    assert privileges.standing(administrator, SERVING).beyond == (("record", "DELETE", ""),)


def test_granting_takes_away_what_was_too_much(administrator: Tx) -> None:
    administrator.exec_driver_sql(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {SERVING}")
    administrator.exec_driver_sql("GRANT CREATE ON SCHEMA public TO PUBLIC")
    privileges.grant(administrator, SERVING)
    assert privileges.standing(administrator, SERVING) == privileges.Standing(SERVING, (), (), ())


def test_the_owner_makes_the_tables_and_who_serves_looks_only(postgresql: Postgres) -> None:
    address, owner = postgresql.new_owned_database()
    with closing(opened(address)) as serves, closing(opened(owner)) as owns:
        with pytest.raises(RoleTooPowerful, match="temporary tables"):  # as the server makes any database
            migrate.check(serves)
        postgresql.run(f"REVOKE TEMPORARY ON DATABASE {address.rpartition('/')[2]} FROM PUBLIC")
        with pytest.raises(SchemaBehind, match="db migrate"):
            migrate.check(serves)
        with pytest.raises(DatabaseUnusable, match="permission denied"):
            migrate.upgrade(serves)
        migrate.upgrade_for(owns, SERVING)
        migrate.check(serves)
        migrate.upgrade_for(owns, SERVING)  # again
        with pytest.raises(RoleTooPowerful):
            migrate.check(owns)
        with owns.write() as tx:
            tx.execute(text("UPDATE schema_step SET version_num = '9999'"))  # a later release only added
        migrate.check(serves)
        with pytest.raises(DatabaseUnusable, match="newer release"):
            migrate.upgrade_for(owns, SERVING)
        with serves.read(), owns.write() as tx:
            assert len(owns.older_nodes(tx, "9999")) == 1  # whose sessions are another role's


def test_a_role_that_is_not_there_is_named(administrator: Tx) -> None:
    with pytest.raises(DatabaseUnusable, match="no role nobody_here"):
        privileges.grant(administrator, "nobody_here")
