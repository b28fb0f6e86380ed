"""The lifecycle: which states follow which, and how a record is shown."""

from dataclasses import replace
from datetime import timedelta

import pytest

from directca.certificates import authorities, register, store
from directca.certificates.errors import AlreadySucceeded, IdentifierInUse, StateChanged
from directca.certificates.model import State, Status, may_become, status
from directca.db.engine import Database
from tests.register import NOON, a_record, some_records
from tests.statements import seen_in


def test_only_the_arrows_of_the_lifecycle_exist() -> None:
    arrows = {(one, other) for one in State for other in State if may_become(one, other)}
    assert arrows == {
        (State.INTENDED, State.ISSUED),
        (State.INTENDED, State.REVOKED),
        (State.ISSUED, State.HELD),
        (State.ISSUED, State.REVOKED),
        (State.HELD, State.ISSUED),
        (State.HELD, State.REVOKED),
    }


def test_not_after_is_part_of_the_validity(database: Database) -> None:
    (record,) = some_records(database, "a@x.example")
    assert status(record, record.not_after) is Status.ISSUED
    assert status(record, record.not_after + timedelta(seconds=1)) is Status.EXPIRED


def test_revocation_outshines_expiry_and_expiry_a_hold(database: Database) -> None:
    (record,) = some_records(database, "a@x.example")
    late = record.not_after + timedelta(days=1)
    assert status(replace(record, state=State.REVOKED), late) is Status.REVOKED
    assert status(replace(record, state=State.HELD), late) is Status.EXPIRED
    assert status(replace(record, state=State.HELD, superseded_by="x"), NOON) is Status.HELD
    assert status(replace(record, superseded_by="x"), NOON) is Status.SUPERSEDED


def test_one_record_is_current_for_a_name(database: Database) -> None:
    with database.write() as tx:
        a_record(tx, "a@x.example", current=True)
    with pytest.raises(IdentifierInUse), database.write() as tx:
        a_record(tx, "a@x.example", current=True)


def test_one_successor_for_a_pair(database: Database) -> None:
    (old,) = some_records(database, "a@x.example")
    with database.write() as tx:
        a_record(tx, "a@x.example", state=State.INTENDED, supersedes=old.id)
    with pytest.raises(AlreadySucceeded), database.write() as tx:
        a_record(tx, "a@x.example", state=State.INTENDED, supersedes=old.id)


def test_a_record_that_changed_in_between_is_not_moved(database: Database) -> None:
    (seen,) = some_records(database, "a@x.example")
    with database.write() as tx:
        store.move(tx, seen, State.HELD, revoked_at=NOON, updated_at=NOON + timedelta(seconds=1))
    with pytest.raises(StateChanged), database.write() as tx:
        store.move(tx, seen, State.REVOKED, revoked_at=NOON)


def test_positions_follow_the_order_in_which_records_become_known(database: Database) -> None:
    with database.write() as tx:
        first = a_record(tx, "a@x.example", state=State.INTENDED)
        second = a_record(tx, "b@x.example", state=State.INTENDED)
    with database.write() as tx:
        later = store.move(tx, second, State.ISSUED)
        latest = store.move(tx, first, State.ISSUED)
    assert (later.position, latest.position) == (1, 2)


@pytest.mark.engine("sqlite", why="statements are seen by SQLite's trace")
def test_what_stays_as_it_is_is_not_written(database: Database) -> None:
    with database.write() as tx:
        intent = a_record(tx, "a@x.example", state=State.INTENDED, current=True)
        with seen_in(tx) as sent:
            issued = store.move(tx, intent, State.ISSUED, current=True, updated_at=NOON)
            store.relink(tx, issued, current=False, updated_at=NOON + timedelta(seconds=1))
            store.relink(tx, replace(issued, current=False, updated_at=NOON + timedelta(seconds=1)), current=False)
    changes = [one[one.index(" SET ") : one.index(" WHERE record.id")] for one in sent]
    assert [("current" in one, "state" in one, "updated_at" in one) for one in changes] == [
        (False, True, False),
        (True, False, True),
        (True, True, False),  # nothing changes: the comparison alone is left
    ]


def test_a_revocation_is_counted_for_its_authority(database: Database) -> None:
    (record,) = some_records(database, "a@x.example")
    with database.read() as tx:
        assert authorities.status_version(tx, "issuing") == 0
    with database.write() as tx:
        register.revoke(tx, record, register.RevocationReason.SUPERSEDED, NOON)
    with database.read() as tx:
        assert authorities.status_version(tx, "issuing") == 1
