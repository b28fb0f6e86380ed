"""Administrators keep an account's users, and an account is never left without one."""

import pytest
from argon2.exceptions import VerifyMismatchError

from directca.accounts import invitations, members, people, sessions
from directca.accounts.member import Member
from directca.accounts.people_errors import (
    LastOfAccount,
    NoSuchPerson,
    NoSuchUser,
    SessionEnded,
    StaffOfAuthority,
    WrongCredentials,
)
from directca.accounts.person import Role
from directca.accounts.role_errors import NotPermitted
from directca.accounts.sign_in import Attempt, sign_in
from directca.db.engine import Database
from tests.billing import somebody
from tests.people import OPERATOR, PASSWORD
from tests.unit.accounts.test_joining import CHOSEN, COMMAND, NINA, Front, dict_of


@pytest.fixture
def front(database: Database) -> Front:
    return Front(database)


def test_a_removed_user_is_out_at_once_and_for_good_and_the_name_is_free(front: Front) -> None:
    person = invitations.accept(front.joining, front.invited(), CHOSEN)
    session = sign_in(front.clinic.people, Attempt(NINA, PASSWORD, "192.0.2.1"))
    told: list[str] = []
    members.remove(front.clinic.people, front.who, person.id, along=lambda _tx, one: told.append(one.id))
    assert (told, sessions.resume(front.clinic.people, session.secret)) == ([person.id], None)
    for username in (NINA, f"removed:{person.id}"):  # as of somebody who never was: with the work that it takes to say no
        with pytest.raises(WrongCredentials) as refusal:
            front.enter(username)
        assert isinstance(refusal.value.__cause__, VerifyMismatchError)
    for username in (NINA, f"removed:{person.id}"):
        with pytest.raises(NoSuchPerson):
            people.resume(front.clinic.people, username, actor=OPERATOR)
    with pytest.raises(SessionEnded):
        members.of_account(front.clinic.people, Member(person.account_id, person.id))
    assert person.id not in dict_of(front)
    assert invitations.accept(front.joining, front.invited(), CHOSEN).id != person.id


def test_an_account_is_never_left_without_an_administrator_nor_without_anybody(front: Front) -> None:
    folk = front.clinic.people
    with pytest.raises(LastOfAccount):
        members.remove(folk, front.who, front.who.person_id)
    with pytest.raises(LastOfAccount):
        members.appoint(folk, front.who, front.who.person_id, administrator=False)
    members.appoint(folk, front.who, front.clinic.maria.id, administrator=True)
    members.remove(folk, front.who, front.who.person_id)
    maria = Member(front.who.account_id, front.clinic.maria.id)
    with pytest.raises(LastOfAccount):
        members.remove(folk, maria, maria.person_id)
    with pytest.raises(LastOfAccount):
        members.remove_named(folk, front.clinic.maria.username, by=COMMAND)


def test_somebody_suspended_does_not_count_as_somebody(front: Front) -> None:
    people.suspend(front.clinic.people, front.clinic.maria.username, actor=OPERATOR, reason="x")
    with pytest.raises(LastOfAccount):
        members.remove_named(front.clinic.people, username_of(front), by=COMMAND)


def username_of(front: Front) -> str:
    return next(one.username for one, _ in members.of_account(front.clinic.people, front.who) if one.id == front.who.person_id)


def test_nobody_of_another_account_is_seen_changed_or_removed(front: Front) -> None:
    stranger, maria = front.stranger(), front.clinic.maria.id
    for wanted in (maria, front.who.person_id, "nobody", "\0"):
        with pytest.raises(NoSuchUser):
            members.remove(front.clinic.people, stranger, wanted)
        with pytest.raises(NoSuchUser):
            members.appoint(front.clinic.people, stranger, wanted, administrator=True)
    assert maria in dict_of(front)
    assert [one.id for one, _ in members.of_account(front.clinic.people, stranger)] == [stranger.person_id]


def test_whoever_is_no_administrator_removes_nobody_but_themselves(front: Front) -> None:
    colleague = somebody(front.clinic.people.database, front.clinic.clock, front.who.account_id)
    with pytest.raises(NotPermitted):
        members.remove(front.clinic.people, colleague, front.clinic.maria.id)
    with pytest.raises(NotPermitted):
        members.appoint(front.clinic.people, colleague, colleague.person_id, administrator=True)
    members.remove(front.clinic.people, colleague, colleague.person_id)


def test_staff_of_the_authority_is_not_removed_by_an_account(front: Front) -> None:
    officer = somebody(front.clinic.people.database, front.clinic.clock, front.who.account_id, Role.OFFICER)
    with pytest.raises(StaffOfAuthority):
        members.remove(front.clinic.people, front.who, officer.person_id)
    with pytest.raises(StaffOfAuthority):
        members.remove_named(front.clinic.people, name_of(front, officer), by=COMMAND)


def name_of(front: Front, who: Member) -> str:
    return next(one.username for one, _ in members.of_account(front.clinic.people, front.who) if one.id == who.person_id)
