"""Invariants 11 and 14, seen from outside: lists have what the register says, and nothing leaves them unexplained."""

from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from directca.certificates import authorities, authority_standing
from directca.certificates.authority_standing import AuthorityStanding
from directca.pki.lints.findings import Severity
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import responders, upkeep
from directca.revocation.verification_entries import DisorderedError, Entry, entries, side_by_side
from tests import authority
from tests.verifying import ROOT, Sight, a_list, seen
from tests.world import ALICE, DOMAIN, START, World

LIST = f"{authority.BASE}/crl/issuing.crl"
BOB, CAROL = f"bob@{DOMAIN}", f"carol@{DOMAIN}"


@pytest.fixture
def sight(world: World, tmp_path: Path) -> Sight:
    """Alice's pair is revoked for good, Bob's is on hold, Carol's is good; all of it is settled, and looked at once."""
    sight = seen(world, tmp_path)
    for number, name in enumerate((ALICE, BOB, CAROL)):
        world.issue(name, key=2 * number)
    world.revoke(Reason.KEY_COMPROMISE)
    world.revoke(Reason.CERTIFICATE_HOLD, BOB)
    sight.settle()
    assert sight.findings() == ()
    return sight


def serials(sight: Sight, name: str) -> set[str]:
    (pair,) = sight.world.history(name)
    return {pair.signing.serial, pair.encryption.serial}


def named(sight: Sight, check: str) -> str:
    """The sentences of one check, about the list of the issuing CA."""
    found = [one for one in sight.findings() if one.check == check]
    assert {one.address for one in found} == {LIST}
    return " ".join(one.message for one in found)


