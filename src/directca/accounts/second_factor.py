"""Showing a second factor: a session becomes complete, or fresh once more. Told in docs/flows/second-factor.md.

Whatever is wrong gets one answer. What was shown once is worth nothing the second time: the code's time step, the recovery code,
the challenge of a passkey and its counter are each spent by comparing and swapping, in the commit that renews the session.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from directca.accounts import factor_store, limits, passkeys, people_store, sessions, totp
from directca.accounts.factor import App, Passkey
from directca.accounts.factor_errors import WrongSecondFactor
from directca.accounts.factors import Factors, Shown, challenge_of, challenge_text, code_id, opened, typed
from directca.accounts.limits import Counted
from directca.accounts.passkeys import WRONG
from directca.accounts.people import People
from directca.accounts.people_errors import SessionEnded
from directca.accounts.person import NewSession, Person, Session, Stage
from directca.accounts.sessions import digest, new_secret
from directca.accounts.sign_in import remember_browser
from directca.db.engine import Tx
from directca.journal.model import Event
from directca.journal.record import append

_PURPOSE = "show"
_CHALLENGE_OCTETS = 32
CHALLENGE_SECONDS = 5 * 60


@dataclass(frozen=True)
class _Right:
    """What was shown and is right, still to be spent: a step of an app, a count of a passkey, or a recovery code."""

    app: App | None = None
    step: int = 0
    passkey: Passkey | None = None
    count: int = 0
    code: str = ""

    def spend(self, tx: Tx, person: Person, now: datetime) -> None:
        """Raise `WrongSecondFactor` if it was spent before, or was never worth anything."""
        if self.app is not None:
            spent = factor_store.spend_step(tx, self.app.id, self.step, now)
        elif self.passkey is not None:
            spent = factor_store.spend_count(tx, self.passkey, self.count, now)
        else:
            spent = factor_store.spend_code(tx, person.id, self.code, now)
        if not spent:
            raise WrongSecondFactor(WRONG)


def ask_for_passkey(factors: Factors, session: Session) -> str | None:
    """What the browser has to ask its passkeys, as JSON; None for somebody who has none. Good once, and for five minutes."""
    people, now = factors.people, factors.people.clock.now()
    if not factors.site.has_passkeys:
        return None
    challenge = people.random(_CHALLENGE_OCTETS)
    with people.database.read() as tx:
        known = factor_store.passkeys(tx, session.person.id)
    if not known:
        return None
    with people.database.write() as tx:
        people_store.set_challenge(
            tx, session.id, challenge_text(challenge, _PURPOSE), now + timedelta(seconds=CHALLENGE_SECONDS)
        )
    return passkeys.to_show(factors.site, challenge, known)


def show(factors: Factors, session: Session, shown: Shown) -> NewSession:
    """Complete a sign-in, or step up: the session goes on under a new secret, and the old one opens nothing.

    Raises `TooManyAttempts`, `WrongSecondFactor`, `SessionEnded`. Every success and every failure is journalled.
    """
    people = factors.people

    # 1 limit
    # As for passwords: counted and committed before anything is looked at, so that a hundred attempts at once are a hundred.
    counted = limit(people, session.person, shown)

    # 2 verify
    # The passkey's challenge is spent whatever the answer is worth. A crash here leaves one counted attempt.
    try:
        right = _verify(factors, session, shown)
    except WrongSecondFactor as wrong:
        record_failure(people, session, shown, counted, wrong)
        raise

    # 3 step up
    # One commit: what was shown is spent, the attempts are given back, the session is renewed, the journal's row. Of two who show
    # the same at the same time one finds it spent.
    now = people.clock.now()
    try:
        with people.database.write() as tx:
            right.spend(tx, session.person, now)
            limits.give_back(tx, counted, now)
            return stepped_up(tx, people, session, shown, now)
    except WrongSecondFactor as wrong:
        record_failure(people, session, shown, counted, wrong)
        raise


def limit(people: People, person: Person, shown: Shown) -> Counted:
    """Count an attempt. Raises `TooManyAttempts`."""
    now = people.clock.now()
    known = None
    with people.database.read() as tx:
        if shown.browser_secret is not None:
            browser_id = digest(shown.browser_secret)
            known = browser_id if person.username in people_store.names_known_to_browser(tx, browser_id, now) else None
        wanted = limits.second_factor_of(people.limits, person.id, shown.address, known)
        limits.check(tx, wanted, people.limits, now)
    with people.database.write() as tx:
        return limits.spend(tx, wanted, people.limits, now)


def stepped_up(tx: Tx, people: People, session: Session, shown: Shown, now: datetime) -> NewSession:
    """Renew a session whose person has just shown a second factor; a browser is remembered from now on.

    Raises `SessionEnded`, which undoes all that the transaction did.
    """
    sessions.confirmed(tx, people, session, now)
    secret = new_secret(people)
    if not people_store.renew_session(tx, session.id, digest(secret), now):
        raise SessionEnded("Your session has ended. Sign in again.")
    browser_secret = remember_browser(tx, people, session.person, shown.browser_secret, now)
    completes = session.stage is not Stage.COMPLETE
    event = Event(
        kind="person.signed_in" if completes else "person.stepped_up",
        actor=session.person.actor,
        subject=f"session:{digest(secret)[:16]}",
        account_id=session.person.account_id,
        detail={"address": shown.address, "factor": shown.kind},
    )
    append(tx, event, at=now)
    live = people_store.live_session(tx, digest(secret), now, now - timedelta(seconds=people.sessions.idle_seconds))
    if live is None:
        raise SessionEnded("Your session has ended. Sign in again.")
    return NewSession(live[0], secret, browser_secret)


def record_failure(people: People, session: Session, shown: Shown, counted: Counted, wrong: WrongSecondFactor) -> None:
    """Journal that what was shown is not right; never what it was."""
    event = Event(
        kind="person.second_factor_refused",
        actor="browser:anonymous",
        subject=session.person.actor,
        outcome=wrong.slug,
        account_id=session.person.account_id,
        detail={"address": shown.address, "factor": shown.kind, "wait_seconds": counted.wait_seconds},
    )
    with people.database.write() as tx:
        append(tx, event, at=people.clock.now())


def _verify(factors: Factors, session: Session, shown: Shown) -> _Right:
    people, person, now = factors.people, session.person, factors.people.clock.now()
    if shown.passkey:
        with people.database.write() as tx:
            challenge = challenge_of(people_store.spend_challenge(tx, session.id, now), _PURPOSE)
            known = factor_store.passkeys(tx, person.id)
        if challenge is None:
            raise WrongSecondFactor(WRONG)
        used, count = passkeys.shown(factors.site, challenge, shown.passkey, known)
        return _Right(passkey=used, count=count)
    if shown.kind == "recovery_code":
        return _Right(code=code_id(person.id, shown.code))
    with people.database.read() as tx:
        apps = factor_store.apps(tx, person.id)
    for app in apps:
        step = totp.step_of(opened(factors, app), typed(shown.code), now)
        if step is not None:
            return _Right(app=app, step=step)
    raise WrongSecondFactor(WRONG)
