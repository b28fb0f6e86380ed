"""What an operator does to a person, together with what it means for the applications that the person let in: one commit each.

A session and a grant are two ways in. A verb that shuts the first and forgets the second leaves whoever holds a refresh token
inside, so both are shut here, or it is said how many of the second stay open.
"""

from dataclasses import dataclass
from datetime import datetime

from directca.accounts import members, people
from directca.accounts.member import Member
from directca.accounts.people import People
from directca.accounts.person import Person
from directca.accounts.roles import AtCommand
from directca.db.engine import Tx
from directca.oauth import application_store, family
from directca.oauth.context import OAuth


@dataclass(frozen=True)
class Access:
    """The person, and of the applications that could act for the person how many cannot any more and how many still can."""

    person: Person
    withdrawn: int
    kept: int


def suspend(oauth: OAuth, folk: People, username: str, *, actor: str, reason: str) -> Access:
    """Keep a person out until `people.resume`: sessions end, and so does all that the person granted, for good.

    A token is refused at once, since each look at one asks how its person stands. The grants end nevertheless: a token that was
    stolen must not come back to life with the person. Raises `NoSuchPerson`. Twice is the same as once.
    """
    withdrawn = 0

    def along(tx: Tx, person: Person) -> None:
        nonlocal withdrawn
        withdrawn = _withdraw(tx, person, actor, oauth.clock.now())

    return Access(people.suspend(folk, username, actor=actor, reason=reason, along=along), withdrawn, 0)


def set_password(oauth: OAuth, folk: People, username: str, password: str, *, actor: str, withdraw: bool) -> Access:
    """Give a person a new password; every session ends, and with `withdraw` all that the person granted.

    Raises `NoSuchPerson`, `WeakPassword`.
    """
    withdrawn = kept = 0

    def along(tx: Tx, person: Person) -> None:
        nonlocal withdrawn, kept
        if withdraw:
            withdrawn = _withdraw(tx, person, actor, oauth.clock.now())
        else:
            kept = _with_access(tx, person, oauth.clock.now())

    return Access(people.set_password(folk, username, password, actor=actor, along=along), withdrawn, kept)


def remove(oauth: OAuth, folk: People, who: Member, person_id: str) -> Person:
    """End somebody's access to the account: sessions, and all that the person granted, in one commit. For good.

    Raises NoSuchUser, LastOfAccount, StaffOfAuthority, NotPermitted, SessionEnded.
    """

    def along(tx: Tx, person: Person) -> None:
        _withdraw(tx, person, who.actor, oauth.clock.now())

    return members.remove(folk, who, person_id, along)


def remove_named(oauth: OAuth, folk: People, username: str, *, by: AtCommand) -> Person:
    """The same of whatever account. For the operator. Raises NoSuchPerson, LastOfAccount, StaffOfAuthority."""

    def along(tx: Tx, person: Person) -> None:
        _withdraw(tx, person, by.actor, oauth.clock.now())

    return members.remove_named(folk, username, by=by, along=along)


def _withdraw(tx: Tx, person: Person, actor: str, at: datetime) -> int:
    """End every grant, also those of which only a code exists yet. Answers how many applications lose access."""
    applications = _with_access(tx, person, at)
    for grant in application_store.active_grants(tx, person.id):
        family.end(tx, grant, because=family.Because.WITHDRAWN, actor=actor, at=at)
    return applications


def _with_access(tx: Tx, person: Person, at: datetime) -> int:
    return len({one.client_id for one in application_store.live_grants(tx, person.id, at)})
