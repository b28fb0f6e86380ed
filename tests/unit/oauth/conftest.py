"""The world of OAuth tests, made once and copied for each."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from directca.db.schema import metadata
from directca.db.sqlite import SqliteDatabase
from tests.unit.oauth.world import StandingClock, World, a_world


@pytest.fixture(scope="session")
def first_world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """One account, one person, a confidential and a public application; its database is closed."""
    database = SqliteDatabase(tmp_path_factory.mktemp("oauth") / "directca.sqlite", synchronous="OFF")
    with database.write() as tx:
        metadata.create_all(tx)
    made = a_world(database)
    database.close()
    return made


@pytest.fixture
def world(first_world: World, tmp_path: Path) -> Iterator[World]:
    """The same in a database of the test's own."""
    path = tmp_path / "directca.sqlite"
    shutil.copy(first_world.oauth.database.path, path)
    database, clock = SqliteDatabase(path, synchronous="OFF"), StandingClock()
    yield replace(
        first_world,
        oauth=replace(first_world.oauth, database=database, clock=clock),
        clock=clock,
        people=replace(first_world.people, database=database, clock=clock),
    )
    database.close()
