"""An operator's records: what contradicts itself is refused, what is written is in the journal, without identity numbers."""

import secrets
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import IntegrityError

from directca.accounts import accounts
from directca.accounts.errors import AccountSuspended, NoSuchAccount
from directca.db.engine import Database
from directca.direct.errors import BadDirectName
from directca.journal import store as journal_store
from directca.vetting import evidence, evidence_store, organizations
from directca.vetting.errors import (
    BadVettingRecord,
    DomainHeldElsewhere,
    NoSuchAuthority,
    NoSuchClaim,
    NoSuchOrganization,
    NoSuchProofing,
    OrganizationState,
)
from directca.vetting.evidence import Recording
from directca.vetting.model import EVERY_MAILBOX, ClaimState, DomainMethod, OrganizationStatus
from directca.vetting.policy import TRANSITIONS, not_after_limit
from tests.clinic import ANN, DOMAIN, NOON, RULES, Clinic, a_clinic, organization_facts, proofing_facts, recording, sealed

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("legal_name", ""),
        ("legal_name", "x" * 65),
        ("legal_name", "a\x00b"),
        ("country", "us"),
        ("country", "USA"),
        ("country", "U1"),
        ("country", "ÜS"),
        ("country", "XX"),
        ("country", "UK"),
        ("country", "SU"),
        ("state", " "),
        ("locality", "x" * 129),
        ("organizational_units", ("x" * 65,)),
        ("organizational_units", ("Billing", " Billing")),
        ("organization_types", ()),
    ],
)
def test_what_no_certificate_can_carry_is_refused(database: Database, field: str, value: object) -> None:
    with database.write() as tx:
        account = accounts.open_account(tx, "Clinic", actor=ANN, at=NOON, random=secrets.token_bytes)
        with pytest.raises(BadVettingRecord) as refusal:
            organizations.register(
                tx, account.id, organization_facts(**{field: value}), actor=ANN, at=NOON, random=secrets.token_bytes
            )
        assert organizations.every(tx) == ()
    assert refusal.value.field == field


def test_an_organization_belongs_to_an_account_that_may_act(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        with pytest.raises(NoSuchAccount):
            organizations.register(tx, "nobody", organization_facts(), actor=ANN, at=NOON, random=secrets.token_bytes)
        accounts.suspend(tx, clinic.account_id, actor=ANN, reason="", at=NOON)
        with pytest.raises(AccountSuspended):
            organizations.register(tx, clinic.account_id, organization_facts(), actor=ANN, at=NOON, random=secrets.token_bytes)


def test_the_whole_life_of_an_organization_is_in_the_journal(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        organizations.suspend(tx, clinic.organization_id, actor=ANN, reason="audit", at=NOON)
        organizations.approve(tx, clinic.organization_id, actor=ANN, at=NOON)
        organizations.end(tx, clinic.organization_id, actor=ANN, reason="closed", at=NOON)
        events = [row.event for row in journal_store.rows_about(tx, f"organization:{clinic.organization_id}")]
        assert organizations.find(tx, clinic.organization_id).status is OrganizationStatus.ENDED
    assert [event.kind for event in events] == [
        "organization.registered",
        "organization.approved",
        "representative.proofed",
        "agreement.accepted",
        "domain.verified",
        "mailbox.authorized",
        "organization.suspended",
        "organization.approved",
        "organization.ended",
    ]
    assert {(event.actor, event.account_id) for event in events} == {(ANN, clinic.account_id)}
    assert "C01X00T47" not in str(events)


def test_an_ended_organization_never_comes_back(database: Database, clinic: Clinic) -> None:
    organization_id = clinic.organization_id
    with database.write() as tx:
        organizations.end(tx, organization_id, actor=ANN, reason="closed", at=NOON)
        for act in (
            lambda: organizations.approve(tx, organization_id, actor=ANN, at=NOON),
            lambda: organizations.suspend(tx, organization_id, actor=ANN, reason="", at=NOON),
            lambda: organizations.end(tx, organization_id, actor=ANN, reason="", at=NOON),
            lambda: evidence.record_proofing(tx, organization_id, proofing_facts(), recording()),
            lambda: evidence.verify_domain(tx, organization_id, DOMAIN, DomainMethod.DNS_TXT, "abc", recording()),
            lambda: evidence.accept_agreement(tx, organization_id, RULES.agreement_version, "Rosa", recording()),
        ):
            with pytest.raises(OrganizationState):
                act()
        assert evidence_store.claims(tx, organization_id) == ()
        assert evidence_store.authorities(tx, organization_id) == ()
    assert TRANSITIONS[OrganizationStatus.ENDED] == frozenset()


def test_a_draft_is_not_suspended_and_an_approved_one_not_approved_again(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        draft = a_clinic(tx, domain=None, approved=False)
        with pytest.raises(OrganizationState):
            organizations.suspend(tx, draft.organization_id, actor=ANN, reason="", at=NOON)
        with pytest.raises(OrganizationState):
            organizations.approve(tx, clinic.organization_id, actor=ANN, at=NOON)
        with pytest.raises(NoSuchOrganization):
            organizations.approve(tx, "nobody", actor=ANN, at=NOON)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"declared_by_representative": False}, "declarations"),
        ({"declared_by_verifier": False}, "declarations"),
        ({"proofed_at": NOON + timedelta(seconds=1)}, "proofed_at"),
        ({"proofed_at": datetime(2017, 11, 24, 12, 0, tzinfo=UTC)}, "proofed_at"),
        ({"verifier": "rosa  representative"}, "verifier"),
        ({"representative": ""}, "representative"),
        ({"evidence_type": ""}, "evidence_type"),
        ({"evidence_number": " "}, "evidence_number"),
    ],
)
def test_a_proofing_that_cannot_be_relied_upon_is_refused(
    database: Database, clinic: Clinic, changes: dict[str, object], field: str
) -> None:
    with database.write() as tx:
        with pytest.raises(BadVettingRecord) as refusal:
            evidence.record_proofing(tx, clinic.organization_id, proofing_facts(**changes), recording())  # type: ignore[arg-type]
        assert len(evidence_store.proofings(tx, clinic.organization_id)) == 1
    assert refusal.value.field == field


