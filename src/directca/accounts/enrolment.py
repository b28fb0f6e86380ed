"""A person's second factors: added, listed, removed; recovery codes made. Each by the person alone, in a session of their own.

What changes them asks for a factor that was shown a moment ago. Whoever has none yet, and adds the first, has shown the password
a moment ago.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from directca.accounts import factor_store, limits, passkeys, people_store, permissions, policy, second_factor, sessions, totp
from directca.accounts.factor import App, HeldFactors
from directca.accounts.factor_errors import FactorNotAdded, LastFactor, NoSuchFactor, TooManyFactors, WrongSecondFactor
from directca.accounts.factors import (
    Factors,
    Shown,
    challenge_of,
    challenge_text,
    code_id,
    new_codes,
    opened,
    place_of,
    typed,
)
from directca.accounts.passkeys import WRONG
from directca.accounts.permissions import Rule, Whose
from directca.accounts.person import NewSession, Person, Session
from directca.db.engine import Tx
from directca.journal.model import Event
from directca.journal.record import append

_MOST = 10
_LONGEST_NAME = 60
_PURPOSE = "register"
_CHALLENGE_OCTETS = 32


@dataclass(frozen=True)
class Pending:
    """An app that is being added: its secret, and the address that an app opens."""

    secret: str = field(repr=False)
    address: str = field(repr=False)


@dataclass(frozen=True)
class Added:
    """The session after a factor was added, and the recovery codes that came with the first one, shown this once."""

    new: NewSession
    codes: tuple[str, ...] = field(repr=False)


def held(factors: Factors, session: Session) -> HeldFactors:
    """What the person can show."""
    with factors.people.database.read() as tx:
        return factor_store.held(tx, session.person.id)


def begin_app(factors: Factors, session: Session) -> None:
    """Make the secret of a new app, which counts for nothing before its first code. Raises `StepUpFirst`, `TooManyFactors`."""
    people, now = factors.people, factors.people.clock.now()
    app_id, secret = people.random(12).hex(), totp.secret_from(people.random(totp.secret_octets()))
    with people.database.read() as tx:
        beside = factor_store.any_sealed(tx)
    sealed = factors.sealer.seal(secret.encode(), place_of(app_id, session.person.id), beside)
    with people.database.write() as tx:
        _check(tx, factors, session, permissions.ADD_APP, now)
        factor_store.add_waiting_app(tx, App(app_id, session.person.id, "", sealed, None, now))


def pending_app(factors: Factors, session: Session) -> Pending:
    """The app that is being added. Raises `NoSuchFactor`, `StepUpFirst`: its secret is shown to nobody else."""
    people = factors.people
    with people.database.read() as tx:
        _check(tx, factors, session, permissions.ADD_APP, people.clock.now())
        app = factor_store.waiting_app(tx, session.person.id)
    if app is None:
        raise NoSuchFactor("No app is being added. Begin on the page of your security.")
    secret = opened(factors, app)
    return Pending(secret, totp.address(secret, session.person.username, "directca"))


def confirm_app(factors: Factors, session: Session, name: str, shown: Shown) -> Added:
    """The app has shown its first code, and counts from now on. The session goes on under a new secret.

    Raises `WrongSecondFactor`, `TooManyAttempts`, `StepUpFirst`, `NoSuchFactor`, `TooManyFactors`.
    """
    people, now = factors.people, factors.people.clock.now()
    counted = second_factor.limit(people, session.person, shown)
    with people.database.read() as tx:
        app = factor_store.waiting_app(tx, session.person.id)
    if app is None:
        raise NoSuchFactor("No app is being added. Begin on the page of your security.")
    step = totp.step_of(opened(factors, app), typed(shown.code), now)
    if step is None:
        wrong = WrongSecondFactor(WRONG, field="code")
        second_factor.record_failure(people, session, shown, counted, wrong)
        raise wrong
    with people.database.write() as tx:
        _check(tx, factors, session, permissions.ADD_APP, now)
        first = not factor_store.has_any(tx, session.person.id)
        if not factor_store.confirm_app(tx, app.id, _named(name, "Authenticator app"), step, now):
            raise NoSuchFactor("This app was added already.")
        limits.give_back(tx, counted, now)
        return _added(tx, factors, session, shown, first=first)


def begin_passkey(factors: Factors, session: Session) -> str:
    """What the browser has to ask for, as JSON. Good once, and for five minutes. Raises `StepUpFirst`, `TooManyFactors`;
    `FactorNotAdded` at an address that can have none."""
    people, now = factors.people, factors.people.clock.now()
    if not factors.site.has_passkeys:
        raise FactorNotAdded("Passkeys belong to a host's name, and this address has none. Use an authenticator app.")
    challenge = people.random(_CHALLENGE_OCTETS)
    with people.database.write() as tx:
        _check(tx, factors, session, permissions.ADD_PASSKEY, now)
        ends_at = now + timedelta(seconds=second_factor.CHALLENGE_SECONDS)
        people_store.set_challenge(tx, session.id, challenge_text(challenge, _PURPOSE), ends_at)
        known = factor_store.passkeys(tx, session.person.id)
    return passkeys.to_register(factors.site, session.person, challenge, known)


def add_passkey(factors: Factors, session: Session, name: str, shown: Shown) -> Added:
    """A device has made a passkey, which counts from now on. The session goes on under a new secret.

    Raises `FactorNotAdded`, `StepUpFirst`, `TooManyFactors`.
    """
    people, now = factors.people, factors.people.clock.now()
    with people.database.write() as tx:
        challenge = challenge_of(people_store.spend_challenge(tx, session.id, now), _PURPOSE)
    if challenge is None:
        raise FactorNotAdded("This page was open for too long. Load it again and try once more.")
    new = passkeys.registered(factors.site, session.person, challenge, shown.passkey, _named(name, "Passkey"))
    with people.database.write() as tx:
        _check(tx, factors, session, permissions.ADD_PASSKEY, now)
        first = not factor_store.has_any(tx, session.person.id)
        if not factor_store.add_passkey(tx, new, now):
            raise FactorNotAdded("This passkey was added already.")
        return _added(tx, factors, session, shown, first=first)


def check_fresh(factors: Factors, session: Session) -> None:
    """Raise `StepUpFirst` where `remove` would, before somebody is asked whether they mean it."""
    policy.stepped_up_within(session, factors.people.clock.now(), factors.people.sessions.step_up_seconds)


def remove(factors: Factors, session: Session, factor_id: str) -> None:
    """Take one factor away; with the last one the recovery codes go too. Raises `NoSuchFactor`, `LastFactor`, `StepUpFirst`."""
    people, now, person = factors.people, factors.people.clock.now(), session.person
    with people.database.write() as tx:
        fresh = _authorise(tx, factors, session, permissions.REMOVE_FACTOR, now)
        kind = factor_store.remove(tx, person.id, factor_id)
        if kind is None:
            raise NoSuchFactor("There is no such second factor, or you have removed it already.")
        if not factor_store.has_any(tx, person.id):
            if fresh.person.is_staff:
                raise LastFactor("You need at least one second factor. Add another one before you remove this one.")
            factor_store.replace_codes(tx, person.id, [])
        append(tx, _event("person.factor_removed", person.actor, person, factor=kind.value), at=now)


def make_codes(factors: Factors, session: Session) -> tuple[str, ...]:
    """Ten new recovery codes, shown this once; those before are worth nothing. Raises `StepUpFirst`, `NoSuchFactor`."""
    with factors.people.database.write() as tx:
        _authorise(tx, factors, session, permissions.MAKE_CODES, factors.people.clock.now())
        if not factor_store.has_any(tx, session.person.id):
            raise NoSuchFactor("Recovery codes stand in for a second factor. Add one first.")
        return _codes(tx, factors, session.person)


def _authorise(tx: Tx, factors: Factors, session: Session, rule: Rule, now: datetime) -> Session:
    """The session as it is now, once the table of permissions and the freshness of the factor allow what is asked."""
    fresh = sessions.confirmed(tx, factors.people, session, now)
    permissions.check(rule, fresh.person.roles, Whose.OWN)
    policy.stepped_up_within(fresh, now, factors.people.sessions.step_up_seconds)
    return fresh


def _check(tx: Tx, factors: Factors, session: Session, rule: Rule, now: datetime) -> None:
    """The same, for one more factor."""
    _authorise(tx, factors, session, rule, now)
    if len(factor_store.held(tx, session.person.id).factors) >= _MOST:
        raise TooManyFactors(f"You have {_MOST} second factors. Remove one that you no longer use.")


def _added(tx: Tx, factors: Factors, session: Session, shown: Shown, *, first: bool) -> Added:
    people, person = factors.people, session.person
    now = people.clock.now()
    codes = _codes(tx, factors, person) if first else ()
    append(tx, _event("person.factor_added", person.actor, person, factor=shown.kind), at=now)
    return Added(second_factor.stepped_up(tx, people, session, shown, now), codes)


def _codes(tx: Tx, factors: Factors, person: Person) -> tuple[str, ...]:
    codes = new_codes(factors)
    factor_store.replace_codes(tx, person.id, [code_id(person.id, one) for one in codes])
    append(tx, _event("person.recovery_codes_made", person.actor, person), at=factors.people.clock.now())
    return codes


def _named(name: str, otherwise: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in name).split())[:_LONGEST_NAME] or otherwise


def _event(kind: str, actor: str, person: Person, **detail: str | int) -> Event:
    return Event(kind=kind, actor=actor, subject=person.actor, account_id=person.account_id, detail={**detail})
