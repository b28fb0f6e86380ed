"""Issue: what a first pair is, what it costs, and everything that keeps it from being made."""

from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from cryptography import x509

from directca.accounts import accounts, ledger
from directca.accounts.errors import AccountSuspended, BadIdempotencyKey, IdempotencyKeyReused, InsufficientBalance
from directca.certificates import register, switch
from directca.certificates.errors import CompromisedKey, IdentifierHeldElsewhere, IdentifierInUse, KeyInUse, StateChanged
from directca.certificates.model import State
from directca.db.engine import Database
from directca.db.errors import DatabaseUnusable
from directca.direct.oids import OrganizationType
from directca.issuance import pair
from directca.issuance.errors import (
    BadDuration,
    MissingParameter,
    OutlivesProofing,
    OwnKey,
    StillInProgress,
    SubjectMismatch,
)
from directca.issuance.issue import issue
from directca.issuance.model import Application, SubjectHints
from directca.oauth.errors import InsufficientScope
from directca.oauth.model import Principal
from directca.pki import keys
from directca.pki.errors import CommonNameMismatch, SameKeyTwice, WeakKey
from directca.pki.reasons import RevocationReason
from directca.signing.errors import SigningStopped
from directca.vetting.errors import DomainNotVerified, OrganizationTypeNotVetted, ProofingExpired, ReproofingRequired
from tests import authority as ca
from tests.material import csr, rsa_key, spki_der
from tests.world import ALICE, DOMAIN, PLENTY, World


def test_a_pair_is_two_certificates_for_one_name_that_differ_in_key_serial_and_usage(world: World) -> None:
    made = world.issue()
    signing, encryption = (x509.load_der_x509_certificate(one.der or b"") for one in (made.signing, made.encryption))
    assert signing.subject == encryption.subject
    assert (signing.not_valid_before_utc, signing.not_valid_after_utc) == (
        encryption.not_valid_before_utc,
        encryption.not_valid_after_utc,
    )
    assert signing.serial_number != encryption.serial_number
    assert signing.public_key() == world.keys(0)[0].public_key()
    assert encryption.public_key() == world.keys(0)[1].public_key()
    assert f"{signing.serial_number:x}" == made.record.signing_serial
    assert signing.subject.rfc4514_string() == made.record.subject_dn
    assert made.record.not_after - made.record.not_before == timedelta(days=365, seconds=-1)


def test_both_verify_under_the_issuing_ca(world: World) -> None:
    made = world.issue()
    issuer = x509.load_der_x509_certificate(ca.issuing_ca().issuer.certificate_der or b"")
    for one in (made.signing, made.encryption):
        x509.load_der_x509_certificate(one.der or b"").verify_directly_issued_by(issuer)


def test_a_domain_gets_a_domain_bound_pair(world: World) -> None:
    made = world.issue(DOMAIN)
    names = x509.load_der_x509_certificate(made.signing.der or b"").extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert list(names.value) == [x509.DNSName(DOMAIN)]
    assert world.balance().available == PLENTY - 12_500


def test_it_is_paid_for_once_and_journalled(world: World) -> None:
    world.issue()
    assert (world.balance().available, world.balance().reserved) == (PLENTY - 3500, 0)
    assert world.journal_kinds()[-2:] == ["certificate.intended", "certificate.issued"]
    world.check_books()


def test_the_bytes_signed_are_the_bytes_that_were_stored_as_intent(world: World) -> None:
    made = world.issue()
    for one in (made.signing, made.encryption):
        tbs = x509.load_der_x509_certificate(one.der or b"").tbs_certificate_bytes
        assert sha256(tbs).hexdigest() == one.tbs_sha256


def test_a_dry_run_changes_nothing(world: World) -> None:
    before = world.journal_kinds()
    found = world.dry_run()
    assert (found.identifier, found.amount, found.available) == (ALICE, 3500, PLENTY)
    assert world.journal_kinds() == before
    assert world.balance().available == PLENTY
    world.issue()  # the name is still free


