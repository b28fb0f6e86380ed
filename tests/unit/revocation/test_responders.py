"""OCSP responders: made before they are needed, the old one still answering; what a crash left is revoked; keys end."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.x509.ocsp import OCSPCertStatus
from cryptography.x509.oid import ExtendedKeyUsageOID

from directca.certificates import addresses, switch
from directca.certificates.addresses import AddressKind
from directca.pki.reasons import RevocationReason
from directca.pki.templates import assemble
from directca.revocation import crl, ocsp, responder_store, responders, upkeep
from directca.revocation.model import ListId
from directca.revocation.responder_errors import NoResponder, ResponderNotFound, ResponderRevoked
from directca.revocation.responder_model import is_due
from directca.revocation.responders import UsableResponders
from directca.signing.errors import SigningStopped
from tests.authority import ADDRESSES, issuing_ca
from tests.responding import ACTOR, House, MemoryKeys, responding
from tests.world import START, World

SERIAL = 0xA1


@pytest.fixture
def house(world: World) -> House:
    upkeep.produce_due_crls(world.revocation)
    return responding(world)


def listed(house: House) -> set[int]:
    published = crl.published(house.world.revocation, ListId("issuing"))
    return {entry.serial_number for entry in x509.load_der_x509_crl(published.der)}


def test_a_responder_is_what_the_profile_says(house: House) -> None:
    made = house.make()
    certificate = x509.load_der_x509_certificate(made.der or b"")
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(issuing_ca().issuer.certificate_der or b""))
    purposes = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    assert (purposes.critical, list(purposes.value)) == (True, [ExtendedKeyUsageOID.OCSP_SIGNING])
    assert certificate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert f"{certificate.serial_number:x}" == made.serial
    assert certificate.not_valid_before_utc == START
    assert certificate.not_valid_after_utc == START + timedelta(days=30, seconds=-1)


def test_it_is_journalled_before_and_after_and_its_addresses_are_written_down(house: House) -> None:
    made = house.make()
    kinds = house.world.journal_kinds()
    assert kinds[-2:] == ["responder.intended", "responder.made"]
    with house.world.database.read() as tx:
        named = [one for one in addresses.named(tx) if one.kind is AddressKind.CA_ISSUERS]
        assert ADDRESSES.ca_issuers in {one.uri for one in named}
        stored = responder_store.by_serial(tx, "issuing", made.serial)
    assert stored == made
    house.world.check_books()


def test_nothing_is_reserved_while_signing_is_stopped(house: House) -> None:
    with house.world.database.write() as tx:
        switch.stop(tx, at=START, by="operator:ann", reason="drill")
    with pytest.raises(SigningStopped):
        house.make()
    assert house.known() == ()


def test_the_next_is_made_ten_days_before_the_end_and_signs_after_an_hour(house: House) -> None:
    clock, renew_before = house.world.clock, house.world.revocation.policy.ocsp.renew_before
    assert is_due(house.signers.usable("issuing", clock.now()), clock.now(), renew_before)
    old = house.make()
    clock.advance(days=20, seconds=-2)
    assert not is_due(house.signers.usable("issuing", clock.now()), clock.now(), renew_before)
    clock.advance(seconds=1)
    assert is_due(house.signers.usable("issuing", clock.now()), clock.now(), renew_before)
    new = house.make()
    assert not is_due(house.signers.usable("issuing", clock.now()), clock.now(), renew_before)
    assert [one.serial for one in house.signers.usable("issuing", clock.now())] == [old.serial, new.serial]
    clock.advance(hours=1)
    assert [one.serial for one in house.signers.usable("issuing", clock.now())] == [new.serial, old.serial]


def test_the_last_second_of_a_responder(house: House) -> None:
    old = house.make()
    house.world.clock.moment = old.not_after - timedelta(seconds=1)
    answer = house.ask(SERIAL)
    assert answer.next_update_utc == old.not_after
    house.world.clock.advance(seconds=1)
    with pytest.raises(NoResponder):
        house.ask(SERIAL)


def test_when_the_newest_cannot_be_loaded_the_old_one_goes_on_and_another_is_due(house: House) -> None:
    clock = house.world.clock
    old = house.make()
    clock.advance(days=21)
    assert isinstance(house.keys, MemoryKeys)
    house.keys.lost.add(f"ocsp-issuing-{responders.make(house.desk, 'issuing', actor=ACTOR).serial}.pem")
    house.signers.refresh()
    clock.advance(hours=2)
    assert [one.serial for one in house.signers.usable("issuing", clock.now())] == [old.serial]
    assert len(house.signers.problems()) == 1
    assert is_due(house.signers.usable("issuing", clock.now()), clock.now(), house.world.revocation.policy.ocsp.renew_before)
    house.keys.lost.clear()
    house.signers.refresh()
    assert len(house.signers.usable("issuing", clock.now())) == 2
    assert house.signers.problems() == {}


def test_upkeep_makes_what_is_due_and_no_more(house: House) -> None:
    for _ in range(3):
        responders_made = ocsp.keep(house.ocsp, actor=ACTOR, older_than=timedelta(seconds=60))
        house.world.clock.advance(seconds=5)
    assert responders_made == ()
    assert len(house.known()) == 1
    house.world.clock.advance(days=25)
    assert len(ocsp.keep(house.ocsp, actor=ACTOR, older_than=timedelta(seconds=60))) == 1
    assert len(house.known()) == 2


def abandoned(house: House) -> str:
    """An intent whose certificate the CA's key may have signed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(responder_store, "complete", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            house.make()
    (left,) = (one for one in house.known() if one.der is None)
    return left.serial


