"""A desk where control of domains is shown, with a DNS and a mail server that do what a test says.

desk = proving(database)
challenge = desk.claims(clinic)
desk.lookup.publish(challenge)
check(desk.domains, desk.who(clinic), challenge.id)
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from directca.db.engine import Database
from directca.errors import DirectCAError
from directca.journal import store as journal_store
from directca.pki.profiles import Rules
from directca.vetting import domain_views
from directca.vetting.config import DomainConfig
from directca.vetting.domain_check import check
from directca.vetting.domain_claim import claim
from directca.vetting.domain_confirm import confirm
from directca.vetting.domain_context import Domains, Letter
from directca.vetting.domain_errors import MailNotSent
from directca.vetting.domain_model import Challenge, Claimant, DomainStanding, Outcome, ServerAnswer, View, Wanted
from directca.vetting.errors import DomainNotVerified
from directca.vetting.model import DomainMethod
from tests.clinic import RULES, Clinic, ask
from tests.clocks import MovableClock

NEW_DOMAIN = "mail.clinic.example"


@dataclass
class Zones:
    """A lookup whose domains have the texts that were published."""

    texts: dict[str, tuple[str, ...]] = field(default_factory=dict)
    looked: list[str] = field(default_factory=list)
    meanwhile: list[Callable[[], object]] = field(default_factory=list)

    def look(self, domain: str) -> tuple[View, ...]:
        self.looked.append(domain)
        for work in self.meanwhile:
            work()
        found = ServerAnswer("ns.clinic.example", "192.0.2.1", self.texts.get(domain, ()), answered=True)
        return (View("192.0.2.53:53", domain, "validated", (found,)),)

    def publish(self, challenge: Challenge, domain: str | None = None) -> None:
        name = domain or challenge.domain
        self.texts[name] = (*self.texts.get(name, ()), challenge.record)


@dataclass
class Box:
    """A mailer that keeps what it is given."""

    letters: list[Letter] = field(default_factory=list)
    is_set: bool = True
    fails: bool = False

    def send(self, letter: Letter) -> None:
        if self.fails:
            raise MailNotSent("The mail server is away.")
        self.letters.append(letter)

    @property
    def code(self) -> str:
        return self.letters[-1].code


@dataclass(frozen=True)
class Proving:
    """Everything together."""

    domains: Domains
    clock: MovableClock
    lookup: Zones
    box: Box

    def who(self, clinic: Clinic) -> Claimant:
        return Claimant("client:portal", clinic.account_id)

    def claims(self, clinic: Clinic, domain: str = NEW_DOMAIN, method: DomainMethod = DomainMethod.DNS_TXT) -> Challenge:
        return claim(self.domains, self.who(clinic), Wanted(domain, method, clinic.organization_id))


def proving(database: Database, *, rules: Rules = RULES, **settings: Any) -> Proving:
    clock, lookup, box = MovableClock(), Zones(), Box()
    config = replace(DomainConfig(), **settings)
    return Proving(Domains(database, clock, secrets.token_bytes, rules, config, lookup, box), clock, lookup, box)


def wrong(code: str) -> str:
    """Another code of the same form."""
    return re.sub("[0-9A-Z]", lambda found: "0" if found[0] != "0" else "1", code)


def standing(desk: Proving, clinic: Clinic, challenge: Challenge) -> DomainStanding:
    return domain_views.view(desk.domains, desk.who(clinic), challenge.id).standing


def outcomes(desk: Proving, clinic: Clinic, challenge: Challenge) -> list[Outcome]:
    return [one.outcome for one in domain_views.attempts(desk.domains, desk.who(clinic), challenge.id)]


def kinds(database: Database, clinic: Clinic) -> list[str]:
    with database.read() as tx:
        rows = journal_store.rows_about(tx, f"organization:{clinic.organization_id}")
    return [row.event.kind for row in rows if row.event.kind.startswith("domain.")]


def is_certifiable(database: Database, clinic: Clinic, desk: Proving, domain: str = NEW_DOMAIN) -> bool:
    try:
        ask(database, clinic.account_id, domain, now=desk.clock.now())
    except DomainNotVerified:
        return False
    return True


def tries(desk: Proving, clinic: Clinic, challenge: Challenge, code: str | None) -> None:
    if code is None:
        check(desk.domains, desk.who(clinic), challenge.id)
    else:
        confirm(desk.domains, desk.who(clinic), challenge.id, code)


def refused(error: type[DirectCAError], desk: Proving, clinic: Clinic, challenge: Challenge, code: str | None = None) -> str:
    with pytest.raises(error) as refusal:
        tries(desk, clinic, challenge, code)
    return refusal.value.detail
