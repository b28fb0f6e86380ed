"""Fixtures that every folder of tests may use."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from directca.db.engine import Database
from directca.db.schema import metadata


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database with the tables of every room that the test imported."""
    made = Database(tmp_path / "directca.sqlite", synchronous="OFF")
    with made.write() as tx:
        metadata.create_all(tx)
    yield made
    made.close()
