"""People for tests: `a_clinic(database)` with somebody who can sign in, on a clock that moves when it is told to."""

import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from directca.accounts import accounts, people
from directca.accounts.config import LimitConfig, PasswordConfig, SessionConfig
from directca.accounts.factors import Factors
from directca.accounts.passkeys import site_of
from directca.accounts.passwords import Passwords
from directca.accounts.people import NewPerson, People
from directca.accounts.person import Person
from directca.clock import Clock
from directca.db.engine import Database
from directca.signing.sealed_secrets import SealedSecrets
from tests.clocks import MovableClock

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OPERATOR = "operator:ann"
PASSWORD = "correct horse battery"
USERNAME = "maria@clinic.example"

CHEAP = PasswordConfig(memory_kib=8, passes=1)
"""Argon2id as quick as it can be: what tests look at is not its cost."""


@dataclass(frozen=True)
class Clinic:
    """An account with one person, and the clock by which it lives."""

    people: People
    clock: MovableClock
    account_id: str
    maria: Person


def some_people(database: Database, clock: Clock, config: PasswordConfig = CHEAP) -> People:
    """The surroundings of the verbs about people."""
    passwords = Passwords(config, secrets.token_bytes)
    return People(database, clock, secrets.token_bytes, passwords, SessionConfig(), LimitConfig())


def a_clinic(database: Database, name: str = "Sandbox Clinic", username: str = USERNAME) -> Clinic:
    """An account and Maria, who may sign in."""
    clock = MovableClock()
    known = some_people(database, clock)
    with database.write() as tx:
        account = accounts.open_account(tx, name, actor=OPERATOR, at=clock.now(), random=secrets.token_bytes)
    maria = people.create(known, NewPerson(account.id, username, "Maria", PASSWORD), actor=OPERATOR)
    return Clinic(known, clock, account.id, maria)


@cache
def _sealer() -> SealedSecrets:
    """One for the process, as a server has it: stretching a passphrase is slow on purpose."""
    return SealedSecrets(b"correct horse battery staple")


def some_factors(known: People, base: str = "http://localhost:8000") -> Factors:
    """The surroundings of the verbs about second factors."""
    return Factors(known, _sealer(), site_of(base))
