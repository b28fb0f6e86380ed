"""Renew and reissue: what follows a pair, what stays, and what becomes of the old one."""

from datetime import timedelta

import pytest
from cryptography import x509

from directca.accounts import ledger
from directca.accounts.errors import IdempotencyKeyReused, InsufficientBalance
from directca.certificates.errors import AlreadySucceeded, UnknownCertificate
from directca.certificates.model import State, Status, status
from directca.direct import names
from directca.issuance import pair
from directca.issuance.errors import (
    BadDuration,
    DurationFixed,
    MissingParameter,
    NotRenewable,
    ReissueOnly,
)
from directca.issuance.model import Application
from directca.issuance.reissue import reissue
from directca.pki.errors import SameKeyTwice
from directca.pki.reasons import RevocationReason
from directca.revocation import crl, upkeep
from directca.revocation.model import ListId
from tests.material import csr
from tests.world import ALICE, DOMAIN, PLENTY, World


def public_keys(made: pair.Pair) -> tuple[object, object]:
    return tuple(x509.load_der_x509_certificate(one.der or b"").public_key() for one in (made.signing, made.encryption))  # type: ignore[return-value]


def test_a_renewal_certifies_the_same_keys_for_a_new_period_and_is_paid(world: World) -> None:
    old = world.issue()
    world.clock.advance(days=300)
    new = world.renew(years=2)
    assert public_keys(new) == public_keys(old)
    assert not {new.record.signing_serial, new.record.encryption_serial} & {
        old.record.signing_serial,
        old.record.encryption_serial,
    }
    assert new.record.not_after == new.record.not_before + timedelta(days=731, seconds=-1)
    assert (new.record.supersedes, world.history()[1].record.superseded_by) == (old.record.id, new.record.id)
    assert world.balance().available == PLENTY - 3500 - 6500


def test_the_old_pair_stays_valid_after_a_renewal(world: World) -> None:
    world.issue()
    world.renew()
    world.clock.advance(days=30)
    assert upkeep.revoke_superseded(world.revocation) == ()
    old = world.history()[1].record
    assert (old.state, status(old, world.clock.now())) == (State.ISSUED, Status.SUPERSEDED)


def test_a_reissue_keeps_the_expiry_date_and_is_free(world: World) -> None:
    old = world.issue()
    world.clock.advance(days=100)
    new = world.reissue(key=2)
    assert new.record.not_after == old.record.not_after
    assert new.record.not_before == world.clock.now()
    assert public_keys(new) != public_keys(old)
    assert world.balance().available == PLENTY - 3500


def test_the_old_pair_of_a_reissue_is_revoked_after_the_overlap(world: World) -> None:
    world.issue()
    world.reissue()
    world.clock.advance(hours=71)
    assert upkeep.revoke_superseded(world.revocation) == ()
    world.clock.advance(hours=1)
    (revoked,) = upkeep.revoke_superseded(world.revocation)
    assert (revoked.state, revoked.revocation_reason) == (State.REVOKED, RevocationReason.SUPERSEDED)
    assert world.history()[0].record.state is State.ISSUED
    assert upkeep.revoke_superseded(world.revocation) == ()


def test_the_old_pair_of_a_reissue_is_revoked_at_once_if_asked(world: World) -> None:
    world.issue()
    world.reissue(revoke_immediately=True)
    old = world.history()[1].record
    assert (old.state, old.revocation_reason) == (State.REVOKED, RevocationReason.SUPERSEDED)
    assert crl.due(world.revocation, ListId("issuing"))
    assert upkeep.revoke_superseded(world.revocation) == ()


def test_only_a_reissue_can_be_asked_to_revoke_at_once(world: World) -> None:
    with pytest.raises(ReissueOnly):
        world.issue(revoke_immediately=True)
    world.issue()
    with pytest.raises(ReissueOnly):
        world.renew(revoke_immediately=True)


def test_a_reissue_takes_no_other_duration(world: World) -> None:
    world.issue(years=2)
    with pytest.raises(DurationFixed):
        world.reissue(years=3)
    assert world.reissue(years=2).record.duration_years == 2


