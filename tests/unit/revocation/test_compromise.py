"""A reported key: everything with it is revoked at once, whoever reports, and it is never certified again."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from directca.accounts.config import LimitConfig
from directca.certificates import key_store, register
from directca.certificates.chosen import Selection
from directca.certificates.errors import CompromisedKey
from directca.certificates.model import State
from directca.issuance import pair
from directca.journal import read
from directca.journal.model import Event
from directca.pki.compromise import statement
from directca.pki.errors import BadProof
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import bulk
from directca.revocation.authority_errors import BadInvalidityDate
from directca.revocation.bulk_model import Wanted
from directca.revocation.compromise import Desk, report
from directca.revocation.compromise_errors import TooManyReports
from directca.revocation.compromise_model import Claim, Report, SignedMessage
from directca.revocation.model import the_authority
from tests.authority import CA_KEY
from tests.material import csr, rsa_key
from tests.proofs import in_base64, request_saying, signed
from tests.responding import responding
from tests.unit.revocation.test_revoke import serials
from tests.world import ALICE, DOMAIN, START, World, fresh_key

NAME = "https://ca.example.org"
ADDRESS = "192.0.2.7"


def desk_of(world: World, **limits: int) -> Desk:
    return Desk(NAME, LimitConfig(**limits), responding(world).desk)


def proof(key: int, **more: object) -> Claim:
    return Claim(in_base64(request_saying("This key is compromised", key=fresh_key(key))), **more)  # type: ignore[arg-type]


def reported(world: World, claim: Claim, address: str = ADDRESS) -> Report:
    return report(world.revocation, desk_of(world), claim, address)


def events(world: World, kind: str) -> list[Event]:
    with world.database.read() as tx:
        return [row.event for row in read.latest(tx, limit=1000) if row.event.kind == kind]


def reports(world: World) -> list[tuple[str, bytes, int]]:
    with world.database.read() as tx:
        return [tuple(row) for row in tx.exec_driver_sql("SELECT method, evidence, revoked FROM compromise_report")]


@pytest.mark.parametrize("key", [0, 1])
def test_every_pair_with_the_key_is_revoked_at_once(world: World, key: int) -> None:
    first = world.issue()
    world.clock.advance(days=1)
    renewed = world.renew()
    other = world.issue(f"bob@{DOMAIN}", key=2)
    done = reported(world, proof(key))
    assert (done.is_certified, done.revoked) == (True, 2)
    found = {one.record.id: one.record for one in (*world.history(), *world.history(f"bob@{DOMAIN}"))}
    assert found[first.record.id].revocation_reason is found[renewed.record.id].revocation_reason is Reason.KEY_COMPROMISE
    assert found[other.record.id].state is State.ISSUED
    assert set(serials(world).values()) == {x509.ReasonFlags.key_compromise}
    assert len(serials(world)) == 4
    for number in (0, 1):  # either key of a pair ends both, and both are blocked
        with world.database.read() as tx, pytest.raises(CompromisedKey):
            register.check_keys(tx, f"carol@{DOMAIN}", (first.signing, first.encryption)[number].modulus_sha256, "0")
    (row,) = events(world, "key.reported_compromised")
    assert (row.actor, row.detail["revoked"], row.detail["address"]) == ("reporter:anonymous", 2, ADDRESS)
    assert {one.subject for one in events(world, "certificate.revoked")} == {
        f"record:{first.record.id}",
        f"record:{renewed.record.id}",
    }
    assert reports(world) == [("pkcs10", request_saying("This key is compromised", key=fresh_key(key)), 2)]
    world.check_books()


def test_a_signed_message_with_the_key_or_a_serial(world: World) -> None:
    first, second = world.issue(), world.issue(f"bob@{DOMAIN}", key=2)
    message = f"{statement(NAME)} It was in a public repository."
    by_serial = SignedMessage(message, signed(message, key=100), "RSASSA-PKCS1-v1_5", serial=first.record.signing_serial)
    assert reported(world, Claim(by_serial)).revoked == 1
    spki = x509.load_der_x509_certificate(second.encryption.der or b"").public_key()
    assert spki == fresh_key(3).public_key()
    pem = spki.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    by_key = SignedMessage(message, signed(message, key=103, pss=True), "RSASSA-PSS", public_key=pem)
    assert reported(world, Claim(by_key)).revoked == 1
    assert len(serials(world)) == 4
    kept = [json.loads(evidence) for _, evidence, _ in reports(world)]
    assert {one["message"] for one in kept} == {message}


def with_exponent(exponent: int) -> rsa.RSAPrivateKey:
    """The key 100 of the tests, with another pair of exponents."""
    known = fresh_key(0).private_numbers()
    private = pow(exponent, -1, (known.p - 1) * (known.q - 1))
    public = rsa.RSAPublicNumbers(exponent, known.public_numbers.n)
    parts = (rsa.rsa_crt_dmp1(private, known.p), rsa.rsa_crt_dmq1(private, known.q), known.iqmp)
    return rsa.RSAPrivateNumbers(known.p, known.q, private, *parts, public).private_key()


def test_a_proof_for_an_exponent_that_was_not_certified_proves_nothing(world: World) -> None:
    """The reporter chose it. Where nothing is certified, it proves as much as any other."""
    key = with_exponent(65539)
    claim = Claim(in_base64(request_saying("This key is compromised", key=key)))
    world.issue()
    with pytest.raises(BadProof, match="another public exponent"):
        reported(world, claim)
    assert (world.history()[0].record.state, reports(world)) == (State.ISSUED, [])
    assert reported(world, proof(0)).revoked == 1


def test_a_key_that_is_not_certified_is_blocked_with_every_exponent(world: World) -> None:
    done = reported(world, Claim(in_base64(request_saying("This key is compromised", key=with_exponent(65539)))))
    assert not done.is_certified
    with pytest.raises(CompromisedKey):
        world.issue()


def test_the_key_of_one_pair_says_nothing_of_another(world: World) -> None:
    pair_of_alice = world.issue()
    message = statement(NAME)
    wrong = SignedMessage(message, signed(message, key=55), "RSASSA-PKCS1-v1_5", serial=pair_of_alice.record.signing_serial)
    with pytest.raises(BadProof):
        reported(world, Claim(wrong))
    unknown = replace(wrong, serial="abc")
    with pytest.raises(BadProof):
        reported(world, Claim(unknown))
    assert world.history()[0].record.state is State.ISSUED
    assert reports(world) == []


def test_the_request_that_was_sent_for_issuance_proves_nothing(world: World) -> None:
    world.issue()
    for key in (0, 1):
        with pytest.raises(BadProof):
            reported(world, Claim(csr(ALICE, fresh_key(key))))
    assert world.history()[0].record.state is State.ISSUED


def test_a_key_that_was_never_certified_is_refused_from_now_on(world: World) -> None:
    done = reported(world, proof(6))
    assert (done.is_certified, done.revoked) == (False, 0)
    with pytest.raises(CompromisedKey):
        world.issue(key=6)
    assert len(reports(world)) == 1


def held(world: World) -> None:
    world.revoke(Reason.CERTIFICATE_HOLD)


def revoked(world: World) -> None:
    world.revoke(Reason.SUPERSEDED)


@pytest.mark.parametrize("before", [held, revoked])
def test_held_and_revoked_pairs_too(world: World, before: Callable[[World], None]) -> None:
    world.issue()
    before(world)
    since = world.history()[0].record.revoked_at
    world.clock.advance(minutes=5)
    assert reported(world, proof(1)).revoked == 1
    record = world.history()[0].record
    assert (record.state, record.revocation_reason) == (State.REVOKED, Reason.KEY_COMPROMISE)
    assert record.revoked_at == since  # a hold that becomes a revocation keeps its date


def test_an_expired_pair_is_on_no_list_and_its_key_is_blocked(world: World) -> None:
    world.issue()
    world.clock.advance(days=400)
    done = reported(world, proof(0))
    assert (done.is_certified, done.revoked) == (True, 0)
    assert world.history()[0].record.state is State.ISSUED
    world.verify_domain()
    world.proof()
    with pytest.raises(CompromisedKey):
        world.issue(f"dora@{DOMAIN}", key=0)


def test_the_same_report_again_changes_nothing(world: World) -> None:
    world.issue()
    reported(world, proof(0))
    before = world.journal_kinds()
    again = reported(world, proof(0))
    assert (again.is_certified, again.revoked, world.journal_kinds(), len(reports(world))) == (True, 0, before, 1)


def test_a_key_that_was_blocked_by_the_operator_is_reported_once(world: World) -> None:
    made = world.issue()
    wanted = Wanted(Selection(serials=(made.record.signing_serial,)), Reason.KEY_COMPROMISE)
    job, _ = bulk.order(world.revocation, the_authority("operator:ann"), wanted)
    bulk.work(world.revocation, job.id, holder="test")
    assert reported(world, proof(0)).revoked == 0
    assert len(reports(world)) == 1


def test_since_when(world: World) -> None:
    world.issue()
    world.clock.advance(days=10)
    for moment in (START - timedelta(days=2), world.clock.moment + timedelta(seconds=1)):
        with pytest.raises(BadInvalidityDate):
            reported(world, proof(0, invalidity_date=moment))
    assert world.history()[0].record.state is State.ISSUED
    since = START + timedelta(days=3)
    assert reported(world, proof(0, invalidity_date=since)).revoked == 1
    assert world.history()[0].record.invalidity_date == since


def test_a_pair_that_is_being_signed_does_not_come_into_being(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    sign = pair.sign

    def reported_meanwhile(*arguments: object) -> object:
        assert reported(world, proof(0)).is_certified is False
        return sign(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(pair, "sign", reported_meanwhile)
    with pytest.raises(CompromisedKey):
        world.issue()
    (intent,) = world.history()
    assert (intent.record.state, intent.record.settled) == (State.REVOKED, True)
    assert world.balance().reserved == 0
    world.check_books()


def test_a_key_of_the_authority_is_for_its_operator_to_judge(world: World) -> None:
    world.issue()
    claim = Claim(in_base64(request_saying("This key is compromised", key=rsa_key(CA_KEY, 3072))))
    done = reported(world, claim)
    assert (done.is_of_authority, done.is_certified, done.revoked) == (True, False, 0)
    assert world.history()[0].record.state is State.ISSUED
    assert [one.detail["authority"] for one in events(world, "key.reported_compromised")] == [True]


def test_too_many_reports_from_one_address_wait(world: World) -> None:
    world.issue(key=8)
    desk = desk_of(world, reports_per_address=2)
    for _ in range(2):
        with pytest.raises(BadProof):
            report(world.revocation, desk, Claim("nonsense"), ADDRESS)
    with pytest.raises(TooManyReports) as refused:
        report(world.revocation, desk, proof(8), ADDRESS)
    assert refused.value.retry_after >= 1
    assert "sign in" not in refused.value.detail
    assert report(world.revocation, desk, proof(8), "192.0.2.8").revoked == 1
    world.clock.advance(seconds=refused.value.retry_after + 1)
    assert report(world.revocation, desk, proof(8), ADDRESS).is_certified


def test_reports_of_keys_that_are_certified_here_do_not_count(world: World) -> None:
    desk = desk_of(world, reports_per_address=1)
    for number in range(3):
        world.issue(f"nr-{number}@{DOMAIN}", key=10 + 2 * number)
        assert report(world.revocation, desk, proof(10 + 2 * number), ADDRESS).revoked == 1


def test_the_store_knows_a_blocked_key_of_either_use(world: World) -> None:
    made = world.issue()
    with world.database.write() as tx:
        assert not key_store.has_compromised(tx, (made.signing, made.encryption))
        register.block_keys(tx, made.record, START)
        assert key_store.has_compromised(tx, (made.signing, made.encryption))
        assert not register.block_keys(tx, made.record, START)
