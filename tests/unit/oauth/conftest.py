"""The world of OAuth tests, made once for each engine and copied for each test."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.clocks import MovableClock
from tests.engines import Engine
from tests.unit.oauth.world import MORNING, World, a_world

_KEPT = "oauth"


@pytest.fixture(scope="session")
def first_worlds() -> dict[str, World]:
    """By engine: one account, one person, a confidential and a public application."""
    return {}


@pytest.fixture
def world(engine: Engine, first_worlds: dict[str, World], tmp_path: Path) -> Iterator[World]:
    """The same in a database of the test's own."""
    if engine.name not in first_worlds:
        database = engine.database(tmp_path)
        first_worlds[engine.name] = a_world(database)
        engine.keep(database, _KEPT)
    first, database, clock = first_worlds[engine.name], engine.database(tmp_path, like=_KEPT), MovableClock(MORNING)
    yield replace(
        first,
        oauth=replace(first.oauth, database=database, clock=clock),
        clock=clock,
        people=replace(first.people, database=database, clock=clock),
    )
    engine.end(database)
