"""Each check of OCSP answers, and of issuers' certificates, sees the one thing that is broken for it."""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import time_machine
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponderEncoding, OCSPResponseBuilder, OCSPResponseStatus
from cryptography.x509.oid import ExtendedKeyUsageOID

from directca.pki import cms
from directca.pki.ocsp import ResponseStatus, refusal
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation.verification_model import Asked, Fetched
from tests import authority
from tests.material import rsa_key
from tests.verifying import Sight, seen
from tests.world import ALICE, DOMAIN, START, World

BOB, CAROL = f"bob@{DOMAIN}", f"carol@{DOMAIN}"
OCSP = f"{authority.BASE}/ocsp"
TYPE = "application/ocsp-response"


@pytest.fixture
def sight(world: World, tmp_path: Path) -> Sight:
    """Alice's pair is revoked for good, Bob's is on hold, Carol's is good; all of it is settled."""
    sight = seen(world, tmp_path)
    for number, name in enumerate((ALICE, BOB, CAROL)):
        world.issue(name, key=2 * number)
    world.revoke(Reason.KEY_COMPROMISE)
    world.revoke(Reason.CERTIFICATE_HOLD, BOB)
    sight.settle()
    return sight


@dataclass(frozen=True)
class Liar:
    """A responder that answers as it likes: by default it is certified, knows the register, and tells the truth."""

    sight: Sight
    key: rsa.RSAPrivateKey
    certificate: x509.Certificate
    status: Callable[[int, OCSPCertStatus], OCSPCertStatus] = lambda serial, truth: truth
    revoked_at: datetime | None = None
    reason: x509.ReasonFlags | None = None
    this_update: timedelta = timedelta(0)
    next_update: timedelta | None = timedelta(hours=1)
    serial: int | None = None
    with_nonce: bool = True
    spoilt: bool = False
    certificates: tuple[x509.Certificate, ...] | None = None

    def __call__(self, asked: Asked) -> Fetched:
        encoded = asked.body or base64.b64decode(unquote(urlsplit(asked.url).path.removeprefix("/ocsp/")))
        truth = self.sight.served(asked)
        response = ocsp.load_der_ocsp_response(truth.body)
        if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
            return truth
        request = ocsp.load_der_ocsp_request(encoded)
        status = self.status(request.serial_number, response.certificate_status)
        now = self.sight.world.clock.now()
        revoked = status is OCSPCertStatus.REVOKED
        builder = OCSPResponseBuilder().add_response_by_hash(
            request.issuer_name_hash,
            request.issuer_key_hash,
            request.serial_number if self.serial is None else self.serial,
            request.hash_algorithm,
            status,
            now + self.this_update,
            None if self.next_update is None else now + self.next_update,
            (self.revoked_at or response.revocation_time_utc or now) if revoked else None,
            (self.reason or response.revocation_reason) if revoked else None,
        )
        builder = builder.responder_id(OCSPResponderEncoding.HASH, self.certificate)
        brought = (self.certificate,) if self.certificates is None else self.certificates
        if brought:
            builder = builder.certificates(brought)
        for extension in request.extensions:
            if self.with_nonce:
                builder = builder.add_extension(extension.value, critical=False)
        with time_machine.travel(now, tick=False):  # producedAt is the machine's time
            made = builder.sign(self.key, hashes.SHA256())
        encoded = made.public_bytes(Encoding.DER)
        if self.spoilt:
            wrong = made.signature[:-1] + bytes([made.signature[-1] ^ 1])
            encoded = encoded.replace(made.signature, wrong)
        return Fetched(200, TYPE, encoded)


