"""The public key of a certificate that we made ourselves, cut out without reading the rest: for walks over all of them."""

from typing import Final

_SEQUENCE: Final = 0x30
_VERSION: Final = 0xA0
_BEFORE_THE_KEY: Final = 5
"""TBSCertificate, behind its version: serialNumber, signature, issuer, validity, subject (RFC 5280 4.1)."""


def spki_of(certificate: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a DER certificate that was linted before it was signed; nothing is checked again."""
    place = _content(certificate, _content(certificate, 0))
    if certificate[place] == _VERSION:
        place = _end(certificate, place)
    for _ in range(_BEFORE_THE_KEY):
        place = _end(certificate, place)
    assert certificate[place] == _SEQUENCE  # a linted certificate has its key there
    return certificate[place : _end(certificate, place)]


def _content(octets: bytes, place: int) -> int:
    """Where the content of a value begins."""
    length = octets[place + 1]
    return place + 2 if length < 0x80 else place + 2 + (length & 0x7F)


def _end(octets: bytes, place: int) -> int:
    """Where a value ends."""
    length = octets[place + 1]
    if length < 0x80:
        return place + 2 + length
    start = place + 2 + (length & 0x7F)
    return start + int.from_bytes(octets[place + 2 : start], "big")
