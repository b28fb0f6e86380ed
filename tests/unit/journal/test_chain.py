"""The journal finds every row that was altered, removed, added or moved."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from directca.db.engine import Database
from directca.journal.chain import GENESIS
from directca.journal.model import Event
from directca.journal.record import append
from directca.journal.verify import verify, verify_founded, verify_stretch

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
        "UPDATE journal SET detail = 'null' WHERE position = 5",
        "UPDATE journal SET detail = '[1]' WHERE position = 5",
    ],
)
def test_tampering_is_found(journalled: Database, tampering: str) -> None:
    with journalled.write() as tx:
        tx.execute(text(tampering))
    assert problems(journalled)


@pytest.mark.engine("sqlite", why="its columns take whatever somebody puts there")
@pytest.mark.parametrize(
    "written",
    [
        "detail = '{'",
        "detail = ''",
        "detail = x'ff'",
        "detail = '" + "[" * 5_000 + "]" * 5_000 + "'",
        "at = 'yesterday'",
        "at = 5",
        "at = at || '+00:00'",
        "kind = CAST(kind AS BLOB)",
    ],
)
def test_a_row_in_which_nothing_can_be_read_any_more_is_found_and_hides_no_other(journalled: Database, written: str) -> None:
    with journalled.write() as tx:
        tx.execute(text(f"UPDATE journal SET {written} WHERE position = 5"))
        tx.execute(text("UPDATE journal SET outcome = 'refused' WHERE position = 9"))
    assert problems(journalled) == ("row 5 was altered", "row 9 was altered")
    with journalled.read() as tx:
        assert verify_stretch(tx, 0, GENESIS, rows=100).problems == ("row 5 was altered", "row 9 was altered")


@pytest.mark.tampers
@pytest.mark.parametrize("position", [0, -7])
def test_a_row_before_the_first_is_found(journalled: Database, position: int) -> None:
    columns = "at, kind, actor, subject, outcome, account_id, detail, previous_digest, digest"
    with journalled.write() as tx:
        tx.execute(
            text(f"INSERT INTO journal (position, {columns}) SELECT {position}, {columns} FROM journal WHERE position = 3")
        )
    expected = f"row {position} stands before the first, which is row 1"
    assert problems(journalled) == (expected,)
    with journalled.read() as tx:
        begun = verify_stretch(tx, 0, GENESIS, rows=5)
        assert begun.problems == (expected,)
        assert verify_stretch(tx, begun.position, begun.digest, rows=5).problems == (), "it is told once"


@pytest.mark.tampers
def test_a_journal_that_was_emptied_is_not_whole(journalled: Database) -> None:
    with journalled.write() as tx:
        tx.execute(text("DELETE FROM journal"))
        tx.execute(text("DELETE FROM journal_head"))
    with journalled.read() as tx:
        assert verify(tx).problems == (), "as before anything ever happened"
        assert verify_founded(tx).problems


def test_the_journal_of_an_authority_verifies(journalled: Database) -> None:
    with journalled.read() as tx:
        assert verify_founded(tx) == verify(tx)


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
