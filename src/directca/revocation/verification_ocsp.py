"""What a relying party demands of an OCSP answer (RFC 6960 3.2, RFC 5019, RFC 9654), and whether it says what the register knows.

Requests are made and answers are read by another library than the one that answers.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from hashlib import new as hashing
from urllib.parse import quote

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponse, OCSPResponseStatus
from cryptography.x509.oid import ExtendedKeyUsageOID

from directca.certificates.census import Registered
from directca.clock import rfc3339
from directca.pki.reasons import RevocationReason
from directca.revocation.verification_entries import Entry, as_listed
from directca.revocation.verification_lists import CLOCKS_DIFFER

_ALGORITHMS: dict[str, hashes.HashAlgorithm] = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}  # noqa: S303  (RFC 5019 names certificates by SHA-1)


@dataclass(frozen=True, slots=True)
class Question:
    """About which certificate of which issuer is asked, how its issuer is named (`sha1`, `sha256`), and with which nonce."""

    issuer: x509.Certificate
    serial: int
    algorithm: str = "sha1"
    nonce: bytes | None = None

    def name_hash(self) -> bytes:
        """Of the issuer's name (RFC 6960 4.1.1)."""
        return hashing(self.algorithm, self.issuer.subject.public_bytes(), usedforsecurity=False).digest()

    def key_hash(self) -> bytes:
        """Of the issuer's key, the bits without their tag and length."""
        return hashing(self.algorithm, _key_bits(self.issuer), usedforsecurity=False).digest()


@dataclass(frozen=True, slots=True)
class SeenAnswer:
    """An answer, beside what was asked and when it arrived. `longest` is how long the policy lets an answer last."""

    question: Question
    response: OCSPResponse
    now: datetime
    longest: timedelta


AnswerCheck = Callable[[SeenAnswer], str | None]


