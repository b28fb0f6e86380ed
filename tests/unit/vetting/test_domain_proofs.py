"""Control of a domain is earned: what a challenge leads to, and everything that does not lead there."""

import ast
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from directca.accounts import accounts
from directca.accounts.errors import AccountSuspended
from directca.db.engine import Database
from directca.direct.errors import BadDirectName
from directca.errors import DirectCAError
from directca.journal import store as journal_store
from directca.vetting import domain_views, evidence, organizations
from directca.vetting.domain_check import check, is_due, renew_due
from directca.vetting.domain_confirm import confirm
from directca.vetting.domain_errors import (
    ChallengeExpired,
    ChallengeSettled,
    DomainNotProven,
    DomainRefused,
    MailNotSent,
    WrongCode,
)
from directca.vetting.domain_model import (
    Challenge,
    ChallengeState,
    DomainStanding,
    Outcome,
)
from directca.vetting.domain_withdraw import withdraw
from directca.vetting.errors import (
    DomainNotVerified,
    OrganizationState,
)
from directca.vetting.model import EVERY_MAILBOX, DomainMethod
from tests.clinic import ANN, Clinic, ask, recording
from tests.house.sources import modules
from tests.proving import NEW_DOMAIN, Proving, is_certifiable, kinds, outcomes, refused, standing, wrong

DNS, MAIL = DomainMethod.DNS_TXT, DomainMethod.ROLE_ADDRESS
DAY = timedelta(days=1)


# ------------------------------------------------------------------ the two ways


def test_a_record_that_is_seen_puts_the_very_claim_on_file_that_issuing_asks_for(
    database: Database, clinic: Clinic, desk: Proving
) -> None:
    challenge = desk.claims(clinic)
    assert challenge.record.startswith("DirectCA-Verification=")
    assert len(str(challenge.token)) * 4 >= 128
    assert not is_certifiable(database, clinic, desk)
    assert "not every" in refused(DomainNotProven, desk, clinic, challenge).lower()
    assert standing(desk, clinic, challenge) is DomainStanding.PENDING
    desk.clock.advance(minutes=1)
    desk.lookup.publish(challenge)
    check(desk.domains, desk.who(clinic), challenge.id)
    assert is_certifiable(database, clinic, desk)
    view = domain_views.view(desk.domains, desk.who(clinic), challenge.id)
    assert view.claim is not None
    assert (view.standing, view.claim.method) == (DomainStanding.VERIFIED, DNS)
    assert view.claim.expires_at == desk.clock.now() + timedelta(days=365)
    assert challenge.record in view.claim.evidence
    assert outcomes(desk, clinic, challenge) == [Outcome.PROVEN, Outcome.NOT_PROVEN]
    assert kinds(database, clinic)[-2:] == ["domain.claimed", "domain.verified"]


def test_a_code_that_was_mailed_does_the_same(database: Database, clinic: Clinic, desk: Proving) -> None:
    challenge = desk.claims(clinic, method=MAIL)
    assert [one.to for one in desk.box.letters] == [f"postmaster@{NEW_DOMAIN}"]
    assert desk.box.code not in repr(challenge)
    confirm(desk.domains, desk.who(clinic), challenge.id, f" {desk.box.code.lower()} ")
    assert is_certifiable(database, clinic, desk)
    assert outcomes(desk, clinic, challenge)[0] in (Outcome.PROVEN, Outcome.SENT)
    assert standing(desk, clinic, challenge) is DomainStanding.VERIFIED


def test_the_code_is_kept_as_a_digest_alone(database: Database, clinic: Clinic, desk: Proving) -> None:
    challenge = desk.claims(clinic, method=MAIL)
    with database.read() as tx:
        kept = [str(value) for value in tx.exec_driver_sql("SELECT * FROM domain_challenge").one()]
        told = [str(row.event) for row in journal_store.rows_about(tx, f"organization:{clinic.organization_id}")]
    letters = desk.box.code.replace("-", "")
    assert len(letters) >= 8
    assert not [text for text in (*kept, *told) if letters in text or desk.box.code in text]
    assert challenge.code_sha256 is not None


