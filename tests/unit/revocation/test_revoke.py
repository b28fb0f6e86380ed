"""Revoke, hold, release: every reason in every state, the pair as one, and the CRL that shows it."""

from datetime import timedelta
from itertools import product

import pytest
from cryptography import x509

from directca.accounts.role_errors import StepUpFirst
from directca.certificates import switch
from directca.certificates.errors import UnknownCertificate
from directca.certificates.model import State
from directca.direct import names
from directca.errors import DirectCAError
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import crl, policy, upkeep
from directca.revocation.errors import AlreadyExpired, BadReason
from directca.revocation.model import ListId, Requester
from directca.revocation.revoke import revoke
from tests.world import ALICE, DOMAIN, World

FINAL = [
    Reason.UNSPECIFIED,
    Reason.KEY_COMPROMISE,
    Reason.AFFILIATION_CHANGED,
    Reason.SUPERSEDED,
    Reason.CESSATION_OF_OPERATION,
    Reason.PRIVILEGE_WITHDRAWN,
]
OFFICERS = [Reason.CA_COMPROMISE, Reason.AA_COMPROMISE]


def serials(world: World) -> dict[int, x509.ReasonFlags | None]:
    found = x509.load_der_x509_crl(crl.published(world.revocation, ListId("issuing")).der)
    listed: dict[int, x509.ReasonFlags | None] = {}
    for entry in found:
        try:
            listed[entry.serial_number] = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
        except x509.ExtensionNotFound:
            listed[entry.serial_number] = None
    return listed


def expected(before: str, reason: Reason) -> State | str:
    """The table of the contract: the state afterwards, or the slug of the refusal."""
    if reason in OFFICERS:
        return "reason_reserved"
    if before == "revoked":
        return State.REVOKED if reason in (Reason.CESSATION_OF_OPERATION, Reason.KEY_COMPROMISE) else "already_revoked"
    if reason is Reason.CERTIFICATE_HOLD:
        return State.HELD
    if reason is Reason.REMOVE_FROM_CRL:
        return State.ISSUED if before == "held" else "not_held"
    return State.REVOKED


@pytest.mark.parametrize(("before", "reason"), list(product(["issued", "held", "revoked"], Reason)))
def test_every_reason_in_every_state(world: World, before: str, reason: Reason) -> None:
    made = world.issue()
    if before == "held":
        world.revoke(Reason.CERTIFICATE_HOLD)
    if before == "revoked":
        world.revoke(Reason.CESSATION_OF_OPERATION)
    wanted = expected(before, reason)
    if not isinstance(wanted, State):
        with pytest.raises(DirectCAError) as refused:
            world.revoke(reason)
        assert refused.value.slug == wanted
    else:
        assert world.revoke(reason).record.state is wanted
    pair = {int(made.record.signing_serial, 16), int(made.record.encryption_serial, 16)}
    now = world.history()[0].record.state
    listed = set(serials(world)) if before != "issued" or now is not State.ISSUED else set()
    assert listed == (set() if now is State.ISSUED else pair)
    world.check_books()


def test_both_certificates_are_listed_with_the_reason(world: World) -> None:
    made = world.issue()
    world.revoke(Reason.AFFILIATION_CHANGED)
    assert serials(world) == {
        int(made.record.signing_serial, 16): x509.ReasonFlags.affiliation_changed,
        int(made.record.encryption_serial, 16): x509.ReasonFlags.affiliation_changed,
    }


def test_the_same_again_changes_nothing(world: World) -> None:
    world.issue()
    first = world.revoke(Reason.SUPERSEDED)
    number = crl.published(world.revocation, ListId("issuing")).facts.number
    world.clock.advance(hours=1)
    assert world.revoke(Reason.SUPERSEDED) == first
    assert crl.published(world.revocation, ListId("issuing")).facts.number == number


def test_a_raised_reason_keeps_the_moment_and_blocks_the_keys(world: World) -> None:
    world.issue()
    first = world.revoke(Reason.SUPERSEDED).record
    world.clock.advance(hours=1)
    raised = world.revoke(Reason.KEY_COMPROMISE).record
    assert (raised.revoked_at, raised.revocation_reason) == (first.revoked_at, Reason.KEY_COMPROMISE)
    assert set(serials(world).values()) == {x509.ReasonFlags.key_compromise}


