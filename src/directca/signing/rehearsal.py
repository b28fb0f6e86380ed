"""The only way to a signature: the exact bytes, linted under a placeholder signature, become a token for one use.

    encode -> rehearse -> store the intent -> Authority.sign -> assemble

OCSP answers go the same way without an intent, since nothing hangs on an answer that was not given: OcspSigner.sign.

A token holds the bytes that were linted, and `Authority.sign` takes a token and nothing else: so the bytes signed are
byte for byte the bytes linted, whatever happens in between. After a crash the stored bytes are rehearsed again.
"""

import hashlib
import threading
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from directca.pki import crl, der, ocsp
from directca.pki.certificate_view import read_key
from directca.pki.crl import CrlTemplate
from directca.pki.lints import certificate, ocsp_response, revocation_list
from directca.pki.lints.certificate import stop_on
from directca.pki.lints.errors import LintFailed
from directca.pki.lints.findings import Finding, Severity
from directca.pki.ocsp import OcspTemplate, Responder
from directca.pki.profiles import Policy
from directca.pki.templates import Issuer, Template, assemble
from directca.signing.errors import NotRehearsedError

_MADE_HERE: Final = object()


class Rehearsed:
    """Bytes that passed the lints of one policy and may be signed once, by one CA or responder. Only this module can make one."""

    __slots__ = ("_spent", "notices", "policy_sha256", "sha256", "signer_id", "to_be_signed")

    to_be_signed: bytes
    sha256: str
    signer_id: str
    policy_sha256: str
    notices: tuple[Finding, ...]
    _spent: threading.Lock

    def __init__(self, proof: object, to_be_signed: bytes, signer_id: str, policy: Policy, notices: tuple[Finding, ...]) -> None:
        if proof is not _MADE_HERE:
            raise NotRehearsedError("only a rehearsal makes bytes that may be signed")
        set_once = super().__setattr__
        set_once("to_be_signed", to_be_signed)
        set_once("sha256", hashlib.sha256(to_be_signed).hexdigest())
        set_once("signer_id", signer_id)
        set_once("policy_sha256", policy.sha256)
        set_once("notices", notices)
        set_once("_spent", threading.Lock())

    def __setattr__(self, name: str, value: object) -> None:
        raise NotRehearsedError("rehearsed bytes do not change")

    def __delattr__(self, name: str) -> None:
        raise NotRehearsedError("rehearsed bytes do not change")

    def __reduce__(self) -> str:
        raise NotRehearsedError("a token for one signature is not copied")

    def spend(self) -> bytes:
        """The bytes, the first time; on threads too, exactly one caller gets them."""
        if not self._spent.acquire(blocking=False):
            raise NotRehearsedError("this token was used; rehearse the bytes again")
        return self.to_be_signed


def rehearse_certificate(to_be_signed: bytes, expected: Template, issuer: Issuer, policy: Policy) -> Rehearsed:
    """Hold the exact bytes against the template, the issuer and the policy. Raises LintFailed; nothing is signed then."""
    encoded = _under_placeholder(assemble, to_be_signed, issuer)
    findings = certificate.examine(encoded, expected, issuer, policy)
    stop_on(findings)
    return Rehearsed(_MADE_HERE, to_be_signed, issuer.id, policy, findings)


def rehearse_crl(to_be_signed: bytes, expected: CrlTemplate, issuer: Issuer, policy: Policy) -> Rehearsed:
    """Hold the exact bytes of a CRL against what was decided. Raises LintFailed; nothing is signed then."""
    encoded = _under_placeholder(crl.assemble, to_be_signed, issuer)
    findings = revocation_list.examine(encoded, expected, issuer, policy)
    stop_on(findings)
    return Rehearsed(_MADE_HERE, to_be_signed, issuer.id, policy, findings)


def rehearse_ocsp(to_be_signed: bytes, expected: OcspTemplate, responder: Responder, policy: Policy) -> Rehearsed:
    """Hold the exact bytes of an OCSP answer against what was decided. Raises LintFailed; nothing is signed then."""
    encoded = ocsp.assemble(to_be_signed, placeholder_signature(responder), responder)
    findings = ocsp_response.examine(encoded, expected, responder, policy)
    stop_on(findings)
    return Rehearsed(_MADE_HERE, to_be_signed, responder.id, policy, findings)


def placeholder_signature(signer: Issuer | Responder) -> bytes:
    """As many octets as the signer's signatures have (RFC 8017 8.2.1: those of the modulus), and none of its secrets."""
    return b"\xff" * _signature_octets(signer.spki_der)


def _under_placeholder(put_together: Callable[[bytes, bytes], bytes], to_be_signed: bytes, issuer: Issuer) -> bytes:
    try:
        return put_together(to_be_signed, placeholder_signature(issuer))
    except der.DerError as error:
        raise LintFailed((Finding(Severity.ERROR, "encoding.can_be_signed", str(error)),)) from error


@lru_cache(maxsize=16)
def _signature_octets(spki_der: bytes) -> int:
    return (read_key(der.read(spki_der)).modulus.bit_length() + 7) // 8
