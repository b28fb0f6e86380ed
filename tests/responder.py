"""A delegated OCSP responder for tests, and what it says: `an_answer(serial, CertStatus.REVOKED, reason=...)`.

Made once for the process, by the product's own ceremony and on its own way to a signature.
"""

import dataclasses
from datetime import timedelta
from functools import cache

from directca.pki import der, ocsp, oids
from directca.pki.ocsp import CertStatus, OcspTemplate, Responder, SingleAnswer, issuer_hashes, read_responder
from directca.pki.templates import Issuer, assemble
from directca.signing.ceremony import ResponderPlan, rehearse_responder
from directca.signing.file_keys import FileKey
from directca.signing.rehearsal import rehearse_ocsp
from directca.signing.responder import OcspSigner
from tests.authority import ADDRESSES, ISSUED, issuing_ca, never, policy
from tests.material import rsa_key

RESPONDER_KEY = 3
HASHES = {"sha1": oids.SHA1, "sha256": oids.SHA256}
SERIAL = 7**45


def a_responder_certificate(plan: ResponderPlan, key: int = RESPONDER_KEY) -> bytes:
    """The certificate of a responder of the issuing CA, as the ceremony makes it."""
    _, rehearsed = rehearse_responder(plan, FileKey(rsa_key(key)).spki_der, issuing_ca(), ADDRESSES)
    return assemble(rehearsed.to_be_signed, issuing_ca().sign(rehearsed))


@cache
def ocsp_signer() -> OcspSigner:
    """The responder of the issuing CA, able to sign, from an hour before ISSUED on."""
    certificate = a_responder_certificate(ResponderPlan(11**36, ISSUED - timedelta(hours=1)))
    responder = read_responder(certificate, issuing_ca().issuer)
    return OcspSigner(responder, FileKey(rsa_key(RESPONDER_KEY)), policy(), never)


def responder() -> Responder:
    """The responder of the issuing CA."""
    return ocsp_signer().responder


def a_cert_id(serial: int = SERIAL, hash_name: str = "sha1", issuer: Issuer | None = None) -> bytes:
    """The CertID of a certificate of the issuing CA, or of another issuer."""
    name_hash, key_hash = issuer_hashes(issuer or issuing_ca().issuer)[hash_name]
    algorithm = der.sequence(der.oid(HASHES[hash_name]), der.NOTHING)
    return der.sequence(algorithm, der.octet_string(name_hash), der.octet_string(key_hash), der.integer(serial))


def an_answer(serial: int = SERIAL, status: CertStatus = CertStatus.GOOD, **changes: object) -> SingleAnswer:
    """What is said about one certificate at ISSUED, for twelve hours; `changes` are fields to set otherwise."""
    revoked_at = ISSUED - timedelta(days=2) if status is CertStatus.REVOKED else None
    answer = SingleAnswer(a_cert_id(serial), status, ISSUED, ISSUED + timedelta(hours=12), revoked_at)
    return dataclasses.replace(answer, **changes)  # type: ignore[arg-type]


def a_response_template(*answers: SingleAnswer, **changes: object) -> OcspTemplate:
    """A response of these answers, produced five seconds after ISSUED, named by key."""
    template = OcspTemplate(ISSUED + timedelta(seconds=5), answers or (an_answer(),), nonce=None, by_name=False)
    return dataclasses.replace(template, **changes)  # type: ignore[arg-type]


def a_response(*answers: SingleAnswer, signer: OcspSigner | None = None, **changes: object) -> bytes:
    """A DER response, rehearsed and signed as the product does it."""
    signer = signer or ocsp_signer()
    template = a_response_template(*answers, **changes)
    rehearsed = rehearse_ocsp(ocsp.encode(template, signer.responder), template, signer.responder, signer.policy)
    return ocsp.assemble(rehearsed.to_be_signed, signer.sign(rehearsed), signer.responder)


def a_request(*cert_ids: bytes, extensions: tuple[bytes, ...] = ()) -> bytes:
    """A DER request about these certificates."""
    listed = der.sequence_of(der.sequence(cert_id) for cert_id in cert_ids or (a_cert_id(),))
    return der.sequence(der.sequence(listed, der.explicit(2, der.sequence(*extensions)) if extensions else b""))
