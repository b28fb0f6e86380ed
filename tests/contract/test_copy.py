"""A database copied from SQLite to PostgreSQL: every value is the same afterwards, and whatever is not is found."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from bench.postgres import Postgres
from sqlalchemy import select, text

from directca.accounts import ledger
from directca.db import copying, migrate
from directca.db.address import read_address
from directca.db.copying import Compared
from directca.db.engine import Database
from directca.db.errors import CopyDiffers, CopyRefused
from directca.db.leases import take
from directca.db.opening import open_database
from directca.db.schema import metadata
from directca.db.sqlite import SqliteDatabase
from directca.db.steps import schema_step
from directca.journal.verify import verify
from directca.pki.reasons import RevocationReason
from tests.unit.db.test_migrate import every_store
from tests.world import START, World, a_world


@pytest.fixture(scope="module")
def made(migrated: Path, tmp_path_factory: pytest.TempPathFactory) -> World:
    """An authority that has issued, renewed and revoked, and waited for a lease; its file is not to be changed."""
    path = Path(shutil.copyfile(migrated, tmp_path_factory.mktemp("source") / "directca.sqlite"))
    world = a_world(SqliteDatabase(path, synchronous="OFF"))
    world.issue()
    world.clock.advance(days=340)
    world.renew()
    world.issue("bob@direct.clinic.example", key=4)
    world.revoke(RevocationReason.KEY_COMPROMISE)
    with world.database.write() as tx:
        assert take(tx, "ä £ 🗝\\\t\n", "\\N", now=datetime(987, 6, 5, microsecond=7, tzinfo=UTC), duration=timedelta(seconds=1))
    world.database.close()
    return world


@pytest.fixture
def source(made: World, tmp_path: Path) -> Iterator[Database]:
    """A copy of its file."""
    path = tmp_path / "directca.sqlite"
    copy = SqliteDatabase(Path(shutil.copyfile(made.database.name, path)), synchronous="OFF")
    yield copy
    copy.close()


@pytest.fixture
def target(postgresql: Postgres) -> Iterator[Database]:
    _, owner = postgresql.new_owned_database()  # no superuser is needed for it
    made = open_database(read_address(owner, Path("/nowhere")))
    yield made
    made.close()


def copied(source: Database, target: Database) -> tuple[Compared, ...]:
    with source.scan() as old, target.write() as new:
        tables = copying.prepare(old, new)
        copying.fill(old, new, tables)
        return copying.compare(old, new, tables)


def tables_in(target: Database) -> int:
    with target.read() as tx:
        found: int = tx.execute(text("SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace")).scalar_one()
    return found


def test_every_value_is_what_it_was(source: Database, target: Database) -> None:
    done = {one.name: one for one in copied(source, target)}
    rows = 0
    every_store()
    with source.read() as old, target.read() as new:
        for table in metadata.sorted_tables:
            statement = select(table).order_by(*table.primary_key)
            theirs = new.execute(statement).all()
            assert theirs == old.execute(statement).all(), table.name
            assert table is schema_step or done[table.name].rows == len(theirs)
            rows += len(theirs)
        assert verify(new).problems == ()
        assert ledger.trial_balance(new).problems == ()
    assert rows > 60
    assert migrate.revisions(target)[0] == migrate.revisions(target)[1]


def test_it_goes_on_from_there(made: World, source: Database, target: Database) -> None:
    """What numbers new rows goes on behind the copied ones, and what counts changes counts."""
    copied(source, target)
    with target.write() as tx:
        before = tx.execute(text("SELECT number FROM vetting_change")).scalar_one()
        ledger.deposit(tx, made.account_id, 100, reference="wire 2", actor="operator:ann", at=START)
        tx.execute(text("UPDATE account SET name = 'Another' WHERE id = :id"), {"id": made.account_id})
        assert tx.execute(text("SELECT number FROM vetting_change")).scalar_one() == before + 1
        assert ledger.trial_balance(tx).problems == ()


def test_references_are_kept(source: Database, target: Database) -> None:
    copied(source, target)
    with target.read() as tx:
        kept = tx.execute(text("SELECT count(*) FROM pg_constraint WHERE contype = 'f' AND convalidated")).scalar_one()
    every_store()
    assert kept == sum(len(table.foreign_key_constraints) for table in metadata.tables.values())


ALTERED = (
    ("UPDATE journal SET actor = 'operator:eve' WHERE position = 3", "The row 3 of journal is not the same in PostgreSQL: actor"),
    ("DELETE FROM lease", "of lease is in SQLite only"),
    ("INSERT INTO lease VALUES ('z', 'b', now())", "of lease stands in SQLite where PostgreSQL has the row z of lease"),
    ("INSERT INTO lease VALUES (U&'\\+10FFFF', 'b', now())", "of lease is in PostgreSQL only"),
    ("UPDATE authority SET certificate_der = certificate_der || '\\x00'::bytea", "of authority is not the same.*certificate_der"),
    ("UPDATE lease SET expires_at = expires_at + interval '1 microsecond'", "of lease is not the same.*expires_at"),
    ("UPDATE journal SET detail = (detail::text || ' ')::json WHERE position = 1", "The row 1 of journal .*detail"),
)


def test_a_row_that_was_altered_is_found_and_nothing_is_kept(source: Database, target: Database) -> None:
    def copy_and_alter() -> None:
        with source.scan() as old, target.write() as new:
            tables = copying.prepare(old, new)
            copying.fill(old, new, tables)
            copying.compare(old, new, tables)
            for change, says in ALTERED:
                altered = new.begin_nested()
                new.execute(text(change))
                with pytest.raises(CopyDiffers, match=says):
                    copying.compare(old, new, tables)
                altered.rollback()
            new.execute(text(ALTERED[0][0]))
            copying.compare(old, new, tables)

    with pytest.raises(CopyDiffers):
        copy_and_alter()
    assert tables_in(target) == 0


NOT_EXACT = (
    ("UPDATE account SET name = x'00ff'", "of account cannot be copied: it holds bytes where str belongs"),
    ("UPDATE account SET name = 'a' || char(0) || 'b'", "The table account cannot be copied: .*"),
    ("UPDATE certificate_order SET amount = 'much'", "it holds str where int belongs"),
    ("UPDATE record SET current = 2", "2 is neither yes nor no"),
    ("UPDATE lease SET expires_at = 'tomorrow'", "Invalid isoformat"),
    ("UPDATE certificate_order SET currency = 'dollars'", "The table certificate_order cannot be copied: value too long"),
    ("PRAGMA foreign_keys = OFF; UPDATE organization SET account_id = 'nobody'", "refers to what is not there"),
)


def test_what_cannot_be_copied_exactly_is_refused(made: World, source: Database, target: Database) -> None:
    def copy_each() -> None:
        with source.scan() as old, target.write() as new:
            tables = copying.prepare(old, new)
            for change, says in NOT_EXACT:
                with damaged(made, source, change) as damaged_one, damaged_one.scan() as old_one:
                    tried = new.begin_nested()
                    with pytest.raises(CopyRefused, match=says):
                        copying.fill(old_one, new, tables)
                    tried.rollback()
            raise CopyRefused("Enough was tried.")

    with pytest.raises(CopyRefused, match="Enough"):
        copy_each()
    assert tables_in(target) == 0


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("CREATE TABLE notes (n)", "The table notes is in one of the two databases only"),
        ("ALTER TABLE lease ADD COLUMN note", "The table lease has other columns"),
    ],
)
def test_a_source_of_another_shape_is_refused(made: World, source: Database, target: Database, change: str, says: str) -> None:
    with damaged(made, source, change) as strange, pytest.raises(CopyRefused, match=says):
        copied(strange, target)


@contextmanager
def damaged(made: World, source: Database, change: str) -> Iterator[Database]:
    """A copy of the file, changed behind the authority's back."""
    path = Path(source.name).with_name("damaged.sqlite")
    shutil.copyfile(made.database.name, path)
    with closing(sqlite3.connect(path)) as raw:
        raw.executescript(change)
    with closing(SqliteDatabase(path)) as opened:
        yield opened


def test_a_target_that_holds_something_is_refused(source: Database, target: Database) -> None:
    with target.write() as tx:
        tx.execute(text("CREATE SEQUENCE of_somebody"))
    with pytest.raises(CopyRefused, match="not empty: it has of_somebody"):
        copied(source, target)


@pytest.mark.tampers
def test_a_source_of_another_schema_is_refused(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("UPDATE schema_step SET version_num = '0001'"))
    with pytest.raises(CopyRefused, match="has the schema 0001"):
        copying.check_source(database)
