"""Roles: granted and withdrawn by an administrator, or by an operator's command.

Administrator, officer and auditor check one another, so one person holds at most one of them: this verb refuses, and so does the
schema. Nobody changes their own roles. A change ends every session of the person it is about.
"""

from dataclasses import dataclass, replace
from datetime import datetime

from directca.accounts import people_store, permissions, policy, role_store, sessions
from directca.accounts.model import AccountStatus
from directca.accounts.people import People, named
from directca.accounts.permissions import Rule, Whose
from directca.accounts.person import STAFF, Person, PersonStatus, Role, Session
from directca.accounts.role_errors import LastAdministrator
from directca.db.engine import Tx
from directca.journal.model import Event
from directca.journal.record import append


@dataclass(frozen=True)
class AtCommand:
    """Whoever has the data folder and gives an operator's command: may grant what there is nobody else to grant."""

    actor: str


Doer = Session | AtCommand


def grant(people: People, username: str, role: Role, *, by: Doer) -> Person:
    """Let a person act in a role; every session of the person ends. Twice is the same as once.

    Raises `NotPermitted`, `StepUpFirst`, `SessionEnded`, `NoSuchPerson`, `RolesExclude`, `RoleNotGranted`.
    """
    now = people.clock.now()
    with people.database.write() as tx:
        doer = _doer(tx, people, permissions.GRANT_ROLE, by, now)
        person = _other(tx, permissions.GRANT_ROLE, doer, username)
        after = person.roles | {role}
        policy.check_together(after)
        if role not in person.roles:
            role_store.add(tx, person.id, role, _actor(by), now)
            _changed(tx, "person.role_granted", by, person, role, now)
    return replace(person, roles=after)


def withdraw(people: People, username: str, role: Role, *, by: Doer, even_the_last: bool = False) -> Person:
    """Let a person act in a role no longer; every session of the person ends. Twice is the same as once.

    Raises `NotPermitted`, `StepUpFirst`, `SessionEnded`, `NoSuchPerson`, `RoleNotGranted`; `LastAdministrator` unless a command
    says `even_the_last`.
    """
    now = people.clock.now()
    with people.database.write() as tx:
        doer = _doer(tx, people, permissions.WITHDRAW_ROLE, by, now)
        person = _other(tx, permissions.WITHDRAW_ROLE, doer, username)
        policy.check_together(frozenset({role}))
        if role is Role.ADMINISTRATOR and not (even_the_last and isinstance(by, AtCommand)):
            _check_others(tx, person)
        if role_store.remove(tx, person.id, role):
            _changed(tx, "person.role_withdrawn", by, person, role, now)
    return replace(person, roles=person.roles - {role})


def staff(people: People, *, by: Doer) -> list[Person]:
    """Everybody who works for the authority, by user name. Raises `NotPermitted`, `SessionEnded`."""
    with people.database.read() as tx:
        _doer(tx, people, permissions.LIST_STAFF, by, people.clock.now())
        return [person for person, _ in people_store.holders(tx, STAFF)]


def person_named(people: People, username: str, *, by: Doer) -> Person:
    """Somebody of whatever account, with their roles. Raises `NotPermitted`, `SessionEnded`, `NoSuchPerson`."""
    with people.database.read() as tx:
        _doer(tx, people, permissions.LIST_STAFF, by, people.clock.now())
        return named(tx, username)


def _doer(tx: Tx, people: People, rule: Rule, by: Doer, now: datetime) -> Person | None:
    """Who asks, as they are at this moment; None at a command. Whoever may do it to nobody learns nothing of anybody."""
    if isinstance(by, AtCommand):
        return None
    session = sessions.confirmed(tx, people, by, now)
    permissions.check(rule, session.person.roles, Whose.OTHER)
    if rule.step_up:
        policy.stepped_up_within(session, now, people.sessions.step_up_seconds)
    return session.person


def _other(tx: Tx, rule: Rule, doer: Person | None, username: str) -> Person:
    """The person whom it is about, unless that is whoever asks."""
    person = named(tx, username)
    if doer is not None:
        permissions.check(rule, doer.roles, permissions.whose(doer, person))
    return person


def _check_others(tx: Tx, person: Person) -> None:
    holders = people_store.holders(tx, frozenset({Role.ADMINISTRATOR}))
    active = [one.id for one, account in holders if one.status is PersonStatus.ACTIVE and account == AccountStatus.ACTIVE]
    if Role.ADMINISTRATOR in person.roles and not set(active) - {person.id}:
        raise LastAdministrator(
            f"{person.username} is the last administrator who can sign in. Make another one first; "
            "an operator can withdraw even the last with `directca role withdraw --even-the-last`.",
            field="role",
        )


def _changed(tx: Tx, kind: str, by: Doer, person: Person, role: Role, now: datetime) -> None:
    people_store.tell_older_releases(tx, person.id)
    detail = {"role": role.value, "sessions_ended": people_store.delete_sessions(tx, person.id)}
    append(tx, Event(kind, _actor(by), person.actor, account_id=person.account_id, detail=detail), at=now)


def _actor(by: Doer) -> str:
    return by.actor if isinstance(by, AtCommand) else by.person.actor
