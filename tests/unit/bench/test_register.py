"""A register that was filled for measuring is one that the product reads, with nothing missing."""

import sqlite3

import pytest
from bench import register

from directca.certificates import query, store
from directca.certificates.filters import Filters, Window
from directca.certificates.model import Usage
from directca.db.engine import Database
from tests.register import NOON, some_records

pytestmark = pytest.mark.engine("sqlite", why="it fills a file")

COUNT = 3200


def test_the_product_finds_what_was_filled_in(database: Database) -> None:
    some_records(database, "alice@direct.example.org")
    before = _indexes(database)
    database.close()
    samples = register.fill(database.path, COUNT, 10)
    assert _indexes(database) == before
    counts = query.Counts()
    with database.read() as tx:

        def page(filters: Filters) -> query.Page:
            return query.page(tx, counts, "clinic", filters, Window(), NOON)

        assert page(Filters()).total == COUNT
        assert page(Filters(name_like="*.west.example")).total == COUNT // len(register.REGIONS)
        assert page(Filters(name_like="*clinic*")).total == COUNT // len(register.KINDS) - 1  # one place has the real record
        assert page(Filters(name_like="alice*")).total == COUNT // len(register.LOCAL_PARTS)
        assert len(samples) >= 10
        for sample in samples:
            found = page(Filters(name_is=sample.identifier, signing_serial=sample.signing_serial)).pairs
            assert [one.encryption.serial for one in found] == [sample.encryption_serial]
            assert page(Filters(name_like=sample.beginning + "*")).total >= 1
            assert page(Filters(name_like="*" + sample.ending)).total >= 1
        pair = store.certificates_of(tx, [found[0].record])[found[0].record.id]
        assert pair[Usage.SIGNING].der == pair[Usage.ENCRYPTION].der == b"der"


def test_the_register_goes_on_where_it_was_filled(database: Database) -> None:
    some_records(database, "alice@direct.example.org")
    database.close()
    register.fill(database.path, 100, 10)
    assert some_records(database, "bob@direct.example.org")[0].position == 101


def _indexes(database: Database) -> list[tuple[str, str]]:
    connection = sqlite3.connect(database.path)
    try:
        return connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'index' ORDER BY name").fetchall()
    finally:
        connection.close()
