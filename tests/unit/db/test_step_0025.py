"""A database of the twenty-fourth schema comes through the twenty-fifth step with its pairs counted."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from directca.certificates.status_count_store import status_count
from directca.db import migrate
from directca.db.engine import Database
from directca.db.sqlite import SqliteDatabase
from tests.unit.db.first_schema import make, step

END = date(2027, 11, 24)
COUNTED = [
    ("clinic", "held", END, 1),
    ("clinic", "revoked", END, 1),
    ("clinic", "superseded", END, 1),
    ("other", "revoked", END, 1),
]


@pytest.fixture
def before(tmp_path: Path) -> Iterator[Database]:
    """A database at the twenty-fourth schema, filled at the first: an intent in it, and four pairs."""
    made = SqliteDatabase(tmp_path / "before.sqlite", synchronous="OFF")
    make(made)
    step(made, "0024")
    yield made
    made.close()


def counted(database: Database) -> list[tuple[object, ...]]:
    columns = tuple(status_count.c)
    with database.read() as tx:
        rows = tx.execute(select(*columns).where(status_count.c.pairs != 0).order_by(*columns[:3]))
        return [tuple(row) for row in rows]


def test_pairs_are_counted_in_pieces(before: Database) -> None:
    with closing(sqlite3.connect(before.path)) as raw:
        for record, position in (("r2", 50_000), ("r3", 50_001), ("r5", 120_000)):
            raw.execute("UPDATE record SET position = ? WHERE id = ?", (position, record))
        raw.commit()
    migrate.upgrade(before)
    assert counted(before) == COUNTED


def test_what_an_older_release_writes_is_counted_too(before: Database) -> None:
    """Its statements know nothing of the counters."""
    migrate.upgrade(before)
    with closing(sqlite3.connect(before.path)) as raw:
        raw.execute("UPDATE record SET state = 'issued', position = 6, not_after = '2028-02-29 23:59:59.000000' WHERE id = 'r4'")
        raw.execute("UPDATE record SET state = 'revoked' WHERE id = 'r3'")
        raw.execute("UPDATE record SET current = 0, revoke_at = NULL WHERE id = 'r1'")
        raw.commit()
    assert counted(before) == [
        ("clinic", "issued", date(2028, 2, 29), 1),
        ("clinic", "revoked", END, 2),
        *COUNTED[2:],
    ]
