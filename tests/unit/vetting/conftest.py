"""The fixtures of this folder's tests."""

import pytest

from directca.db.engine import Database
from tests.applications import Office, an_office
from tests.clinic import Clinic, a_clinic
from tests.proving import Proving, proving


@pytest.fixture
def clinic(database: Database) -> Clinic:
    with database.write() as tx:
        return a_clinic(tx)


@pytest.fixture
def desk(database: Database) -> Proving:
    return proving(database)


@pytest.fixture
def other(database: Database) -> Clinic:
    with database.write() as tx:
        return a_clinic(tx, domain=None)


@pytest.fixture
def office(database: Database) -> Office:
    return an_office(database)
