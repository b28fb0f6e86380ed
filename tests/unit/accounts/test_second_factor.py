"""Second factors: staff gets nowhere without one, nothing that was shown once is good twice, and tries are limited."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from directca.accounts import enrolment, lost_factors, people, second_factor, sessions
from directca.accounts.factor_errors import LastFactor, NoSuchFactor, TooManyFactors, WrongSecondFactor
from directca.accounts.factors import Factors
from directca.accounts.people_errors import SessionEnded, TooManyAttempts
from directca.accounts.person import NewSession, Role, Stage
from directca.accounts.role_errors import StepUpFirst
from directca.db.engine import Database
from directca.journal.model import Event
from directca.journal.store import rows_after
from tests.factors import Phone, a_colleague, complete, enter, shown, with_app
from tests.people import OPERATOR, USERNAME, Clinic, a_clinic, some_factors


@pytest.fixture
def clinic(database: Database) -> Clinic:
    return a_clinic(database)


@pytest.fixture
def factors(clinic: Clinic) -> Factors:
    return some_factors(clinic.people)


def journal(clinic: Clinic, *kinds: str) -> list[Event]:
    with clinic.people.database.read() as tx:
        return [row.event for row in rows_after(tx, 0) if row.event.kind in kinds]


def entered(factors: Factors, clinic: Clinic, code: str) -> NewSession:
    return second_factor.show(factors, enter(clinic).session, shown(code))


def refused(factors: Factors, clinic: Clinic, code: str) -> str:
    with pytest.raises(WrongSecondFactor) as wrong:
        entered(factors, clinic, code)
    return wrong.value.detail


def test_staff_without_a_second_factor_is_signed_in_once_it_has_added_one(factors: Factors, clinic: Clinic) -> None:
    a_colleague(clinic, "olga", Role.OFFICER)
    half = enter(clinic, "olga")
    assert half.session.stage is Stage.ENROL
    assert half.browser_secret is None
    assert sessions.resume(clinic.people, half.secret) is None
    phone, new = with_app(factors, half.session)
    assert new.session.stage is Stage.COMPLETE
    assert sessions.resume(clinic.people, new.secret) == new.session
    assert sessions.begun(clinic.people, half.secret) is None, "the session goes on under another secret"
    assert len(set(phone.codes)) == 10
    assert all(re.fullmatch(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", code) for code in phone.codes)
    kinds = [one.kind for one in journal(clinic, "person.password_shown", "person.factor_added", "person.signed_in")]
    assert kinds == ["person.password_shown", "person.factor_added", "person.signed_in"]


@pytest.mark.parametrize("role", [Role.REPRESENTATIVE, None])
def test_others_need_none_and_are_asked_once_they_have_one(factors: Factors, clinic: Clinic, role: Role | None) -> None:
    a_colleague(clinic, "tom", *([role] if role else []))
    new = enter(clinic, "tom")
    elsewhere = enter(clinic, "tom")
    assert (new.session.stage, elsewhere.session.stage) == (Stage.COMPLETE, Stage.COMPLETE)
    phone, _ = with_app(factors, new.session)
    assert sessions.resume(clinic.people, elsewhere.secret) is None, "a browser where it was never shown is asked, too"
    assert enter(clinic, "tom").session.stage is Stage.CHALLENGE
    assert complete(factors, clinic, "tom", phone).session.stage is Stage.COMPLETE


def test_a_code_is_good_for_a_step_around_now_and_once(factors: Factors, clinic: Clinic) -> None:
    phone, _ = with_app(factors, enter(clinic).session)
    start = clinic.clock.now()
    spent = phone.code(start)
    assert refused(factors, clinic, spent)
    clinic.clock.advance(seconds=30)
    assert refused(factors, clinic, spent), "still in its time, and shown before"
    late = phone.code(clinic.clock.now())
    clinic.clock.advance(seconds=30)
    assert entered(factors, clinic, f" {late[:3]} {late[3:]} ").session.stage is Stage.COMPLETE
    early = clinic.clock.now()
    clinic.clock.advance(seconds=30)
    next_code = phone.code(clinic.clock.now())
    clinic.clock.moment = early
    assert entered(factors, clinic, next_code).session.stage is Stage.COMPLETE
    assert refused(factors, clinic, phone.code(early)), "older than one that was taken"
    clinic.clock.advance(seconds=3600)
    assert refused(factors, clinic, phone.code(early))
    assert refused(factors, clinic, "000000")


def test_of_two_who_show_the_same_code_at_once_one_is_let_in(factors: Factors, clinic: Clinic) -> None:
    phone, _ = with_app(factors, enter(clinic).session)
    clinic.clock.advance(seconds=30)
    halves = [enter(clinic).session for _ in range(4)]
    code = phone.code(clinic.clock.now())

    def one(number: int) -> bool:
        try:
            second_factor.show(factors, halves[number], shown(code))
        except WrongSecondFactor:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(one, range(4))) == [False, False, False, True]


def test_a_recovery_code_is_good_once_however_it_is_written(factors: Factors, clinic: Clinic) -> None:
    phone, new = with_app(factors, enter(clinic).session)
    first, second, *_ = phone.codes
    assert entered(factors, clinic, first.lower().replace("-", " ")).session.stage is Stage.COMPLETE
    answers = {refused(factors, clinic, first), refused(factors, clinic, "AAAA-AAAA-AAAA-AAAA"), refused(factors, clinic, "")}
    assert len(answers) == 1, "nobody is told what was wrong"
    assert enrolment.held(factors, new.session).codes_left == 9
    session = sessions.resume(clinic.people, new.secret)
    assert session is not None
    fresh = enrolment.make_codes(factors, session)
    assert set(fresh).isdisjoint(phone.codes)
    assert refused(factors, clinic, second)
    assert entered(factors, clinic, fresh[0]).session.stage is Stage.COMPLETE


def test_a_recovery_code_of_somebody_else_is_worth_nothing(factors: Factors, clinic: Clinic) -> None:
    a_colleague(clinic, "olga", Role.OFFICER)
    with_app(factors, enter(clinic).session)
    others, _ = with_app(factors, enter(clinic, "olga").session)
    assert refused(factors, clinic, others.codes[0])


def test_tries_are_counted_before_they_are_looked_at_and_the_right_code_waits_too(factors: Factors, clinic: Clinic) -> None:
    phone, _ = with_app(factors, enter(clinic).session)
    clinic.clock.advance(seconds=30)
    for _ in range(5):
        refused(factors, clinic, "000000")
    half = enter(clinic).session
    with pytest.raises(TooManyAttempts):
        second_factor.show(factors, half, shown(phone.code(clinic.clock.now())))
    clinic.clock.advance(seconds=6)
    assert second_factor.show(factors, half, shown(phone.code(clinic.clock.now()))).session.stage is Stage.COMPLETE
    failed = journal(clinic, "person.second_factor_refused")
    assert [one.detail["wait_seconds"] for one in failed] == [0, 0, 0, 0, 5]
    assert {one.subject for one in failed} == {clinic.maria.actor}
    assert "000000" not in repr(failed)


def test_strangers_with_the_password_do_not_shut_out_a_browser_that_was_used_before(factors: Factors, clinic: Clinic) -> None:
    phone, known = with_app(factors, enter(clinic).session)
    for _ in range(5):
        refused(factors, clinic, "000000")
    clinic.clock.advance(seconds=3)
    half = enter(clinic, browser=known.browser_secret).session
    with pytest.raises(TooManyAttempts):
        second_factor.show(factors, half, shown(phone.codes[0]))
    assert second_factor.show(factors, half, shown(phone.codes[0], known.browser_secret)).session.stage is Stage.COMPLETE
    assert enter(clinic).browser_secret is None, "the password alone makes no browser a known one"


def test_stepping_up_gives_the_session_another_secret_and_a_new_moment(factors: Factors, clinic: Clinic) -> None:
    phone, new = with_app(factors, enter(clinic).session)
    clinic.clock.advance(minutes=20)
    with pytest.raises(StepUpFirst):
        enrolment.make_codes(factors, new.session)
    stepped = second_factor.show(factors, new.session, shown(phone.code(clinic.clock.now())))
    assert sessions.begun(clinic.people, new.secret) is None
    assert stepped.session.second_factor_at == clinic.clock.now()
    assert stepped.session.ends_at == new.session.ends_at, "it lives no longer for that"
    codes = enrolment.make_codes(factors, stepped.session)
    assert [one.detail["factor"] for one in journal(clinic, "person.stepped_up")] == ["app", "app"], "the first when it was added"
    with pytest.raises(SessionEnded):
        second_factor.show(factors, new.session, shown(codes[0]))


def test_the_first_factor_asks_for_a_password_that_was_shown_just_now(factors: Factors, clinic: Clinic) -> None:
    session = enter(clinic).session
    clinic.clock.advance(minutes=11)
    for verb in (enrolment.begin_app, enrolment.begin_passkey):
        with pytest.raises(StepUpFirst):
            verb(factors, session)


def test_a_factor_is_removed_by_its_owner_alone_and_staff_keeps_the_last(factors: Factors, clinic: Clinic) -> None:
    a_colleague(clinic, "olga", Role.OFFICER)
    _, olga = with_app(factors, enter(clinic, "olga").session)
    _, maria = with_app(factors, enter(clinic).session)
    (hers,), (other,) = (enrolment.held(factors, one.session).factors for one in (olga, maria))
    with pytest.raises(NoSuchFactor):
        enrolment.remove(factors, maria.session, hers.id)
    with pytest.raises(LastFactor):
        enrolment.remove(factors, olga.session, hers.id)
    assert enrolment.held(factors, olga.session).factors == (hers,)
    enrolment.remove(factors, maria.session, other.id)
    held = enrolment.held(factors, maria.session)
    assert (held.factors, held.codes_left) == ((), 0)
    assert enter(clinic).session.stage is Stage.COMPLETE
    with pytest.raises(NoSuchFactor):
        enrolment.make_codes(factors, maria.session)


def test_nobody_has_more_than_ten(factors: Factors, clinic: Clinic) -> None:
    _, new = with_app(factors, enter(clinic).session)
    for _ in range(9):
        _, new = with_app(factors, new.session)
    with pytest.raises(TooManyFactors):
        enrolment.begin_app(factors, new.session)
    assert len(journal(clinic, "person.recovery_codes_made")) == 1, "codes come with the first one"


def test_an_app_that_has_shown_no_code_counts_for_nothing(factors: Factors, clinic: Clinic) -> None:
    session = enter(clinic).session
    with pytest.raises(NoSuchFactor):
        enrolment.pending_app(factors, session)
    with pytest.raises(NoSuchFactor):
        enrolment.confirm_app(factors, session, "telephone", shown("000000"))
    enrolment.begin_app(factors, session)
    first = enrolment.pending_app(factors, session)
    assert enrolment.pending_app(factors, session) == first
    assert f"secret={first.secret}" in first.address
    with pytest.raises(WrongSecondFactor):
        enrolment.confirm_app(factors, session, "telephone", shown("000000"))
    assert enter(clinic).session.stage is Stage.COMPLETE
    enrolment.begin_app(factors, session)
    assert enrolment.pending_app(factors, session).secret != first.secret


def test_no_secret_is_kept_readable(factors: Factors, clinic: Clinic) -> None:
    phone, _ = with_app(factors, enter(clinic).session)
    kept = ""
    with clinic.people.database.read() as tx:
        for table in ("authenticator_app", "recovery_code", "person_session"):
            kept += repr(tx.execute(text(f"SELECT * FROM {table}")).all())
    kept += repr(journal(clinic, "person.factor_added", "person.recovery_codes_made", "person.signed_in"))
    for secret in (phone.secret, *phone.codes, *(code.replace("-", "") for code in phone.codes)):
        assert secret not in kept


def test_an_operator_takes_away_what_somebody_has_lost(factors: Factors, clinic: Clinic) -> None:
    a_colleague(clinic, "olga", Role.OFFICER)
    phone, new = with_app(factors, enter(clinic, "olga").session)
    _, removed = lost_factors.reset(clinic.people, "Olga", actor=OPERATOR, reason="telephone stolen")
    assert removed == 1
    assert sessions.begun(clinic.people, new.secret) is None
    half = enter(clinic, "olga").session
    assert half.stage is Stage.ENROL
    with pytest.raises(WrongSecondFactor):
        second_factor.show(factors, half, shown(phone.codes[0]))
    (event,) = journal(clinic, "person.factors_reset")
    assert (event.actor, event.detail["reason"], event.detail["factors_removed"]) == (OPERATOR, "telephone stolen", 1)


def test_a_suspended_person_shows_nothing(factors: Factors, clinic: Clinic) -> None:
    phone, _ = with_app(factors, enter(clinic).session)
    half = enter(clinic).session
    people.suspend(clinic.people, USERNAME, actor=OPERATOR, reason="left")
    with pytest.raises(SessionEnded):
        second_factor.show(factors, half, shown(phone.codes[0]))
    people.resume(clinic.people, USERNAME, actor=OPERATOR)
    assert entered(factors, clinic, phone.codes[0]), "and the code was not spent"


def test_a_secret_put_into_somebody_elses_row_opens_nothing(factors: Factors, clinic: Clinic) -> None:
    """Who can write to the table, but has no passphrase, cannot give an officer's row a secret that they know."""
    a_colleague(clinic, "olga", Role.OFFICER)
    with_app(factors, enter(clinic, "olga").session)
    mine: Phone
    mine, _ = with_app(factors, enter(clinic).session)
    with clinic.people.database.write() as tx:
        sealed = "SELECT sealed FROM authenticator_app WHERE person_id = :mine"
        tx.execute(text(f"UPDATE authenticator_app SET sealed = ({sealed}) WHERE person_id != :mine"), {"mine": clinic.maria.id})
    clinic.clock.advance(seconds=30)
    with pytest.raises(Exception, match="does not open"):
        second_factor.show(factors, enter(clinic, "olga").session, shown(mine.code(clinic.clock.now())))