def test_a_dry_run_says_when_the_money_does_not_suffice(world: World) -> None:
    with world.database.write() as tx:
        ledger.authorize(tx, world.account_id, "other", PLENTY - 100, world.clock.now())
    with pytest.raises(InsufficientBalance):
        world.dry_run()


def test_a_name_is_issued_once(world: World) -> None:
    world.issue()
    with pytest.raises(IdentifierInUse):
        world.issue(key=2)
    assert world.balance().available == PLENTY - 3500


def test_the_name_is_free_again_after_expiry(world: World) -> None:
    first = world.issue()
    world.clock.advance(days=365)
    world.verify_domain()
    second = world.issue(key=2)
    assert second.record.current
    assert [one.record.id for one in world.history()] == [second.record.id, first.record.id]


def test_a_name_that_another_account_holds_is_refused_as_held(world: World) -> None:
    world.issue()
    with world.database.read() as tx, pytest.raises(IdentifierHeldElsewhere):
        register.history(tx, ALICE).check_free("another-account", world.clock.now())


def test_a_foreign_domain_is_refused(world: World) -> None:
    with pytest.raises(DomainNotVerified):
        world.issue("alice@direct.elsewhere.example")
    assert world.balance().reserved == 0
    assert world.journal_kinds()[-1] == "certificate.refused"


@pytest.mark.parametrize("years", [0, 4, -1, 100])
def test_a_duration_that_the_policy_lacks_is_refused(world: World, years: int) -> None:
    with pytest.raises(BadDuration):
        world.issue(years=years)


def test_what_is_missing_is_named(world: World) -> None:
    with pytest.raises(MissingParameter) as missing:
        issue(world.issuance, world.principal, Application(signing_csr=csr(ALICE, rsa_key(0)), duration_years=1))
    assert missing.value.field == "encryptionCertificatePkcs10Data"
    with pytest.raises(MissingParameter):
        world.issue(years=None)


def test_two_requests_must_make_a_pair(world: World) -> None:
    one, other = world.keys(0)
    with pytest.raises(SameKeyTwice):
        issue(world.issuance, world.principal, Application(csr(ALICE, one), csr(ALICE, one), 1))
    with pytest.raises(CommonNameMismatch):
        issue(world.issuance, world.principal, Application(csr(ALICE, one), csr(f"bob@{DOMAIN}", other), 1))


def test_a_key_of_another_name_or_use_is_refused(world: World) -> None:
    world.issue()
    with pytest.raises(KeyInUse):
        world.issue(f"bob@{DOMAIN}", key=0)
    signing, encryption = world.keys(0)
    with pytest.raises(KeyInUse):
        issue(world.issuance, world.principal, Application(csr(f"bob@{DOMAIN}", encryption), csr(f"bob@{DOMAIN}", signing), 1))


def test_the_authoritys_own_key_is_refused(world: World) -> None:
    own = rsa_key(ca.CA_KEY, 3072)
    with pytest.raises(OwnKey):
        issue(world.issuance, world.principal, Application(csr(ALICE, own), csr(ALICE, world.keys(0)[1]), 1))


def test_a_compromised_key_is_never_certified_again(world: World) -> None:
    world.issue()
    world.revoke(RevocationReason.KEY_COMPROMISE)
    with pytest.raises((CompromisedKey, ReproofingRequired)):
        world.issue()
    made = world.history()[0]
    with world.database.read() as tx, pytest.raises(CompromisedKey):
        register.check_keys(tx, ALICE, made.signing.modulus_sha256, made.encryption.modulus_sha256)


def test_a_short_key_is_refused(world: World) -> None:
    short, sound = csr(ALICE, rsa_key(50, 1024)), csr(ALICE, world.keys(0)[1])
    with pytest.raises(WeakKey) as first:
        issue(world.issuance, world.principal, Application(short, sound, 1))
    with pytest.raises(WeakKey) as second:
        issue(world.issuance, world.principal, Application(sound, short, 1))
    assert (first.value.field, second.value.field) == ("signingCertificatePkcs10Data", "encryptionCertificatePkcs10Data")


