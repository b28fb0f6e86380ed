"""A world as strangers see it over HTTP, for tests of the verification of status; each thing in it can be replaced.

sight = seen(world)
sight.publish()
sight.answers["/crl/issuing.crl"] = lambda asked: Fetched(404)
assert sight.checks() == {"reachable"}
"""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from random import Random
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import text

from directca.certificates import addresses
from directca.cli.status_looks import FileLooks
from directca.pki import cms
from directca.pki.ocsp import ResponseStatus, refusal
from directca.pki.ocsp_request import BadOcspRequest, read_request
from directca.pki.reasons import RevocationReason
from directca.revocation import crl, ocsp, store
from directca.revocation.errors import NothingFresh
from directca.revocation.model import Crl, ListFacts, ListId
from directca.revocation.ocsp_model import OcspRefusedError
from directca.revocation.verification import verify
from directca.revocation.verification_context import Verification
from directca.revocation.verification_model import Asked, Fetched, Outcome, StatusFinding
from tests import authority
from tests.material import rsa_key
from tests.responding import House, responding
from tests.world import START, World

FULL, ROOT = ListId("issuing"), ListId("root")
_CRL, _CER, _P7C, _OCSP = "application/pkix-crl", "application/pkix-cert", "application/pkcs7-mime", "application/ocsp-response"
Answer = Callable[[Asked], Fetched]


@dataclass
class Sight:
    """What is served, by path; `answers` are in place of what the product would serve."""

    world: World
    house: House
    folder: Path
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    def fetch(self, asked: Asked) -> Fetched:
        self.asked.append(asked)
        parts = urlsplit(asked.url)
        assert parts.scheme == "http"
        for path, answer in self.answers.items():
            if parts.path == path or (path.endswith("/*") and parts.path.startswith(path[:-1])):
                return answer(asked)
        return self.served(asked)

    def served(self, asked: Asked) -> Fetched:
        """What the product serves at this moment."""
        path = urlsplit(asked.url).path
        match path.strip("/").split("/"):
            case ["crl", *names]:
                return self._list(ListId(*"/".join(names).removesuffix(".crl").split("/")))
            case ["aia", name] if name.endswith(".cer"):
                return Fetched(200, _CER, self.certificate(name[:-4]))
            case ["aia", name]:
                chain = {self.certificate(name[:-4]), self.certificate("root")}
                return Fetched(200, f"{_P7C}; smime-type=certs-only", cms.certs_only(chain))
            case ["ocsp"]:
                return self._ocsp(asked.body or b"")
            case ["ocsp", encoded]:
                return self._ocsp(base64.b64decode(unquote(encoded)))
        return Fetched(404)

    def certificate(self, name: str) -> bytes:
        return self.world.revocation.authorities[name].issuer.certificate_der or b""

    def publish(self, *of: ListId) -> None:
        """Make the lists anew; all, unless some are named."""
        with self.world.database.read() as tx:
            wanted = of or crl.lists(tx)
        for one in wanted:
            crl.produce(self.world.revocation, one, actor="system:test")

    def verify(self, **more: object) -> Outcome:
        """One run, ten minutes after the last change unless a test turns the clock itself."""
        world = self.world
        made = Verification(
            database=world.database,
            clock=world.clock,
            policy=world.revocation.policy,
            fetch=self.fetch,
            looks=FileLooks(self.folder),
            chooser=Random(1),
            relying_party_url=authority.BASE,
        )
        return verify(replace(made, **more))  # type: ignore[arg-type]  # fields by name

    def findings(self, **more: object) -> tuple[StatusFinding, ...]:
        return self.verify(**more).findings

    def checks(self, **more: object) -> set[str]:
        """Which checks found something."""
        return {one.check for one in self.findings(**more)}

    def settle(self, **by: float) -> None:
        """Let time pass, and make new lists."""
        self.world.clock.advance(**(by or {"minutes": 10}))
        self.publish()

    def change(self, statement: str, **values: object) -> None:
        """What somebody with hands in the database does."""
        with self.world.database.write() as tx:
            tx.execute(text(statement), values)

    def forget_entry(self, serial: str) -> None:
        """Take a serial number from what the next lists are made of."""
        with self.world.database.write() as tx:
            entries = [one for one in tx.execute(text("SELECT der FROM crl_entry")).scalars() if serial in one.hex()]
            assert len(entries) == 1
            tx.execute(text("DELETE FROM crl_entry WHERE der = :der"), {"der": entries[0]})

    def serve_list(self, der: bytes, of: ListId = FULL) -> None:
        """Serve other bytes as a list."""
        self.answers[urlsplit(addresses.crl_uri("", of.authority_id, of.partition)).path] = lambda _: Fetched(200, _CRL, der)

    def register_list(self, der: bytes, of: ListId = FULL) -> None:
        """Let the register know a list as published, whoever made it."""
        made = x509.load_der_x509_crl(der)
        number = made.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
        with self.world.database.write() as tx:
            version = (store.newest(tx, of) or _nothing(of)).status_version
            facts = ListFacts(
                of,
                number,
                made.last_update_utc,
                made.next_update_utc or made.last_update_utc,
                len(made),
                version,
                (),
                sha256(der).hexdigest(),
            )
            assert store.add_intent(tx, facts, "0" * 64)
            assert store.publish(tx, Crl(facts, der), self.world.clock.now())

    def current(self, of: ListId = FULL) -> bytes:
        return crl.published(self.world.revocation, of).der

    def _list(self, of: ListId) -> Fetched:
        try:
            return Fetched(200, _CRL, self.current(of))
        except NothingFresh:
            return Fetched(503, "text/plain")

    def _ocsp(self, encoded: bytes) -> Fetched:
        try:
            answer = ocsp.answer(self.house.ocsp, read_request(encoded))
        except BadOcspRequest:
            return Fetched(200, _OCSP, refusal(ResponseStatus.MALFORMED_REQUEST))
        except OcspRefusedError as error:
            return Fetched(200, _OCSP, refusal(error.status))
        return Fetched(200, _OCSP, answer.own + answer.shared)


