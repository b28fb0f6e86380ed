"""The migrations make exactly the tables that the stores declare, from empty, and only forward."""

import importlib
import pkgutil
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import directca
from directca.db import migrate
from directca.db.engine import Database
from directca.db.errors import DatabaseUnusable
from directca.db.schema import metadata
from directca.db.sqlite import SqliteDatabase


def every_store() -> None:
    for module in pkgutil.walk_packages(directca.__path__, "directca."):
        if module.name.rsplit(".", 1)[-1] in ("store", "tables", "leases", "nodes") or module.name.endswith("_store"):
            importlib.import_module(module.name)


def form(path: Path) -> dict[str, Any]:
    """What the tables' columns, keys and checks are, and each index with its condition, whatever the order of columns."""
    with closing(sqlite3.connect(path)) as raw:
        found: dict[str, Any] = {}
        # Triggers are no part of what stores declare; `test_changes.py` looks at what they do.
        for kind, name, sql in raw.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE type != 'trigger' AND sql IS NOT NULL"
        ).fetchall():
            if kind == "table":
                columns = {tuple(row[1:]) for row in raw.execute(f"PRAGMA table_info({name})")}
                foreign = {tuple(row[2:]) for row in raw.execute(f"PRAGMA foreign_key_list({name})")}
                found[name] = (columns, foreign, {line.strip(" ,\t") for line in sql.splitlines() if "CHECK" in line})
            else:
                found[name] = " ".join(sql.split())
        return found


def test_a_migrated_database_is_what_the_stores_declare(database: Database) -> None:
    every_store()
    with database.read() as tx:
        assert compare_metadata(MigrationContext.configure(tx), metadata) == []


@pytest.mark.engine("sqlite", why="the schema is read as SQLite tells it")
def test_its_conditions_are_the_declared_ones_too(database: Database, tmp_path: Path) -> None:
    """What the comparison above does not look at: conditions of indexes, checks, foreign keys."""
    every_store()
    fresh = SqliteDatabase(tmp_path / "fresh.sqlite", synchronous="OFF")
    with fresh.write() as tx:
        metadata.create_all(tx)
    fresh.close()
    migrated = form(database.path)
    del migrated["alembic_version"]
    assert migrated == form(fresh.path)


def test_migrating_again_does_nothing(database: Database) -> None:
    before = migrate.revisions(database)
    migrate.upgrade(database)
    assert migrate.revisions(database) == before
    assert before[0] == before[1]


def test_a_failed_migration_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    empty = SqliteDatabase(tmp_path / "empty.sqlite")

    def broken(*_: object) -> None:
        raise RuntimeError("in the middle")

    monkeypatch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", broken)
    with pytest.raises(RuntimeError, match="in the middle"):
        migrate.upgrade(empty)
    with empty.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM sqlite_master")).scalar_one() == 0
    empty.close()


@pytest.mark.tampers
def test_a_database_of_a_newer_release_is_refused(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(DatabaseUnusable, match="newer release"):
        migrate.upgrade(database)


@pytest.mark.tampers
def test_a_database_with_several_schemas_is_refused(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("INSERT INTO alembic_version VALUES ('0001')"))
    with pytest.raises(DatabaseUnusable, match="several schemas"):
        migrate.upgrade(database)


def test_the_schema_that_is_wanted_is_the_last_step_that_alembic_finds(database: Database) -> None:
    steps = ScriptDirectory(str(migrate.FOLDER))
    assert migrate.revisions(database) == (steps.get_current_head(),) * 2