def test_what_a_crash_left_is_revoked_and_listed(house: House) -> None:
    serial = abandoned(house)
    assert responders.settle(house.desk, actor=ACTOR, older_than=timedelta(seconds=60)) == ()
    house.world.clock.advance(seconds=60)
    (settled,) = responders.settle(house.desk, actor=ACTOR, older_than=timedelta(seconds=60))
    assert settled.serial == serial
    assert listed(house) == {int(serial, 16)}
    assert responders.settle(house.desk, actor=ACTOR, older_than=timedelta(0)) == ()
    assert house.world.journal_kinds().count("responder.settled") == 1


def test_one_that_was_settled_while_it_was_made_never_signs(house: House, monkeypatch: pytest.MonkeyPatch) -> None:

    def slowly(tbs: bytes, signature: bytes) -> bytes:
        responders.settle(house.desk, actor=ACTOR, older_than=timedelta(0))
        return assemble(tbs, signature)

    monkeypatch.setattr("directca.revocation.responders.assemble", slowly)
    with pytest.raises(NoResponder):
        house.make()
    monkeypatch.undo()
    house.signers.refresh()
    with pytest.raises(NoResponder):
        house.ask(SERIAL)


def test_a_revoked_responder_is_listed_and_never_signs_again(house: House) -> None:
    old, new = house.make(), house.make()
    revoked = responders.revoke(house.desk, "issuing", old.serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    assert revoked.serial == old.serial
    house.signers.refresh()
    assert [one.serial for one in house.signers.usable("issuing", START)] == [new.serial]
    assert listed(house) == {int(old.serial, 16)}
    assert house.ask(old.serial).certificate_status is OCSPCertStatus.REVOKED
    with pytest.raises(ResponderRevoked):
        responders.revoke(house.desk, "issuing", old.serial, RevocationReason.SUPERSEDED, actor=ACTOR)
    with pytest.raises(ResponderNotFound):
        responders.revoke(house.desk, "issuing", "abc", RevocationReason.SUPERSEDED, actor=ACTOR)


def test_keys_end_with_their_responders(house: House) -> None:
    old = house.make()
    assert responders.destroy_old_keys(house.desk, actor=ACTOR) == ()
    house.world.clock.advance(days=30)
    new = house.make()
    assert responders.destroy_old_keys(house.desk, actor=ACTOR) == (old.key_reference,)
    assert responders.destroy_old_keys(house.desk, actor=ACTOR) == ()
    assert house.keys.holds(new.key_reference)
    assert house.world.journal_kinds().count("responder.key_destroyed") == 1


def test_nothing_is_issued_without_a_responder_that_may_answer(house: House) -> None:
    check = UsableResponders(("issuing",))
    clock = house.world.clock

    def ask() -> None:
        with house.world.database.read() as tx:
            check.check(tx, clock.now())

    with pytest.raises(NoResponder):
        ask()
    made = house.make()
    ask()
    responders.revoke(house.desk, "issuing", made.serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    clock.advance(seconds=5)
    with pytest.raises(NoResponder):
        ask()
    house.make()
    ask()
    clock.advance(days=30)
    with pytest.raises(NoResponder):
        ask()