def seen(world: World, folder: Path) -> Sight:
    """A world with a responder, fresh lists, and every address of its CAs' certificates written down; nothing is issued yet."""
    house = responding(world)
    house.make()
    with world.database.write() as tx:
        addresses.note(tx, addresses.named_by(authority.ROOT_ADDRESSES, "root"), START)
    sight = Sight(world, house, folder)
    sight.publish()
    return sight


def _nothing(of: ListId) -> ListFacts:
    return ListFacts(of, 0, START, START, 0, 0, (), None)


Listed = tuple[int, datetime, RevocationReason | None]


def a_list(  # a list by another library, with any of its parts otherwise
    number: int,
    this_update: datetime,
    entries: Sequence[Listed] = (),
    *,
    key: rsa.RSAPrivateKey | None = None,
    issuer: x509.Name | None = None,
    lasts: timedelta = timedelta(hours=72),
    point: x509.IssuingDistributionPoint | None = None,
    critical: bool = True,
) -> bytes:
    """A CRL that anybody may have made; by default the issuing CA's own key has."""
    ca = x509.load_der_x509_certificate(authority.issuing_ca().issuer.certificate_der or b"")
    made = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer or ca.subject)
        .last_update(this_update)
        .next_update(this_update + lasts)
        .add_extension(x509.CRLNumber(number), critical=False)
    )
    if point is not None:
        made = made.add_extension(point, critical=critical)
    for serial, at, reason in entries:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(at)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(x509.ReasonFlags(reason.value)), critical=False)
        made = made.add_revoked_certificate(entry.build())
    return made.sign(key or rsa_key(authority.CA_KEY, 3072), hashes.SHA256()).public_bytes(Encoding.DER)
