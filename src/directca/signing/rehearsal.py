"""The only way to a signature: the exact bytes, linted under a placeholder signature, become a token for one use.

    encode -> rehearse -> store the intent -> Authority.sign -> assemble

A token holds the bytes that were linted, and `Authority.sign` takes a token and nothing else: so the bytes signed are
byte for byte the bytes linted, whatever happens in between. After a crash the stored bytes are rehearsed again.
"""

import hashlib
import threading
from functools import lru_cache
from typing import Final

from directca.pki import crl, der
from directca.pki.certificate_view import read_key
from directca.pki.crl import CrlTemplate
from directca.pki.lints import revocation_list
from directca.pki.lints.certificate import examine, stop_on
from directca.pki.lints.findings import Finding
from directca.pki.profiles import Policy
from directca.pki.templates import Issuer, Template, assemble
from directca.signing.errors import NotRehearsedError

_MADE_HERE: Final = object()


class Rehearsed:
    """Bytes that passed the lints and may be signed once, by one issuer. Only this module can make one."""

    __slots__ = ("_spent", "issuer_id", "notices", "sha256", "to_be_signed")

    def __init__(self, proof: object, to_be_signed: bytes, issuer_id: str, notices: tuple[Finding, ...]) -> None:
        if proof is not _MADE_HERE:
            raise NotRehearsedError("only a rehearsal makes bytes that may be signed")
        set_once = super().__setattr__
        set_once("to_be_signed", to_be_signed)
        set_once("issuer_id", issuer_id)
        set_once("notices", notices)
        set_once("sha256", hashlib.sha256(to_be_signed).hexdigest())
        set_once("_spent", threading.Lock())

    to_be_signed: bytes
    issuer_id: str
    notices: tuple[Finding, ...]
    sha256: str
    _spent: threading.Lock

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
    findings = examine(assemble(to_be_signed, placeholder_signature(issuer)), expected, issuer, policy)
    stop_on(findings)
    return Rehearsed(_MADE_HERE, to_be_signed, issuer.id, findings)


def rehearse_crl(to_be_signed: bytes, expected: CrlTemplate, issuer: Issuer, policy: Policy) -> Rehearsed:
    """Hold the exact bytes of a CRL against what was decided. Raises LintFailed; nothing is signed then."""
    encoded = crl.assemble(to_be_signed, placeholder_signature(issuer))
    findings = revocation_list.examine(encoded, expected, issuer, policy)
    stop_on(findings)
    return Rehearsed(_MADE_HERE, to_be_signed, issuer.id, findings)


def placeholder_signature(issuer: Issuer) -> bytes:
    """As many octets as the issuer's signatures have (RFC 8017 8.2.1: those of the modulus), and none of its secrets."""
    return b"\xff" * _signature_octets(issuer.spki_der)


@lru_cache(maxsize=16)
def _signature_octets(spki_der: bytes) -> int:
    return (read_key(der.read(spki_der)).modulus.bit_length() + 7) // 8
