"""The world of OAuth tests."""

import pytest

from directca.db.engine import Database
from tests.unit.oauth.world import World, a_world


@pytest.fixture
def world(database: Database) -> World:
    """One account, one person, a confidential and a public application."""
    return a_world(database)
