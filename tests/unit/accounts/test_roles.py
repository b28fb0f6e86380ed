"""Roles are granted and withdrawn by administrators, never by and for the same person, and never two that check one another."""

from itertools import combinations

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from directca.accounts import accounts, people, roles, sessions
from directca.accounts.people_errors import NoSuchPerson, SessionEnded
from directca.accounts.person import SEPARATE, STAFF, Role, Session
from directca.accounts.role_errors import LastAdministrator, NotPermitted, RoleNotGranted, RolesExclude, StepUpFirst
from directca.accounts.role_store import person_role
from directca.accounts.roles import AtCommand
from directca.db.engine import Database
from directca.journal.model import Event
from directca.journal.store import rows_after
from tests.factors import a_colleague, enter, with_app
from tests.people import NOON, OPERATOR, USERNAME, Clinic, a_clinic, some_factors

COMMAND = AtCommand(OPERATOR)
PAIRS = list(combinations(sorted(SEPARATE), 2))


def journal(database: Database, kind: str) -> list[Event]:
    with database.read() as tx:
        return [row.event for row in rows_after(tx, 0) if row.event.kind == kind]


def administrator(clinic: Clinic, username: str = "anna") -> Session:
    """Somebody who may grant, signed in with a second factor just now."""
    a_colleague(clinic, username, Role.ADMINISTRATOR)
    return with_app(some_factors(clinic.people), enter(clinic, username).session)[1].session


def test_an_administrator_grants_and_withdraws(database: Database) -> None:
    clinic = a_clinic(database)
    anna = administrator(clinic)
    open_before = enter(clinic)
    granted = roles.grant(clinic.people, USERNAME, Role.RA_OFFICER, by=anna)
    assert granted.roles == {Role.RA_OFFICER}
    assert sessions.begun(clinic.people, open_before.secret) is None, "a change of roles ends the person's sessions"
    assert enter(clinic).session.person == granted
    roles.grant(clinic.people, USERNAME, Role.TRUSTED_AGENT, by=anna)
    assert roles.grant(clinic.people, USERNAME, Role.OFFICER, by=anna).roles == {
        Role.RA_OFFICER,
        Role.TRUSTED_AGENT,
        Role.OFFICER,
    }
    assert [one.username for one in roles.staff(clinic.people, by=anna)] == ["anna", USERNAME]
    assert roles.withdraw(clinic.people, USERNAME, Role.OFFICER, by=anna).roles == {Role.RA_OFFICER, Role.TRUSTED_AGENT}
    (first, *_), (gone,) = journal(database, "person.role_granted"), journal(database, "person.role_withdrawn")
    assert (first.actor, first.subject) == (anna.person.actor, clinic.maria.actor)
    assert (first.detail["role"], first.detail["sessions_ended"]) == ("ra_officer", 1)
    assert (gone.actor, gone.subject, gone.detail["role"]) == (anna.person.actor, clinic.maria.actor, "officer")


def test_twice_is_the_same_as_once(database: Database) -> None:
    clinic = a_clinic(database)
    for _ in range(2):
        assert roles.grant(clinic.people, USERNAME, Role.AUDITOR, by=COMMAND).roles == {Role.AUDITOR}
    for _ in range(2):
        assert roles.withdraw(clinic.people, USERNAME, Role.AUDITOR, by=COMMAND).roles == frozenset()
    assert len(journal(database, "person.role_granted")) == len(journal(database, "person.role_withdrawn")) == 1


@pytest.mark.parametrize(("first", "second"), [*PAIRS, *((b, a) for a, b in PAIRS)])
def test_the_verb_makes_it_impossible_to_hold_two_that_check_one_another(database: Database, first: Role, second: Role) -> None:
    clinic = a_clinic(database)
    roles.grant(clinic.people, USERNAME, first, by=COMMAND)
    with pytest.raises(RolesExclude, match="check one another") as refused:
        roles.grant(clinic.people, USERNAME, second, by=COMMAND)
    assert refused.value.field == "role"
    with pytest.raises(RolesExclude):
        a_colleague(clinic, "both", first, second)
    assert [one.roles for one in roles.staff(clinic.people, by=COMMAND)] == [{first}]


@pytest.mark.tampers
@pytest.mark.parametrize(("first", "second"), PAIRS)
def test_so_does_the_schema_for_whoever_asks_no_verb(database: Database, first: Role, second: Role) -> None:
    clinic = a_clinic(database)
    roles.grant(clinic.people, USERNAME, first, by=COMMAND)
    row = {"person_id": clinic.maria.id, "granted_by": "x", "granted_at": NOON}
    with pytest.raises(IntegrityError), database.write() as tx:
        tx.execute(insert(person_role).values(role=second.value, **row))
    roles.grant(clinic.people, USERNAME, Role.OPERATOR, by=COMMAND)
    with pytest.raises(IntegrityError), database.write() as tx:
        tx.execute(text("UPDATE person_role SET role = :second WHERE role = 'operator'"), {"second": second.value})
    with pytest.raises(IntegrityError), database.write() as tx:
        tx.execute(insert(person_role).values(role="root", **row))
    assert roles.person_named(clinic.people, USERNAME, by=COMMAND).roles == {first, Role.OPERATOR}


