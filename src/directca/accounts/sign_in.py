"""Signing in: a user name and a password become a session. Told in docs/flows/sign-in.md.

Unknown names and wrong passwords, suspended people and suspended accounts get the same answer after the same work.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from directca.accounts import factor_store, limits, people_store
from directca.accounts.limits import Counted
from directca.accounts.model import AccountStatus
from directca.accounts.passwords import ADVICE, WRONG
from directca.accounts.people import People, canonical_username
from directca.accounts.people_errors import TooManyAtOnce, WrongCredentials
from directca.accounts.person import NewSession, Person, PersonStatus, Session, Stage
from directca.accounts.sessions import digest, new_secret
from directca.db.engine import Tx
from directca.journal.model import Event
from directca.journal.record import append


@dataclass(frozen=True)
class Attempt:
    """What somebody entered, and from where. `browser_secret` is what a browser brings that knows its people."""

    username: str
    password: str = field(repr=False)
    address: str
    agent: str = ""
    browser_secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True)
class _Found:
    """A person who might be meant, with the stored hash."""

    person: Person
    password_hash: str
    may_act: bool


def sign_in(people: People, attempt: Attempt) -> NewSession:
    """Begin a session for the person who knows the password. Its `stage` says whether a second factor is still to be shown.

    Raises `TooManyAttempts`, `WrongCredentials`, `TooManyAtOnce`. Every success and every failure is journalled; an attempt that
    the limits refuse is not, since it was announced by the failure before it and must not cost a write.
    """
    username = canonical_username(attempt.username)[:256]

    # 1 limit
    # Counted and committed before anything else: a crash, or a hundred attempts at once, leave counted attempts behind.
    counted = _limit(people, username, attempt)

    # 2 find
    with people.database.read() as tx:
        found = _find(tx, username)

    # 3 verify
    # No transaction is open: this takes a tenth of a second of a core, and there is only one writer.
    try:
        person, rehashed = _verify(people, found, attempt.password)
    except WrongCredentials as wrong:
        _record_failure(people, found, attempt, counted.wait_seconds, wrong)
        raise
    except TooManyAtOnce:
        # Nobody looked at the password, so nothing was guessed. A crash before this leaves one counted attempt.
        with people.database.write() as tx:
            limits.undo(tx, counted, people.limits)
        raise

    # 4 begin
    # One commit: the attempts given back, the session, the browser, the journal's row. What was verified must still be so.
    now = people.clock.now()
    with people.database.write() as tx:
        if _find(tx, username) != found:
            raise WrongCredentials(f"{WRONG} {ADVICE}")
        limits.give_back(tx, counted, now)
        if rehashed is not None:
            people_store.set_hash(tx, person.id, rehashed)
        return _begin(tx, people, person, attempt, now)


def _limit(people: People, username: str, attempt: Attempt) -> Counted:
    now = people.clock.now()
    known = None
    with people.database.read() as tx:
        if attempt.browser_secret is not None:
            browser_id = digest(attempt.browser_secret)
            known = browser_id if username in people_store.names_known_to_browser(tx, browser_id, now) else None
        wanted = limits.allowances(people.limits, username, attempt.address, known)
        # Whoever has to wait is refused here, without a turn at the one writer; `spend` looks again.
        limits.check(tx, wanted, people.limits, now)
    with people.database.write() as tx:
        return limits.spend(tx, wanted, people.limits, now)


def _find(tx: Tx, username: str) -> _Found | None:
    row = people_store.credentials(tx, username)
    if row is None:
        return None
    person, password_hash, account_status = row
    may_act = person.status is PersonStatus.ACTIVE and account_status == AccountStatus.ACTIVE
    return _Found(person, password_hash, may_act)


def _verify(people: People, found: _Found | None, password: str) -> tuple[Person, str | None]:
    """The person, once the password has proven right, and a new hash if one is to be stored."""
    rehashed = people.passwords.verify(found.password_hash if found else None, password)
    if found is None or not found.may_act:
        raise WrongCredentials(f"{WRONG} {ADVICE}")
    return found.person, rehashed


def _record_failure(people: People, found: _Found | None, attempt: Attempt, wait: int, wrong: WrongCredentials) -> None:
    """Journal the refusal. An unknown name is not written down in any form: people type passwords into the wrong field."""
    now = people.clock.now()
    subject = "person:unknown" if found is None else found.person.actor
    event = Event(
        kind="person.sign_in_refused",
        actor="browser:anonymous",
        subject=subject,
        outcome=wrong.slug,
        account_id=None if found is None else found.person.account_id,
        detail={"address": attempt.address, "wait_seconds": wait, "suspended": found is not None and not found.may_act},
    )
    with people.database.write() as tx:
        append(tx, event, at=now)


def _begin(tx: Tx, people: People, person: Person, attempt: Attempt, now: datetime) -> NewSession:
    secret = new_secret(people)
    session = Session(
        id=digest(secret),
        person=person,
        account_name=people_store.account_name(tx, person.account_id),
        agent=attempt.agent[:200],
        began_at=now,
        seen_at=now,
        ends_at=now + timedelta(seconds=people.sessions.longest_seconds),
        has_factor=factor_store.has_any(tx, person.id),
    )
    people_store.delete_dead(tx, now)
    people_store.add_session(tx, session)
    # A browser is known once a sign-in is complete: who has the password alone gets no budget of attempts of their own.
    complete = session.stage is Stage.COMPLETE
    browser_secret = remember_browser(tx, people, person, attempt.browser_secret, now) if complete else None
    event = Event(
        kind="person.signed_in" if complete else "person.password_shown",
        actor=person.actor,
        subject=f"session:{session.id[:16]}",
        account_id=person.account_id,
        detail={"address": attempt.address},
    )
    append(tx, event, at=now)
    return NewSession(session, secret, browser_secret)


def remember_browser(tx: Tx, people: People, person: Person, brought: str | None, now: datetime) -> str:
    """This person has signed in from this browser. Gives its own secret if it is ours, since others may use it too; else a new
    one."""
    known = brought is not None and people_store.names_known_to_browser(tx, digest(brought), now)
    secret = brought if brought is not None and known else new_secret(people)
    people_store.remember_browser(tx, digest(secret), person.id, now + timedelta(days=people.sessions.browser_days))
    return secret