@pytest.mark.parametrize("name", [f"sub.{NEW_DOMAIN}", "clinic.example", "example"])
def test_neither_way_proves_anything_above_or_below(database: Database, clinic: Clinic, desk: Proving, name: str) -> None:
    record, code = desk.claims(clinic), desk.claims(clinic, method=MAIL)
    desk.lookup.publish(record)
    check(desk.domains, desk.who(clinic), record.id)
    confirm(desk.domains, desk.who(clinic), code.id, desk.box.code)
    with pytest.raises((DomainNotVerified, BadDirectName)):
        ask(database, clinic.account_id, name, now=desk.clock.now())


def test_a_claim_comes_onto_file_from_a_met_challenge_and_in_a_sandbox_from_nothing_else() -> None:
    calling = {
        found.path
        for found in modules()
        for node in ast.walk(found.tree)
        if found.product and isinstance(node, ast.Attribute | ast.Name) and ast.unparse(node).endswith("verify_domain")
    }
    assert calling == {
        "src/directca/vetting/domain_proof.py",
        "src/directca/cli/domain.py",
        "src/directca/cli/sandbox.py",
    }


# ------------------------------------------------------------------ time, tries, use


def test_a_record_is_waited_for_thirty_days(database: Database, clinic: Clinic, desk: Proving) -> None:
    challenge = desk.claims(clinic)
    desk.lookup.publish(challenge)
    desk.clock.advance(days=30)
    refused(ChallengeExpired, desk, clinic, challenge)
    assert standing(desk, clinic, challenge) is DomainStanding.EXPIRED
    assert desk.claims(clinic).token != challenge.token
    assert desk.lookup.looked == []


def test_a_code_is_good_for_ten_minutes(database: Database, clinic: Clinic, desk: Proving) -> None:
    challenge = desk.claims(clinic, method=MAIL)
    desk.clock.advance(minutes=10)
    refused(ChallengeExpired, desk, clinic, challenge, desk.box.code)
    assert not is_certifiable(database, clinic, desk)


def test_the_right_code_after_three_wrong_ones_is_too_late(database: Database, clinic: Clinic, desk: Proving) -> None:
    challenge = desk.claims(clinic, method=MAIL)
    left = [refused(WrongCode, desk, clinic, challenge, wrong(desk.box.code)) for _ in range(3)]
    assert [("left: 2" in left[0]), ("left: 1" in left[1]), ("no try is left" in left[2])] == [True] * 3
    refused(ChallengeSettled, desk, clinic, challenge, desk.box.code)
    assert standing(desk, clinic, challenge) is DomainStanding.FAILED
    assert kinds(database, clinic)[-1] == "domain.challenge_failed"
    assert not is_certifiable(database, clinic, desk)


@pytest.mark.parametrize("code", ["", "-", "0", "0" * 12, "0" * 10_000, "é" * 12, "\0", "' OR 1=1 --"])
def test_what_is_no_code_is_a_wrong_one(clinic: Clinic, desk: Proving, code: str) -> None:
    refused(WrongCode, desk, clinic, desk.claims(clinic, method=MAIL), code)


def test_a_code_is_used_once(clinic: Clinic, desk: Proving) -> None:
    challenge = desk.claims(clinic, method=MAIL)
    confirm(desk.domains, desk.who(clinic), challenge.id, desk.box.code)
    refused(ChallengeSettled, desk, clinic, challenge, desk.box.code)


def test_a_new_code_ends_the_one_before(clinic: Clinic, desk: Proving) -> None:
    first = desk.claims(clinic, method=MAIL)
    old = desk.box.code
    second = desk.claims(clinic, method=MAIL)
    refused(ChallengeSettled, desk, clinic, first, old)
    refused(WrongCode, desk, clinic, second, old)
    confirm(desk.domains, desk.who(clinic), second.id, desk.box.code)


def test_a_record_that_still_stands_gives_nothing_back_that_was_withdrawn(
    database: Database, clinic: Clinic, desk: Proving
) -> None:
    challenge = desk.claims(clinic)
    desk.lookup.publish(challenge)
    check(desk.domains, desk.who(clinic), challenge.id)
    with database.write() as tx:
        evidence.authorize_mailbox(tx, clinic.organization_id, NEW_DOMAIN, EVERY_MAILBOX, None, recording(desk.clock.now()))
    withdraw(desk.domains, desk.who(clinic), challenge.id)
    assert not is_certifiable(database, clinic, desk)
    assert standing(desk, clinic, challenge) is DomainStanding.WITHDRAWN
    desk.clock.advance(days=340)
    refused(ChallengeSettled, desk, clinic, challenge)
    with pytest.raises(ChallengeSettled):
        withdraw(desk.domains, desk.who(clinic), challenge.id)
    assert kinds(database, clinic)[-1] == "domain.withdrawn"


