"""A CRL as its bytes say it, read strictly and without any knowledge of how they were made. DerError otherwise."""

from dataclasses import dataclass
from functools import lru_cache

from directca.pki import der
from directca.pki.certificate_view import Extension, read_extension
from directca.pki.der import DerError, Element
from directca.pki.shapes import exactly


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry: serial number and time as they are encoded, and its extensions."""

    serial: Element
    revoked_at: Element
    extensions: tuple[Extension, ...]


@dataclass(frozen=True, slots=True)
class CrlView:
    """The fields of a CRL. `entries` is None when the list is left out."""

    version: int
    inner_algorithm: bytes
    issuer_der: bytes
    this_update: Element
    next_update: Element
    entries: tuple[EntryView, ...] | None
    extensions: tuple[Extension, ...]
    outer_algorithm: bytes
    signature: bytes

    def extension(self, kind: str) -> Extension | None:
        """The extension of that kind; the first, if a broken CRL has two."""
        for candidate in self.extensions:
            if candidate.kind == kind:
                return candidate
        return None


def read_crl(encoded: bytes) -> CrlView:
    """Read a DER CRL that has a version, a nextUpdate and extensions, as every CRL of ours has."""
    tbs, outer_algorithm, signature = exactly(3, der.children(der.read(encoded), der.SEQUENCE))
    fields = der.children(tbs, der.SEQUENCE)
    if len(fields) not in {6, 7}:
        raise DerError("A TBSCertList of version 2 with nextUpdate and extensions has six or seven fields.")
    version, inner_algorithm, issuer, this_update, next_update = fields[:5]
    (listed,) = exactly(1, der.children(fields[-1], 0xA0))
    bits, unused = der.read_bit_string(signature)
    if unused:
        raise DerError("A signature of RSA is whole octets.")
    return CrlView(
        version=der.read_integer(version),
        inner_algorithm=inner_algorithm.encoded,
        issuer_der=issuer.encoded,
        this_update=this_update,
        next_update=next_update,
        entries=tuple(map(_read_entry, der.children(fields[5], der.SEQUENCE))) if len(fields) == 7 else None,
        extensions=tuple(map(read_extension, der.children(listed, der.SEQUENCE))),
        outer_algorithm=outer_algorithm.encoded,
        signature=bits,
    )


def _read_entry(element: Element) -> EntryView:
    parts = der.children(element, der.SEQUENCE)
    if len(parts) not in {2, 3}:
        raise DerError("A CRL entry has two or three fields.")
    return EntryView(parts[0], parts[1], _read_entry_extensions(parts[2]) if len(parts) == 3 else ())


@lru_cache(maxsize=256)
def _read_entry_extensions(element: Element) -> tuple[Extension, ...]:
    extensions = tuple(map(read_extension, der.children(element, der.SEQUENCE)))
    if not extensions:
        raise DerError("An empty list of extensions is left out.")
    return extensions