def test_a_2048_bit_key_is_refused_for_a_life_beyond_2030(world: World) -> None:
    world.clock.advance(days=365 * 3)
    world.verify_domain()
    world.proof()
    with pytest.raises(WeakKey):
        world.issue(years=2)
    world.issue(years=1)


def test_the_hints_must_agree(world: World) -> None:
    for hints in (
        SubjectHints(common_name=f"bob@{DOMAIN}"),
        SubjectHints(organization="Another Clinic"),
        SubjectHints(organizational_unit="Surgery"),
    ):
        with pytest.raises(SubjectMismatch):
            world.issue(hints=hints)
    world.issue(hints=SubjectHints(common_name=ALICE.upper(), organization="sandbox  clinic"))


def test_the_organization_type_must_be_vetted(world: World) -> None:
    with pytest.raises(OrganizationTypeNotVetted):
        world.issue(organization_type=OrganizationType.PATIENT)
    made = world.issue(organization_type=OrganizationType.BUSINESS_ASSOCIATE)
    assert made.record.organization_type == "BusinessAssociate"


def test_a_narrow_scope_does_not_issue(world: World) -> None:
    reader = Principal(world.account_id, "p", "c", ("certificate.read", "certificate.revoke"), "g")
    with pytest.raises(InsufficientScope):
        issue(world.issuance, reader, world.application())


def test_a_suspended_account_gets_nothing(world: World) -> None:
    with world.database.write() as tx:
        accounts.suspend(tx, world.account_id, actor="operator:ann", at=world.clock.now(), reason="unpaid")
    with pytest.raises(AccountSuspended):
        world.issue()


def test_an_empty_balance_gets_nothing_and_keeps_the_name_free(world: World) -> None:
    with world.database.write() as tx:
        ledger.authorize(tx, world.account_id, "other", PLENTY - 100, world.clock.now())
    with pytest.raises(InsufficientBalance):
        world.issue()
    with world.database.write() as tx:
        ledger.release(tx, "other", world.clock.now())
    world.issue()


def test_the_first_certificate_follows_the_proofing_within_90_days(world: World) -> None:
    world.clock.advance(days=91)
    with pytest.raises(ProofingExpired):
        world.issue()


def test_later_certificates_of_the_organization_may_follow_later(world: World) -> None:
    world.issue()
    world.clock.advance(days=91)
    world.issue(f"bob@{DOMAIN}", key=2)


def test_no_certificate_outlives_the_proofing(world: World) -> None:
    world.issue()
    world.clock.advance(days=6 * 364 + 20)
    world.verify_domain()
    with pytest.raises(OutlivesProofing):
        world.issue(f"bob@{DOMAIN}", key=2, years=3)


@pytest.mark.parametrize("reason", [RevocationReason.CESSATION_OF_OPERATION, RevocationReason.SUPERSEDED])
def test_after_a_revocation_the_name_needs_a_new_proofing(world: World, reason: RevocationReason) -> None:
    world.issue()
    world.revoke(reason)
    with pytest.raises(ReproofingRequired):
        world.issue(key=2)
    world.clock.advance(hours=1)
    world.proof()
    assert world.issue(key=2).record.current


def test_the_kill_switch_stops_before_anything_is_stored(world: World) -> None:
    with world.database.write() as tx:
        switch.stop(tx, at=world.clock.now(), by="operator:ann", reason="drill")
    with pytest.raises(SigningStopped):
        world.issue()
    assert world.balance().reserved == 0
    with world.database.write() as tx:
        switch.resume(tx, by="operator:ann", reason="drill over")
    world.issue()