@pytest.mark.parametrize(
    ("happens", "error"), [("withdrawn", ChallengeSettled), ("run out", ChallengeExpired), ("ended", OrganizationState)]
)
def test_what_happens_during_a_look_counts(
    database: Database, clinic: Clinic, desk: Proving, happens: str, error: type[DirectCAError]
) -> None:
    challenge = desk.claims(clinic)
    desk.lookup.publish(challenge)
    happenings = {
        "withdrawn": lambda: withdraw(desk.domains, desk.who(clinic), challenge.id),
        "run out": lambda: desk.clock.advance(days=31),
        "ended": lambda: _end(database, clinic),
    }
    desk.lookup.meanwhile = [happenings[happens]]
    refused(error, desk, clinic, challenge)
    assert outcomes(desk, clinic, challenge) == [Outcome.TOO_LATE]
    assert "domain.verified" not in kinds(database, clinic)[1:]


def _end(database: Database, clinic: Clinic) -> None:
    with database.write() as tx:
        organizations.end(tx, clinic.organization_id, actor=ANN, reason="closed", at=recording().at)


def test_who_is_suspended_or_ended_shows_nothing(database: Database, clinic: Clinic, desk: Proving) -> None:
    record, code = desk.claims(clinic), desk.claims(clinic, method=MAIL)
    desk.lookup.publish(record)
    with database.write() as tx:
        accounts.suspend(tx, clinic.account_id, actor=ANN, reason="audit", at=recording().at)
    refused(AccountSuspended, desk, clinic, record)
    refused(AccountSuspended, desk, clinic, code, desk.box.code)
    with pytest.raises(AccountSuspended):
        desk.claims(clinic, "third.clinic.example")


def test_a_crash_during_a_look_leaves_an_attempt_that_has_begun(database: Database, clinic: Clinic, desk: Proving) -> None:
    challenge = desk.claims(clinic)
    desk.lookup.publish(challenge)

    def crash() -> None:
        raise KeyboardInterrupt

    desk.lookup.meanwhile = [crash]
    with pytest.raises(KeyboardInterrupt):
        check(desk.domains, desk.who(clinic), challenge.id)
    assert outcomes(desk, clinic, challenge) == [Outcome.BEGUN]
    assert standing(desk, clinic, challenge) is DomainStanding.PENDING


def test_a_message_that_is_not_taken_ends_the_challenge(database: Database, clinic: Clinic, desk: Proving) -> None:
    desk.box.fails = True
    with pytest.raises(MailNotSent):
        desk.claims(clinic, method=MAIL)
    (view,) = [one for one in domain_views.views(desk.domains, desk.who(clinic)) if one.domain == NEW_DOMAIN]
    assert view.challenge is not None
    assert view.challenge.state is ChallengeState.FAILED
    assert outcomes(desk, clinic, view.challenge) == [Outcome.NOT_SENT]
    assert kinds(database, clinic)[-1] == "domain.challenge_failed"


# ------------------------------------------------------------------ again, before it ends


def verified(desk: Proving, clinic: Clinic) -> Challenge:
    challenge = desk.claims(clinic)
    desk.lookup.publish(challenge)
    check(desk.domains, desk.who(clinic), challenge.id)
    return challenge


def renewed(desk: Proving) -> int:
    return renew_due(desk.domains, "system:upkeep", most=9).looked_at


def test_a_record_that_still_stands_renews_the_claim_before_its_end(database: Database, clinic: Clinic, desk: Proving) -> None:
    challenge = verified(desk, clinic)
    end = desk.clock.now() + 365 * DAY
    refused(ChallengeSettled, desk, clinic, challenge)
    desk.clock.advance(days=334)
    assert not is_due(desk.domains)
    desk.clock.advance(days=1)
    assert standing(desk, clinic, challenge) is DomainStanding.EXPIRING
    assert is_due(desk.domains)
    assert renewed(desk) == 1
    view = domain_views.view(desk.domains, desk.who(clinic), challenge.id)
    assert view.claim is not None
    assert (view.standing, view.claim.expires_at) == (DomainStanding.VERIFIED, end + 335 * DAY)
    assert not is_due(desk.domains)


