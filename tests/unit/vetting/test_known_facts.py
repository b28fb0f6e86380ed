"""What was read before stands in for a look at the database only as long as nothing changed, and not for long."""

from datetime import datetime, timedelta

import pytest

from directca.accounts import accounts
from directca.accounts.errors import AccountSuspended
from directca.db.engine import Database
from directca.direct import names
from directca.vetting import evidence, organizations
from directca.vetting.check import last_change, vet
from directca.vetting.errors import MailboxNotAuthorized, OrganizationNotVetted
from directca.vetting.known_facts import KnownFacts
from directca.vetting.model import EVERY_MAILBOX, Vetted, VettingQuestion
from tests.clinic import ALICE, ANN, DOMAIN, NOON, RULES, Clinic, recording
from tests.statements import seen_in

LATER = NOON + timedelta(days=1)
SECOND = timedelta(seconds=1)


def ask(database: Database, known: KnownFacts, account_id: str, now: datetime = LATER, name: str = ALICE) -> Vetted:
    with database.read() as tx:
        return vet(tx, VettingQuestion(account_id, names.parse(name)), RULES, now, known.at(last_change(tx)))


def statements(database: Database, known: KnownFacts, account_id: str, now: datetime) -> int:
    with database.read() as tx:
        holds = known.at(last_change(tx))
        with seen_in(tx) as sent:
            vet(tx, VettingQuestion(account_id, names.parse(ALICE)), RULES, now, holds)
    return len(sent)


@pytest.mark.engine("sqlite", why="statements are counted by SQLite's trace")
def test_only_the_mailbox_is_looked_up_again(database: Database, clinic: Clinic) -> None:
    known = KnownFacts()
    assert statements(database, known, clinic.account_id, LATER) == 3
    assert statements(database, known, clinic.account_id, LATER) == 1
    assert statements(database, known, clinic.account_id, LATER + 5 * SECOND) == 3
    assert statements(database, known, clinic.account_id, LATER - SECOND) == 3  # the clock was set back


def test_whoever_is_suspended_is_refused_the_next_time(database: Database, clinic: Clinic) -> None:
    known = KnownFacts()
    ask(database, known, clinic.account_id)
    with database.write() as tx:
        accounts.suspend(tx, clinic.account_id, actor=ANN, reason="unpaid", at=NOON)
    with pytest.raises(AccountSuspended):
        ask(database, known, clinic.account_id)


def test_an_organization_that_ended_is_refused_the_next_time(database: Database, clinic: Clinic) -> None:
    known = KnownFacts()
    ask(database, known, clinic.account_id)
    with database.write() as tx:
        organizations.suspend(tx, clinic.organization_id, actor=ANN, reason="unheard of", at=NOON)
    with pytest.raises(OrganizationNotVetted):
        ask(database, known, clinic.account_id)


def test_a_mailbox_is_never_remembered(database: Database, clinic: Clinic) -> None:
    known = KnownFacts()
    with database.write() as tx:
        evidence.withdraw_mailbox(tx, clinic.organization_id, DOMAIN, EVERY_MAILBOX, recording())
        evidence.authorize_mailbox(tx, clinic.organization_id, DOMAIN, "alice", None, recording())
    ask(database, known, clinic.account_id)
    with pytest.raises(MailboxNotAuthorized):
        ask(database, known, clinic.account_id, name=f"bob@{DOMAIN}")


def test_of_another_account_nothing_is_known(database: Database, clinic: Clinic) -> None:
    known = KnownFacts()
    ask(database, known, clinic.account_id)
    with database.write() as tx:
        other = accounts.open_account(tx, "Other", actor=ANN, at=NOON, random=lambda size: b"\x07" * size)
    with pytest.raises(OrganizationNotVetted):
        ask(database, known, other.id)
