"""The key of an OCSP responder is reported: it signs nothing any more, whatever else fails, and another answers in its place."""

from datetime import timedelta

import pytest
from cryptography.x509.ocsp import OCSPCertStatus

from directca.accounts.config import LimitConfig
from directca.certificates import selection, switch
from directca.journal import read
from directca.journal.model import Event
from directca.pki.compromise import statement
from directca.pki.reasons import RevocationReason as Reason
from directca.pki.templates import assemble
from directca.revocation import ocsp, responders, upkeep
from directca.revocation.authority_errors import BadInvalidityDate
from directca.revocation.compromise import Desk, report
from directca.revocation.compromise_model import Claim, Report, SignedMessage
from directca.revocation.responder_errors import NoResponder
from directca.revocation.responder_model import ResponderEntry
from tests.material import rsa_key
from tests.proofs import in_base64, request_saying, signed
from tests.responding import ACTOR, KEYS, House, responding
from tests.unit.revocation.test_responders import listed
from tests.world import START, World

NAME = "https://ca.example.org"
SERIAL = 0xA1


@pytest.fixture
def house(world: World) -> House:
    upkeep.produce_due_crls(world.revocation)
    return responding(world)


def proof(key: int = KEYS[0]) -> Claim:
    return Claim(in_base64(request_saying("This key is compromised", key=rsa_key(key))))


def reported(house: House, claim: Claim) -> Report:
    done = report(house.world.revocation, Desk(NAME, LimitConfig(), house.desk), claim, "192.0.2.7")
    house.signers.refresh()
    return done


def events(house: House, kind: str) -> list[Event]:
    with house.world.database.read() as tx:
        return [row.event for row in read.latest(tx, limit=1000) if row.event.kind == kind]


def living(house: House) -> list[ResponderEntry]:
    return [one for one in house.known() if one.usable_at(house.world.clock.now())]


def test_the_only_one_is_revoked_and_another_answers(house: House) -> None:
    old = house.make()
    done = reported(house, proof())
    assert (done.is_certified, done.revoked, done.responders, done.unanswered) == (True, 0, (old.serial,), None)
    assert (done.is_of_authority, listed(house)) == (False, {int(old.serial, 16)})
    (new,) = living(house)
    assert new.serial != old.serial
    assert [one.serial_number for one in house.ask(SERIAL).certificates] == [int(new.serial, 16)]
    told = house.ask(old.serial)
    assert (told.certificate_status, told.revocation_reason and told.revocation_reason.value) == (
        OCSPCertStatus.REVOKED,
        "keyCompromise",
    )
    (row,) = events(house, "responder.revoked")
    assert (row.actor, row.detail["reason"], row.detail["serial"]) == ("reporter:anonymous", "keyCompromise", old.serial)
    (row,) = events(house, "key.reported_compromised")
    assert (row.detail["certified"], row.detail["responders"]) == (True, [old.serial])
    with house.world.database.write() as tx:
        assert not selection.block_key(tx, done.modulus_sha256, START)  # it is blocked already
    assert responders.destroy_old_keys(house.desk, actor=ACTOR) == (old.key_reference,)
    house.world.check_books()


def test_no_other_is_made_where_one_is_left(house: House) -> None:
    old, new = house.make(), house.make()
    assert reported(house, proof()).responders == (old.serial,)
    assert [one.serial for one in living(house)] == [new.serial]
    assert len(house.known()) == 2


def test_the_same_report_again_changes_nothing(house: House) -> None:
    house.make()
    reported(house, proof())
    before = house.world.journal_kinds()
    again = reported(house, proof())
    assert (again.is_certified, again.responders, house.world.journal_kinds()) == (True, (), before)


def test_it_is_revoked_though_no_other_can_be_made(house: House) -> None:
    """Silence is better than answers that anybody may have signed."""
    old = house.make()
    with house.world.database.write() as tx:
        switch.stop(tx, at=START, by="operator:ann", reason="drill")
    done = reported(house, proof())
    assert (done.responders, done.unanswered) == ((old.serial,), "signing_stopped")
    assert living(house) == []
    with pytest.raises(NoResponder):
        house.ask(SERIAL)
    with house.world.database.write() as tx:
        switch.resume(tx, by="operator:ann", reason="drill over")
    (made,) = ocsp.keep(house.ocsp, actor=ACTOR, older_than=timedelta(seconds=60))
    assert [one.serial for one in living(house)] == [made.serial]


def test_one_that_is_being_made_does_not_come_into_being(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(*arguments: bytes) -> bytes:
        monkeypatch.undo()
        assert len(reported(house, proof()).responders) == 1
        return assemble(*arguments)

    monkeypatch.setattr("directca.revocation.responders.assemble", meanwhile)
    with pytest.raises(NoResponder):
        house.make()
    (ended,) = (one for one in house.known() if one.der is None)
    assert ended.revocation_reason is Reason.KEY_COMPROMISE
    assert len(living(house)) == 1


def test_a_message_may_name_it_by_its_serial(house: House) -> None:
    old = house.make()
    message = statement(NAME)
    claim = Claim(SignedMessage(message, signed(message, key=KEYS[0]), "RSASSA-PKCS1-v1_5", serial=old.serial))
    assert reported(house, claim).responders == (old.serial,)


def test_one_that_has_expired_is_known_and_on_no_list(house: House) -> None:
    house.make()
    house.world.clock.advance(days=31)
    done = reported(house, proof())
    assert (done.is_certified, done.responders) == (True, ())
    assert house.known()[0].revoked_at is None
    assert len(house.known()) == 1


def test_a_date_before_it_was_certified_is_refused(house: House) -> None:
    house.make()
    with pytest.raises(BadInvalidityDate):
        reported(house, Claim(proof().proof, START - timedelta(days=1)))
    assert len(living(house)) == 1
