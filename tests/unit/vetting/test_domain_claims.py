"""What may be claimed, by whom, and that nothing of one claimant serves another."""

import secrets
from dataclasses import replace
from datetime import timedelta

import pytest

from directca.db.engine import Database
from directca.direct.errors import BadDirectName
from directca.vetting import domain_views, evidence, public_suffixes
from directca.vetting.domain_check import check
from directca.vetting.domain_claim import claim
from directca.vetting.domain_confirm import confirm
from directca.vetting.domain_errors import (
    ChallengeSettled,
    DomainNotProven,
    DomainRefused,
    MailNotConfigured,
    NoSuchChallenge,
    TooManyDomainAttempts,
    WrongCode,
)
from directca.vetting.domain_model import (
    AttemptKind,
    Claimant,
    Outcome,
    Wanted,
)
from directca.vetting.domain_withdraw import withdraw
from directca.vetting.errors import (
    BadVettingRecord,
    DomainHeldElsewhere,
    NoSuchOrganization,
)
from directca.vetting.model import DomainMethod
from tests.clinic import ANN, RULES, Clinic, a_clinic, recording
from tests.proving import NEW_DOMAIN, Proving, is_certifiable, kinds, outcomes, proving, refused

DNS, MAIL = DomainMethod.DNS_TXT, DomainMethod.ROLE_ADDRESS
DAY = timedelta(days=1)


# ------------------------------------------------------------------ what may be claimed


@pytest.mark.parametrize(
    "name",
    [
        *(
            "example",
            "com.",
            "direct.clinic.example.",
            "192.0.2.1",
            "[2001:db8::1]",
            "2001:db8::1",
            "xn--d1acufc.example",
            "пример.example",
        ),
        *("direct_clinic.example", "-a.example", "a..example", "*.clinic.example", "clinic.example\r\nBcc: x@evil.example", ""),
        *("clinic.example\0", "clinic.example/..", "clinic.123", f"{'a' * 64}.example", " clinic.example", "clinic.example:25"),
    ],
)
@pytest.mark.parametrize("method", [DNS, MAIL])
def test_what_is_no_domain_is_refused_before_anything_is_asked(
    database: Database, clinic: Clinic, desk: Proving, name: str, method: DomainMethod
) -> None:
    with pytest.raises(BadDirectName):
        desk.claims(clinic, name, method)
    assert (desk.lookup.looked, desk.box.letters) == ([], [])


def test_a_domain_has_one_spelling(clinic: Clinic, desk: Proving) -> None:
    assert desk.claims(clinic, "Mail.CLINIC.example").id == desk.claims(clinic).id


def test_an_address_is_no_domain(clinic: Clinic, desk: Proving) -> None:
    with pytest.raises(BadVettingRecord):
        desk.claims(clinic, f"postmaster@{NEW_DOMAIN}")


@pytest.mark.parametrize(
    "mailbox",
    ["root", "alice", "postmaster@evil.example", "postmaster\r\nBcc: x", "post master", "", "postmaster,x", "pоstmaster"],
)
def test_a_code_goes_to_a_role_address_and_nowhere_else(clinic: Clinic, desk: Proving, mailbox: str) -> None:
    with pytest.raises(BadVettingRecord):
        claim(desk.domains, desk.who(clinic), Wanted(NEW_DOMAIN, MAIL, clinic.organization_id, mailbox))
    assert desk.box.letters == []


@pytest.mark.parametrize("mailbox", ["postmaster", "hostmaster", "admin", "administrator", "Webmaster"])
def test_every_role_address_can_be_chosen(clinic: Clinic, desk: Proving, mailbox: str) -> None:
    claim(desk.domains, desk.who(clinic), Wanted(NEW_DOMAIN, MAIL, clinic.organization_id, mailbox))
    assert desk.box.letters[-1].to == f"{mailbox.lower()}@{NEW_DOMAIN}"


