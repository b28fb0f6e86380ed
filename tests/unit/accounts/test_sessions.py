"""Sessions live as long as they are used, never longer than a working day, and end when they are told to."""

import hashlib

import pytest
from sqlalchemy import text

from directca.accounts import accounts, sessions
from directca.accounts.sign_in import Attempt, sign_in
from directca.db.engine import Database
from directca.errors import NotFound
from tests.people import OPERATOR, PASSWORD, USERNAME, Clinic, a_clinic


def enter(clinic: Clinic, agent: str = "Firefox") -> str:
    return sign_in(clinic.people, Attempt(USERNAME, PASSWORD, "192.0.2.1", agent)).secret


def test_a_session_knows_its_person_and_account(database: Database) -> None:
    clinic = a_clinic(database)
    session = sessions.resume(clinic.people, enter(clinic))
    assert session is not None
    assert (session.person, session.account_name, session.agent) == (clinic.maria, "Sandbox Clinic", "Firefox")


def test_no_other_secret_opens_it(database: Database) -> None:
    clinic = a_clinic(database)
    secret = enter(clinic)
    with database.read() as tx:
        stored = tx.execute(text("SELECT id FROM person_session")).scalar_one()
    assert stored == hashlib.sha256(secret.encode()).hexdigest()
    for other in ("", secret[:-1], secret + "A", stored, secret.swapcase()):
        assert sessions.resume(clinic.people, other) is None


def test_a_secret_has_256_bits_and_is_never_the_same(database: Database) -> None:
    clinic = a_clinic(database)
    secrets = {enter(clinic) for _ in range(4)}
    assert len(secrets) == 4
    assert {len(secret) for secret in secrets} == {43}


def test_half_an_hour_without_use_ends_it(database: Database) -> None:
    clinic = a_clinic(database)
    secret = enter(clinic)
    clinic.clock.advance(minutes=29, seconds=59)
    assert sessions.resume(clinic.people, secret) is not None
    clinic.clock.advance(minutes=29, seconds=59)
    assert sessions.resume(clinic.people, secret) is not None
    clinic.clock.advance(minutes=30)
    assert sessions.resume(clinic.people, secret) is None


def test_eight_hours_end_it_however_much_it_is_used(database: Database) -> None:
    clinic = a_clinic(database)
    secret = enter(clinic)
    for _ in range(8 * 3 - 1):
        clinic.clock.advance(minutes=20)
        assert sessions.resume(clinic.people, secret) is not None
    clinic.clock.advance(minutes=20)
    assert sessions.resume(clinic.people, secret) is None


def test_signing_out_ends_it_for_good(database: Database) -> None:
    clinic = a_clinic(database)
    secret, other = enter(clinic), enter(clinic)
    sessions.end(clinic.people, secret)
    sessions.end(clinic.people, secret)
    assert sessions.resume(clinic.people, secret) is None
    assert sessions.resume(clinic.people, other) is not None


def test_a_suspended_account_ends_what_its_people_do(database: Database) -> None:
    clinic = a_clinic(database)
    secret = enter(clinic)
    with database.write() as tx:
        accounts.suspend(tx, clinic.account_id, actor=OPERATOR, reason="unpaid", at=clinic.clock.now())
    assert sessions.resume(clinic.people, secret) is None


def test_a_person_sees_and_ends_their_own_sessions(database: Database) -> None:
    clinic = a_clinic(database)
    enter(clinic, "Firefox")
    clinic.clock.advance(minutes=1)
    kept = enter(clinic, "Safari")
    listed = sessions.of_person(clinic.people, clinic.maria)
    assert [session.agent for session in listed] == ["Safari", "Firefox"]
    sessions.end_by_id(clinic.people, clinic.maria, listed[1].id, actor=clinic.maria.actor)
    assert [session.agent for session in sessions.of_person(clinic.people, clinic.maria)] == ["Safari"]
    assert sessions.end_all(clinic.people, clinic.maria, actor=OPERATOR) == 1
    assert sessions.resume(clinic.people, kept) is None


def test_nobody_ends_the_session_of_somebody_else(database: Database) -> None:
    clinic, other = a_clinic(database), a_clinic(database, "Other Clinic", "peter@other.example")
    secret = enter(clinic)
    listed = sessions.of_person(clinic.people, clinic.maria)
    for missing in (listed[0].id, "nothing"):
        with pytest.raises(NotFound):
            sessions.end_by_id(other.people, other.maria, missing, actor=other.maria.actor)
    assert sessions.resume(clinic.people, secret) is not None


def test_a_page_view_costs_no_write(database: Database) -> None:
    clinic = a_clinic(database)
    secret = enter(clinic)
    clinic.clock.advance(seconds=59)
    with database.write():  # a writer is at work; a read must not wait for it
        assert sessions.resume(clinic.people, secret) is not None


def test_dead_sessions_do_not_pile_up(database: Database) -> None:
    clinic = a_clinic(database)
    for _ in range(3):
        enter(clinic)
        clinic.clock.advance(hours=9)
    with database.read() as tx:
        assert tx.execute(text("SELECT count(*) FROM person_session")).scalar_one() == 1
