"""A walk over the journal in stretches: it ends where the journal does, and two at once do no harm."""

import secrets
from dataclasses import replace

import pytest

from directca.db.engine import Database
from directca.journal import verification, verification_store
from directca.journal.errors import NoSuchVerification
from directca.journal.model import Event, Verification
from directca.journal.record import append
from directca.journal.verify import verify
from tests.clocks import MovableClock


def begun(database: Database, clock: MovableClock, rows: int) -> Verification:
    with database.write() as tx:
        append(tx, *(Event("test.done", "person:1", f"thing:{one}") for one in range(rows)), at=clock.now())
        return verification.begin(tx, "person:kim", clock.now(), secrets.token_bytes)


@pytest.mark.parametrize("rows", [1, 3, 4, 1000])
def test_a_walk_finds_what_one_look_finds(database: Database, rows: int) -> None:
    clock = MovableClock()
    walk = begun(database, clock, 7)
    assert walk.total == 7
    done = verification.walk(database, clock, walk.id, rows=rows)
    assert (done.position, done.problems) == (8, ()), "the row that says it was begun is verified too"
    with database.read() as tx:
        assert verify(tx).problems == ()
    assert verification.walk(database, clock, walk.id) == done, "what is finished is not walked again"


def test_who_finds_the_place_taken_stops(database: Database) -> None:
    clock = MovableClock()
    walk = begun(database, clock, 7)
    further = replace(walk, position=5, digest="f" * 64)
    with database.write() as tx:
        assert verification_store.move(tx, walk, further)
        assert not verification_store.move(tx, walk, replace(walk, position=2)), "an older place takes no newer one back"
        assert verification_store.find(tx, walk.id) == further


def test_a_walk_that_nobody_began_is_not_found(database: Database) -> None:
    with pytest.raises(NoSuchVerification):
        verification.walk(database, MovableClock(), "nothing")
