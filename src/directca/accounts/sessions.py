"""Sessions: begun by signing in, ended by signing out, by idleness, by age, by a new password, by suspension.

The browser holds 256 random bits and the table their SHA-256. Plain SHA-256 is right here: there is nothing to guess.
"""

import base64
import hashlib
from datetime import datetime, timedelta

from directca.accounts import people_store
from directca.accounts.model import AccountStatus
from directca.accounts.people import People
from directca.accounts.people_errors import SessionEnded
from directca.accounts.person import Person, PersonStatus, Session, Stage
from directca.db.engine import Tx
from directca.errors import NotFound
from directca.journal.model import Event
from directca.journal.record import append

_SECRET_BYTES = 32


def resume(people: People, secret: str) -> Session | None:
    """The session whose secret this is, if it is complete, and alive, and both person and account may act; else None."""
    found = begun(people, secret)
    return found if found is not None and found.stage is Stage.COMPLETE else None


def begun(people: People, secret: str) -> Session | None:
    """The same, of a session that may lack the second factor still: it is good for showing or adding one, and nothing else."""
    now = people.clock.now()
    session_id = digest(secret)
    with people.database.read() as tx:
        found = people_store.live_session(tx, session_id, now, now - timedelta(seconds=people.sessions.idle_seconds))
    if found is None:
        return None
    session, account_status = found
    if session.person.status is not PersonStatus.ACTIVE or account_status != AccountStatus.ACTIVE:
        return None
    if now - session.seen_at >= timedelta(seconds=people.sessions.seen_every_seconds):
        with people.database.write() as tx:
            people_store.touch_session(tx, session_id, now)
    return session


def confirmed(tx: Tx, people: People, session: Session, now: datetime) -> Session:
    """The session as it is within a transaction: alive, with the roles that its person has now. Raises `SessionEnded`.

    Verbs that change what a person may do ask this, since a page may have been open for a while.
    """
    found = people_store.live_session(tx, session.id, now, now - timedelta(seconds=people.sessions.idle_seconds))
    if found is None or found[0].person.status is not PersonStatus.ACTIVE or found[1] != AccountStatus.ACTIVE:
        raise SessionEnded("Your session has ended. Sign in again.")
    return found[0]


def end(people: People, secret: str) -> None:
    """End the session whose secret this is. Without such a session nothing happens."""
    now = people.clock.now()
    with people.database.write() as tx:
        session_id = digest(secret)
        owner = people_store.delete_session(tx, session_id)
        if owner is not None:
            append(tx, Event("session.ended", owner.actor, f"session:{session_id[:16]}", account_id=owner.account_id), at=now)


def of_person(people: People, person: Person) -> list[Session]:
    """Every live session of a person, newest first."""
    now = people.clock.now()
    with people.database.read() as tx:
        return people_store.live_sessions(tx, person.id, now, now - timedelta(seconds=people.sessions.idle_seconds))


def end_by_id(people: People, person: Person, session_id: str, *, actor: str) -> None:
    """End one of a person's sessions from elsewhere. Raises `NotFound` if it is not this person's or has ended."""
    now = people.clock.now()
    with people.database.write() as tx:
        owner = people_store.delete_session(tx, session_id)
        if owner is None or owner.id != person.id:
            raise NotFound("There is no such session, or it has ended already.")  # and the transaction undoes the deletion
        append(tx, Event("session.ended", actor, f"session:{session_id[:16]}", account_id=person.account_id), at=now)


def end_all(people: People, person: Person, *, actor: str) -> int:
    """End every session of a person; tells how many there were."""
    now = people.clock.now()
    with people.database.write() as tx:
        ended = people_store.delete_sessions(tx, person.id)
        detail = {"sessions_ended": ended}
        append(tx, Event("session.all_ended", actor, f"person:{person.id}", account_id=person.account_id, detail=detail), at=now)
    return ended


def new_secret(people: People) -> str:
    """256 random bits, as a cookie holds them."""
    return base64.urlsafe_b64encode(people.random(_SECRET_BYTES)).rstrip(b"=").decode()


def digest(secret: str) -> str:
    """What the tables hold of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