def test_a_record_that_is_gone_lets_the_claim_end_and_is_looked_for_until_then(
    database: Database, clinic: Clinic, desk: Proving
) -> None:
    challenge = verified(desk, clinic)
    desk.lookup.texts.clear()
    desk.clock.advance(days=340)
    assert [renewed(desk) for _ in range(2)] == [1, 0]
    assert is_certifiable(database, clinic, desk)
    desk.clock.advance(hours=12)
    assert renewed(desk) == 1
    desk.clock.advance(days=25)
    assert standing(desk, clinic, challenge) is DomainStanding.EXPIRED
    desk.lookup.publish(challenge)
    assert renewed(desk) == 0
    refused(ChallengeSettled, desk, clinic, challenge)


def test_a_code_is_not_mailed_by_itself(clinic: Clinic, desk: Proving) -> None:
    challenge = desk.claims(clinic, method=MAIL)
    confirm(desk.domains, desk.who(clinic), challenge.id, desk.box.code)
    desk.clock.advance(days=340)
    assert renewed(desk) == 0
    assert len(desk.box.letters) == 1


def test_a_renewal_revives_no_claim_of_another_challenge(clinic: Clinic, desk: Proving) -> None:
    first = verified(desk, clinic)
    desk.clock.advance(days=1)
    second = verified(desk, clinic)
    assert standing(desk, clinic, first) is DomainStanding.REPLACED
    desk.clock.advance(days=340)
    refused(ChallengeSettled, desk, clinic, first)
    check(desk.domains, desk.who(clinic), second.id)


def test_what_cannot_be_looked_at_waits_its_turn_too(database: Database, clinic: Clinic, desk: Proving) -> None:
    challenge = verified(desk, clinic)
    with database.write() as tx:
        accounts.suspend(tx, clinic.account_id, actor=ANN, reason="audit", at=recording().at)
    desk.clock.advance(days=340)
    done = renew_due(desk.domains, "system:upkeep", most=9)
    assert [(domain, error.slug) for domain, error in done.not_shown] == [(NEW_DOMAIN, "account_suspended")]
    assert not is_due(desk.domains)
    assert outcomes(desk, clinic, challenge)[0] is Outcome.NOT_PROVEN
    desk.clock.advance(hours=12)
    assert is_due(desk.domains)


def test_a_domain_that_the_settings_refuse_by_now_is_neither_looked_for_nor_renewed(
    database: Database, clinic: Clinic, desk: Proving
) -> None:
    record, code = desk.claims(clinic), desk.claims(clinic, method=MAIL)
    desk.lookup.publish(record)
    strict = replace(desk, domains=replace(desk.domains, config=replace(desk.domains.config, refused=(NEW_DOMAIN,))))
    refused(DomainRefused, strict, clinic, record)
    refused(DomainRefused, strict, clinic, code, desk.box.code)


# ------------------------------------------------------------------ all at once


def at_once(count: int, act: Callable[[], None]) -> list[str]:
    """What became of so many who act at the same time: the slug of a refusal, or nothing."""

    def one(_: int) -> str:
        try:
            act()
        except DirectCAError as error:
            return error.slug
        return ""

    with ThreadPoolExecutor(count) as pool:
        return sorted(pool.map(one, range(count)))


def test_many_guesses_at_once_are_three(database: Database, clinic: Clinic, desk: Proving) -> None:
    challenge = desk.claims(clinic, method=MAIL)
    guess = wrong(desk.box.code)
    told = at_once(8, lambda: confirm(desk.domains, desk.who(clinic), challenge.id, guess))
    assert told == ["domain_challenge_settled"] * 5 + ["wrong_domain_code"] * 3


def test_the_right_code_many_times_at_once_is_used_once(database: Database, clinic: Clinic, desk: Proving) -> None:
    challenge = desk.claims(clinic, method=MAIL)
    told = at_once(6, lambda: confirm(desk.domains, desk.who(clinic), challenge.id, desk.box.code))
    assert told == [""] + ["domain_challenge_settled"] * 5
    assert kinds(database, clinic).count("domain.verified") == 2  # with the clinic's first domain


def test_many_checks_at_once_are_one_look(clinic: Clinic, desk: Proving) -> None:
    challenge = desk.claims(clinic)
    told = at_once(8, lambda: check(desk.domains, desk.who(clinic), challenge.id))
    assert told == ["domain_not_proven"] + ["too_many_domain_attempts"] * 7
    assert desk.lookup.looked == [NEW_DOMAIN]
