"""The engines that tests run on: each gives a test a database of its own, for little.

A test that asks for `database` (or for what is made of it) runs on every engine. What is about one alone says so:

    @pytest.mark.engine("sqlite", why="the plan is SQLite's")
"""

import os
import shutil
from abc import ABC, abstractmethod
from contextlib import closing
from pathlib import Path

import psycopg
from bench.postgres import SERVING, Postgres
from psycopg import sql

from directca.db import migrate
from directca.db.address import Address, read_address
from directca.db.engine import Database
from directca.db.opening import open_database
from directca.db.postgresql import PostgresDatabase
from directca.db.sqlite import SqliteDatabase

ROOT = Path(__file__).parent
ON_BOTH = (
    "contract/",
    "interop/test_identity_provider.py",
    "property/test_status_counts.py",
    "unit/accounts/test_joining.py",
    "unit/accounts/test_ledger.py",
    "unit/accounts/test_limits.py",
    "unit/accounts/test_members.py",
    "unit/accounts/test_rates.py",
    "unit/accounts/test_roles.py",
    "unit/accounts/test_second_factor.py",
    "unit/accounts/test_top_ups.py",
    "unit/certificates/test_list_blocks.py",
    "unit/db/",
    "unit/issuance/",
    "unit/journal/",
    "unit/notices/",
    "unit/oauth/test_concurrency.py",
    "unit/oauth/test_own_applications.py",
    "unit/oauth/test_purge.py",
    "unit/oauth/test_redeem.py",
    "unit/oauth/test_refresh.py",
    "unit/revocation/test_carrying_out.py",
    "unit/revocation/test_compromise.py",
    "unit/revocation/test_crl.py",
    "unit/revocation/test_responder_keys.py",
    "unit/revocation/test_responders.py",
    "unit/revocation/test_revoke.py",
    "unit/vetting/test_addresses.py",
    "unit/vetting/test_applications.py",
    "unit/vetting/test_domain_proofs.py",
    "unit/vetting/test_report.py",
)
"""What runs on both engines in `make test`, which has fifteen minutes; everything else does so in `make engines`."""

ONLY_IN_ENGINES = ("e2e/test_recovery.py", "faults/test_replicas.py")
"""What takes a minute and more, and runs in `make engines` alone: dump, restore and archive; three nodes under faults."""

ENGINES = ("sqlite", "postgresql")
ALL = "DIRECTCA_ENGINES"
"""The variable that is `all` in `make engines`."""


class Engine(ABC):
    """Databases of one engine. What was kept by name can be given to any number of tests."""

    name: str
    tampers: bool
    """Whether the test changes what the role that serves may not."""

    @abstractmethod
    def database(self, folder: Path, like: str = "") -> Database:
        """The test's database: with every table and nothing in it, or as it was when it was kept by a name."""

    @abstractmethod
    def place(self, folder: Path, like: str = "") -> str:
        """The address of such a database, for other processes to open."""

    @abstractmethod
    def keep(self, database: Database, name: str) -> None:
        """Remember everything that is in the database, which nobody writes to."""

    @abstractmethod
    def end(self, database: Database) -> None:
        """The test has ended."""


class Sqlite(Engine):
    """A file for each test."""

    name = "sqlite"

    def __init__(self, migrated: Path) -> None:
        self.tampers = False  # which is all the same: a file has no roles
        self._kept = {"": migrated}

    def database(self, folder: Path, like: str = "") -> Database:
        return SqliteDatabase(Path(self.place(folder, like)), synchronous="OFF")

    def place(self, folder: Path, like: str = "") -> str:
        return str(shutil.copyfile(self._kept[like], folder / "directca.sqlite"))

    def keep(self, database: Database, name: str) -> None:
        assert isinstance(database, SqliteDatabase)
        copy = self._kept[""].with_name(f"kept-{len(self._kept)}.sqlite")
        database.backup(copy)  # with what is in the log still
        self._kept[name] = copy

    def end(self, database: Database) -> None:
        database.close()


