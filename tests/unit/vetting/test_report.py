"""The report says what is missing and who must act, and agrees with what issuing would say."""

import secrets
from datetime import timedelta

import pytest

from directca.accounts import accounts
from directca.accounts.errors import NoSuchAccount
from directca.db.engine import Database
from directca.vetting import organizations
from directca.vetting.report import ACCOUNT, OPERATOR, REPRESENTATIVE, Precondition, Standing, report
from tests.clinic import ANN, DOMAIN, NOON, RULES, Clinic, a_clinic


def states(found: tuple[Precondition, ...]) -> dict[str, Standing]:
    return {one.kind: one.state for one in found}


def test_a_vetted_account_meets_everything(database: Database, clinic: Clinic) -> None:
    with database.read() as tx:
        found = report(tx, clinic.account_id, RULES, NOON)
    assert set(states(found).values()) == {Standing.MET}
    assert set(states(found)) == {"account", "organization", "representative", "agreement", "domain", "mailbox"}
    domain = next(one for one in found if one.kind == "domain")
    assert (domain.about, domain.expires_at, domain.missing) == (DOMAIN, NOON + RULES.domain_claim, None)


def test_what_is_missing_names_who_must_act(database: Database) -> None:
    with database.write() as tx:
        account = accounts.open_account(tx, "Empty", actor=ANN, at=NOON, random=secrets.token_bytes)
        accounts.suspend(tx, account.id, actor=ANN, reason="", at=NOON)
        found = report(tx, account.id, RULES, NOON)
    assert states(found) == {"account": Standing.MISSING, "organization": Standing.MISSING}
    assert {one.kind: one.who_must_act for one in found} == {"account": OPERATOR, "organization": ACCOUNT}


def test_an_incomplete_organization_lacks_each_thing_by_name(database: Database) -> None:
    with database.write() as tx:
        draft = a_clinic(tx, domain=None, proofed_at=None, approved=False)
        found = report(tx, draft.account_id, RULES, NOON)
    lacking = {one.kind: one.who_must_act for one in found if one.state is Standing.MISSING}
    assert lacking == {
        "organization": OPERATOR,
        "representative": REPRESENTATIVE,
        "domain": REPRESENTATIVE,
        "mailbox": REPRESENTATIVE,
    }
    assert all(one.missing for one in found if one.state is not Standing.MET)


def test_what_has_expired_is_said_to_have(database: Database, clinic: Clinic) -> None:
    with database.read() as tx:
        found = report(tx, clinic.account_id, RULES, NOON + timedelta(days=10 * 366))
    assert states(found)["representative"] is Standing.EXPIRED
    assert states(found)["domain"] is Standing.EXPIRED


def test_an_ended_organization_is_no_longer_reported(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        organizations.end(tx, clinic.organization_id, actor=ANN, reason="", at=NOON)
        found = report(tx, clinic.account_id, RULES, NOON)
        with pytest.raises(NoSuchAccount):
            report(tx, "nobody", RULES, NOON)
    assert [(one.kind, one.state) for one in found] == [("account", Standing.MET), ("organization", Standing.MISSING)]