def test_nobody_changes_their_own_roles(database: Database) -> None:
    clinic = a_clinic(database)
    anna = administrator(clinic)
    administrator(clinic, "otto")
    for change in (roles.grant, roles.withdraw):
        for role in (Role.RA_OFFICER, Role.ADMINISTRATOR):
            with pytest.raises(NotPermitted, match="themselves"):
                change(clinic.people, "anna", role, by=anna)


def test_the_last_administrator_stays_unless_a_command_insists(database: Database) -> None:
    clinic = a_clinic(database)
    anna = administrator(clinic)
    otto = administrator(clinic, "otto")
    people.suspend(clinic.people, "anna", actor=OPERATOR, reason="away")
    with pytest.raises(LastAdministrator):
        roles.withdraw(clinic.people, "otto", Role.ADMINISTRATOR, by=COMMAND)
    people.resume(clinic.people, "anna", actor=OPERATOR)
    roles.withdraw(clinic.people, "otto", Role.ADMINISTRATOR, by=COMMAND)
    with pytest.raises(LastAdministrator):
        roles.withdraw(clinic.people, anna.person.username, Role.ADMINISTRATOR, by=COMMAND)
    assert roles.withdraw(clinic.people, "anna", Role.ADMINISTRATOR, by=COMMAND, even_the_last=True).roles == frozenset()
    with pytest.raises(SessionEnded):
        roles.staff(clinic.people, by=otto)


def test_no_page_can_insist(database: Database) -> None:
    clinic = a_clinic(database)
    anna = administrator(clinic)
    administrator(clinic, "otto")
    with database.write() as tx:
        tx.execute(text("UPDATE person SET status = 'suspended' WHERE username = 'anna'"))
    with pytest.raises(SessionEnded):  # not even one that was open when its person was suspended by other means
        roles.withdraw(clinic.people, "otto", Role.ADMINISTRATOR, by=anna, even_the_last=True)
    people.resume(clinic.people, "anna", actor=OPERATOR)
    roles.withdraw(clinic.people, "otto", Role.ADMINISTRATOR, by=anna, even_the_last=True)


@pytest.mark.parametrize("role", sorted(set(Role) - {Role.ADMINISTRATOR}))
def test_nobody_else_grants_anything(database: Database, role: Role) -> None:
    clinic = a_clinic(database)
    someone = a_colleague(clinic, "sam", *({role} - {Role.TUSER}))
    session = enter(clinic, "sam").session
    if someone.roles & STAFF:
        session = with_app(some_factors(clinic.people), session)[1].session
    for change in (roles.grant, roles.withdraw):
        with pytest.raises(NotPermitted):
            change(clinic.people, USERNAME, Role.OPERATOR, by=session)
        with pytest.raises(NotPermitted):  # and learns nothing about who exists
            change(clinic.people, "nobody", Role.OPERATOR, by=session)
    assert people.people_of(clinic.people, clinic.account_id)[0].roles == frozenset()


def test_an_old_second_factor_is_shown_anew_before_a_grant(database: Database) -> None:
    clinic = a_clinic(database)
    anna = administrator(clinic)
    clinic.clock.advance(seconds=600)
    roles.grant(clinic.people, USERNAME, Role.OPERATOR, by=anna)
    clinic.clock.advance(seconds=1)
    for change in (roles.grant, roles.withdraw):
        with pytest.raises(StepUpFirst):
            change(clinic.people, USERNAME, Role.OPERATOR, by=anna)
    assert roles.staff(clinic.people, by=anna), "looking needs none"


def test_a_session_whose_second_factor_was_not_shown_is_worth_nothing(database: Database) -> None:
    clinic = a_clinic(database)
    administrator(clinic)
    half = enter(clinic, "anna").session
    with pytest.raises(StepUpFirst):
        roles.grant(clinic.people, USERNAME, Role.OPERATOR, by=half)


def test_an_administrator_who_is_none_any_more_grants_nothing_with_an_open_page(database: Database) -> None:
    clinic = a_clinic(database)
    anna = administrator(clinic)
    with database.write() as tx:
        tx.execute(text("DELETE FROM person_role"))  # without the verb, which would have ended the session
    with pytest.raises(NotPermitted):
        roles.grant(clinic.people, USERNAME, Role.OPERATOR, by=anna)
    with database.write() as tx:
        accounts.suspend(tx, clinic.account_id, actor=OPERATOR, reason="test", at=NOON)
    with pytest.raises(SessionEnded):
        roles.grant(clinic.people, USERNAME, Role.OPERATOR, by=anna)


def test_what_everybody_is_cannot_be_granted_and_nobody_is_not_there(database: Database) -> None:
    clinic = a_clinic(database)
    for change in (roles.grant, roles.withdraw):
        with pytest.raises(RoleNotGranted):
            change(clinic.people, USERNAME, Role.TUSER, by=COMMAND)
        with pytest.raises(NoSuchPerson):
            change(clinic.people, "nobody", Role.OPERATOR, by=COMMAND)


def test_older_releases_are_told_who_is_an_officer(database: Database) -> None:
    clinic = a_clinic(database)

    def word() -> str:
        with database.read() as tx:
            found: str = tx.execute(text("SELECT role FROM person WHERE username = :name"), {"name": USERNAME}).scalar_one()
        return found

    words = [word()]
    for change, role in ((roles.grant, Role.OPERATOR), (roles.grant, Role.OFFICER), (roles.withdraw, Role.OFFICER)):
        change(clinic.people, USERNAME, role, by=COMMAND)
        words.append(word())
    assert words == ["member", "member", "officer", "member"]
