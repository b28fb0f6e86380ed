"""People are given access, a new password, suspended, let in again; each of it is in the journal and none of it is secret."""

import json

import pytest
from sqlalchemy import literal, select

from directca.accounts import accounts, people, sessions
from directca.accounts.people import NewPerson, canonical_username
from directca.accounts.people_errors import (
    BadUsername,
    NoSuchPerson,
    TooManyAttempts,
    UsernameTaken,
    WeakPassword,
    WrongCredentials,
)
from directca.accounts.person import PersonStatus
from directca.accounts.sign_in import Attempt, sign_in
from directca.accounts.standing import good_standing, standing
from directca.db.engine import Database, Tx
from directca.errors import NotFound
from directca.journal import store as journal_store
from tests.people import OPERATOR, PASSWORD, USERNAME, Clinic, a_clinic

NEW_PASSWORD = "staple the other horse"


def enter(clinic: Clinic, password: str = PASSWORD) -> str:
    return sign_in(clinic.people, Attempt(USERNAME, password, "192.0.2.1")).secret


def test_a_person_has_a_canonical_name_a_role_and_a_status(database: Database) -> None:
    clinic = a_clinic(database, username="  Maria@Clinic.Example ")
    assert (clinic.maria.username, clinic.maria.roles, clinic.maria.status) == (USERNAME, frozenset(), PersonStatus.ACTIVE)
    assert people.people_of(clinic.people, clinic.account_id) == [clinic.maria]


def test_a_user_name_is_given_once_however_it_is_written(database: Database) -> None:
    clinic = a_clinic(database)
    for same in (USERNAME, USERNAME.upper(), "\uff4daria@clinic.example"):
        with pytest.raises(UsernameTaken):
            people.create(clinic.people, NewPerson(clinic.account_id, same, "X", PASSWORD), actor=OPERATOR)


@pytest.mark.parametrize(
    "bad", ["", "ab", "a" * 65, ".maria", "maria.", "mar ia", "mar\x00ia", "m\u0430ria", "maria<b>", "maria/.."]
)
def test_a_user_name_holds_plain_characters_only(database: Database, bad: str) -> None:
    clinic = a_clinic(database)
    with pytest.raises(BadUsername):
        people.create(clinic.people, NewPerson(clinic.account_id, bad, "X", PASSWORD), actor=OPERATOR)


def test_nobody_is_created_with_a_weak_password_or_without_an_account(database: Database) -> None:
    clinic = a_clinic(database)
    with pytest.raises(WeakPassword):
        people.create(clinic.people, NewPerson(clinic.account_id, "peter", "Peter", "too short"), actor=OPERATOR)
    with pytest.raises(NotFound):
        people.create(clinic.people, NewPerson("nothing", "peter", "Peter", PASSWORD), actor=OPERATOR)
    assert people.people_of(clinic.people, clinic.account_id) == [clinic.maria]


def test_a_new_password_replaces_the_old_one_and_ends_every_session(database: Database) -> None:
    clinic = a_clinic(database)
    secret = enter(clinic)
    people.set_password(clinic.people, USERNAME, NEW_PASSWORD, actor=OPERATOR)
    assert sessions.resume(clinic.people, secret) is None
    with pytest.raises(WrongCredentials):
        enter(clinic)
    assert sessions.resume(clinic.people, enter(clinic, NEW_PASSWORD)) is not None


def test_a_new_password_need_not_wait_for_a_strangers_guesses(database: Database) -> None:
    clinic = a_clinic(database)
    for _ in range(clinic.people.limits.per_username):
        with pytest.raises(WrongCredentials):
            enter(clinic, "a wrong guess of somebody")
    with pytest.raises(TooManyAttempts):
        enter(clinic)
    people.set_password(clinic.people, USERNAME.upper(), NEW_PASSWORD, actor=OPERATOR)
    assert enter(clinic, NEW_PASSWORD)


def test_a_weak_new_password_changes_nothing(database: Database) -> None:
    clinic = a_clinic(database)
    secret = enter(clinic)
    with pytest.raises(WeakPassword):
        people.set_password(clinic.people, USERNAME, "too short", actor=OPERATOR)
    assert sessions.resume(clinic.people, secret) is not None