def a_responder(  # a certificate of a responder, with any of its parts otherwise
    *,
    signer: rsa.RSAPrivateKey | None = None,
    use: x509.ObjectIdentifier = ExtendedKeyUsageOID.OCSP_SIGNING,
    nocheck: bool = True,
    begins: datetime = START - timedelta(days=1),
    lasts: timedelta = timedelta(days=20),
) -> x509.Certificate:
    ca = x509.load_der_x509_certificate(authority.issuing_ca().issuer.certificate_der or b"")
    made = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Somebody")]))
        .issuer_name(ca.subject)
        .public_key(rsa_key(60).public_key())
        .serial_number(99)
        .not_valid_before(begins)
        .not_valid_after(begins + lasts)
        .add_extension(x509.ExtendedKeyUsage([use]), critical=True)
    )
    if nocheck:
        made = made.add_extension(x509.OCSPNoCheck(), critical=False)
    return made.sign(signer or rsa_key(authority.CA_KEY, 3072), hashes.SHA256())


def checks(sight: Sight, **changes: object) -> set[str]:
    """What is found while a responder answers with these changes."""
    liar = Liar(sight, rsa_key(60), changes.pop("certificate", None) or a_responder())  # type: ignore[arg-type]
    sight.answers["/ocsp"] = sight.answers["/ocsp/*"] = replace(liar, **changes)  # type: ignore[arg-type]  # fields by name
    return sight.checks()


def test_what_is_right_is_found_right(sight: Sight) -> None:
    outcome = sight.verify()
    assert outcome.findings == ()
    # Six certificates and the responder's by GET and POST, one that nobody has, one nonce; the other issuer's is no answer.
    assert outcome.answers == 2 * (6 + 1) + 2
    assert checks(sight) == set()


def test_both_methods_and_both_hashes_are_used(sight: Sight) -> None:
    sight.verify()
    bodies = [asked.body for asked in sight.asked if asked.url == OCSP and asked.body is not None]
    gets = [asked for asked in sight.asked if asked.url.startswith(f"{OCSP}/")]
    assert len(gets) == 6 + 1
    assert {ocsp.load_der_ocsp_request(one).hash_algorithm.name for one in bodies} == {"sha1", "sha256"}


def test_a_sample_is_asked_about_or_all(sight: Sight) -> None:
    assert sight.verify(sample=1).answers == 2 * (1 + 1 + 1) + 2
    assert sight.verify(sample=1, all_revoked=True).answers == 2 * (4 + 1 + 1) + 2
    assert sight.verify(sample=0).answers == 2 * 1 + 2


@pytest.mark.parametrize("status", [OCSPCertStatus.GOOD, OCSPCertStatus.REVOKED, OCSPCertStatus.UNKNOWN])
def test_another_status(sight: Sight, status: OCSPCertStatus) -> None:
    found = checks(sight, status=lambda serial, truth: status)
    assert found == {"ocsp_agrees"} | ({"ocsp_only_issued"} if status is OCSPCertStatus.GOOD else set())


def test_another_moment(sight: Sight) -> None:
    assert checks(sight, revoked_at=datetime(2026, 11, 1, tzinfo=UTC)) == {"ocsp_agrees"}


def test_another_reason(sight: Sight) -> None:
    assert checks(sight, reason=x509.ReasonFlags.superseded) == {"ocsp_agrees"}


