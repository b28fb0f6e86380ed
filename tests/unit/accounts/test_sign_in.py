"""Signing in: who knows the password is let in; everybody else gets one answer, and it is written down."""

import json
import statistics
import threading
import time
from dataclasses import replace

import pytest
from argon2 import extract_parameters
from sqlalchemy import text

from directca.accounts import accounts, people, sessions
from directca.accounts.config import PasswordConfig
from directca.accounts.people_errors import TooManyAtOnce, TooManyAttempts, WrongCredentials
from directca.accounts.person import NewSession
from directca.accounts.sign_in import Attempt, sign_in
from directca.db.engine import Database
from directca.journal.model import Event
from directca.journal.store import rows_after
from tests.clocks import MovableClock
from tests.people import CHEAP, OPERATOR, PASSWORD, USERNAME, Clinic, a_clinic, some_people

WRONG = "wrong horse battery"


def enter(clinic: Clinic, username: str = USERNAME, password: str = PASSWORD, browser: str | None = None) -> NewSession:
    return sign_in(clinic.people, Attempt(username, password, "192.0.2.1", "Firefox", browser))


def refusals(database: Database) -> list[Event]:
    with database.read() as tx:
        return [row.event for row in rows_after(tx, 0) if row.event.kind == "person.sign_in_refused"]


def test_the_right_password_begins_a_session(database: Database) -> None:
    clinic = a_clinic(database)
    for written in (USERNAME, USERNAME.upper(), f" {USERNAME} "):
        new = enter(clinic, written)
        assert new.session.person == clinic.maria
        assert sessions.resume(clinic.people, new.secret) == new.session


def test_unknown_wrong_and_suspended_get_the_same_answer(database: Database) -> None:
    clinic = a_clinic(database)
    peter = a_clinic(database, "Other Clinic", "peter@other.example")
    people.suspend(peter.people, peter.maria.username, actor=OPERATOR, reason="left")
    answers = set()
    for username, password in (
        ("nobody@clinic.example", PASSWORD),
        (USERNAME, WRONG),
        (peter.maria.username, PASSWORD),
        ("\x00'; DROP TABLE person; --", PASSWORD),
        ("x" * 100_000, WRONG),
        (USERNAME, "x" * 100_000),
    ):
        with pytest.raises(WrongCredentials) as refused:
            enter(clinic, username, password)
        answers.add((refused.value.detail, refused.value.field, refused.value.slug))
    assert len(answers) == 1
    assert enter(clinic)


def test_a_suspended_account_keeps_its_people_out(database: Database) -> None:
    clinic = a_clinic(database)
    with database.write() as tx:
        accounts.suspend(tx, clinic.account_id, actor=OPERATOR, reason="unpaid", at=clinic.clock.now())
    with pytest.raises(WrongCredentials):
        enter(clinic)


def test_unknown_and_wrong_take_the_same_time(database: Database) -> None:
    clinic = a_clinic(database)
    costly = replace(clinic.people, passwords=some_people(database, clinic.clock, PasswordConfig(passes=2)).passwords)
    known = costly.passwords.make_hash(PASSWORD)
    with database.write() as tx:
        tx.execute(text("UPDATE person SET password_hash = :new"), {"new": known})

    def seconds(username: str) -> float:
        began = time.perf_counter()
        with pytest.raises(WrongCredentials):
            sign_in(costly, Attempt(username, WRONG, "192.0.2.1"))
        return time.perf_counter() - began

    wrong, unknown = [], []
    for _ in range(4):
        wrong.append(seconds(USERNAME))
        unknown.append(seconds("nobody@clinic.example"))
    # Without the work done for nobody the second would be a hundredth of the first.
    assert 0.5 < statistics.median(wrong) / statistics.median(unknown) < 2


def test_success_and_failure_are_journalled_without_what_was_typed(database: Database) -> None:
    clinic = a_clinic(database)
    with pytest.raises(WrongCredentials):
        enter(clinic, password=WRONG)
    with pytest.raises(WrongCredentials):
        enter(clinic, username="my secret in the wrong field", password=WRONG)
    new = enter(clinic)
    with database.read() as tx:
        events = [row.event for row in rows_after(tx, 0)]
    last = events[-1]
    assert [event.kind for event in events[-3:]] == ["person.sign_in_refused", "person.sign_in_refused", "person.signed_in"]
    assert [event.subject for event in events[-3:]] == [
        f"person:{clinic.maria.id}",
        "person:unknown",
        f"session:{new.session.id[:16]}",
    ]
    assert (last.actor, last.account_id, last.outcome) == (clinic.maria.actor, clinic.account_id, "success")
    assert {event.outcome for event in events[-3:-1]} == {"wrong_credentials"}
    told = json.dumps([[event.subject, event.actor, dict(event.detail)] for event in events])
    for secret in (WRONG, PASSWORD, "my secret", new.secret, new.browser_secret):
        assert secret not in told