class Postgresql(Engine):
    """One database for all tests, one after the other: what a test left is deleted before the next, which costs a hundredth of a
    new database, and connections with what they have prepared go on."""

    name = "postgresql"

    def __init__(self, server: Postgres) -> None:
        self.address, owner = server.new_owned_database()  # what is tested here has no more rights than a server has
        with closing(open_database(read_address(owner, Path()))) as owned:
            migrate.upgrade_for(owned, SERVING)
        self._all_mighty = server.address(self.address.rpartition("/")[2])
        self._databases = {one: open_database(read_address(one, Path())) for one in (self.address, self._all_mighty)}
        self.tampers = False
        self._psycopg = psycopg.connect(self._all_mighty, autocommit=True)
        self._psycopg.execute("SET session_replication_role = replica")  # neither triggers nor foreign keys
        self._psycopg.execute("SET lock_timeout = '10s'")  # whoever is in a transaction still
        self._tables = self._names("SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace")
        self._sequences = self._names(
            "SELECT relname FROM pg_class WHERE relkind = 'S' AND relnamespace = 'public'::regnamespace"
        )
        deletions = " ".join(f'DELETE FROM public."{table}";' for table in self._tables)
        self._psycopg.execute(f"CREATE FUNCTION forget() RETURNS void LANGUAGE plpgsql AS $$ BEGIN {deletions} END $$".encode())
        self._kept: dict[str, str] = {}
        self.keep(self._databases[self.address], "")

    def database(self, folder: Path, like: str = "") -> Database:
        found = self._databases[self.place(folder, like)]
        found._trouble.was_taken()
        return found

    def place(self, folder: Path, like: str = "") -> str:
        self._psycopg.execute(self._kept[like].encode())
        return self._all_mighty if self.tampers else self.address

    def keep(self, database: Database, name: str) -> None:
        """In a schema of their own: the rows of each table that has any, and how far the sequences are."""
        schema = f"kept_{len(self._kept)}"
        self._psycopg.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
        steps = ["SELECT forget()"]
        for table in self._tables:
            if self._names(f'SELECT 1 FROM public."{table}" LIMIT 1'):
                self._psycopg.execute(f'CREATE TABLE {schema}."{table}" AS TABLE public."{table}"'.encode())
                steps.append(f'INSERT INTO public."{table}" SELECT * FROM {schema}."{table}"')
        for sequence in self._sequences:
            ((last, called),) = self._psycopg.execute(
                f'SELECT last_value, is_called FROM public."{sequence}"'.encode()
            ).fetchall()
            steps.append(f"SELECT setval('public.\"{sequence}\"', {last}, {called})")
        self._kept[name] = "; ".join(steps)

    def end(self, database: Database) -> None:
        pass

    def close(self) -> None:
        self._psycopg.close()
        for one in self._databases.values():
            one.close()

    def _names(self, statement: str) -> list[str]:
        return [str(name) for (name,) in self._psycopg.execute(statement.encode())]


def address_of(database: Database) -> Address:
    """Where another process finds a test's database."""
    if isinstance(database, SqliteDatabase):
        return database.path
    assert isinstance(database, PostgresDatabase)
    return database.address


def engines_for(test: Path) -> tuple[str, ...]:
    """The engines on which a file's tests run now."""
    return ENGINES if whole() or _below(test, ON_BOTH) else ENGINES[:1]


def runs_now(test: Path) -> bool:
    """Whether a file's tests run now at all."""
    return whole() or not _below(test, ONLY_IN_ENGINES)


def whole() -> bool:
    """Whether this is `make engines`."""
    return os.environ.get(ALL) == "all"


def _below(test: Path, places: tuple[str, ...]) -> bool:
    return test.is_relative_to(ROOT) and test.relative_to(ROOT).as_posix().startswith(places)
