"""OCSP answers: what the register says, in the words of RFC 6960, signed by whoever may."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponse

from directca.certificates import switch
from directca.pki import ocsp as body
from directca.pki.lints.errors import LintFailed
from directca.pki.ocsp import ResponseStatus
from directca.pki.ocsp_request import read_request
from directca.pki.reasons import RevocationReason
from directca.revocation import ocsp, responders, upkeep
from directca.revocation.ocsp_model import OcspRefusedError
from directca.revocation.responder_errors import NoResponder
from directca.signing.errors import SigningStopped
from tests.authority import issuing_ca, root
from tests.responding import ACTOR, House, responding
from tests.status_requests import asking_for, cert_id
from tests.unit.revocation.test_responders import abandoned
from tests.world import START, World

STRANGER = 0xBEEF
ISSUER = issuing_ca().issuer.certificate_der or b""


@pytest.fixture
def house(world: World) -> House:
    upkeep.produce_due_crls(world.revocation)
    made = responding(world)
    made.make()
    return made


def check_signature(answer: OCSPResponse) -> None:
    (certificate,) = answer.certificates
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(ISSUER))
    key = certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    assert answer.signature_hash_algorithm is not None
    key.verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), answer.signature_hash_algorithm)


@pytest.mark.parametrize("algorithm", ["sha1", "sha256"])
def test_both_certificates_of_a_pair_are_good(house: House, algorithm: str) -> None:
    record = house.world.issue().record
    for serial in (record.signing_serial, record.encryption_serial):
        answer = house.ask(serial, algorithm=algorithm)
        assert answer.certificate_status is OCSPCertStatus.GOOD
        assert f"{answer.serial_number:x}" == serial
        assert answer.hash_algorithm.name == algorithm
        check_signature(answer)


def test_an_answer_says_when_and_until_when(house: House) -> None:
    house.world.clock.advance(seconds=0.7)
    answer = house.ask(house.world.issue().record.signing_serial)
    assert answer.produced_at_utc == answer.this_update_utc == START
    assert answer.next_update_utc == START + timedelta(hours=12)


def test_good_is_said_of_nothing_that_was_not_issued_here(house: House) -> None:
    for serial in (STRANGER, 0, -1, 2**159 - 1):
        assert house.ask(serial).certificate_status is OCSPCertStatus.UNKNOWN
        assert house.answer(serial).unknown


@pytest.mark.parametrize(
    ("reason", "told"),
    [
        (RevocationReason.KEY_COMPROMISE, x509.ReasonFlags.key_compromise),
        (RevocationReason.CERTIFICATE_HOLD, x509.ReasonFlags.certificate_hold),
        (RevocationReason.UNSPECIFIED, None),
    ],
)
def test_a_revoked_certificate_says_since_when_and_why(
    house: House, reason: RevocationReason, told: x509.ReasonFlags | None
) -> None:
    record = house.world.issue().record
    house.world.clock.advance(minutes=5)
    house.world.revoke(reason)
    house.world.clock.advance(minutes=5)
    answer = house.ask(record.encryption_serial)
    assert answer.certificate_status is OCSPCertStatus.REVOKED
    assert (answer.revocation_time_utc, answer.revocation_reason) == (START + timedelta(minutes=5), told)


def test_a_released_hold_is_good_again(house: House) -> None:
    record = house.world.issue().record
    house.world.revoke(RevocationReason.CERTIFICATE_HOLD)
    house.world.revoke(RevocationReason.REMOVE_FROM_CRL)
    assert house.ask(record.signing_serial).certificate_status is OCSPCertStatus.GOOD


def test_several_certificates_are_answered_in_their_order(house: House) -> None:
    record = house.world.issue().record
    answer = house.answer(record.encryption_serial, STRANGER, record.signing_serial)
    read = x509.ocsp.load_der_ocsp_response(answer.own + answer.shared)
    assert [(f"{one.serial_number:x}", one.certificate_status) for one in read.responses] == [
        (record.encryption_serial, OCSPCertStatus.GOOD),
        (f"{STRANGER:x}", OCSPCertStatus.UNKNOWN),
        (record.signing_serial, OCSPCertStatus.GOOD),
    ]
    assert answer.unknown
    assert answer.serial is None


@pytest.mark.parametrize("nonce", [b"n", b"n" * 16, b"n" * 128])
def test_a_nonce_comes_back(house: House, nonce: bytes) -> None:
    answer = house.ask(STRANGER, nonce=nonce)
    assert answer.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == nonce
    check_signature(answer)


def test_the_responder_is_named_as_it_is_set(world: World) -> None:
    upkeep.produce_due_crls(world.revocation)
    for by_name in (False, True):
        house = responding(world, by_name=by_name)
        house.make()
        answer = house.ask(STRANGER)
        assert (answer.responder_name is not None) == by_name
        assert (answer.responder_key_hash is not None) == (not by_name)


def refused(house: House, *cert_ids: bytes) -> ResponseStatus:
    with pytest.raises(OcspRefusedError) as told:
        ocsp.answer(house.ocsp, read_request(asking_for(*cert_ids)))
    return told.value.status


def test_nobody_speaks_of_other_issuers_not_even_beside_ours(house: House) -> None:
    ours, of_root = cert_id(ISSUER, STRANGER), cert_id(root().issuer.certificate_der or b"", STRANGER)
    assert refused(house, of_root) is ResponseStatus.UNAUTHORIZED
    assert refused(house, ours, of_root) is ResponseStatus.UNAUTHORIZED
    assert refused(house, cert_id(ISSUER, STRANGER, "sha512")) is ResponseStatus.UNAUTHORIZED
    half = ours.replace(root().issuer.key_id, b"\0" * 20).replace(issuing_ca().issuer.key_id, b"\0" * 20)
    assert half != ours
    assert refused(house, half) is ResponseStatus.UNAUTHORIZED


def test_an_intent_is_decided_by_nobody_until_it_is_old_and_then_it_is_revoked(house: House) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("directca.certificates.register.complete", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            house.world.issue()
    (serial,) = _intended(house)
    assert refused(house, cert_id(ISSUER, int(serial, 16))) is ResponseStatus.TRY_LATER
    assert refused(house, cert_id(ISSUER, STRANGER), cert_id(ISSUER, int(serial, 16))) is ResponseStatus.TRY_LATER
    house.world.clock.advance(seconds=61)
    assert house.ask(serial).certificate_status is OCSPCertStatus.REVOKED


def _intended(house: House) -> set[str]:
    with house.world.database.read() as tx:
        row = tx.exec_driver_sql("SELECT signing_serial FROM record WHERE state = 'intended'").one()
    return {row[0]}


def test_the_same_goes_for_a_responder(house: House) -> None:
    (living,) = house.known()
    assert house.ask(living.serial).certificate_status is OCSPCertStatus.GOOD
    serial = abandoned(house)
    assert refused(house, cert_id(ISSUER, int(serial, 16))) is ResponseStatus.TRY_LATER
    house.world.clock.advance(seconds=61)
    assert house.ask(serial).certificate_status is OCSPCertStatus.REVOKED
    responders.settle(house.desk, actor=ACTOR, older_than=timedelta(0))
    assert house.ask(serial).certificate_status is OCSPCertStatus.REVOKED


def test_a_clock_before_the_newest_list_says_nothing(house: House) -> None:
    house.world.clock.advance(seconds=-1)
    assert refused(house, cert_id(ISSUER, STRANGER)) is ResponseStatus.TRY_LATER


def test_nothing_is_signed_while_signing_is_stopped(house: House) -> None:
    with house.world.database.write() as tx:
        switch.stop(tx, at=START, by="operator:ann", reason="drill")
    with pytest.raises(SigningStopped):
        house.ask(STRANGER)


def test_without_a_responder_there_is_no_answer(world: World) -> None:
    with pytest.raises(NoResponder):
        responding(world).ask(STRANGER)


def test_an_answer_that_is_not_what_was_decided_is_not_signed(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    encode = body.encode
    monkeypatch.setattr(body, "encode", lambda *given: encode(*given).replace(b"\x82\x00", b"\x80\x00"))
    with pytest.raises(LintFailed):
        house.ask(STRANGER)


def test_news_name_what_changed_since(house: House) -> None:
    first = ocsp.news(house.ocsp, {})
    version, serials = first.changes["issuing"]
    assert (serials, first.usable, first.revoked) == ((), True, frozenset())
    record = house.world.issue().record
    assert ocsp.news(house.ocsp, {"issuing": version}).changes["issuing"] == (version, ())
    house.world.revoke(RevocationReason.KEY_COMPROMISE)
    answer = house.answer(record.signing_serial)
    newest, changed = ocsp.news(house.ocsp, {"issuing": version}).changes["issuing"]
    assert set(changed or ()) == {record.signing_serial, record.encryption_serial}
    assert newest == answer.version > version
    assert ocsp.news(house.ocsp, {}).not_before == START


def test_news_tell_of_responders_that_may_not_speak_any_more(house: House) -> None:
    (living,) = house.known()
    responders.revoke(house.desk, "issuing", living.serial, RevocationReason.KEY_COMPROMISE, actor=ACTOR)
    news = ocsp.news(house.ocsp, {})
    assert (news.usable, news.revoked) == (False, frozenset({living.serial}))
