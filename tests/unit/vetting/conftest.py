"""The fixture of this folder's tests."""

import pytest

from directca.db.engine import Database
from tests.clinic import Clinic, a_clinic


@pytest.fixture
def clinic(database: Database) -> Clinic:
    with database.write() as tx:
        return a_clinic(tx)
