"""Second factors for tests: `enter` signs in with the password, `with_app` gives the person an authenticator app."""

from dataclasses import dataclass
from datetime import datetime

from pyotp import TOTP

from directca.accounts import enrolment, people, second_factor
from directca.accounts.factors import Factors, Shown
from directca.accounts.people import NewPerson
from directca.accounts.person import NewSession, Person, Role, Session
from directca.accounts.sign_in import Attempt, sign_in
from tests.people import OPERATOR, PASSWORD, USERNAME, Clinic

ADDRESS = "192.0.2.1"


@dataclass(frozen=True)
class Phone:
    """An authenticator app that knows one secret, with the recovery codes that came with it."""

    secret: str
    codes: tuple[str, ...]

    def code(self, now: datetime) -> str:
        """What it shows."""
        return TOTP(self.secret).at(now)


def a_colleague(clinic: Clinic, username: str, *roles: Role, account_id: str | None = None) -> Person:
    """Somebody else of the clinic, or of another account."""
    new = NewPerson(account_id or clinic.account_id, username, username.title(), PASSWORD, frozenset(roles))
    return people.create(clinic.people, new, actor=OPERATOR)


def enter(clinic: Clinic, username: str = USERNAME, browser: str | None = None) -> NewSession:
    """Sign in with the password alone."""
    return sign_in(clinic.people, Attempt(username, PASSWORD, ADDRESS, "Firefox", browser))


def shown(code: str, browser: str | None = None) -> Shown:
    """A code, entered at the usual place."""
    return Shown(ADDRESS, code=code, browser_secret=browser)


def with_app(factors: Factors, session: Session) -> tuple[Phone, NewSession]:
    """Add an authenticator app; the session goes on as the second value."""
    enrolment.begin_app(factors, session)
    secret = enrolment.pending_app(factors, session).secret
    code = TOTP(secret).at(factors.people.clock.now())
    added = enrolment.confirm_app(factors, session, "telephone", shown(code))
    return Phone(secret, added.codes), added.new


def complete(factors: Factors, clinic: Clinic, username: str, phone: Phone) -> NewSession:
    """Sign in with both, half a minute later: no code is good twice."""
    clinic.clock.advance(seconds=30)
    new = enter(clinic, username)
    return second_factor.show(factors, new.session, shown(phone.code(clinic.clock.now())))
