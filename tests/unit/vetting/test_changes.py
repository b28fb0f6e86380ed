"""Every change of what vetting rests on is counted by the database itself."""

import pytest
from sqlalchemy import JSON, Boolean, Integer, inspect, text
from sqlalchemy.exc import IntegrityError

from directca.db.engine import Database, Tx
from directca.db.schema import UtcDateTime, metadata
from directca.vetting import change_store

WRITTEN = {UtcDateTime: "'2026-11-24'", JSON: "'[]'", Boolean: "true", Integer: "1"}


class Counted(Exception):
    """All was counted, and may be undone."""


@pytest.mark.tampers
@pytest.mark.parametrize("table", change_store.COUNTED)
def test_each_change_of_a_fact_is_counted(database: Database, table: str) -> None:
    columns = metadata.tables[table].columns.values()
    needed = {column.name: WRITTEN.get(type(column.type), "'1'") for column in columns if not column.nullable}

    def count_and_undo() -> None:
        with database.write() as tx:
            without_foreign_keys(tx, table)
            before = change_store.number(tx)
            tx.execute(text(f"INSERT INTO {table} ({', '.join(needed)}) VALUES ({', '.join(needed.values())})"))
            inserted = change_store.number(tx)
            assert tx.execute(text(f"UPDATE {table} SET {columns[0].name} = {columns[0].name}")).rowcount == 1
            updated = change_store.number(tx)
            assert tx.execute(text(f"DELETE FROM {table}")).rowcount == 1
            assert before < inserted < updated < change_store.number(tx)
            raise Counted

    with pytest.raises(Counted):
        count_and_undo()


def without_foreign_keys(tx: Tx, table: str) -> None:
    """Until the transaction is undone."""
    if tx.dialect.name == "sqlite":
        tx.execute(text("PRAGMA defer_foreign_keys=ON"))
        return
    for key in inspect(tx).get_foreign_keys(table):
        tx.execute(text(f'ALTER TABLE {table} DROP CONSTRAINT "{key["name"]}"'))


def test_what_is_undone_was_not_counted(database: Database) -> None:
    with database.read() as tx:
        before = change_store.number(tx)
    opened = text("INSERT INTO account (id, name, status, created_at) VALUES ('a', 'A', 'active', '2026-11-24')")

    def open_twice() -> None:
        with database.write() as tx:
            tx.execute(opened)
            tx.execute(opened)

    with pytest.raises(IntegrityError):
        open_twice()
    with database.read() as tx:
        assert change_store.number(tx) == before


@pytest.mark.tampers
def test_without_its_row_nothing_is_taken_for_unchanged(database: Database) -> None:
    with database.write() as tx:
        tx.execute(text("DELETE FROM vetting_change"))
    with database.read() as tx, pytest.raises(LookupError):
        change_store.number(tx)
