"""The fixtures of this folder's tests."""

import secrets

import pytest

from directca.db.engine import Database
from directca.notices.context import Notices
from tests.clinic import RULES
from tests.world import World, a_world


@pytest.fixture
def world(database: Database) -> World:
    return a_world(database)


@pytest.fixture
def notices(world: World) -> Notices:
    return Notices(world.database, world.clock, RULES, secrets.token_bytes)