def test_a_key_that_is_suspect_since_another_day(sight: Sight) -> None:
    old = {asked.url: sight.fetch(asked).body for asked in asked_about(sight)}
    past = (START - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S.%f")
    suspect = "UPDATE record SET invalidity_date = :at, updated_at = :at WHERE identifier = :name"
    sight.change(suspect, at=past, name=ALICE)
    sight.answers["/ocsp/*"] = lambda asked: Fetched(200, TYPE, old[asked.url])
    assert "ocsp_agrees" in sight.checks()


def asked_about(sight: Sight) -> list[Asked]:
    """Every GET of a run."""
    sight.asked.clear()
    sight.verify()
    return [asked for asked in sight.asked if asked.url.startswith(f"{OCSP}/")]


def test_good_of_a_serial_that_nobody_has(sight: Sight) -> None:
    def generous(serial: int, truth: OCSPCertStatus) -> OCSPCertStatus:
        return OCSPCertStatus.GOOD if truth is OCSPCertStatus.UNKNOWN else truth

    assert checks(sight, status=generous) == {"ocsp_only_issued"}


def test_a_change_of_the_last_minute_need_not_be_known_yet(sight: Sight) -> None:
    (pair,) = sight.world.history(CAROL)
    carol = {int(one.serial, 16) for one in (pair.signing, pair.encryption)}

    def late(serial: int, truth: OCSPCertStatus) -> OCSPCertStatus:
        return OCSPCertStatus.GOOD if serial in carol else truth

    sight.world.revoke(Reason.SUPERSEDED, CAROL)
    sight.world.clock.advance(seconds=59)
    assert checks(sight, status=late) == set()
    sight.world.clock.advance(seconds=2)
    assert checks(sight, status=late) == {"ocsp_agrees"}


def test_it_is_silent(sight: Sight) -> None:
    silence = Fetched(None, problem="no answer within 60 seconds.")
    sight.answers["/ocsp"] = sight.answers["/ocsp/*"] = lambda _: silence
    assert sight.checks() == {"reachable", "ocsp_asked"}
    # Not as many times as there are certificates.
    assert len([asked for asked in sight.asked if asked.url.startswith(OCSP)]) == 3


@pytest.mark.parametrize(
    ("answer", "check"),
    [
        (Fetched(500), "reachable"),
        (Fetched(200, TYPE, b"nothing"), "ocsp_readable"),
        (Fetched(200, TYPE, refusal(ResponseStatus.TRY_LATER)), "ocsp_readable"),
        (Fetched(200, TYPE, problem="It is longer than anything that belongs there."), "size"),
    ],
    ids=["status", "garbage", "tryLater", "size"],
)
def test_it_answers_otherwise(sight: Sight, answer: Fetched, check: str) -> None:
    sight.answers["/ocsp"] = sight.answers["/ocsp/*"] = lambda _: answer
    assert check in sight.checks()


def test_another_content_type(sight: Sight) -> None:
    sight.answers["/ocsp"] = lambda asked: replace(sight.served(asked), content_type="text/plain")
    assert sight.checks() == {"content_type"}


def test_it_answers_about_another(sight: Sight) -> None:
    assert checks(sight, serial=12345) == {"ocsp_question"}


@pytest.mark.parametrize(
    "certificate",
    [
        a_responder(signer=rsa_key(61)),
        a_responder(use=ExtendedKeyUsageOID.EMAIL_PROTECTION),
        a_responder(nocheck=False),
        a_responder(lasts=timedelta(days=1)),
        a_responder(begins=START + timedelta(days=2)),
    ],
    ids=["foreign", "use", "nocheck", "expired", "to come"],
)
def test_a_responder_that_may_not_speak(sight: Sight, certificate: x509.Certificate) -> None:
    assert checks(sight, certificate=certificate) == {"ocsp_responder"}


def test_no_responder_comes_along(sight: Sight) -> None:
    assert checks(sight, certificates=()) == {"ocsp_responder", "ocsp_signature"}


def test_a_signature_by_another_key(sight: Sight) -> None:
    assert checks(sight, spoilt=True) == {"ocsp_signature"}


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"this_update": timedelta(hours=1), "next_update": timedelta(hours=2)}, {"ocsp_fresh"}),
        ({"this_update": timedelta(hours=-2), "next_update": timedelta(hours=-1)}, {"ocsp_fresh"}),
        ({"next_update": None}, {"ocsp_fresh", "ocsp_period"}),
        ({"next_update": timedelta(days=2)}, {"ocsp_period"}),
        ({"with_nonce": False}, {"ocsp_nonce"}),
    ],
    ids=["to come", "past", "never", "too long", "nonce"],
)
def test_an_answer_out_of_date(sight: Sight, changes: dict[str, object], found: set[str]) -> None:
    assert checks(sight, **changes) - {"ocsp_agrees"} == found


