"""A database of the seventh schema comes through the tenth step with its officers and its open sessions."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from directca.accounts import people_store, role_store
from directca.accounts.person import Role, Stage
from directca.db import migrate, steps
from directca.db.engine import Database
from directca.db.sqlite import SqliteDatabase
from tests.unit.db.first_schema import make, step

AT = "2026-11-24 12:00:00.000000"
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
PEOPLE = ("olga", "officer"), ("maria", "member")


@pytest.fixture
def seventh(tmp_path: Path) -> Iterator[Database]:
    """A database at the seventh schema, with an officer and a member who are both signed in."""
    made = SqliteDatabase(tmp_path / "seventh.sqlite", synchronous="OFF")
    make(made)
    step(made, "0007")
    with closing(sqlite3.connect(made.path)) as raw:
        for name, role in PEOPLE:
            raw.execute("INSERT INTO person VALUES (?, 'clinic', ?, ?, 'x', ?, 'active', ?)", (name, name, name, role, AT))
            raw.execute(
                "INSERT INTO person_session (id, person_id, agent, began_at, seen_at, ends_at) VALUES (?, ?, 'x', ?, ?, ?)",
                (name, name, AT, AT, "2026-11-24 20:00:00.000000"),
            )
        raw.commit()
    yield made
    made.close()


def test_an_officer_is_one_still_and_is_asked_for_a_second_factor(seventh: Database) -> None:
    migrate.upgrade(seventh)
    with seventh.read() as tx:
        assert role_store.roles(tx, "olga") == {Role.OFFICER}
        assert role_store.roles(tx, "maria") == frozenset()
        found = [people_store.live_session(tx, name, NOON, NOON - timedelta(minutes=30)) for name, _ in PEOPLE]
    assert [one[0].stage for one in found if one] == [Stage.ENROL, Stage.COMPLETE]
    with seventh.read() as tx:
        assert steps.numbers(tx).floor == "0004", "nodes of the release before go on working"


def test_what_older_nodes_read_and_write_is_as_it_was(seventh: Database) -> None:
    migrate.upgrade(seventh)
    with closing(sqlite3.connect(seventh.path)) as raw:
        assert raw.execute("SELECT username, role FROM person ORDER BY 1").fetchall() == [
            ("maria", "member"),
            ("olga", "officer"),
        ]
        columns = "id, account_id, username, display_name, password_hash, role, status, created_at"
        raw.execute(f"INSERT INTO person ({columns}) VALUES ('new', 'clinic', 'new', 'new', 'x', 'officer', 'active', ?)", (AT,))
        raw.execute(
            "INSERT INTO person_session (id, person_id, agent, began_at, seen_at, ends_at) VALUES ('s', 'new', 'x', ?, ?, ?)",
            (AT, AT, "2026-11-24 20:00:00.000000"),
        )
        raw.commit()
    with seventh.read() as tx:
        assert role_store.roles(tx, "new") == frozenset(), "who was made an officer by an older node is granted the role anew"