def test_guessing_is_stopped_and_passes_by_itself(database: Database) -> None:
    clinic = a_clinic(database)
    for _ in range(clinic.people.limits.per_username):
        with pytest.raises(WrongCredentials):
            enter(clinic, password=WRONG)
    with pytest.raises(TooManyAttempts):
        enter(clinic)
    clinic.clock.advance(seconds=clinic.people.limits.first_wait_seconds)
    assert enter(clinic)
    assert refusals(database)[-1].detail["wait_seconds"] == clinic.people.limits.first_wait_seconds


def test_limits_tell_nobody_who_exists(database: Database) -> None:
    clinic = a_clinic(database)

    def told(username: str) -> list[str]:
        answers = []
        for _ in range(8):
            with pytest.raises((WrongCredentials, TooManyAttempts)) as refused:
                enter(clinic, username, WRONG)
            answers.append(refused.value.detail)
        return answers

    assert told(USERNAME) == told("nobody@clinic.example")


def test_an_attempt_that_the_limits_refuse_writes_nothing(database: Database) -> None:
    clinic = a_clinic(database)
    for _ in range(clinic.people.limits.per_username):
        with pytest.raises(WrongCredentials):
            enter(clinic, password=WRONG)
    before = len(refusals(database))
    with database.write():  # the one writer is taken: a refusal must not wait for it
        for _ in range(10):
            with pytest.raises(TooManyAttempts):
                enter(clinic, password=WRONG)
    assert len(refusals(database)) == before


def test_a_browser_that_was_here_before_gets_in_while_strangers_guess(database: Database) -> None:
    clinic = a_clinic(database)
    browser = enter(clinic).browser_secret
    for _ in range(clinic.people.limits.per_username):
        with pytest.raises(WrongCredentials):
            enter(clinic, password=WRONG)
    with pytest.raises(TooManyAttempts):
        enter(clinic)
    with pytest.raises(TooManyAttempts):
        enter(clinic, browser="made up")
    assert enter(clinic, browser=browser).browser_secret == browser


def test_a_browser_that_was_here_before_is_known_to_its_own_people_only(database: Database) -> None:
    clinic = a_clinic(database)
    a_clinic(database, "Other Clinic", "peter@other.example")
    browser = enter(clinic).browser_secret
    for _ in range(clinic.people.limits.per_username):
        with pytest.raises(WrongCredentials):
            enter(clinic, "peter@other.example", WRONG, browser)
    with pytest.raises(TooManyAttempts):
        enter(clinic, "peter@other.example", WRONG)


def test_a_browser_secret_that_somebody_planted_is_not_taken_over(database: Database) -> None:
    clinic = a_clinic(database)
    assert enter(clinic, browser="planted").browser_secret != "planted"


def test_a_new_password_makes_every_browser_a_stranger(database: Database) -> None:
    clinic = a_clinic(database)
    browser = enter(clinic).browser_secret
    people.set_password(clinic.people, USERNAME, PASSWORD, actor=OPERATOR)
    assert enter(clinic, browser=browser).browser_secret != browser


def test_a_hundred_attempts_at_once_are_a_hundred_attempts(database: Database) -> None:
    clinic = a_clinic(database)
    answers: list[str] = []
    start = threading.Barrier(16)

    def attempt() -> None:
        start.wait()
        try:
            enter(clinic, password=WRONG)
        except (WrongCredentials, TooManyAttempts) as refused:
            answers.append(refused.slug)

    threads = [threading.Thread(target=attempt) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers.count("wrong_credentials") == clinic.people.limits.per_username
    assert answers.count("too_many_attempts") == 16 - clinic.people.limits.per_username


def test_an_attempt_that_found_no_place_does_not_count(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = a_clinic(database)
    with pytest.raises(WrongCredentials):
        enter(clinic, password=WRONG)
    with monkeypatch.context() as patch:
        patch.setattr(clinic.people.passwords, "_door", threading.BoundedSemaphore(1))
        with clinic.people.passwords._place():  # somebody else holds the only place
            for _ in range(3 * clinic.people.limits.per_address):
                with pytest.raises(TooManyAtOnce):
                    enter(clinic)
    for _ in range(clinic.people.limits.per_username - 1):
        with pytest.raises(WrongCredentials):
            enter(clinic, password=WRONG)
    with pytest.raises(TooManyAttempts):
        enter(clinic)


def test_a_password_changed_while_it_was_verified_lets_nobody_in(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    clinic = a_clinic(database)
    verify = clinic.people.passwords.verify

    def slow(stored: str | None, password: str) -> str | None:
        answer = verify(stored, password)
        people.set_password(clinic.people, USERNAME, "another good password", actor=OPERATOR)
        return answer

    monkeypatch.setattr(clinic.people.passwords, "verify", slow)
    with pytest.raises(WrongCredentials):
        enter(clinic)
    assert sessions.of_person(clinic.people, clinic.maria) == []


def test_changed_parameters_are_stored_at_the_next_sign_in(database: Database) -> None:
    clinic = a_clinic(database)
    changed = some_people(database, MovableClock(), replace(CHEAP, passes=2))
    sign_in(changed, Attempt(USERNAME, PASSWORD, "192.0.2.1"))
    with database.read() as tx:
        stored = tx.execute(text("SELECT password_hash FROM person")).scalar_one()
    assert extract_parameters(stored).time_cost == 2
    assert enter(clinic)