def test_a_signature_that_fails_settles_the_order_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise SigningStopped("stopped between reservation and signature")

    with monkeypatch.context() as patched:
        patched.setattr(type(world.issuance.authority), "sign_all", stopped)
        with pytest.raises(SigningStopped):
            world.issue()
    (settled,) = world.history()
    assert (settled.record.state, settled.record.settled, settled.signing.der) == (State.REVOKED, True, None)
    assert (world.balance().available, world.balance().reserved) == (PLENTY, 0)
    world.issue()
    world.check_books()


def test_a_purchase_is_not_answered_again_before_it_is_safe(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    first = world.issue(idempotency_key="order-1")

    def not_yet(_database: Database) -> None:
        raise DatabaseUnusable("No standby has confirmed the commit.")

    monkeypatch.setattr(type(world.database), "confirm", not_yet)
    with pytest.raises(DatabaseUnusable):
        world.issue(idempotency_key="order-1")
    monkeypatch.undo()
    assert world.issue(idempotency_key="order-1").record.id == first.record.id


def test_one_idempotency_key_buys_one_pair(world: World) -> None:
    first = world.issue(idempotency_key="order-1")
    assert world.issue(idempotency_key="order-1").record.id == first.record.id
    assert world.balance().available == PLENTY - 3500
    with pytest.raises(IdempotencyKeyReused):
        world.issue(years=2, idempotency_key="order-1")
    with pytest.raises(BadIdempotencyKey):
        world.issue(idempotency_key="with space")


def test_a_dry_run_is_no_earlier_purchase(world: World) -> None:
    world.issue(idempotency_key="order-1")
    with pytest.raises(IdentifierInUse):
        issue(world.issuance, world.principal, world.application(idempotency_key="order-1"), dry_run=True)


@pytest.mark.parametrize("key", ["", "with space", "é", "x" * 256])
def test_a_dry_run_looks_at_the_idempotency_key_too(world: World, key: str) -> None:
    with pytest.raises(BadIdempotencyKey):
        issue(world.issuance, world.principal, world.application(idempotency_key=key), dry_run=True)


def test_a_failed_request_leaves_its_idempotency_key_free(world: World) -> None:
    with pytest.raises(DomainNotVerified):
        world.issue("alice@direct.elsewhere.example", idempotency_key="order-1")
    world.issue(idempotency_key="order-1")


def test_a_request_whose_twin_is_under_way_is_told_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(*_: object) -> None:
        with pytest.raises(StillInProgress):
            world.issue(idempotency_key="order-1")
        raise StateChanged("end of the scene")

    monkeypatch.setattr(pair, "sign", meanwhile)
    with pytest.raises(StateChanged):
        world.issue(idempotency_key="order-1")


def test_what_was_vetted_must_still_be_so_when_it_is_reserved(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    rehearse = pair.rehearse

    def withdraw_then_rehearse(*arguments: object) -> object:
        with world.database.write() as tx:
            accounts.suspend(tx, world.account_id, actor="operator:ann", at=world.clock.now(), reason="unpaid")
        return rehearse(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pair, "rehearse", withdraw_then_rehearse)
    with pytest.raises(AccountSuspended):
        world.issue()
    assert world.balance().reserved == 0


def test_another_exponent_makes_no_other_key(world: World) -> None:
    made = world.issue()
    key = keys.read_spki(spki_der(world.keys(0)[0]))
    twin = replace(key, exponent=65539)
    assert twin.modulus_sha256 == key.modulus_sha256 == made.signing.modulus_sha256
    with world.database.read() as tx, pytest.raises(KeyInUse):
        register.check_keys(tx, f"bob@{DOMAIN}", twin.modulus_sha256, "0" * 64)


def test_a_dry_run_says_that_signing_is_stopped(world: World) -> None:
    with world.database.write() as tx:
        switch.stop(tx, at=world.clock.now(), by="operator:ann", reason="drill")
    with pytest.raises(SigningStopped):
        world.dry_run()
