"""The users of an account, kept by its administrators: seen, made administrators or not, removed.

Somebody of another account is as somebody who does not exist. An account is never left without somebody who can sign in for
it, nor without an administrator if it has one.
"""

from directca.accounts import people_store, permissions, role_store
from directca.accounts.member import Member, acting, acting_anew
from directca.accounts.people import Along, People, named, nothing_else
from directca.accounts.people_errors import LastOfAccount, NoSuchUser, StaffOfAuthority
from directca.accounts.permissions import Rule, Whose
from directca.accounts.person import Person, PersonStatus, Role
from directca.accounts.roles import AtCommand
from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append


def of_account(people: People, who: Member) -> list[tuple[Person, str | None]]:
    """Everybody of the account by user name, with the address at which letters reach them. Raises SessionEnded."""
    with people.database.read() as tx:
        acting(tx, who, permissions.SEE_USERS)
        addresses = people_store.addresses(tx, who.account_id)
        return [(one, addresses[one.id]) for one in people_store.people_of(tx, who.account_id)]


def appoint(people: People, who: Member, person_id: str, *, administrator: bool) -> Person:
    """Make somebody of the account its administrator, or no longer. Their sessions end. Twice is the same as once.

    Raises NoSuchUser, LastOfAccount, NotPermitted, StepUpFirst, SessionEnded.
    """
    now, role = people.clock.now(), Role.ACCOUNT_ADMINISTRATOR
    with people.database.write() as tx:
        _kept(tx, people, who, permissions.KEEP_USERS, Whose.SAME_ACCOUNT)
        person = _own(tx, who, person_id)
        if (role in person.roles) == administrator:
            return person
        if administrator:
            role_store.add(tx, person.id, role, who.actor, now)
        else:
            _check_others(tx, person)
            role_store.remove(tx, person.id, role)
        kind = "person.role_granted" if administrator else "person.role_withdrawn"
        detail: dict[str, Fact] = {"role": role.value, "sessions_ended": people_store.delete_sessions(tx, person.id)}
        append(tx, Event(kind, who.actor, person.actor, account_id=person.account_id, detail=detail), at=now)
        return _own(tx, who, person_id)


def remove(people: People, who: Member, person_id: str, along: Along = nothing_else) -> Person:
    """End somebody's access to the account for good: an administrator anybody's, everybody their own.

    Sessions and browsers end; `along` is what a room above ends in the same commit. What the person did stays in the journal, and
    the user name is free. Raises NoSuchUser, LastOfAccount, StaffOfAuthority, NotPermitted, StepUpFirst, SessionEnded.
    """
    with people.database.write() as tx:
        own = who.person_id == person_id
        _kept(tx, people, who, permissions.REMOVE_USER, Whose.OWN if own else Whose.SAME_ACCOUNT)
        return _removed(tx, people, _own(tx, who, person_id), who.actor, along)


def remove_named(people: People, username: str, *, by: AtCommand, along: Along = nothing_else) -> Person:
    """The same of whatever account. For the operator. Raises NoSuchPerson, LastOfAccount, StaffOfAuthority."""
    with people.database.write() as tx:
        return _removed(tx, people, named(tx, username), by.actor, along)


def _removed(tx: Tx, people: People, person: Person, actor: str, along: Along) -> Person:
    if person.is_staff:
        raise StaffOfAuthority(
            f"{person.display_name} works for the certificate authority, whose administrator must withdraw those roles first."
        )
    _check_others(tx, person)
    for role in sorted(person.roles):
        role_store.remove(tx, person.id, role)
    detail: dict[str, Fact] = {"username": person.username, "sessions_ended": people_store.delete_sessions(tx, person.id)}
    people_store.forget_browsers(tx, person.id)
    along(tx, person)
    people_store.remove(tx, person.id, people.clock.now())
    event = Event("person.removed", actor, person.actor, account_id=person.account_id, detail=detail)
    append(tx, event, at=people.clock.now())
    return person


def _kept(tx: Tx, people: People, who: Member, rule: Rule, of: Whose) -> None:
    acting_anew(tx, who, rule, of, now=people.clock.now(), within=people.sessions.step_up_seconds)


def _check_others(tx: Tx, person: Person) -> None:
    others = [
        one for one in people_store.people_of(tx, person.account_id) if one.id != person.id and one.status is PersonStatus.ACTIVE
    ]
    if not others:
        raise LastOfAccount("This is the last person who can sign in for the account. Invite somebody else first.")
    if Role.ACCOUNT_ADMINISTRATOR in person.roles and not any(Role.ACCOUNT_ADMINISTRATOR in one.roles for one in others):
        raise LastOfAccount("This is the last administrator of the account. Make somebody else one first.")


def _own(tx: Tx, who: Member, person_id: str) -> Person:
    person = people_store.person_with(tx, person_id)
    if person is None or person.account_id != who.account_id:
        raise NoSuchUser("The account has no user with this identifier.")
    return person
