import pytest

from directca.db.engine import Database
from tests.world import World, a_world


@pytest.fixture
def world(database: Database) -> World:
    return a_world(database)
