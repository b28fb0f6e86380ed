"""Money for tests: `some_billing(database, clock)` with a post office that keeps what is sent, and people of accounts."""

import secrets
from dataclasses import dataclass, field, replace
from typing import Any

from directca.accounts import people, prices
from directca.accounts.billing import Billing
from directca.accounts.billing_config import BillingConfig
from directca.accounts.member import Member
from directca.accounts.passwords import Passwords
from directca.accounts.payment import ManualPayments
from directca.accounts.people import NewPerson, People
from directca.accounts.person import Role
from directca.clock import Clock
from directca.db.engine import Database
from directca.mail.errors import LetterNotSent
from directca.mail.letter import Letter
from tests.people import CHEAP, OPERATOR, PASSWORD

SELLER = ("Example Certificate Authority Inc.", "1 Main Street", "Springfield, Illinois 62701")
WIRE = ("Bank of Springfield", "Account 4711")


@dataclass
class PostOffice:
    """Keeps letters; `is_away`: as a server that does not answer."""

    letters: list[Letter] = field(default_factory=list)
    is_away: bool = False
    is_set: bool = True

    def send(self, letter: Letter) -> None:
        if self.is_away:
            raise LetterNotSent("The mail server is away.")
        self.letters.append(letter)


def some_billing(database: Database, clock: Clock, **config: Any) -> Billing:
    """Everything that is needed; `config` is of `BillingConfig`."""
    terms = BillingConfig(**({"seller": SELLER, "wire": WIRE, "purchase_order": ("Send it to us.",)} | config))
    payments = ManualPayments(terms)
    return Billing(database, clock, secrets.token_bytes, terms, prices.DEFAULT, payments, PostOffice(), "https://ca.example.org")


def configured(billing: Billing, **config: Any) -> Billing:
    """The same under other terms."""
    return replace(billing, config=replace(billing.config, **config))


def office_of(billing: Billing) -> PostOffice:
    assert isinstance(billing.post, PostOffice)
    return billing.post


def somebody(database: Database, clock: Clock, account_id: str, *roles: Role) -> Member:
    """Somebody of an account."""
    folk = People(database, clock, secrets.token_bytes, Passwords(CHEAP, secrets.token_bytes))
    name = f"p{secrets.token_hex(6)}"
    made = people.create(folk, NewPerson(account_id, name, name, PASSWORD, frozenset(roles)), actor=OPERATOR)
    return Member(account_id, made.id)