def test_a_nonce_that_nobody_sent(sight: Sight) -> None:
    seen_once: list[bytes] = []

    def keeping(asked: Asked) -> Fetched:
        request = ocsp.load_der_ocsp_request(asked.body or b"")
        if not seen_once and any(isinstance(one.value, x509.OCSPNonce) for one in request.extensions):
            seen_once.append(sight.served(asked).body)
        return sight.served(asked)

    sight.answers["/ocsp"] = keeping
    assert sight.findings() == ()
    sight.answers["/ocsp/*"] = lambda _: Fetched(200, TYPE, seen_once[0])
    assert {"ocsp_nonce", "ocsp_question"} <= sight.checks()


def test_another_issuer_is_spoken_for(sight: Sight) -> None:
    first: list[bytes] = []

    def anybody(asked: Asked) -> Fetched:
        truth = sight.served(asked)
        if ocsp.load_der_ocsp_response(truth.body).response_status is OCSPResponseStatus.SUCCESSFUL:
            first.append(truth.body)
            return truth
        return Fetched(200, TYPE, first[0])

    sight.answers["/ocsp"] = anybody
    assert sight.checks() == {"ocsp_only_issuer"}


def test_another_issuer_gets_nonsense(sight: Sight) -> None:
    def nonsense(asked: Asked) -> Fetched:
        truth = sight.served(asked)
        fine = ocsp.load_der_ocsp_response(truth.body).response_status is OCSPResponseStatus.SUCCESSFUL
        return truth if fine else Fetched(200, TYPE, b"nonsense")

    sight.answers["/ocsp"] = nonsense
    assert sight.checks() == {"ocsp_readable"}


class TestIssuers:
    """caIssuers addresses."""

    def test_no_certificate(self, sight: Sight) -> None:
        sight.answers["/aia/issuing.cer"] = lambda _: Fetched(200, "application/pkix-cert", b"none")
        assert sight.checks() == {"aia_readable"}

    def test_another_certificate(self, sight: Sight) -> None:
        sight.answers["/aia/issuing.cer"] = lambda _: Fetched(200, "application/pkix-cert", sight.certificate("root"))
        assert sight.checks() == {"aia_issuer", "aia_registered"}

    def test_no_chain(self, sight: Sight) -> None:
        sight.answers["/aia/issuing.p7c"] = lambda _: Fetched(200, "application/pkcs7-mime", b"none")
        assert sight.checks() == {"aia_readable"}

    def test_a_chain_with_a_gap(self, sight: Sight) -> None:
        alone = cms.certs_only([sight.certificate("issuing")])
        sight.answers["/aia/issuing.p7c"] = lambda _: Fetched(200, "application/pkcs7-mime", alone)
        assert sight.checks() == {"aia_chain"}

    @pytest.mark.parametrize("path", ["/aia/issuing.cer", "/aia/issuing.p7c", "/aia/root.cer"])
    def test_nothing_there(self, sight: Sight, path: str) -> None:
        sight.answers[path] = lambda _: Fetched(404)
        assert sight.checks() == {"reachable"}

    @pytest.mark.tampers
    def test_an_address_that_nobody_wrote_down(self, sight: Sight) -> None:
        """Invariant 16: it would be looked at by nobody."""
        sight.change("DELETE FROM named_address WHERE kind = 'ca_issuers' AND authority_id = 'root'")
        (finding,) = sight.findings()
        assert (finding.check, finding.address) == ("address_known", f"{authority.BASE}/aia/root.cer")


def test_another_way_is_taken_when_told(sight: Sight) -> None:
    assert sight.findings(through="http://127.0.0.1:8600") == ()
    assert {urlsplit(asked.url).netloc for asked in sight.asked} == {"127.0.0.1:8600"}
    # What was seen there is remembered as seen there.
    assert sight.findings() == ()