def test_the_settings_may_refuse_domains_and_what_is_below(database: Database, clinic: Clinic) -> None:
    desk = proving(database, refused=("mail.clinic.example", ".bank.example"))
    for name in (NEW_DOMAIN, "direct.bank.example"):
        with pytest.raises(DomainRefused):
            desk.claims(clinic, name)
    desk.claims(clinic, "bank.example")
    desk.claims(clinic, f"sub.{NEW_DOMAIN}")


def test_without_a_mail_server_nothing_is_begun_by_mail(database: Database, clinic: Clinic, desk: Proving) -> None:
    desk.box.is_set = False
    with pytest.raises(MailNotConfigured):
        desk.claims(clinic, method=MAIL)
    assert kinds(database, clinic) == ["domain.verified"]


# ------------------------------------------------------------------ somebody else's


def test_somebody_elses_challenge_is_answered_as_none(clinic: Clinic, other: Clinic, desk: Proving) -> None:
    record, code = desk.claims(clinic), desk.claims(clinic, method=MAIL)
    desk.lookup.publish(record)
    answers = set()
    for challenge_id in (record.id, code.id, secrets.token_hex(12), "", "\0", "x" * 64):
        for act in (
            lambda one: check(desk.domains, desk.who(other), one),
            lambda one: confirm(desk.domains, desk.who(other), one, desk.box.code),
            lambda one: withdraw(desk.domains, desk.who(other), one),
            lambda one: domain_views.view(desk.domains, desk.who(other), one),
            lambda one: domain_views.attempts(desk.domains, desk.who(other), one),
        ):
            with pytest.raises(NoSuchChallenge) as refusal:
                act(challenge_id)
            answers.add(refusal.value.detail)
    assert len(answers) == 1
    assert desk.lookup.looked == []
    assert domain_views.views(desk.domains, desk.who(other)) == ()


def test_somebody_elses_organization_is_answered_as_none(clinic: Clinic, other: Clinic, desk: Proving) -> None:
    answers = set()
    for organization in (clinic.organization_id, "nobody"):
        with pytest.raises(NoSuchOrganization) as refusal:
            claim(desk.domains, desk.who(other), Wanted(NEW_DOMAIN, DNS, organization))
        answers.add(refusal.value.detail)
    assert len(answers) == 1


def test_a_claim_tells_nobody_who_holds_a_domain(clinic: Clinic, other: Clinic, desk: Proving) -> None:
    held, free = desk.claims(other, "direct.clinic.example"), desk.claims(other, "free.clinic.example")
    assert (held.state, held.expires_at) == (free.state, free.expires_at)
    for one in (held, free):
        assert refused(DomainNotProven, desk, other, one).replace(one.domain, "") == (
            "Control of  is not shown yet. Not every authoritative server of the domain has the record yet. Then check again."
        )


def test_another_holder_is_told_to_those_who_have_shown_control(
    database: Database, clinic: Clinic, other: Clinic, desk: Proving
) -> None:
    record, code = desk.claims(other, "direct.clinic.example"), desk.claims(other, "direct.clinic.example", MAIL)
    desk.lookup.publish(record)
    refused(DomainHeldElsewhere, desk, other, record)
    refused(DomainHeldElsewhere, desk, other, code, desk.box.code)
    assert outcomes(desk, other, record) == [Outcome.HELD_ELSEWHERE]
    refused(ChallengeSettled, desk, other, code, desk.box.code)
    assert is_certifiable(database, clinic, desk, "direct.clinic.example")


def test_a_challenge_of_one_proves_nothing_for_another(database: Database, clinic: Clinic, other: Clinic, desk: Proving) -> None:
    mine, theirs = desk.claims(clinic), desk.claims(other)
    assert mine.token != theirs.token
    desk.lookup.publish(theirs)
    refused(DomainNotProven, desk, clinic, mine)
    code = desk.claims(clinic, method=MAIL)
    stolen = desk.box.code
    their_code = desk.claims(other, method=MAIL)
    refused(WrongCode, desk, other, their_code, stolen)
    assert code.id != their_code.id


