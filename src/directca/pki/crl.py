"""A full certificate revocation list: the facts, and their one encoding as TBSCertList (RFC 5280 5.1).

Encoded directly, because the library's builder takes quadratic time for a long list. As with certificates, the bytes are
made once, and linted, signed and served as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from directca.pki import der, oids
from directca.pki.reasons import RevocationReason
from directca.pki.templates import Issuer, extension, signed

_VERSION_2 = der.integer(1)


@dataclass(frozen=True, slots=True)
class RevokedEntry:
    """One revoked certificate. No reason and `unspecified` are the same, and neither is written (5.3.1)."""

    serial: int
    revoked_at: datetime
    reason: RevocationReason | None = None
    invalidity_date: datetime | None = None


@dataclass(frozen=True, slots=True)
class CrlTemplate:
    """Everything about one CRL that was decided before it is encoded.

    `follows` is the number and the thisUpdate of the CRL that this one takes the place of, None for the first: a CRL that
    does not come after it is never signed.
    """

    number: int
    this_update: datetime
    next_update: datetime
    entries: tuple[RevokedEntry, ...]
    follows: tuple[int, datetime] | None = None


def encode(template: CrlTemplate, issuer: Issuer) -> bytes:
    """The TBSCertList, its entries in ascending order of serial numbers, so that the same facts are the same bytes.

    Raises DerError when a value has no encoding, ValueError for a reason that has no place in a full CRL.
    """
    entries = der.sequence_of(_entries(template))
    return der.sequence(
        _VERSION_2,
        issuer.algorithm.identifier,
        issuer.name_der,
        der.time(template.this_update),
        der.time(template.next_update),
        # An empty list is left out, not written as an empty SEQUENCE (5.1.2.6).
        entries if template.entries else b"",
        der.explicit(
            0,
            der.sequence(
                extension(oids.AUTHORITY_KEY_ID, der.sequence(der.implicit(0, issuer.key_id))),
                extension(oids.CRL_NUMBER, der.integer(template.number)),
            ),
        ),
    )


def assemble(to_be_signed: bytes, signature: bytes) -> bytes:
    """The CertificateList: the bytes that were signed, their own algorithm once more outside, the signature."""
    return signed(to_be_signed, signature, algorithm_at=1)


def _entries(template: CrlTemplate) -> Iterator[bytes]:
    for entry in sorted(template.entries, key=lambda entry: entry.serial):
        extensions = _entry_extensions(entry.reason, entry.invalidity_date)
        yield der.sequence(der.integer(entry.serial), der.time(entry.revoked_at), extensions)


@lru_cache(maxsize=64)
def _entry_extensions(reason: RevocationReason | None, invalidity_date: datetime | None) -> bytes:
    written = []
    if reason is not None and reason is not RevocationReason.UNSPECIFIED:
        if not reason.on_full_crl:
            raise ValueError(f"{reason.value} has no place in a full CRL")
        written.append(extension(oids.REASON_CODE, der.enumerated(reason.code)))
    if invalidity_date is not None:
        written.append(extension(oids.INVALIDITY_DATE, der.generalized_time(invalidity_date)))
    return der.sequence(*written) if written else b""