def test_a_suspended_person_is_out_at_once_and_may_come_back(database: Database) -> None:
    clinic = a_clinic(database)
    secret = enter(clinic)
    for _ in range(2):
        assert people.suspend(clinic.people, USERNAME, actor=OPERATOR, reason="left").status is PersonStatus.SUSPENDED
    assert sessions.resume(clinic.people, secret) is None
    with pytest.raises(WrongCredentials):
        enter(clinic)
    for _ in range(2):
        assert people.resume(clinic.people, USERNAME, actor=OPERATOR).status is PersonStatus.ACTIVE
    assert sessions.resume(clinic.people, secret) is None
    assert enter(clinic)


def test_nobody_unknown_is_changed(database: Database) -> None:
    clinic = a_clinic(database)
    with pytest.raises(NoSuchPerson):
        people.suspend(clinic.people, "peter", actor=OPERATOR, reason="left")
    with pytest.raises(NoSuchPerson):
        people.resume(clinic.people, "peter", actor=OPERATOR)
    with pytest.raises(NoSuchPerson):
        people.set_password(clinic.people, "peter", NEW_PASSWORD, actor=OPERATOR)


def test_the_journal_tells_who_did_what_and_no_password(database: Database) -> None:
    clinic = a_clinic(database)
    people.set_password(clinic.people, USERNAME, NEW_PASSWORD, actor=OPERATOR)
    people.suspend(clinic.people, USERNAME, actor=OPERATOR, reason="left")
    people.resume(clinic.people, USERNAME, actor=OPERATOR)
    with database.read() as tx:
        events = [row.event for row in journal_store.rows_about(tx, f"person:{clinic.maria.id}")]
    assert [event.kind for event in events] == ["person.created", "person.password_set", "person.suspended", "person.resumed"]
    assert {(event.actor, event.account_id) for event in events} == {(OPERATOR, clinic.account_id)}
    assert events[2].detail["reason"] == "left"
    told = json.dumps([dict(event.detail) for event in events])
    assert PASSWORD not in told
    assert NEW_PASSWORD not in told
    assert "argon2" not in told


def test_a_password_is_not_in_what_is_printed_of_a_person() -> None:
    assert PASSWORD not in repr(NewPerson("a", "b", "c", PASSWORD))
    assert PASSWORD not in repr(Attempt("a", PASSWORD, "192.0.2.1", browser_secret="x"))


def test_canonical_names_stay_as_they_are() -> None:
    for name in (USERNAME, " MARIA ", "\uff2d\u0391\u212b"):
        assert canonical_username(canonical_username(name)) == canonical_username(name)


def is_good(tx: Tx, account_id: str, person_id: str | None) -> bool:
    """What `standing` says, and beside it, of a person, the column of another statement."""
    said = standing(tx, account_id, person_id).is_good
    if person_id is not None:
        assert tx.execute(select(good_standing(literal(account_id), literal(person_id)))).scalar_one() is said
    return said


def test_standing_needs_both_account_and_person(database: Database) -> None:
    clinic, maria = a_clinic(database), None
    maria = clinic.maria
    with database.read() as tx:
        assert is_good(tx, clinic.account_id, maria.id)
        assert is_good(tx, clinic.account_id, None)
        assert not is_good(tx, clinic.account_id, "nobody")
        assert not is_good(tx, "nothing", maria.id)
        assert not is_good(tx, "nothing", None)
    people.suspend(clinic.people, USERNAME, actor=OPERATOR, reason="left")
    with database.read() as tx:
        assert not is_good(tx, clinic.account_id, maria.id)
        assert is_good(tx, clinic.account_id, None)
    people.resume(clinic.people, USERNAME, actor=OPERATOR)
    with database.write() as tx:
        accounts.suspend(tx, clinic.account_id, actor=OPERATOR, reason="unpaid", at=clinic.clock.now())
    with database.read() as tx:
        assert not is_good(tx, clinic.account_id, maria.id)
        assert not is_good(tx, clinic.account_id, None)