def request(question: Question, *, name_hash: bytes | None = None, key_hash: bytes | None = None) -> bytes:
    """The DER request; other hashes name an issuer that nobody here speaks for."""
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        name_hash or question.name_hash(), key_hash or question.key_hash(), question.serial, _ALGORITHMS[question.algorithm]
    )
    if question.nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(question.nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def url_for_get(address: str, encoded: bytes) -> str:
    """The address of a GET (RFC 6960 A.1)."""
    return f"{address.rstrip('/')}/{quote(base64.b64encode(encoded).decode(), safe='')}"


def read(body: bytes) -> OCSPResponse:
    """A successful answer about one certificate. Raises ValueError, which says what is wrong with it."""
    response = ocsp.load_der_ocsp_response(body)
    if response.response_status is not OCSPResponseStatus.SUCCESSFUL:
        raise ValueError(f"It answers {_word(response.response_status)}.")
    if len(list(response.responses)) != 1:
        raise ValueError("It does not answer about the one certificate that it was asked about.")
    ends = response.next_update_utc
    if ends is not None and ends < response.this_update_utc:
        raise ValueError("It ends before it begins.")
    return response


def refusal(body: bytes) -> str:
    """The word of an answer that is none, `successful` for one that is. Raises ValueError."""
    return _word(ocsp.load_der_ocsp_response(body).response_status)


def ocsp_question(seen: SeenAnswer) -> str | None:
    """4.2.1: about what was asked."""
    asked, response = seen.question, seen.response
    found = (response.serial_number, response.issuer_name_hash, response.issuer_key_hash)
    same = found == (asked.serial, asked.name_hash(), asked.key_hash())
    return None if same else "It answers about another certificate than was asked about."


def ocsp_responder(seen: SeenAnswer) -> str | None:
    """4.2.2.2: a delegated responder, certified for it by the authority itself, not expired, and not to be asked about itself."""
    certificate = _responder(seen.response)
    if certificate is None:
        return "It brings no certificate of the responder that it names."
    return _certified(certificate, seen.question.issuer) or _in_its_dates(certificate, seen.now)


def ocsp_signature(seen: SeenAnswer) -> str | None:
    """3.2: by the responder's key."""
    response, certificate = seen.response, _responder(seen.response)
    algorithm = response.signature_hash_algorithm
    if certificate is None or algorithm is None:
        return "Nobody can tell who signed it."
    key = certificate.public_key()
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(response.signature, response.tbs_response_bytes, padding.PKCS1v15(), algorithm)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(response.signature, response.tbs_response_bytes, ec.ECDSA(algorithm))
        else:
            return "Its responder has a key of a kind that few relying parties know."
    except InvalidSignature:
        return "Its signature is not by the responder that it names. Find out who answers."
    return None


def ocsp_fresh(seen: SeenAnswer) -> str | None:
    """4.2.2.1: thisUpdate is not to come, nextUpdate is there and not past (invariant 13)."""
    begins, ends = seen.response.this_update_utc, seen.response.next_update_utc
    if max(begins, seen.response.produced_at_utc) > seen.now + CLOCKS_DIFFER:
        return f"It is of {rfc3339(begins)}, which is to come. A clock is wrong, here or there."
    if ends is None or ends <= seen.now:
        said = "never said" if ends is None else f"past since {rfc3339(ends)}"
        return f"Its nextUpdate is {said}, and it is given all the same. Empty what keeps it."
    return None


def ocsp_period(seen: SeenAnswer) -> str | None:
    """Policy: an answer lasts no longer than it says."""
    ends = seen.response.next_update_utc
    fits = ends is not None and ends - seen.response.this_update_utc <= seen.longest
    return None if fits else f"It lasts longer than {seen.longest}, which is the most by the policy."


def ocsp_nonce(seen: SeenAnswer) -> str | None:
    """RFC 9654 2.1: a nonce comes back as it was sent, and none comes unasked from what is kept."""
    try:
        found = seen.response.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce
    except x509.ExtensionNotFound:
        found = None
    if found == seen.question.nonce:
        return None
    if seen.question.nonce is None:
        return "It brings a nonce that nobody sent: something keeps answers that must not be kept."
    return "The nonce does not come back: something that keeps answers answered, instead of the responder. Let POST pass by it."


CHECKS: tuple[AnswerCheck, ...] = (
    ocsp_question,
    ocsp_responder,
    ocsp_signature,
    ocsp_fresh,
    ocsp_period,
    ocsp_nonce,
)


def disagreement(seen: SeenAnswer, known: Registered | None) -> str | None:
    """What the answer says otherwise than the register; None for what was never issued, of which it must not say *good*."""
    told = told_by(seen.response)
    name = f"{seen.question.serial:x}"
    if known is None:
        good = seen.response.certificate_status is OCSPCertStatus.GOOD
        return (
            f"It calls {name} good, which was never issued here. Nothing it says can be relied on: ask for help."
            if good
            else None
        )
    wanted = as_listed(known, seen.response.this_update_utc) if known.listed else None
    if told == wanted and (wanted is not None or seen.response.certificate_status is OCSPCertStatus.GOOD):
        return None
    return (
        f"It says of {name}: {_facts(told, seen.response)}; the register says: {_facts(wanted, None)}. Empty what keeps answers."
    )


def told_by(response: OCSPResponse) -> Entry | None:
    """What an answer says of a revoked certificate, in the form in which lists say it; None unless it is revoked."""
    if response.certificate_status is not OCSPCertStatus.REVOKED or response.revocation_time_utc is None:
        return None
    reason = response.revocation_reason
    suspect = [one.value.invalidity_date_utc for one in response.single_extensions if isinstance(one.value, x509.InvalidityDate)]
    return Entry(
        response.serial_number,
        response.revocation_time_utc,
        None if reason is None else RevocationReason(reason.value),
        suspect[0] if suspect else None,
    )


def _responder(response: OCSPResponse) -> x509.Certificate | None:
    """The certificate, of those that came along, that the answer names as its signer's."""
    for one in response.certificates:
        by_key = hashing("sha1", _key_bits(one), usedforsecurity=False).digest() == response.responder_key_hash
        if by_key or one.subject == response.responder_name:
            return one
    return None


@lru_cache(maxsize=16)
def _certified(certificate: x509.Certificate, issuer: x509.Certificate) -> str | None:
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return "Its responder was not certified by the authority whose certificates it tells of. Find out who answers."
    kinds = {type(one.value) for one in certificate.extensions}
    uses = [list(one.value) for one in certificate.extensions if isinstance(one.value, x509.ExtendedKeyUsage)]
    if uses != [[ExtendedKeyUsageOID.OCSP_SIGNING]]:
        return "Its responder was not certified for signing OCSP answers (extendedKeyUsage). Find out who answers."
    if x509.OCSPNoCheck not in kinds:
        return "Its responder's certificate lacks id-pkix-ocsp-nocheck, so relying parties would have to ask about it in turn."
    return None


def _in_its_dates(certificate: x509.Certificate, now: datetime) -> str | None:
    if certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        return None
    return (
        f"Its responder's certificate is for {rfc3339(certificate.not_valid_before_utc)} to "
        f"{rfc3339(certificate.not_valid_after_utc)} only. Empty what keeps the answer, and see that responders are made."
    )


def _key_bits(certificate: x509.Certificate) -> bytes:
    key = certificate.public_key()
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    return key.public_bytes(Encoding.DER, PublicFormat.PKCS1)


def _word(status: OCSPResponseStatus) -> str:
    first, *rest = status.name.lower().split("_")
    return first + "".join(word.title() for word in rest)


def _facts(entry: Entry | None, response: OCSPResponse | None) -> str:
    if entry is None:
        return "good" if response is None else response.certificate_status.name.lower()
    said = f"revoked since {rfc3339(entry.revoked_at)}, {'no reason' if entry.reason is None else entry.reason.value}"
    return said if entry.invalidity_date is None else f"{said}, suspect since {rfc3339(entry.invalidity_date)}"