def test_an_identity_number_is_shown_masked_and_not_in_a_repr() -> None:
    facts = proofing_facts()
    assert facts.masked_evidence_number == "•••••••47"
    assert proofing_facts(evidence_number="12345").masked_evidence_number == "•••••"
    assert proofing_facts(evidence_number=facts.masked_evidence_number).masked_evidence_number == "•••••••47"
    assert proofing_facts(evidence_number="C01X00T47, 7654321").masked_evidence_number == "•••••••47, •••••21"
    assert "C01X00T47" not in repr(facts)


def test_an_identity_number_is_kept_masked_and_sealed(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        (kept,) = evidence.proofings(tx, clinic.organization_id)
        octets = evidence.sealed_number(tx, clinic.organization_id, kept.id, actor=ANN, at=NOON)
        with pytest.raises(NoSuchProofing):
            evidence.sealed_number(tx, a_clinic(tx, domain=None).organization_id, kept.id, actor=ANN, at=NOON)
        asked = [row.event for row in journal_store.rows_about(tx, f"organization:{clinic.organization_id}")][-1]
        assert "C01X00T47" not in str(tx.execute(text("SELECT * FROM proofing")).all())
    assert (kept.facts.evidence_number, octets) == ("•••••••47", sealed("C01X00T47", kept.id))
    assert (asked.kind, asked.actor) == ("proofing.number_read", ANN)


def test_where_nothing_seals_no_proofing_is_recorded(database: Database, clinic: Clinic) -> None:
    by = Recording(ANN, NOON, RULES, secrets.token_bytes)
    with database.write() as tx:
        with pytest.raises(RuntimeError, match="seals"):
            evidence.record_proofing(tx, clinic.organization_id, proofing_facts(), by)
        assert len(evidence.proofings(tx, clinic.organization_id)) == 1


def test_a_number_from_before_numbers_were_sealed_is_sealed_later(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        tx.execute(text("UPDATE proofing SET evidence_number = 'C01X00T47', evidence_sealed = NULL"))
        ((proofing_id, number),) = evidence.unsealed_numbers(tx)
        evidence.seal_numbers(tx, [(proofing_id, number, sealed(number, proofing_id))])
        assert evidence.unsealed_numbers(tx) == ()
        (kept,) = evidence.proofings(tx, clinic.organization_id)
        assert evidence.sealed_number(tx, clinic.organization_id, kept.id, actor=ANN, at=NOON) == sealed("C01X00T47", kept.id)
    assert kept.facts.evidence_number == "•••••••47"


def test_one_domain_has_one_holder_until_the_claim_expires(database: Database, clinic: Clinic) -> None:
    later = NOON + RULES.domain_claim
    with database.write() as tx:
        other = a_clinic(tx, domain=None)
        with pytest.raises(DomainHeldElsewhere):
            evidence.verify_domain(tx, other.organization_id, DOMAIN.upper(), DomainMethod.DNS_TXT, "abc", recording(later - DAY))
        taken = evidence.verify_domain(tx, other.organization_id, DOMAIN, DomainMethod.DNS_TXT, "abc", recording(later))
        assert evidence_store.held_claim(tx, DOMAIN) == taken
        assert evidence_store.claims(tx, clinic.organization_id) == ()
        assert evidence_store.authorities(tx, clinic.organization_id) == ()


def test_the_database_itself_refuses_a_second_holder(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        held = evidence_store.held_claim(tx, DOMAIN)
        assert held is not None
        values = {
            "id": "second",
            "organization_id": clinic.organization_id,
            "domain": DOMAIN,
            "method": "dns_txt",
            "evidence": "abc",
            "state": ClaimState.VERIFIED,
            "verified_at": NOON,
            "expires_at": NOON,
        }
        with pytest.raises(IntegrityError), tx.begin_nested():
            tx.execute(insert(evidence_store.domain_claim), values)


def test_a_claim_verified_again_replaces_the_old_one_and_keeps_the_mailboxes(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        again = evidence.verify_domain(
            tx, clinic.organization_id, DOMAIN, DomainMethod.ROLE_ADDRESS, "postmaster", recording(NOON + DAY)
        )
        assert evidence_store.claims(tx, clinic.organization_id) == (again,)
        assert again.expires_at == NOON + DAY + RULES.domain_claim
        assert [one.mailbox for one in evidence_store.authorities(tx, clinic.organization_id)] == [EVERY_MAILBOX]
        states = tx.execute(text("SELECT state FROM domain_claim ORDER BY verified_at")).scalars().all()
    assert states == ["replaced", "verified"]


def test_control_of_a_mailbox_proves_no_domain(database: Database, clinic: Clinic) -> None:
    with database.write() as tx, pytest.raises(BadVettingRecord):
        evidence.verify_domain(
            tx, clinic.organization_id, "postmaster@direct.else.example", DomainMethod.ROLE_ADDRESS, "x", recording()
        )


@pytest.mark.parametrize("domain", ["", "localhost", "*.clinic.example", "10.0.0.1", "clinic.example.", "клиника.example"])
def test_what_is_no_domain_is_refused(database: Database, clinic: Clinic, domain: str) -> None:
    with database.write() as tx, pytest.raises(BadDirectName):
        evidence.verify_domain(tx, clinic.organization_id, domain, DomainMethod.DNS_TXT, "abc", recording())


def test_authority_over_a_mailbox_needs_the_organizations_own_domain(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        other = a_clinic(tx, domain=None)
        with pytest.raises(NoSuchClaim):
            evidence.authorize_mailbox(tx, other.organization_id, DOMAIN, EVERY_MAILBOX, None, recording())
        with pytest.raises(NoSuchClaim):
            evidence.withdraw_domain(tx, other.organization_id, DOMAIN, recording())
        assert len(evidence_store.authorities(tx, clinic.organization_id)) == 1


@pytest.mark.parametrize("mailbox", ["", "a b", "alice@clinic.example", "**", "al*ce", '"alice"', "ålice"])
def test_what_is_no_mailbox_is_refused(database: Database, clinic: Clinic, mailbox: str) -> None:
    with database.write() as tx, pytest.raises((BadDirectName, BadVettingRecord)):
        evidence.authorize_mailbox(tx, clinic.organization_id, DOMAIN, mailbox, None, recording())


def test_an_authority_cannot_end_before_it_begins_and_only_one_on_file_is_withdrawn(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        with pytest.raises(BadVettingRecord):
            evidence.authorize_mailbox(tx, clinic.organization_id, DOMAIN, "bob", NOON, recording())
        with pytest.raises(NoSuchAuthority):
            evidence.withdraw_mailbox(tx, clinic.organization_id, DOMAIN, "bob", recording())
        with pytest.raises(NoSuchProofing):
            evidence.withdraw_proofing(tx, clinic.organization_id, "unknown", recording())


def test_only_the_current_agreement_can_be_accepted_and_once(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        with pytest.raises(BadVettingRecord):
            evidence.accept_agreement(tx, clinic.organization_id, "0.9", "Rosa", recording())
        again = evidence.accept_agreement(
            tx, clinic.organization_id, RULES.agreement_version, "Somebody Else", recording(NOON + DAY)
        )
    assert (again.accepted_by, again.accepted_at) == ("Rosa Representative", NOON)


def test_a_proofing_of_a_leap_day_ends_in_february() -> None:
    assert not_after_limit(datetime(2024, 2, 29, 12, 0, tzinfo=UTC), 9) == datetime(2033, 2, 28, 11, 59, 59, tzinfo=UTC)
