"""The journal finds every row that was altered, removed, added or moved."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from directca.db.engine import Database
from directca.journal.model import Event
from directca.journal.record import append
from directca.journal.verify import verify

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.fixture
def journalled(database: Database) -> Database:
    for number in range(6):
        with database.write() as tx:
            append(
                tx,
                Event("thing.made", "operator:ann", f"thing:{number}", detail={"count": number}),
                Event("thing.kept", "operator:ann", f"thing:{number}"),
                at=NOON + timedelta(seconds=number),
            )
    return database


def problems(database: Database) -> tuple[str, ...]:
    with database.read() as tx:
        return verify(tx).problems


def test_a_whole_journal_verifies(journalled: Database) -> None:
    with journalled.read() as tx:
        verdict = verify(tx)
    assert (verdict.rows, verdict.problems) == (12, ())


@pytest.mark.tampers
@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE journal SET actor = 'operator:eve' WHERE position = 5",
        "UPDATE journal SET detail = '{\"count\": 9}' WHERE position = 3",
        "UPDATE journal SET at = '2026-11-24 12:00:09.000000' WHERE position = 4",
        "UPDATE journal SET outcome = 'refused' WHERE position = 12",
        "DELETE FROM journal WHERE position = 1",
        "DELETE FROM journal WHERE position = 6",
        "DELETE FROM journal WHERE position = 12",
        "DELETE FROM journal",
        "UPDATE journal_head SET position = 11",
        "DELETE FROM journal_head",
    ],
)
def test_tampering_is_found(journalled: Database, tampering: str) -> None:
    with journalled.write() as tx:
        tx.execute(text(tampering))
    assert problems(journalled)


@pytest.mark.tampers
def test_two_rows_that_changed_places_are_found(journalled: Database) -> None:
    with journalled.write() as tx:
        for step in ("position = 99 WHERE position = 4", "position = 4 WHERE position = 5", "position = 5 WHERE position = 99"):
            tx.execute(text(f"UPDATE journal SET {step}"))
    assert problems(journalled)


def test_a_change_that_fails_leaves_no_row(journalled: Database) -> None:
    def half() -> None:
        with journalled.write() as tx:
            append(tx, Event("thing.lost", "operator:ann", "thing:x"), at=NOON)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    with journalled.read() as tx:
        assert verify(tx).rows == 12
