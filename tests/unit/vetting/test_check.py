"""Issuing is refused for every missing, expired, withdrawn or foreign fact, each with its own code."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from directca.accounts import accounts
from directca.accounts.errors import AccountSuspended
from directca.db.engine import Database, Tx
from directca.direct import names
from directca.direct.oids import OrganizationType
from directca.errors import DirectCAError
from directca.pki import countries
from directca.vetting import check, evidence, organizations
from directca.vetting.errors import (
    AgreementRequired,
    DomainClaimExpired,
    DomainNotVerified,
    MailboxNotAuthorized,
    OrganizationNotVetted,
    OrganizationTypeNotVetted,
    ProofingExpired,
    RepresentativeNotProofed,
    ReproofingRequired,
    ReviewOverdue,
)
from directca.vetting.model import EVERY_MAILBOX, DomainMethod, VettingQuestion
from tests.clinic import ALICE, ANN, DOMAIN, NOON, RULES, Clinic, a_clinic, ask, proofing_facts, recording
from tests.statements import seen_in

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


def refused(database: Database, account_id: str, error: type[DirectCAError], name: str = ALICE, **question: Any) -> str:
    with pytest.raises(error) as refusal:
        ask(database, account_id, name, **question)
    assert type(refusal.value) is error
    return refusal.value.detail


def test_the_answer_holds_the_facts_to_certify_and_the_name_it_is_for(database: Database, clinic: Clinic) -> None:
    vetted = ask(database, clinic.account_id, "Alice@Direct.Clinic.Example")
    assert vetted.name_value == ALICE
    assert vetted.organization_id == clinic.organization_id
    assert (vetted.legal_name, vetted.country, vetted.state, vetted.locality) == ("Sandbox Clinic", "US", "Vermont", "Burlington")
    assert vetted.organization_type is OrganizationType.COVERED_ENTITY
    assert vetted.agreement_version == RULES.agreement_version
    assert vetted.not_after_limit == datetime(2035, 11, 24, 11, 59, 59, tzinfo=UTC)


def test_a_domain_needs_its_claim_and_no_authority_over_mailboxes(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        evidence.withdraw_mailbox(tx, clinic.organization_id, DOMAIN, EVERY_MAILBOX, recording())
    assert ask(database, clinic.account_id, DOMAIN).name_value == DOMAIN
    assert "representative must authorize" in refused(database, clinic.account_id, MailboxNotAuthorized)


def test_one_mailbox_is_not_another(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        evidence.withdraw_mailbox(tx, clinic.organization_id, DOMAIN, EVERY_MAILBOX, recording())
        evidence.authorize_mailbox(tx, clinic.organization_id, DOMAIN, "bob", NOON + 2 * DAY, recording())
    assert ask(database, clinic.account_id, f"bob@{DOMAIN}").name_value == f"bob@{DOMAIN}"
    refused(database, clinic.account_id, MailboxNotAuthorized)
    refused(database, clinic.account_id, MailboxNotAuthorized, f"bob@{DOMAIN}", now=NOON + 2 * DAY)


def test_an_authority_that_has_ended_does_not_hide_one_that_has_not(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        evidence.authorize_mailbox(tx, clinic.organization_id, DOMAIN, "alice", NOON + DAY, recording())
    assert ask(database, clinic.account_id, now=NOON + 2 * DAY).name_value == ALICE


@pytest.mark.parametrize(
    "name", [f"alice@sub.{DOMAIN}", "alice@clinic.example", f"sub.{DOMAIN}", "alice@direct.clinic.example.org"]
)
def test_a_claim_covers_nothing_above_below_or_beside_its_domain(database: Database, clinic: Clinic, name: str) -> None:
    refused(database, clinic.account_id, DomainNotVerified, name)


def test_another_accounts_domain_is_as_unverified_as_an_unknown_one(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        other = a_clinic(tx, domain="direct.other.example")
    foreign = refused(database, other.account_id, DomainNotVerified, ALICE)
    unknown = refused(database, other.account_id, DomainNotVerified, "alice@direct.nowhere.example")
    assert foreign.replace(DOMAIN, "X") == unknown.replace("direct.nowhere.example", "X")


def test_an_account_without_an_approved_organization_is_told_so(database: Database) -> None:
    with database.write() as tx:
        draft = a_clinic(tx, approved=False)
    assert "operator must approve" in refused(database, draft.account_id, OrganizationNotVetted)
    refused(database, draft.account_id, OrganizationNotVetted, "alice@direct.nowhere.example")


def test_a_country_that_none_is_was_taken_before_and_is_certified_no_more(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(countries, "ASSIGNED", countries.ASSIGNED | {"XX"})
        with database.write() as tx:
            elsewhere = a_clinic(tx, country="XX")
    assert "'XX', which no country has" in refused(database, elsewhere.account_id, OrganizationNotVetted)


def _suspend_account(tx: Tx, clinic: Clinic) -> None:
    accounts.suspend(tx, clinic.account_id, actor=ANN, reason="", at=NOON)


def _suspend_organization(tx: Tx, clinic: Clinic) -> None:
    organizations.suspend(tx, clinic.organization_id, actor=ANN, reason="", at=NOON)


def _end_organization(tx: Tx, clinic: Clinic) -> None:
    organizations.end(tx, clinic.organization_id, actor=ANN, reason="", at=NOON)


def _withdraw_domain(tx: Tx, clinic: Clinic) -> None:
    a_clinic(tx, account_id=clinic.account_id, domain=None)
    evidence.withdraw_domain(tx, clinic.organization_id, DOMAIN, recording())


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (_suspend_account, AccountSuspended),
        (_suspend_organization, OrganizationNotVetted),
        (_end_organization, OrganizationNotVetted),
        (_withdraw_domain, DomainNotVerified),
    ],
)
@pytest.mark.parametrize("name", [ALICE, DOMAIN])
def test_what_is_taken_away_counts_at_once(
    database: Database, clinic: Clinic, change: Callable[[Tx, Clinic], None], error: type[DirectCAError], name: str
) -> None:
    assert ask(database, clinic.account_id, name)
    with database.write() as tx:
        change(tx, clinic)
    refused(database, clinic.account_id, error, name)


def test_a_withdrawn_domain_that_is_claimed_again_starts_without_mailboxes(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        evidence.withdraw_domain(tx, clinic.organization_id, DOMAIN, recording())
        evidence.verify_domain(tx, clinic.organization_id, DOMAIN, DomainMethod.DNS_TXT, "abc", recording())
    refused(database, clinic.account_id, MailboxNotAuthorized)


def test_a_claim_lasts_as_long_as_the_policy_says_to_the_second(database: Database, clinic: Clinic) -> None:
    end = NOON + RULES.domain_claim
    assert ask(database, clinic.account_id, now=end - SECOND)
    refused(database, clinic.account_id, DomainClaimExpired, now=end)
    with database.write() as tx:
        evidence.verify_domain(tx, clinic.organization_id, DOMAIN, DomainMethod.DNS_TXT, "abc", recording(end))
    assert ask(database, clinic.account_id, now=end)


def test_the_first_certificate_must_follow_the_proofing_soon(database: Database, clinic: Clinic) -> None:
    end = NOON + RULES.proofing_first_issue
    assert ask(database, clinic.account_id, now=end - SECOND, first_issue=True)
    assert "90 days" in refused(database, clinic.account_id, ProofingExpired, now=end, first_issue=True)
    assert ask(database, clinic.account_id, now=end, first_issue=False)


def test_a_proofing_ends_after_the_policys_years(database: Database, clinic: Clinic) -> None:
    end = datetime(2035, 11, 24, 12, 0, tzinfo=UTC)
    with database.write() as tx:
        evidence.verify_domain(tx, clinic.organization_id, DOMAIN, DomainMethod.DNS_TXT, "abc", recording(end - DAY))
    assert ask(database, clinic.account_id, now=end - SECOND)
    refused(database, clinic.account_id, ProofingExpired, now=end)


def test_without_a_proofing_nothing_is_issued(database: Database) -> None:
    with database.write() as tx:
        clinic = a_clinic(tx, proofed_at=None)
    refused(database, clinic.account_id, RepresentativeNotProofed)


def test_a_withdrawn_proofing_does_not_count_and_an_older_valid_one_does(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        newer = evidence.record_proofing(tx, clinic.organization_id, proofing_facts(NOON + DAY), recording(NOON + DAY))
    first = ask(database, clinic.account_id, now=NOON + 2 * DAY)
    assert first.proofing_id == newer.id
    with database.write() as tx:
        evidence.withdraw_proofing(tx, clinic.organization_id, newer.id, recording(NOON + DAY))
    second = ask(database, clinic.account_id, now=NOON + 2 * DAY)
    assert second.proofing_id != newer.id
    with database.write() as tx:
        evidence.withdraw_proofing(tx, clinic.organization_id, second.proofing_id, recording(NOON + DAY))
    refused(database, clinic.account_id, RepresentativeNotProofed)


def test_after_a_revocation_identity_is_proofed_again(database: Database, clinic: Clinic) -> None:
    revoked_at = NOON + DAY
    refused(database, clinic.account_id, ReproofingRequired, now=NOON + 2 * DAY, reproof_since=revoked_at)
    refused(database, clinic.account_id, ReproofingRequired, now=NOON + 2 * DAY, reproof_since=NOON)
    with database.write() as tx:
        evidence.record_proofing(tx, clinic.organization_id, proofing_facts(revoked_at + SECOND), recording(revoked_at + SECOND))
    assert ask(database, clinic.account_id, now=NOON + 2 * DAY, reproof_since=revoked_at)


def test_an_agreement_that_is_not_the_current_one_does_not_count(database: Database, clinic: Clinic) -> None:
    changed = type(RULES)(**{**{name: getattr(RULES, name) for name in RULES.__slots__}, "agreement_version": "2.0"})
    with database.read() as tx, pytest.raises(AgreementRequired, match=r"2\.0"):
        check.vet(tx, VettingQuestion(clinic.account_id, names.parse(ALICE)), changed, NOON)


def test_the_request_may_pick_among_attested_categories_only(database: Database, clinic: Clinic) -> None:
    picked = ask(database, clinic.account_id, organization_type=OrganizationType.BUSINESS_ASSOCIATE)
    assert picked.organization_type is OrganizationType.BUSINESS_ASSOCIATE
    detail = refused(database, clinic.account_id, OrganizationTypeNotVetted, organization_type=OrganizationType.PATIENT)
    assert "CoveredEntity, BusinessAssociate" in detail


def test_an_overdue_review_refuses_from_its_very_moment(database: Database, clinic: Clinic) -> None:
    due = NOON + timedelta(days=10)
    with database.write() as tx:
        organizations.review(tx, clinic.organization_id, actor=ANN, at=NOON, review_due_at=due)
    ask(database, clinic.account_id, now=due - timedelta(seconds=1))
    assert "2026-12-04" in refused(database, clinic.account_id, ReviewOverdue, now=due)


def test_each_domain_belongs_to_one_of_the_accounts_organizations(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        second = a_clinic(tx, account_id=clinic.account_id, domain="direct.second.example")
    assert ask(database, clinic.account_id).organization_id == clinic.organization_id
    assert ask(database, clinic.account_id, "bob@direct.second.example").organization_id == second.organization_id


@pytest.mark.engine("sqlite", why="statements are counted by SQLite's trace")
def test_a_yes_costs_at_most_three_statements(database: Database, clinic: Clinic) -> None:
    question = VettingQuestion(clinic.account_id, names.parse(ALICE))
    with database.read() as tx, seen_in(tx) as sent:
        check.vet(tx, question, RULES, NOON)
    assert 1 <= len(sent) <= 3


@pytest.mark.engine("sqlite", why="the plans are SQLite's")
def test_the_question_is_answered_by_indexes(database: Database, clinic: Clinic) -> None:
    with database.read() as tx:
        with seen_in(tx) as sent:
            check.vet(tx, VettingQuestion(clinic.account_id, names.parse(ALICE)), RULES, NOON)
        plans = [str(row[3]) for one in sent for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {one}")]
    assert plans
    assert not [step for step in plans if step.startswith("SCAN")]


def test_every_check_refuses_something(database: Database, clinic: Clinic) -> None:
    """The list is not shorter than the rules: each of its checks was seen to refuse by a test above."""
    assert len(check.CHECKS) == 9
