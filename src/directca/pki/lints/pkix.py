"""pkilint's PKIX validators as a second opinion, which knows nothing of our encoder.

A verdict costs about five milliseconds, so it is kept by shape (`shape.py` says why that is sound), unless something above
a notice was found: such a certificate is looked at again each time. Loading pkilint costs as much as fifty verdicts, so a process
does it when it first needs one; a server asks for it (`load`) before it serves.
"""

import threading
from collections import OrderedDict
from functools import cache
from typing import Protocol

from directca.pki.certificate_view import CertificateView
from directca.pki.lints.findings import Finding, Severity
from directca.pki.lints.shape import shape_of

_REMEMBERED_SHAPES = 4096


class KnownShapes:
    """The shapes that may be signed, with the notices about them, the least recently used forgotten first. Thread-safe."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._lock = threading.Lock()
        self._notices: OrderedDict[bytes, tuple[Finding, ...]] = OrderedDict()

    def notices(self, shape: bytes) -> tuple[Finding, ...] | None:
        """The notices about what has this shape, None if none was judged yet."""
        with self._lock:
            if shape not in self._notices:
                return None
            self._notices.move_to_end(shape)
            return self._notices[shape]

    def add(self, shape: bytes, notices: tuple[Finding, ...]) -> None:
        """Remember a shape. Raises ValueError for one that was found at fault."""
        if any(finding.severity > Severity.NOTICE for finding in notices):
            raise ValueError("a shape at fault is not remembered")
        with self._lock:
            self._notices[shape] = notices
            while len(self._notices) > self._maximum:
                self._notices.popitem(last=False)


_KNOWN = KnownShapes(_REMEMBERED_SHAPES)


def examine_certificate(encoded: bytes, view: CertificateView) -> tuple[Finding, ...]:
    """What the PKIX validators find on a certificate that our own rules found nothing on."""
    shape = shape_of(view)
    known = _KNOWN.notices(shape)
    if known is not None:
        return known
    findings = judge_certificate(encoded)
    if all(finding.severity <= Severity.NOTICE for finding in findings):
        _KNOWN.add(shape, findings)
    return findings


class Judges(Protocol):
    """What `pkilint_judges.py` has."""

    def judge_certificate(self, encoded: bytes) -> tuple[Finding, ...]:
        """Judge a certificate."""

    def judge_revocation_list(self, encoded: bytes) -> tuple[Finding, ...]:
        """Judge a CRL."""

    def judge_ocsp_response(self, encoded: bytes) -> tuple[Finding, ...]:
        """Judge an OCSP response."""


@cache
def load() -> Judges:
    """Load pkilint, once in a process. Nothing is signed where it cannot be loaded."""
    from directca.pki.lints import pkilint_judges  # noqa: PLC0415  (tests/exceptions.toml says why)

    return pkilint_judges


def judge_certificate(encoded: bytes) -> tuple[Finding, ...]:
    """What the PKIX validators find on a certificate, every time anew."""
    return load().judge_certificate(encoded)


def judge_revocation_list(encoded: bytes) -> tuple[Finding, ...]:
    """What the PKIX validators find on a CRL. Their cost grows with its entries, by about 0.3 ms each."""
    return load().judge_revocation_list(encoded)


def judge_ocsp_response(encoded: bytes) -> tuple[Finding, ...]:
    """What the PKIX validators find on an OCSP response, every time anew."""
    return load().judge_ocsp_response(encoded)
