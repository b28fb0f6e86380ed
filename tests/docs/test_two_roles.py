"""The SQL of the chapters on PostgreSQL and deployment makes two roles that are apart, as it stands there."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from bench.postgres import Postgres

from directca.db import migrate, privileges
from directca.db.address import read_address
from directca.db.engine import Database
from directca.db.errors import RoleTooPowerful
from directca.db.opening import open_database
from tests.live import ROOT

CHAPTERS = ROOT / "docs" / "operator"


def statements(chapter: str) -> list[str]:
    """Each block of SQL, with names that no other test has."""
    text = (CHAPTERS / f"{chapter}.md").read_text(encoding="utf-8")
    return [block.replace("directca", "pages") for block in re.findall(r"```sql\n(.*?)```", text, re.DOTALL)]


def type_in(server: Postgres, block: str, database: str = "postgres") -> None:
    """As psql does: each statement for itself."""
    for statement in block.strip().splitlines():
        server.run(statement, database)


def opened(server: Postgres, role: str) -> Database:
    return open_database(read_address(server.address("pages", role), Path("/nowhere")))


@pytest.fixture
def server(postgresql: Postgres) -> Iterator[Postgres]:
    """A server that is rid of both roles afterwards."""
    yield postgresql
    postgresql.run("DROP DATABASE IF EXISTS pages WITH (FORCE)")
    for role in ("pages", "pages_owner"):
        postgresql.run(f"DROP ROLE IF EXISTS {role}")


def test_both_chapters_say_the_same() -> None:
    assert statements("deployment") == statements("postgresql")[:1]


def test_a_new_authority_has_two_roles(server: Postgres) -> None:
    type_in(server, statements("postgresql")[0])
    with closing(opened(server, "pages_owner")) as owns, closing(opened(server, "pages")) as serves:
        migrate.upgrade_for(owns, "pages")
        migrate.check(serves)
        serves.check()


def test_the_roles_of_one_that_had_one_are_taken_apart(server: Postgres) -> None:
    server.run("CREATE ROLE pages LOGIN")
    server.run("CREATE DATABASE pages OWNER pages TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
    with closing(opened(server, "pages")) as one:
        migrate.upgrade(one)
        with pytest.raises(RoleTooPowerful):
            migrate.check(one)
    type_in(server, statements("postgresql")[1], "pages")
    with closing(opened(server, "pages_owner")) as owns, closing(opened(server, "pages")) as serves:
        migrate.upgrade_for(owns, "pages")
        migrate.check(serves)
        with serves.read() as tx:
            assert privileges.standing(tx).beyond == ()
