"""A CRL as its bytes say it, read strictly and without any knowledge of how they were made. DerError otherwise.

Its entries stay where they are, since there may be a million of them: `entries` is their run, and `read_entries` takes it apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from directca.pki import der
from directca.pki.certificate_view import Extension, read_extension
from directca.pki.der import DerError, Element
from directca.pki.shapes import exactly

_OPTIONAL_LIST = 5


@dataclass(frozen=True, slots=True)
class EntryView:
    """One entry: serial number and time as they are encoded, and its extensions."""

    serial: Element
    revoked_at: Element
    extensions: tuple[Extension, ...]


@dataclass(frozen=True, slots=True)
class CrlView:
    """The fields of a CRL. `entries` is a window onto the run of entries, None when the list is left out."""

    version: int
    inner_algorithm: bytes
    issuer_der: bytes
    this_update: Element
    next_update: Element
    entries: bytes | None
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
    (whole,) = exactly(1, der.windows(encoded))
    tbs, outer_algorithm, signature = exactly(3, der.children(whole, der.SEQUENCE))
    fields = der.children(tbs, der.SEQUENCE)
    if len(fields) not in {6, 7}:
        raise DerError("A TBSCertList of version 2 with nextUpdate and extensions has six or seven fields.")
    version, inner_algorithm, issuer, this_update, next_update = map(_kept, fields[:_OPTIONAL_LIST])
    (listed,) = exactly(1, der.children(_kept(fields[-1]), 0xA0))
    bits, unused = der.read_bit_string(_kept(signature))
    if unused:
        raise DerError("A signature of RSA is whole octets.")
    entries = fields[_OPTIONAL_LIST] if len(fields) == 7 else None
    if entries is not None and entries.tag != der.SEQUENCE:
        raise DerError("The list of entries is not a SEQUENCE.")
    return CrlView(
        version=der.read_integer(version),
        inner_algorithm=inner_algorithm.encoded,
        issuer_der=issuer.encoded,
        this_update=this_update,
        next_update=next_update,
        entries=None if entries is None else entries.content,
        extensions=tuple(map(read_extension, der.children(listed, der.SEQUENCE))),
        outer_algorithm=bytes(outer_algorithm.encoded),
        signature=bits,
    )


def read_entries(entries: bytes | None) -> Iterator[EntryView]:
    """Each entry of a run."""
    for element in der.elements(bytes(entries or b"")):
        yield _read_entry(element)


def _kept(element: Element) -> Element:
    return Element(element.tag, bytes(element.content), bytes(element.encoded))


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
