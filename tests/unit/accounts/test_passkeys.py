"""Passkeys: the device has asked for its owner, the origin is ours, no challenge is good twice, no copy counts on."""

import json
from dataclasses import replace
from typing import Any

import pytest

from directca.accounts import enrolment, second_factor
from directca.accounts.enrolment import Added
from directca.accounts.factor import FactorKind
from directca.accounts.factor_errors import FactorNotAdded, WrongSecondFactor
from directca.accounts.factors import Factors, Shown
from directca.accounts.passkeys import site_of
from directca.accounts.person import Role, Session, Stage
from directca.db.engine import Database
from tests.authenticator import Authenticator, octets
from tests.factors import ADDRESS, a_colleague, enter, with_app
from tests.people import Clinic, a_clinic, some_factors


@pytest.fixture
def clinic(database: Database) -> Clinic:
    return a_clinic(database)


@pytest.fixture
def factors(clinic: Clinic) -> Factors:
    return some_factors(clinic.people)


def answer(passkey: str) -> Shown:
    return Shown(ADDRESS, passkey=passkey)


def added(factors: Factors, session: Session, device: Authenticator, name: str = "laptop") -> Added:
    return enrolment.add_passkey(factors, session, name, answer(device.make(enrolment.begin_passkey(factors, session))))


def asked(factors: Factors, session: Session) -> str:
    options = second_factor.ask_for_passkey(factors, session)
    assert options is not None
    return options


def test_a_passkey_signs_in(factors: Factors, clinic: Clinic) -> None:
    a_colleague(clinic, "olga", Role.OFFICER)
    device = Authenticator()
    first = added(factors, enter(clinic, "olga").session, device)
    assert (first.new.session.stage, len(first.codes)) == (Stage.COMPLETE, 10)
    (held,) = enrolment.held(factors, first.new.session).factors
    assert (held.kind, held.name) == (FactorKind.PASSKEY, "laptop")
    for _ in range(2):
        half = enter(clinic, "olga").session
        assert half.stage is Stage.CHALLENGE
        new = second_factor.show(factors, half, answer(device.show(asked(factors, half))))
        assert new.session.stage is Stage.COMPLETE


def test_what_the_browser_is_asked(factors: Factors, clinic: Clinic) -> None:
    session = enter(clinic).session
    options = json.loads(enrolment.begin_passkey(factors, session))
    assert options["rp"]["id"] == "localhost"
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["attestation"] == "none"
    assert octets(options["user"]["id"]) == clinic.maria.id.encode()
    device = Authenticator()
    new = added(factors, session, device).new.session
    options = json.loads(asked(factors, new))
    assert (options["rpId"], options["userVerification"]) == ("localhost", "required")
    assert [octets(one["id"]) for one in options["allowCredentials"]] == [device.credential_id]
    excluded = json.loads(enrolment.begin_passkey(factors, new))["excludeCredentials"]
    assert [octets(one["id"]) for one in excluded] == [device.credential_id]
    assert len({json.loads(asked(factors, new))["challenge"] for _ in range(3)}) == 3


@pytest.mark.parametrize(
    "changed",
    [{"origin": "http://localhost:8001"}, {"origin": "https://localhost:8000"}, {"site": "evil.example"}, {"verifies": False}],
    ids=["port", "scheme", "site", "unverified"],
)
def test_an_answer_for_another_place_or_without_its_owner_is_refused(
    factors: Factors, clinic: Clinic, changed: dict[str, Any]
) -> None:
    session = enter(clinic).session
    with pytest.raises(FactorNotAdded):
        added(factors, session, replace(Authenticator(), **changed))
    device = Authenticator()
    session = added(factors, session, device).new.session
    with pytest.raises(WrongSecondFactor):
        second_factor.show(factors, session, answer(replace(device, **changed).show(asked(factors, session))))
    assert second_factor.show(factors, session, answer(device.show(asked(factors, session))))