def test_one_new_key_is_enough(world: World) -> None:
    old = world.issue()
    asked = Application(encryption_csr=csr(ALICE, world.keys(2)[0]))
    made = reissue(world.issuance, world.principal, names.parse(ALICE), asked)
    assert public_keys(made)[0] == public_keys(old)[0]  # type: ignore[arg-type]
    assert public_keys(made)[1] == world.keys(2)[0].public_key()  # type: ignore[arg-type]


def test_the_kept_key_must_differ_from_the_new_one(world: World) -> None:
    world.issue()
    asked = Application(encryption_csr=csr(ALICE, world.keys(0)[0]))
    with pytest.raises(SameKeyTwice):
        reissue(world.issuance, world.principal, names.parse(ALICE), asked)


def test_a_renewal_needs_a_duration(world: World) -> None:
    world.issue()
    with pytest.raises(MissingParameter):
        world.renew(years=None)
    with pytest.raises(BadDuration):
        world.renew(years=4)


def test_a_renewal_that_cannot_be_paid_leaves_the_old_pair_alone(world: World) -> None:
    world.issue(years=3)
    with world.database.write() as tx:
        ledger.authorize(tx, world.account_id, "other", world.balance().available - 100, world.clock.now())
    before = world.history()
    with pytest.raises(InsufficientBalance):
        world.renew(years=3)
    assert world.history() == before


@pytest.mark.parametrize("reason", [RevocationReason.CERTIFICATE_HOLD, RevocationReason.SUPERSEDED])
def test_a_held_or_revoked_pair_has_no_successor(world: World, reason: RevocationReason) -> None:
    world.issue()
    world.revoke(reason)
    for succeed in (world.renew, world.reissue):
        with pytest.raises(NotRenewable):
            succeed()


def test_an_expired_pair_has_no_successor(world: World) -> None:
    world.issue()
    world.clock.advance(days=365)
    with pytest.raises(NotRenewable):
        world.renew()


def test_a_released_pair_can_be_renewed(world: World) -> None:
    world.issue()
    world.revoke(RevocationReason.CERTIFICATE_HOLD)
    world.revoke(RevocationReason.REMOVE_FROM_CRL)
    world.renew()


def test_an_unknown_name_is_not_found(world: World) -> None:
    with pytest.raises(UnknownCertificate):
        world.renew(f"nobody@{DOMAIN}")


def test_a_renewal_does_not_move_the_clock_of_the_proofing(world: World) -> None:
    world.issue()
    world.clock.advance(days=200)
    world.renew()  # the 90 days of a first issue are long over


def test_of_two_successors_that_race_one_wins(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.issue()
    sign = pair.sign

    def while_another_tries(*arguments: object) -> object:
        monkeypatch.setattr(pair, "sign", sign)
        with pytest.raises(AlreadySucceeded):
            world.renew()
        return sign(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pair, "sign", while_another_tries)
    won = world.reissue()
    assert world.history()[0].record.id == won.record.id
    assert world.balance().available == PLENTY - 3500
    world.check_books()


@pytest.mark.parametrize(
    ("reason", "state"),
    [(RevocationReason.KEY_COMPROMISE, State.REVOKED), (RevocationReason.CERTIFICATE_HOLD, State.HELD)],
)
def test_a_revocation_or_hold_while_the_successor_is_signed_wins(
    world: World, monkeypatch: pytest.MonkeyPatch, reason: RevocationReason, state: State
) -> None:
    world.issue()
    sign = pair.sign

    def while_it_is_revoked(*arguments: object) -> object:
        world.revoke(reason)
        return sign(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pair, "sign", while_it_is_revoked)
    with pytest.raises(Exception, match="changed"):
        world.renew()
    old, settled = world.history()
    assert (old.record.state, settled.record.state, settled.record.settled) == (state, State.REVOKED, True)
    assert (world.balance().available, world.balance().reserved) == (PLENTY - 3500, 0)
    world.check_books()


def test_idempotency_keys_belong_to_one_function(world: World) -> None:
    world.issue()
    first = world.renew(idempotency_key="k")
    assert world.renew(idempotency_key="k").record.id == first.record.id
    with pytest.raises(IdempotencyKeyReused):
        world.reissue(idempotency_key="k")