def tamper(sight: Sight, name: str, changes: str, **values: object) -> None:
    """Change a record with hands in the database, as of the beginning; nothing else tells of it."""
    past = (START - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
    sight.change(f"UPDATE record SET {changes}, updated_at = :past WHERE identifier = :name", name=name, past=past, **values)


def test_an_entry_is_missing(sight: Sight) -> None:
    sight.change("DELETE FROM crl_entry")
    sight.settle()
    assert sight.checks() == {"crl_complete", "crl_moves_forward"}
    assert any(serial in named(sight, "crl_complete") for serial in serials(sight, ALICE))


def test_a_missing_hold_is_called_a_hold(sight: Sight) -> None:
    sight.change("DELETE FROM crl_entry")
    sight.settle()
    assert "is on hold and not on it" in named(sight, "crl_complete")


def test_what_changed_within_a_minute_need_not_be_visible_yet(sight: Sight) -> None:
    sight.settle()
    before = sight.current()
    sight.world.clock.advance(minutes=5)
    sight.world.revoke(Reason.SUPERSEDED, CAROL)
    sight.serve_list(before)
    sight.world.clock.advance(seconds=50)
    assert sight.findings() == ()
    sight.world.clock.advance(seconds=12)
    assert sight.checks() == {"crl_complete", "crl_newest"}
    sight.answers.clear()
    assert sight.findings() == ()


def test_an_entry_too_many(sight: Sight) -> None:
    tamper(sight, ALICE, "state = 'issued', revoked_at = NULL, revocation_reason = NULL")
    assert sight.checks() == {"crl_only_revoked"}


def test_an_entry_of_nobody(sight: Sight) -> None:
    clock = sight.world.clock
    clock.advance(minutes=10)
    listed = [(one.serial_number, one.revocation_date_utc, told(one)) for one in x509.load_der_x509_crl(sight.current())]
    entries = sorted([*listed, (4711, START, Reason.SUPERSEDED)])
    sight.register_list(a_list(int(clock.now().timestamp()), clock.now(), entries))
    assert sight.checks() == {"crl_only_known"}
    assert "1267" in named(sight, "crl_only_known")


def told(one: x509.RevokedCertificate) -> Reason:
    return Reason(one.extensions.get_extension_for_class(x509.CRLReason).value.reason.value)


@pytest.mark.parametrize(
    "changes",
    [
        "revocation_reason = 'superseded'",
        "revoked_at = '2026-11-24 11:00:00.000000'",
        "invalidity_date = '2026-11-20 11:00:00.000000'",
    ],
)
def test_an_entry_with_other_facts(sight: Sight, changes: str) -> None:
    tamper(sight, ALICE, changes)
    assert sight.checks() == {"crl_facts"}


def test_a_reason_that_lists_cannot_say_is_none(sight: Sight) -> None:
    sight.world.revoke(Reason.UNSPECIFIED, CAROL)
    sight.settle()
    assert sight.findings() == ()


def test_a_moment_that_a_fast_clock_dated_is_listed_as_of_the_list(sight: Sight) -> None:
    sight.world.clock.advance(hours=2)
    sight.world.revoke(Reason.SUPERSEDED, CAROL)
    sight.change("UPDATE record SET revoked_at = '2026-11-24 18:00:00.000000' WHERE identifier = :name", name=CAROL)
    sight.settle()
    assert not {"crl_complete", "crl_only_revoked"} & sight.checks()


def test_a_held_pair_that_is_released_leaves(sight: Sight) -> None:
    sight.world.revoke(Reason.REMOVE_FROM_CRL, BOB)
    sight.settle()
    assert sight.findings() == ()
    assert {one.serial_number for one in x509.load_der_x509_crl(sight.current())} == {
        int(one, 16) for one in serials(sight, ALICE)
    }


def test_a_hold_that_nobody_released(sight: Sight) -> None:
    tamper(sight, BOB, "state = 'issued', revoked_at = NULL, revocation_reason = NULL")
    for serial in serials(sight, BOB):
        sight.forget_entry(serial)
    sight.settle()
    assert sight.checks() == {"crl_moves_forward"}
    sight.settle()
    assert sight.findings() == ()  # told once: the next look compares with this one


def test_a_revocation_that_was_undone(sight: Sight) -> None:
    """Invariant 14: register and list agree, and yet it must not be."""
    tamper(sight, ALICE, "state = 'issued', revoked_at = NULL, revocation_reason = NULL")
    for serial in serials(sight, ALICE):
        sight.forget_entry(serial)
    sight.settle()
    (finding, _) = sight.findings()
    assert finding.check == "crl_moves_forward"
    assert "was revoked for good and has left it" in finding.message


@pytest.mark.tampers
def test_a_certificate_that_the_register_lost(sight: Sight) -> None:
    for serial in serials(sight, ALICE):
        sight.forget_entry(serial)
        sight.change("DELETE FROM certificate WHERE serial = :serial", serial=serial)
    sight.settle()
    assert "crl_moves_forward" in sight.checks()


def test_an_expired_entry_stays_for_one_list_and_then_leaves(sight: Sight) -> None:
    """RFC 5280 3.3: each look agrees, before and after."""
    (pair,) = sight.world.history(ALICE)
    sight.world.clock.moment = pair.record.not_after - timedelta(hours=1)
    for hours in (1, 1, 13, 13):
        sight.house.make()
        sight.settle(hours=hours)
        assert sight.findings() == ()
        listed = {one.serial_number for one in x509.load_der_x509_crl(sight.current())}
        still = sight.world.clock.now() < pair.record.not_after + timedelta(hours=2)
        assert ({int(one, 16) for one in serials(sight, ALICE)} <= listed) == still


def test_an_entry_that_leaves_before_that(sight: Sight) -> None:
    (pair,) = sight.world.history(ALICE)
    sight.world.clock.moment = pair.record.not_after - timedelta(hours=1)
    sight.house.make()
    sight.publish()
    assert sight.findings() == ()
    sight.change("DELETE FROM crl_entry")
    sight.settle(hours=2)
    assert sight.checks() == {"crl_complete", "crl_moves_forward"}


@pytest.mark.tampers
def test_an_entry_that_stays_for_too_long(sight: Sight) -> None:
    (pair,) = sight.world.history(ALICE)
    sight.change("UPDATE crl_entry SET not_after = '2099-01-01 00:00:00.000000'")
    sight.world.clock.moment = pair.record.not_after + timedelta(hours=1)
    sight.house.make()
    sight.publish()
    sight.settle(hours=1)
    (finding, *others) = [one for one in sight.findings() if one.check == "crl_only_unexpired"]
    assert finding.severity is Severity.WARNING
    assert len(others) == 3  # two more are said, the rest is counted


def test_a_hold_that_becomes_a_revocation(sight: Sight) -> None:
    """Expired holds turn into revocations by themselves, on the list as in the register."""
    sight.world.clock.advance(days=15)
    assert upkeep.revoke_overheld(sight.world.revocation)
    sight.house.make()
    sight.settle()
    assert sight.findings() == ()


def test_a_revocation_that_becomes_a_hold(sight: Sight) -> None:
    tamper(sight, ALICE, "revocation_reason = 'certificateHold', state = 'held'")
    clock = sight.world.clock
    clock.advance(minutes=10)
    listed = [
        (one.serial_number, one.revocation_date_utc, Reason.CERTIFICATE_HOLD) for one in x509.load_der_x509_crl(sight.current())
    ]
    sight.register_list(a_list(int(clock.now().timestamp()), clock.now(), sorted(listed)))
    assert sight.checks() == {"crl_moves_forward"}


def test_a_raised_reason_moves_forward(sight: Sight) -> None:
    sight.world.revoke(Reason.SUPERSEDED, CAROL)
    sight.settle()
    assert sight.findings() == ()
    sight.world.revoke(Reason.KEY_COMPROMISE, CAROL)
    sight.settle()
    assert sight.findings() == ()


def test_entries_that_do_not_ascend(sight: Sight) -> None:
    clock = sight.world.clock
    clock.advance(minutes=10)
    listed = [(one.serial_number, one.revocation_date_utc, told(one)) for one in x509.load_der_x509_crl(sight.current())]
    sight.register_list(a_list(int(clock.now().timestamp()), clock.now(), list(reversed(listed))))
    assert sight.checks() == {"crl_ascends"}


def test_a_list_of_the_last_look_that_was_lost(sight: Sight) -> None:
    for path in (sight.folder / "status" / "lists").iterdir():
        path.write_bytes(b"something else")
    sight.settle()
    assert sight.checks() == {"last_look"}
    sight.settle()
    assert sight.findings() == ()


def test_a_revoked_responder_is_listed(sight: Sight) -> None:
    second = sight.house.make()
    responders.revoke(sight.house.desk, "issuing", second.serial, Reason.KEY_COMPROMISE, actor="operator:ann")
    sight.settle()
    sight.house.signers.refresh()
    assert sight.findings() == ()
    sight.forget_entry(second.serial)
    sight.settle()
    assert sight.checks() == {"crl_complete", "crl_moves_forward"}


def test_a_revoked_authority_is_on_the_roots_list(sight: Sight) -> None:
    world = sight.world
    with world.database.write() as tx:
        (entry,) = (one for one in authorities.known(tx) if one.id == "issuing")
        revoked = AuthorityStanding(world.clock.now().replace(microsecond=0), Reason.CA_COMPROMISE)
        authority_standing.revoke(tx, entry, AuthorityStanding(), revoked, world.clock.now())
    sight.settle()
    assert sight.findings() == ()
    sight.change("DELETE FROM crl_entry WHERE authority_id = 'root'")
    sight.settle()
    found = sight.findings()
    assert {one.address for one in found} == {f"{authority.BASE}/crl/root.crl"}
    assert {one.check for one in found} == {"crl_complete", "crl_moves_forward"}
    sight.change("UPDATE authority SET revoked_at = NULL WHERE id = 'issuing'")
    sight.publish(ROOT)
    assert sight.findings() == ()


def test_two_runs_are_walked_side_by_side() -> None:
    one, two, three = (Entry(number, START, None, None) for number in (1, 2, 3))
    assert list(side_by_side([one, two], [two, three])) == [(one, None), (two, two), (None, three)]
    assert list(side_by_side([], [three])) == [(None, three)]
    assert list(side_by_side([one], [])) == [(one, None)]


def test_a_serial_that_comes_twice_is_disorder() -> None:
    made = x509.load_der_x509_crl(a_list(1, START, [(7, START, None), (9, START, None)]))
    assert [one.serial for one in entries(made)] == [7, 9]
    twice = x509.load_der_x509_crl(a_list(1, START, [(9, START, None), (7, START, None)]))
    with pytest.raises(DisorderedError):
        list(entries(twice))
