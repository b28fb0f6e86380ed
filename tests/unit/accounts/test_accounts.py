"""Accounts open, stop and go on, and each of it is in the journal."""

import secrets
from datetime import UTC, datetime

import pytest

from directca.accounts import accounts, ledger
from directca.accounts.errors import AccountState, AccountSuspended, BadAccountName, NoSuchAccount
from directca.accounts.model import Account, AccountStatus, Balance
from directca.db.engine import Database
from directca.journal import store as journal_store

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ANN = "operator:ann"


def opened(database: Database, name: str = "Clinic") -> Account:
    with database.write() as tx:
        return accounts.open_account(tx, name, actor=ANN, at=NOON, random=secrets.token_bytes)


def test_a_new_account_is_active_and_has_nothing(database: Database) -> None:
    account = opened(database, "  Sandbox   Clinic ")
    with database.read() as tx:
        assert accounts.find(tx, account.id) == account
        assert accounts.every(tx) == (account,)
        assert ledger.balance(tx, account.id) == Balance(0, 0)
    assert (account.name, account.status, account.created_at) == ("Sandbox Clinic", AccountStatus.ACTIVE, NOON)


def test_a_suspended_account_may_not_act_until_it_is_resumed(database: Database) -> None:
    account = opened(database)
    with database.write() as tx:
        accounts.suspend(tx, account.id, actor=ANN, reason="unpaid", at=NOON)
    with database.read() as tx, pytest.raises(AccountSuspended):
        accounts.require_active(tx, account.id)
    with database.write() as tx:
        accounts.resume(tx, account.id, actor=ANN, at=NOON)
        assert accounts.require_active(tx, account.id) == account


def test_every_change_is_in_the_journal_with_its_reason(database: Database) -> None:
    account = opened(database)
    with database.write() as tx:
        accounts.suspend(tx, account.id, actor=ANN, reason="unpaid", at=NOON)
        accounts.resume(tx, account.id, actor=ANN, at=NOON)
        events = [row.event for row in journal_store.rows_about(tx, f"account:{account.id}")]
    assert [event.kind for event in events] == ["account.opened", "account.suspended", "account.resumed"]
    assert {event.actor for event in events} == {ANN}
    assert events[1].detail == {"name": "Clinic", "reason": "unpaid"}


def test_what_is_done_already_is_refused(database: Database) -> None:
    account = opened(database)
    with database.write() as tx, pytest.raises(AccountState):
        accounts.resume(tx, account.id, actor=ANN, at=NOON)
    with database.write() as tx:
        accounts.suspend(tx, account.id, actor=ANN, reason="", at=NOON)
    with database.write() as tx, pytest.raises(AccountState):
        accounts.suspend(tx, account.id, actor=ANN, reason="", at=NOON)


def test_an_unknown_account_is_not_found(database: Database) -> None:
    with database.write() as tx:
        with pytest.raises(NoSuchAccount):
            accounts.find(tx, "nobody")
        with pytest.raises(NoSuchAccount):
            accounts.require_active(tx, "nobody")
        with pytest.raises(NoSuchAccount):
            accounts.suspend(tx, "nobody", actor=ANN, reason="", at=NOON)


@pytest.mark.parametrize("name", ["", "  ", "a\x00b", "x" * 201, "\u202etxt"])
def test_a_name_that_cannot_be_shown_is_refused(database: Database, name: str) -> None:
    with pytest.raises(BadAccountName):
        opened(database, name)
    with database.read() as tx:
        assert accounts.every(tx) == ()
