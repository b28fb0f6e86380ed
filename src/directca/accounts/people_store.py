"""The tables of people, their sessions and the browsers that know them."""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Select,
    String,
    Table,
    bindparam,
    delete,
    exists,
    func,
    insert,
    select,
    update,
)

from directca.accounts import factor_store, role_store
from directca.accounts.model import AccountStatus
from directca.accounts.person import Person, PersonStatus, Role, Session
from directca.accounts.role_store import account_administrator, person_role
from directca.accounts.store import account
from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, findable, metadata

person = Table(
    "person",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("account_id", String(32), ForeignKey("account.id"), nullable=False, index=True),
    Column("username", String(64), nullable=False, unique=True),
    Column("display_name", String(100), nullable=False),
    Column("password_hash", String(255), nullable=False),
    # What releases before there were grants ask: `officer` for an officer, `member` for everybody else. This one only writes it.
    Column("role", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    # Where letters reach the person; shown to be theirs by a link or a code that was sent there.
    Column("email", String(254)),
    # Since when the person has no access any more, for good; the row stays for what it did.
    Column("removed_at", UtcDateTime),
)
_OFFICER, _MEMBER = "officer", "member"

# Sessions and browsers are found by the SHA-256 of a 256-bit secret: a plain unique index, and a stolen table opens nothing.
person_session = Table(
    "person_session",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("person_id", String(32), ForeignKey("person.id"), nullable=False),
    Column("agent", String(200), nullable=False),
    Column("began_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("ends_at", UtcDateTime, nullable=False),
    Column("second_factor_at", UtcDateTime),
    # What a passkey is asked to sign, for this session alone, once.
    Column("challenge", String(64)),
    Column("challenge_ends_at", UtcDateTime),
    Index(None, "person_id", "began_at"),
    Index(None, "ends_at"),
)

known_browser = Table(
    "known_browser",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("person_id", String(32), ForeignKey("person.id"), primary_key=True),
    Column("ends_at", UtcDateTime, nullable=False, index=True),
)

_ROLES = (
    select(func.aggregate_strings(person_role.c.role, " "))
    .where(person_role.c.person_id == person.c.id)
    .correlate(person)
    .scalar_subquery()
    .label("roles")
)
_ADMINISTERS = exists().where(account_administrator.c.person_id == person.c.id).label("administers")
_PERSON = (person.c.id, person.c.account_id, person.c.username, person.c.display_name, person.c.status, _ROLES, _ADMINISTERS)
_STANDING = Prepared(
    select(person.c.account_id, account.c.status.label("account_status"), person.c.status)
    .join(account, account.c.id == person.c.account_id)
    .where(person.c.id == bindparam("wanted"))
)


def add_person(tx: Tx, new: Person, password_hash: str, at: datetime) -> None:
    """Add somebody whose user name nobody has, without any role that is granted."""
    tx.execute(
        insert(person).values(
            id=new.id,
            account_id=new.account_id,
            username=new.username,
            display_name=new.display_name,
            password_hash=password_hash,
            role=_MEMBER,
            status=new.status.value,
            created_at=at,
        )
    )


def person_named(tx: Tx, username: str) -> Person | None:
    """The person with this canonical user name."""
    row = tx.execute(select(*_PERSON).where(person.c.username == username, person.c.removed_at.is_(None))).one_or_none()
    return None if row is None else _person(row)


def people_of(tx: Tx, account_id: str) -> list[Person]:
    """Everybody of an account, by user name."""
    found = select(*_PERSON).where(person.c.account_id == account_id, person.c.removed_at.is_(None)).order_by(person.c.username)
    return [_person(row) for row in tx.execute(found)]


def credentials(tx: Tx, username: str) -> tuple[Person, str, str] | None:
    """The person with this user name, the password's hash, and the status of the person's account."""
    found = (
        select(*_PERSON, person.c.password_hash, account.c.status.label("account_status"))
        .join(account, account.c.id == person.c.account_id)
        .where(person.c.username == username, person.c.removed_at.is_(None))
    )
    row = tx.execute(found).one_or_none()
    return None if row is None else (_person(row), row.password_hash, row.account_status)


def addresses_of_administrators(tx: Tx, account_id: str) -> list[tuple[str, str]]:
    """Of the active administrators of an account: the person's id, and the address at which letters reach them."""
    administers = exists().where(account_administrator.c.person_id == person.c.id)
    wanted = (person.c.account_id == account_id, person.c.status == PersonStatus.ACTIVE.value, person.c.email.is_not(None))
    rows = tx.execute(select(person.c.id, person.c.email).where(*wanted, administers).order_by(person.c.id))
    return [(row.id, row.email) for row in rows]


def account_status(tx: Tx, account_id: str) -> str | None:
    """The status of an account, None if there is none."""
    return tx.execute(select(account.c.status).where(account.c.id == account_id)).scalar_one_or_none()


def account_name(tx: Tx, account_id: str) -> str:
    """The name of an account that there is."""
    name: str = tx.execute(select(account.c.name).where(account.c.id == account_id)).scalar_one()
    return name


def person_standing(tx: Tx, person_id: str) -> tuple[str, str, str] | None:
    """Of a person: the account's id, the account's status, the person's status."""
    row = _STANDING.first(tx, {"wanted": person_id})
    return None if row is None else (row.account_id, row.account_status, row.status)


def both_active(account_id: ColumnElement[str], person_id: ColumnElement[str]) -> ColumnElement[bool]:
    """The condition, for a statement that has these columns, that there is such a person of that account and both are active."""
    return exists().where(
        person.c.id == person_id,
        person.c.account_id == account_id,
        person.c.status == PersonStatus.ACTIVE.value,
        account.c.id == person.c.account_id,
        account.c.status == AccountStatus.ACTIVE.value,
    )


def person_with(tx: Tx, person_id: str) -> Person | None:
    """The person with this identifier."""
    wanted = (person.c.id == findable(person_id), person.c.removed_at.is_(None))
    row = tx.execute(select(*_PERSON).where(*wanted)).one_or_none()
    return None if row is None else _person(row)


def holders(tx: Tx, roles: frozenset[Role]) -> list[tuple[Person, str]]:
    """Everybody who holds one of the roles, with the status of the account, by user name."""
    held = select(person_role.c.person_id).where(person_role.c.role.in_(sorted(roles)))
    found = (
        select(*_PERSON, account.c.status.label("account_status"))
        .join(account, account.c.id == person.c.account_id)
        .where(person.c.id.in_(held))
        .order_by(person.c.username)
    )
    return [(_person(row), row.account_status) for row in tx.execute(found)]


def tell_older_releases(tx: Tx, person_id: str) -> None:
    """Let nodes of releases that know no grants see whether the person is an officer."""
    word = _OFFICER if Role.OFFICER in role_store.roles(tx, person_id) else _MEMBER
    tx.execute(update(person).where(person.c.id == person_id).values(role=word))


def addresses(tx: Tx, account_id: str) -> dict[str, str | None]:
    """By person of an account, the address at which letters reach them."""
    found = select(person.c.id, person.c.email).where(person.c.account_id == account_id, person.c.removed_at.is_(None))
    return {row.id: row.email for row in tx.execute(found)}


def remove(tx: Tx, person_id: str, at: datetime) -> None:
    """End a person's access for good: no password is right, and the user name is another's to take."""
    values = {
        "status": PersonStatus.SUSPENDED.value,  # which older releases keep out, too
        "username": f"removed:{person_id}",
        "password_hash": "!",
        "email": None,
        "removed_at": at,
    }
    tx.execute(update(person).where(person.c.id == person_id).values(values))


def set_email(tx: Tx, person_id: str, email: str | None) -> None:
    """Where letters reach the person from now on."""
    tx.execute(update(person).where(person.c.id == person_id).values(email=email))


def set_hash(tx: Tx, person_id: str, new: str) -> None:
    """Store another hash: of a new password, or of the same one with new parameters."""
    tx.execute(update(person).where(person.c.id == person_id).values(password_hash=new))


def change_status(tx: Tx, person_id: str, old: PersonStatus, new: PersonStatus) -> bool:
    """Move a person from one status to another; False if the person was not in the first."""
    changed = update(person).where(person.c.id == person_id, person.c.status == old.value).values(status=new.value)
    return tx.execute(changed).rowcount == 1


def add_session(tx: Tx, new: Session) -> None:
    """Begin a session."""
    tx.execute(
        insert(person_session).values(
            id=new.id,
            person_id=new.person.id,
            agent=new.agent,
            began_at=new.began_at,
            seen_at=new.seen_at,
            ends_at=new.ends_at,
            second_factor_at=new.second_factor_at,
        )
    )


def _sessions() -> Select[Any]:
    return (
        select(
            *_PERSON,
            account.c.name.label("account_name"),
            account.c.status.label("account_status"),
            person_session.c.id.label("session_id"),
            person_session.c.agent,
            person_session.c.began_at,
            person_session.c.seen_at,
            person_session.c.ends_at,
            person_session.c.second_factor_at,
            factor_store.has_factor(person.c.id).label("has_factor"),
        )
        .join(person, person.c.id == person_session.c.person_id)
        .join(account, account.c.id == person.c.account_id)
    )


def live_session(tx: Tx, session_id: str, now: datetime, seen_after: datetime) -> tuple[Session, str] | None:
    """The session, if no time-out has ended it, and the status of its account."""
    found = _sessions().where(
        person_session.c.id == session_id, person_session.c.ends_at > now, person_session.c.seen_at > seen_after
    )
    row = tx.execute(found).one_or_none()
    return None if row is None else (_session(row), row.account_status)


def live_sessions(tx: Tx, person_id: str, now: datetime, seen_after: datetime) -> list[Session]:
    """Every live session of a person, newest first."""
    found = (
        _sessions()
        .where(person.c.id == person_id, person_session.c.ends_at > now, person_session.c.seen_at > seen_after)
        .order_by(person_session.c.began_at.desc(), person_session.c.id)
    )
    return [_session(row) for row in tx.execute(found)]


def touch_session(tx: Tx, session_id: str, at: datetime) -> None:
    """Write down that the session is in use."""
    tx.execute(update(person_session).where(person_session.c.id == session_id).values(seen_at=at))


def renew_session(tx: Tx, session_id: str, new_id: str, at: datetime) -> bool:
    """The second factor was shown: the session goes on under another id. False if it has ended meanwhile."""
    live = (person_session.c.id == session_id) & (person_session.c.ends_at > at)
    values = {"id": new_id, "second_factor_at": at, "seen_at": at, "challenge": None, "challenge_ends_at": None}
    return tx.execute(update(person_session).where(live).values(values)).rowcount == 1


def set_challenge(tx: Tx, session_id: str, challenge: str, ends_at: datetime) -> None:
    """Remember what the session's passkey is asked to sign, in place of what it was asked before."""
    values = {"challenge": challenge, "challenge_ends_at": ends_at}
    tx.execute(update(person_session).where(person_session.c.id == session_id).values(values))


def spend_challenge(tx: Tx, session_id: str, now: datetime) -> str | None:
    """What the session's passkey was asked to sign, for the last time; None if it was not asked, or too long ago."""
    same = person_session.c.id == session_id
    row = tx.execute(select(person_session.c.challenge, person_session.c.challenge_ends_at).where(same)).one_or_none()
    tx.execute(update(person_session).where(same).values(challenge=None, challenge_ends_at=None))
    if row is None or row.challenge is None or row.challenge_ends_at <= now:
        return None
    challenge: str = row.challenge
    return challenge


def delete_session(tx: Tx, session_id: str) -> Person | None:
    """End a session; tells whose it was, None if there was none."""
    found = (
        select(*_PERSON).join(person_session, person.c.id == person_session.c.person_id).where(person_session.c.id == session_id)
    )
    row = tx.execute(found).one_or_none()
    tx.execute(delete(person_session).where(person_session.c.id == session_id))
    return None if row is None else _person(row)


def delete_sessions(tx: Tx, person_id: str) -> int:
    """End every session of a person; tells how many there were."""
    return tx.execute(delete(person_session).where(person_session.c.person_id == person_id)).rowcount


def delete_dead(tx: Tx, now: datetime) -> None:
    """Forget the sessions and browsers whose time is over."""
    tx.execute(delete(person_session).where(person_session.c.ends_at <= now))
    tx.execute(delete(known_browser).where(known_browser.c.ends_at <= now))


def names_known_to_browser(tx: Tx, browser_id: str, now: datetime) -> set[str]:
    """The user names of those who have signed in from this browser before."""
    found = (
        select(person.c.username)
        .join(known_browser, person.c.id == known_browser.c.person_id)
        .where(known_browser.c.id == browser_id, known_browser.c.ends_at > now)
    )
    return set(tx.execute(found).scalars())


def remember_browser(tx: Tx, browser_id: str, person_id: str, ends_at: datetime) -> None:
    """Write down that this person signed in from this browser."""
    same = (known_browser.c.id == browser_id) & (known_browser.c.person_id == person_id)
    if tx.execute(update(known_browser).where(same).values(ends_at=ends_at)).rowcount == 0:
        tx.execute(insert(known_browser).values(id=browser_id, person_id=person_id, ends_at=ends_at))


def forget_browsers(tx: Tx, person_id: str) -> None:
    """No browser is known to this person any longer."""
    tx.execute(delete(known_browser).where(known_browser.c.person_id == person_id))


def _person(row: Any) -> Person:
    roles = frozenset(Role(one) for one in (row.roles or "").split())
    if row.administers:
        roles |= {Role.ACCOUNT_ADMINISTRATOR}
    return Person(row.id, row.account_id, row.username, row.display_name, roles, PersonStatus(row.status))


def _session(row: Any) -> Session:
    return Session(
        id=row.session_id,
        person=_person(row),
        account_name=row.account_name,
        agent=row.agent,
        began_at=row.began_at,
        seen_at=row.seen_at,
        ends_at=row.ends_at,
        second_factor_at=row.second_factor_at,
        has_factor=bool(row.has_factor),
    )