def test_a_record_for_one_domain_proves_no_other(clinic: Clinic, desk: Proving) -> None:
    one, two = desk.claims(clinic), desk.claims(clinic, "second.clinic.example")
    desk.lookup.publish(one, two.domain)
    refused(DomainNotProven, desk, clinic, one)
    refused(DomainNotProven, desk, clinic, two)


@pytest.mark.parametrize("method", [DNS, MAIL])
def test_a_challenge_is_met_in_its_own_way_only(clinic: Clinic, desk: Proving, method: DomainMethod) -> None:
    challenge = desk.claims(clinic, method=method)
    refused(ChallengeSettled, desk, clinic, challenge, "AAAA-AAAA-AAAA" if method is DNS else None)


def test_an_organization_that_went_to_another_account_takes_no_challenge_along(
    database: Database, clinic: Clinic, other: Clinic, desk: Proving
) -> None:
    challenge = desk.claims(clinic)
    desk.lookup.publish(challenge)
    with database.write() as tx:
        tx.exec_driver_sql(f"UPDATE organization SET account_id = '{other.account_id}' WHERE id = '{clinic.organization_id}'")
    refused(NoSuchChallenge, desk, clinic, challenge)
    assert not is_certifiable(database, other, desk)


# ------------------------------------------------------------------ how often


def test_looks_codes_and_claims_are_bounded(database: Database, clinic: Clinic, other: Clinic, desk: Proving) -> None:
    challenge = desk.claims(clinic)
    refused(DomainNotProven, desk, clinic, challenge)
    refused(TooManyDomainAttempts, desk, clinic, challenge)
    for _ in range(59):
        desk.clock.advance(seconds=10)
        refused(DomainNotProven, desk, clinic, challenge)
    desk.clock.advance(seconds=10)
    assert "hour" in refused(TooManyDomainAttempts, desk, clinic, challenge)
    assert len(desk.lookup.looked) == 60
    desk.clock.advance(hours=1)
    refused(DomainNotProven, desk, clinic, challenge)


def test_a_mailbox_is_not_flooded_by_one_nor_by_many(database: Database, clinic: Clinic, other: Clinic, desk: Proving) -> None:
    with database.write() as tx:
        more = [a_clinic(tx, domain=None) for _ in range(2)]
    for who in (clinic, other, more[0]):
        for _ in range(3):
            desk.claims(who, method=MAIL)
        with pytest.raises(TooManyDomainAttempts) as refusal:
            desk.claims(who, method=MAIL)
        assert refusal.value.retry_after > 0
    desk.claims(more[1], method=MAIL)
    with pytest.raises(TooManyDomainAttempts):
        desk.claims(more[1], method=MAIL)
    assert len(desk.box.letters) == 10
    desk.claims(more[1], "elsewhere.example", MAIL)
    desk.clock.advance(hours=1, seconds=1)
    desk.claims(other, method=MAIL)


def test_a_stranger_uses_up_nobody_elses_looks(database: Database, clinic: Clinic, other: Clinic) -> None:
    rules = replace(RULES, domains=replace(RULES.domains, organization_looks_per_hour=3))
    desk = proving(database, rules=rules)
    challenge, theirs = desk.claims(clinic), desk.claims(other)
    for _ in range(3):
        refused(DomainNotProven, desk, other, theirs)
        desk.clock.advance(seconds=10)
    refused(TooManyDomainAttempts, desk, other, theirs)
    refused(TooManyDomainAttempts, desk, other, desk.claims(other, "second.example"))
    refused(DomainNotProven, desk, clinic, challenge)


def test_an_organization_claims_so_many_domains_an_hour(clinic: Clinic, desk: Proving) -> None:
    for number in range(30):
        desk.claims(clinic, f"d{number}.clinic.example")
    with pytest.raises(TooManyDomainAttempts):
        desk.claims(clinic, "d30.clinic.example")


# ------------------------------------------------------------------ the operator, and what is shown