def test_a_renewed_name_leaves_no_good_pair_behind(world: World) -> None:
    world.issue()
    world.renew()
    world.revoke(Reason.CESSATION_OF_OPERATION)
    assert [one.record.state for one in world.history()] == [State.REVOKED, State.REVOKED]
    assert len(serials(world)) == 4


def test_an_expired_pair_cannot_be_revoked_and_who_lost_its_key_is_told_what_to_do(world: World) -> None:
    world.issue()
    world.clock.advance(days=365)
    with pytest.raises(AlreadyExpired) as plain:
        world.revoke(Reason.SUPERSEDED)
    with pytest.raises(AlreadyExpired) as compromised:
        world.revoke(Reason.KEY_COMPROMISE)
    assert "operator can refuse its keys" in compromised.value.detail.removeprefix(plain.value.detail)


def test_the_same_reason_is_still_the_same_after_expiry(world: World) -> None:
    world.issue()
    first = world.revoke(Reason.SUPERSEDED)
    world.clock.advance(days=365)
    assert world.revoke(Reason.SUPERSEDED).record == first.record


def test_a_name_of_nobody_is_unknown_and_so_is_that_of_another_account(world: World) -> None:
    world.issue()
    with pytest.raises(UnknownCertificate) as unknown:
        world.revoke(Reason.SUPERSEDED, f"nobody@{DOMAIN}")
    stranger = Requester("person:2", "another-account")
    with pytest.raises(UnknownCertificate) as foreign:
        revoke(world.revocation, stranger, names.parse(ALICE), Reason.SUPERSEDED)
    assert foreign.value.detail == unknown.value.detail.replace("nobody@", "alice@")


def test_an_officer_may_assert_a_compromise_of_the_authority(world: World) -> None:
    world.issue()
    officer = Requester("person:officer", world.account_id, officer=True, shown_at=world.clock.now())
    assert revoke(world.revocation, officer, names.parse(ALICE), Reason.CA_COMPROMISE).record.state is State.REVOKED


def test_an_officer_who_showed_no_second_factor_of_late_asserts_no_compromise_of_the_authority(world: World) -> None:
    world.issue()
    for shown_at in (None, world.clock.now() - timedelta(seconds=601)):
        officer = Requester("person:officer", world.account_id, officer=True, shown_at=shown_at)
        with pytest.raises(StepUpFirst):
            revoke(world.revocation, officer, names.parse(ALICE), Reason.CA_COMPROMISE)
    assert revoke(world.revocation, officer, names.parse(ALICE), Reason.SUPERSEDED).record.state is State.REVOKED


def test_a_reason_that_no_full_crl_can_say_is_kept_by_the_record_and_not_listed(world: World) -> None:
    made = world.issue()
    officer = Requester("person:officer", world.account_id, officer=True, shown_at=world.clock.now())
    done = revoke(world.revocation, officer, names.parse(ALICE), Reason.AA_COMPROMISE).record
    assert (done.state, done.revocation_reason) == (State.REVOKED, Reason.AA_COMPROMISE)
    assert serials(world) == {int(made.record.signing_serial, 16): None, int(made.record.encryption_serial, 16): None}


@pytest.mark.parametrize("word", ["keycompromise", "KeyCompromise", "", "7", "removeFromCrl", "unspecified "])
def test_any_other_word_is_refused(word: str) -> None:
    with pytest.raises(BadReason):
        policy.reason(word)


def test_a_hold_ends_in_revocation_after_14_days(world: World) -> None:
    world.issue()
    world.revoke(Reason.CERTIFICATE_HOLD)
    world.clock.advance(days=14)
    assert upkeep.revoke_overheld(world.revocation) == ()
    world.clock.advance(seconds=1)
    (revoked,) = upkeep.revoke_overheld(world.revocation)
    assert revoked.state is State.REVOKED
    assert len(serials(world)) == 2


def test_a_revocation_is_recorded_while_signing_is_stopped_and_listed_afterwards(world: World) -> None:
    world.issue()
    upkeep.produce_due_crls(world.revocation)
    with world.database.write() as tx:
        switch.stop(tx, at=world.clock.now(), by="operator:ann", reason="drill")
    assert world.revoke(Reason.KEY_COMPROMISE).record.state is State.REVOKED
    assert serials(world) == {}
    with world.database.write() as tx:
        switch.resume(tx, by="operator:ann", reason="over")
    upkeep.produce_due_crls(world.revocation)
    assert len(serials(world)) == 2
