"""A database of the first schema, with everything in it that an authority has, comes through the second step whole."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from directca.accounts import ledger
from directca.accounts.model import Balance, Ledger, MovementKind
from directca.certificates import register
from directca.certificates.filters import Filters, Window
from directca.certificates.model import State
from directca.certificates.query import Counts, page
from directca.db import migrate
from directca.db.engine import Database
from directca.db.errors import DatabaseUnusable
from directca.db.sqlite import SqliteDatabase
from directca.issuance import store as order_store
from tests.register import NOON
from tests.unit.db.first_schema import MOVEMENTS, MOVES, make


@pytest.fixture
def first(tmp_path: Path) -> Iterator[Database]:
    """A database at the first schema, filled."""
    made = SqliteDatabase(tmp_path / "first.sqlite", synchronous="OFF")
    make(made)
    yield made
    made.close()


def _rows(database: Database) -> dict[str, list[dict[str, Any]]]:
    """Everything that the database holds, but for its revision."""
    with closing(sqlite3.connect(database.path)) as raw:
        raw.row_factory = sqlite3.Row
        tables = [row["name"] for row in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {
            table: [dict(row) for row in raw.execute(f"SELECT * FROM {table} ORDER BY 1, 2")]
            for table in tables
            if table not in ("alembic_version", "schema_step")
        }


def test_everything_is_kept(first: Database) -> None:
    before = _rows(first)
    migrate.upgrade(first)
    entries = before.pop("ledger_entry")
    found = _rows(first)
    sides = [(row["debit_ledger"], row["credit_ledger"]) for row in found["ledger_movement"]]
    # What this step and later ones add is not looked at here.
    columns = {table: {name for row in rows for name in row} for table, rows in before.items()}
    after = {
        table: [{name: value for name, value in row.items() if name in columns[table]} for row in found[table]]
        for table in before
    }
    assert after == before
    assert sides == [MOVES[kind] for kind, *_ in MOVEMENTS]
    with first.read() as tx:
        assert tx.execute(text("PRAGMA foreign_key_check")).all() == []
        assert tx.execute(text("PRAGMA integrity_check")).scalar() == "ok"
        trial = ledger.trial_balance(tx)
        assert trial.problems == ()
        assert trial.totals == {one: sum(row["amount"] for row in entries if row["ledger"] == one) for one in Ledger}
        assert [ledger.balance(tx, account) for account in ("clinic", "other")] == [Balance(5_800, 700), Balance(0, 0)]


def test_the_product_goes_on_with_it(first: Database) -> None:
    migrate.upgrade(first)
    with first.write() as tx:
        ledger.capture(tx, "o4", NOON)
        assert ledger.statement(tx, "clinic")[-1].kind is MovementKind.CAPTURE
        (intent,) = register.unfinished(tx, before=NOON + timedelta(days=1))
        assert register.settle(tx, intent, NOON).position == 5
        order = order_store.by_idempotency_key(tx, "other", "key")
        assert order is not None
        assert order.id == "o5"
    with first.read() as tx:
        found = page(tx, Counts(), "clinic", Filters(signing_serial="14"), Window(), NOON)
        assert [(one.record.id, one.record.state, one.encryption.serial) for one in found.pairs] == [("r3", State.HELD, "15")]
        assert ledger.trial_balance(tx).problems == ()


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE ledger_entry SET amount = amount + 1 WHERE movement_id = 3 AND ledger = 'available'",
        "UPDATE ledger_entry SET amount = amount * 2 WHERE movement_id = 3",
        "UPDATE ledger_entry SET ledger = 'revenue' WHERE movement_id = 1 AND ledger = 'available'",
        "DELETE FROM ledger_entry WHERE movement_id = 3 AND ledger = 'reserved'",
        "INSERT INTO ledger_entry VALUES (3, 'cash', 0)",
        "INSERT INTO ledger_entry VALUES (99, 'cash', 0)",
        "UPDATE ledger_movement SET kind = 'gift' WHERE id = 3",
    ],
)
def test_books_that_do_not_balance_are_not_smoothed_over(first: Database, tampering: str) -> None:
    with closing(sqlite3.connect(first.path)) as raw:
        raw.execute(tampering)
        raw.commit()
    before = _rows(first)
    with pytest.raises(DatabaseUnusable, match="do not balance"):
        migrate.upgrade(first)
    assert _rows(first) == before
    with first.read() as tx:
        assert tx.execute(text("SELECT version_num FROM alembic_version")).scalar() == "0001"