def test_the_operator_sees_and_does_all(clinic: Clinic, other: Clinic, desk: Proving) -> None:
    operator = Claimant(ANN, None)
    desk.claims(other, "other.example")
    mine = claim(desk.domains, operator, Wanted(NEW_DOMAIN, DNS, clinic.organization_id))
    with pytest.raises(BadVettingRecord):
        claim(desk.domains, operator, Wanted(NEW_DOMAIN, DNS))
    desk.lookup.publish(mine)
    check(desk.domains, operator, mine.id)
    assert {one.domain for one in domain_views.views(desk.domains, operator)} == {
        NEW_DOMAIN,
        "other.example",
        "direct.clinic.example",
    }


def test_without_an_organization_the_only_one_is_meant(clinic: Clinic, desk: Proving) -> None:
    made = claim(desk.domains, desk.who(clinic), Wanted(NEW_DOMAIN, DNS))
    assert made.organization_id == clinic.organization_id


def test_an_application_that_is_begun_changes_nothing_for_who_names_no_organization(
    database: Database, clinic: Clinic, desk: Proving
) -> None:
    with database.write() as tx:
        a_clinic(tx, account_id=clinic.account_id, domain=None, proofed_at=None, approved=False)
    assert claim(desk.domains, desk.who(clinic), Wanted(NEW_DOMAIN, DNS)).organization_id == clinic.organization_id
    with database.write() as tx:
        a_clinic(tx, account_id=clinic.account_id, domain=None, proofed_at=None)
    with pytest.raises(BadVettingRecord, match="Say which organization") as refusal:
        claim(desk.domains, desk.who(clinic), Wanted("other.clinic.example", DNS))
    assert refusal.value.field == "organization"


def test_who_has_applications_alone_names_one_of_them(database: Database, desk: Proving) -> None:
    with database.write() as tx:
        first = a_clinic(tx, domain=None, proofed_at=None, approved=False)
    assert claim(desk.domains, desk.who(first), Wanted(NEW_DOMAIN, DNS)).organization_id == first.organization_id
    with database.write() as tx:
        a_clinic(tx, account_id=first.account_id, domain=None, proofed_at=None, approved=False)
    with pytest.raises(BadVettingRecord, match="Say which organization"):
        claim(desk.domains, desk.who(first), Wanted("other.clinic.example", DNS))


def test_an_attempt_keeps_what_was_seen_safely(database: Database, clinic: Clinic, desk: Proving) -> None:
    challenge = desk.claims(clinic)
    desk.lookup.texts[NEW_DOMAIN] = ("a\r\nb\0\x1b[31m" + "x" * 5000, *["y"] * 500)
    refused(DomainNotProven, desk, clinic, challenge)
    (attempt,) = domain_views.attempts(desk.domains, desk.who(clinic), challenge.id)
    (server,) = attempt.seen["vantages"][0]["servers"]
    assert attempt.kind is AttemptKind.LOOK
    assert len(server["texts"]) == 8
    assert server["texts_seen"] == 501
    assert server["texts"][0].startswith(r"a\x0d\x0ab\x00\x1b[31m")
    assert all(text.isprintable() and len(text) <= 200 for text in server["texts"])


@pytest.mark.parametrize("domain", ["co.uk", "CO.UK", "k12.ma.us", "github.io", "s3.amazonaws.com", "foo.ck"])
def test_a_public_suffix_is_claimed_by_nobody(desk: Proving, clinic: Clinic, domain: str) -> None:
    with pytest.raises(DomainRefused) as refusal:
        desk.claims(clinic, domain)
    assert f"list of {public_suffixes.date()}" in refusal.value.detail
    with desk.domains.database.write() as tx, pytest.raises(DomainRefused):
        evidence.verify_domain(tx, clinic.organization_id, domain, DomainMethod.DNS_TXT, "seen", recording())


@pytest.mark.parametrize("domain", ["clinic.co.uk", "www.ck", "clinic.github.io", "direct.clinic.example"])
def test_what_is_registered_below_a_public_suffix_is_claimed(desk: Proving, clinic: Clinic, domain: str) -> None:
    assert desk.claims(clinic, domain).domain == domain