def test_a_challenge_is_good_once_for_its_purpose_in_its_session_and_in_time(factors: Factors, clinic: Clinic) -> None:
    device = Authenticator()
    session = added(factors, enter(clinic).session, device).new.session
    options = asked(factors, session)
    right = answer(device.show(options))
    again = second_factor.show(factors, session, right).session
    for stale in (right, answer(device.show(options))):
        with pytest.raises(WrongSecondFactor):
            second_factor.show(factors, again, stale)
    other = enter(clinic).session
    elsewhere = asked(factors, other)
    asked(factors, again)
    with pytest.raises(WrongSecondFactor):
        second_factor.show(factors, again, answer(device.show(elsewhere)))
    registering = enrolment.begin_passkey(factors, again)
    with pytest.raises(WrongSecondFactor):
        second_factor.show(factors, again, answer(device.show(registering)))
    showing = asked(factors, again)
    with pytest.raises(FactorNotAdded):
        enrolment.add_passkey(factors, again, "x", answer(Authenticator().make(showing)))
    late = asked(factors, again)
    clinic.clock.advance(seconds=300)
    with pytest.raises(WrongSecondFactor):
        second_factor.show(factors, again, answer(device.show(late)))


def test_a_wrong_answer_spends_the_challenge(factors: Factors, clinic: Clinic) -> None:
    device = Authenticator()
    session = added(factors, enter(clinic).session, device).new.session
    options = asked(factors, session)
    with pytest.raises(WrongSecondFactor):
        second_factor.show(factors, session, answer(Authenticator(credential_id=device.credential_id).show(options)))
    with pytest.raises(WrongSecondFactor):
        second_factor.show(factors, session, answer(device.show(options)))


def test_a_copy_of_the_device_that_counts_behind_is_refused(factors: Factors, clinic: Clinic) -> None:
    device = Authenticator()
    session = added(factors, enter(clinic).session, device).new.session
    copy = replace(device)
    for _ in range(2):
        session = second_factor.show(factors, session, answer(device.show(asked(factors, session)))).session
    with pytest.raises(WrongSecondFactor):
        second_factor.show(factors, session, answer(copy.show(asked(factors, session))))


def test_a_passkey_belongs_to_one_person(factors: Factors, clinic: Clinic) -> None:
    a_colleague(clinic, "olga", Role.OFFICER)
    device, hers = Authenticator(), Authenticator()
    session = added(factors, enter(clinic).session, device).new.session
    olga = added(factors, enter(clinic, "olga").session, hers).new.session
    with pytest.raises(FactorNotAdded):
        added(factors, olga, device)
    with pytest.raises(WrongSecondFactor):
        second_factor.show(factors, olga, answer(device.show(asked(factors, olga))))
    assert second_factor.show(factors, session, answer(device.show(asked(factors, session))))


@pytest.mark.parametrize(
    "sent", ["", "null", "[]", "{}", '{"id": 7}', '{"id": "!"}', "x" * 40_000, "[" * 20_000, '{"id": "AA", "response": null}']
)
def test_what_no_device_sends_is_refused_like_a_wrong_one(factors: Factors, clinic: Clinic, sent: str) -> None:
    device = Authenticator()
    session = added(factors, enter(clinic).session, device).new.session
    asked(factors, session)
    with pytest.raises(WrongSecondFactor):
        second_factor.show(factors, session, answer(sent))
    enrolment.begin_passkey(factors, session)
    with pytest.raises(FactorNotAdded):
        enrolment.add_passkey(factors, session, "x", answer(sent))


def test_an_address_without_a_name_has_no_passkeys(clinic: Clinic) -> None:
    assert site_of("https://ca.example.org").has_passkeys
    for base in ("http://127.0.0.1:8600", "http://[::1]:8600"):
        factors = some_factors(clinic.people, base)
        assert not factors.site.has_passkeys
        with pytest.raises(FactorNotAdded, match="authenticator app"):
            enrolment.begin_passkey(factors, enter(clinic).session)
        assert second_factor.ask_for_passkey(factors, enter(clinic).session) is None


def test_who_has_only_an_app_is_asked_for_no_passkey(factors: Factors, clinic: Clinic) -> None:
    _, new = with_app(factors, enter(clinic).session)
    assert second_factor.ask_for_passkey(factors, new.session) is None
