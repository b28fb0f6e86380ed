"""The people of an account: given access, given a new password, suspended and let in again, by an operator."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from directca.accounts import email_address, limits, people_store, policy, role_store
from directca.accounts.config import LimitConfig, SessionConfig
from directca.accounts.passwords import Passwords
from directca.accounts.people_errors import BadUsername, NoSuchPerson, UsernameTaken
from directca.accounts.person import Person, PersonStatus, Role
from directca.clock import Clock
from directca.db.engine import Database, Tx
from directca.db.schema import findable
from directca.errors import NotFound
from directca.journal.model import Event
from directca.journal.record import append

_USERNAME = re.compile(r"[a-z0-9](?:[a-z0-9._@+-]{1,62}[a-z0-9])")


@dataclass(frozen=True)
class People:
    """What every verb about people needs."""

    database: Database
    clock: Clock
    random: Callable[[int], bytes]
    passwords: Passwords
    sessions: SessionConfig = field(default_factory=SessionConfig)
    limits: LimitConfig = field(default_factory=LimitConfig)


@dataclass(frozen=True)
class NewPerson:
    """Somebody who is to be given access."""

    account_id: str
    username: str
    display_name: str
    password: str = field(repr=False)
    roles: frozenset[Role] = frozenset()


Along = Callable[[Tx, Person], None]
"""What a room above has to do about the same person in the same commit, so that a crash leaves both done or neither."""


Admit = Callable[[Tx], None]
"""Raises unless whoever asks may, as the transaction finds it."""


def nothing_else(_tx: Tx, _person: Person) -> None:
    """No more than what the verb itself does."""


def create(people: People, new: NewPerson, *, actor: str, email: str | None = None) -> Person:
    """Give somebody access to an account.

    Raises `BadUsername`, `UsernameTaken`, `WeakPassword`, `RolesExclude`; `NotFound` if there is no such account.
    """
    policy.check_together(new.roles)
    username = canonical_username(new.username)
    if not _USERNAME.fullmatch(username):
        raise BadUsername(
            "Choose a user name of 3 to 64 characters: letters a to z, digits, and . _ @ + - between them.", field="username"
        )
    people.passwords.check_rules(new.password, username)
    password_hash = people.passwords.make_hash(new.password)
    with people.database.write() as tx:
        if people_store.account_status(tx, new.account_id) is None:
            raise NotFound(f"There is no account {new.account_id}. List the accounts and give one of their identifiers.")
        if people_store.person_named(tx, username) is not None:
            raise UsernameTaken(f"The user name {username} is taken. Choose another one.", field="username")
        return add(tx, people, new, password_hash, actor=actor, email=email)


def add(tx: Tx, people: People, new: NewPerson, password_hash: str, *, actor: str, email: str | None = None) -> Person:
    """Somebody whose name nobody has and whose password was looked at, in the caller's transaction."""
    username, now = canonical_username(new.username), people.clock.now()
    person = Person(
        id=people.random(12).hex(),
        account_id=new.account_id,
        username=username,
        display_name=shown_name(new.display_name) or username,
        roles=new.roles,
        status=PersonStatus.ACTIVE,
    )
    people_store.add_person(tx, person, password_hash, now)
    if email is not None:
        people_store.set_email(tx, person.id, email)
    for role in sorted(new.roles):
        role_store.add(tx, person.id, role, actor, now)
    people_store.tell_older_releases(tx, person.id)
    append(tx, _event("person.created", actor, person, roles=" ".join(sorted(new.roles))), at=now)
    return person


def shown_name(text: str) -> str:
    """How pages greet somebody: on one line, and of a length that fits."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())[:100]


def set_password(people: People, username: str, password: str, *, actor: str, along: Along = nothing_else) -> Person:
    """Give a person a new password. Every session ends, no browser is known any longer, no wait for the name goes on.

    Raises `NoSuchPerson`, `WeakPassword`.
    """
    people.passwords.check_rules(password, canonical_username(username))
    password_hash = people.passwords.make_hash(password)
    now = people.clock.now()
    with people.database.write() as tx:
        person = named(tx, username)
        people_store.set_hash(tx, person.id, password_hash)
        ended = people_store.delete_sessions(tx, person.id)
        people_store.forget_browsers(tx, person.id)
        limits.forget(tx, person.username)
        append(tx, _event("person.password_set", actor, person, sessions_ended=ended), at=now)
        along(tx, person)
    return person


def suspend(people: People, username: str, *, actor: str, reason: str, along: Along = nothing_else) -> Person:
    """Keep a person out until `resume`; every session ends. Raises `NoSuchPerson`. Twice is the same as once."""
    now = people.clock.now()
    with people.database.write() as tx:
        person = named(tx, username)
        if people_store.change_status(tx, person.id, PersonStatus.ACTIVE, PersonStatus.SUSPENDED):
            ended = people_store.delete_sessions(tx, person.id)
            append(tx, _event("person.suspended", actor, person, reason=reason, sessions_ended=ended), at=now)
        along(tx, person)
    return replace(person, status=PersonStatus.SUSPENDED)


def resume(people: People, username: str, *, actor: str) -> Person:
    """Let a suspended person in again. Raises `NoSuchPerson`. Twice is the same as once."""
    now = people.clock.now()
    with people.database.write() as tx:
        person = named(tx, username)
        if people_store.change_status(tx, person.id, PersonStatus.SUSPENDED, PersonStatus.ACTIVE):
            append(tx, _event("person.resumed", actor, person), at=now)
    return replace(person, status=PersonStatus.ACTIVE)


def set_address(people: People, username: str, email: str, *, actor: str) -> Person:
    """Say where letters reach somebody, for an operator who knows it to be theirs. Raises `NoSuchPerson`, `BadEmail`."""
    address = email_address.parse(email)
    with people.database.write() as tx:
        person = named(tx, username)
        people_store.set_email(tx, person.id, address)
        append(tx, _event("person.address_set", actor, person), at=people.clock.now())
    return person


def people_of(people: People, account_id: str) -> list[Person]:
    """Everybody of an account, by user name."""
    with people.database.read() as tx:
        return people_store.people_of(tx, account_id)


def canonical_username(text: str) -> str:
    """The form in which user names are stored and compared."""
    return findable(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).casefold()).strip())


def named(tx: Tx, username: str) -> Person:
    """The person with this user name, however it is written. Raises `NoSuchPerson`."""
    person = people_store.person_named(tx, canonical_username(username))
    if person is None:
        raise NoSuchPerson("Nobody has this user name. List the account's people to see their names.", field="username")
    return person


def _event(kind: str, actor: str, person: Person, **detail: str | int) -> Event:
    return Event(kind=kind, actor=actor, subject=f"person:{person.id}", account_id=person.account_id, detail={**detail})
