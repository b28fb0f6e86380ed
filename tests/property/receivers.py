"""Relying parties, who have no more than certificates, lists and answers, read by somebody else's library.

A receiver remembers what it was told and complains when the authority contradicts itself.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.x509.ocsp import OCSPCertStatus, OCSPResponseStatus, load_der_ocsp_response

Told = tuple[str, datetime | None, str | None]
"""A word of OCSP, since when, and why."""

GOOD: Told = ("good", None, None)
UNKNOWN: Told = ("unknown", None, None)


@dataclass(frozen=True)
class ReadList:
    """A list as a receiver reads it: moment and reason by serial, and the URIs that it answers for."""

    number: int
    this_update: datetime
    next_update: datetime
    entries: dict[int, tuple[datetime, str | None]]
    points: tuple[str, ...]


@dataclass
class Memory:
    """The newest list of each name that a receiver has seen."""

    seen: dict[str, tuple[bytes, ReadList]] = field(default_factory=dict)

    def take(self, name: str, encoded: bytes) -> ReadList:
        """A list was fetched: it is the one that is known, or a newer one, by number and by time."""
        found = read_list(encoded)
        if name in self.seen:
            before, known = self.seen[name]
            assert (found.number > known.number) == (encoded != before), "another list by the same or an older number"
            assert found.number >= known.number
            assert found.this_update >= known.this_update
        self.seen[name] = encoded, found
        return found


def read_list(encoded: bytes) -> ReadList:
    """Every field that says something; a list of a partition says critically which one."""
    crl = x509.load_der_x509_crl(encoded)
    points: tuple[str, ...] = ()
    for extension in crl.extensions:
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            assert extension.critical
            points = tuple(str(name.value) for name in extension.value.full_name or ())
    assert crl.next_update_utc is not None
    entries = {one.serial_number: (one.revocation_date_utc, _reason(one)) for one in crl}
    assert len(entries) == len(crl), "a serial twice"
    number = crl.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    return ReadList(number, crl.last_update_utc, crl.next_update_utc, entries, points)


def read_answer(encoded: bytes, now: datetime) -> dict[int, Told] | None:
    """What an answer tells of each serial; None when it tells nothing. It must be valid at this moment."""
    answer = load_der_ocsp_response(encoded)
    if answer.response_status is not OCSPResponseStatus.SUCCESSFUL:
        assert answer.response_status is OCSPResponseStatus.TRY_LATER
        return None
    told = {}
    (responder,) = answer.certificates
    for one in answer.responses:
        assert one.next_update_utc is not None
        assert one.this_update_utc <= now < one.next_update_utc <= responder.not_valid_after_utc
        assert responder.not_valid_before_utc <= now
        why = None if one.revocation_reason is None else str(one.revocation_reason.value)
        told[one.serial_number] = (word(one.certificate_status), one.revocation_time_utc, why)
    return told


def word(status: OCSPCertStatus) -> str:
    return status.name.lower()


def named_list(certificate: bytes) -> str:
    """The address of the one list that a certificate names."""
    points = x509.load_der_x509_certificate(certificate).extensions.get_extension_for_class(x509.CRLDistributionPoints).value
    ((address,),) = (point.full_name or () for point in points)
    return str(address.value)


def words(told: Iterable[Told]) -> set[str]:
    return {one[0] for one in told}


def _reason(entry: x509.RevokedCertificate) -> str | None:
    for extension in entry.extensions:
        if isinstance(extension.value, x509.CRLReason):
            return str(extension.value.reason.value)
    return None
