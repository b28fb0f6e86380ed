"""The values of the extensions that this authority's certificates have, read strictly (RFC 5280 4.2). DerError otherwise.

Most values are the same in every certificate of a CA, so what was read is remembered by the bytes that it was read from.
"""

from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType

from directca.pki import der, oids
from directca.pki.der import DerError

URI, MAIL, DNS = 0x86, 0x81, 0x82

_remember = lru_cache(maxsize=512)


def read_key_id(value: bytes) -> bytes:
    """A SubjectKeyIdentifier."""
    return der.read_octets(der.read(value))


@_remember
def read_authority_key_id(value: bytes) -> bytes:
    """An AuthorityKeyIdentifier with a key identifier and nothing else."""
    parts = der.children(der.read(value), der.SEQUENCE)
    if len(parts) != 1 or parts[0].tag != 0x80:
        raise DerError("An authorityKeyIdentifier that is not a key identifier alone.")
    return parts[0].content


@_remember
def read_basic_constraints(value: bytes) -> tuple[bool, int | None]:
    """cA and pathLenConstraint."""
    parts = der.children(der.read(value), der.SEQUENCE)
    authority = False
    if parts and parts[0].tag == der.BOOLEAN:
        authority = der.read_boolean(parts.pop(0))
        if not authority:
            raise DerError("A default value, cA FALSE, is written out.")
    limit = der.read_integer(parts.pop(0)) if parts else None
    if parts or (limit is not None and limit < 0):
        raise DerError("A BasicConstraints with more than cA and a path length.")
    return authority, limit


@_remember
def read_key_usage(value: bytes) -> frozenset[int]:
    """The positions of the bits that are set."""
    return der.read_named_bits(der.read(value))


@_remember
def read_extended_key_usage(value: bytes) -> tuple[str, ...]:
    """The purposes, in order."""
    return tuple(der.read_oid(purpose) for purpose in der.children(der.read(value), der.SEQUENCE))


@_remember
def read_policies(value: bytes) -> Mapping[str, str | None]:
    """Each policy with its CPS URI, None without one. No other qualifier is known, and no policy comes twice."""
    policies: dict[str, str | None] = {}
    for information in der.children(der.read(value), der.SEQUENCE):
        parts = der.children(information, der.SEQUENCE)
        if len(parts) not in {1, 2}:
            raise DerError("A PolicyInformation has one or two fields.")
        policy = der.read_oid(parts[0])
        if policy in policies:
            raise DerError("A policy that is listed twice.")
        policies[policy] = _read_cps_uri(parts[1]) if len(parts) == 2 else None
    return MappingProxyType(policies)


def _read_cps_uri(qualifiers: der.Element) -> str:
    listed = der.children(qualifiers, der.SEQUENCE)
    parts = der.children(listed[0], der.SEQUENCE) if len(listed) == 1 else []
    if len(parts) != 2 or der.read_oid(parts[0]) != oids.CPS_QUALIFIER or parts[1].tag != der.IA5_STRING:
        raise DerError("A policy qualifier that is not one CPS URI.")
    return der.read_text(parts[1])


@_remember
def read_general_names(value: bytes) -> tuple[tuple[int, str], ...]:
    """The names with their tags. Only rfc822Name, dNSName and URI are known."""
    return tuple(_read_general_name(name) for name in der.children(der.read(value), der.SEQUENCE))


@_remember
def read_distribution_point(value: bytes) -> str:
    """The one URI of the one distribution point, without reasons or another CRL issuer."""
    points = der.children(der.read(value), der.SEQUENCE)
    parts = der.children(points[0], der.SEQUENCE) if len(points) == 1 else []
    name = der.children(parts[0], 0xA0) if len(parts) == 1 else []
    full = der.children(name[0], 0xA0) if len(name) == 1 else []
    if len(full) != 1 or full[0].tag != URI:
        raise DerError("A cRLDistributionPoints that is not one URI.")
    return der.read_ascii(full[0].content)


@_remember
def read_issuing_distribution_point(value: bytes) -> tuple[str, ...]:
    """The URIs of an IssuingDistributionPoint that limits a CRL in no other way (RFC 5280 5.2.5)."""
    parts = der.children(der.read(value), der.SEQUENCE)
    name = der.children(parts[0], 0xA0) if len(parts) == 1 else []
    full = der.children(name[0], 0xA0) if len(name) == 1 else []
    if not full or any(one.tag != URI for one in full):
        raise DerError("An issuingDistributionPoint that is more than URIs.")
    return tuple(der.read_ascii(one.content) for one in full)


@_remember
def read_information_access(value: bytes) -> tuple[tuple[str, str], ...]:
    """The access methods with their URIs."""
    found = []
    for description in der.children(der.read(value), der.SEQUENCE):
        parts = der.children(description, der.SEQUENCE)
        if len(parts) != 2 or parts[1].tag != URI:
            raise DerError("An AccessDescription that is not a method and a URI.")
        found.append((der.read_oid(parts[0]), der.read_ascii(parts[1].content)))
    return tuple(found)


def _read_general_name(name: der.Element) -> tuple[int, str]:
    if name.tag not in {URI, MAIL, DNS}:
        raise DerError(f"A GeneralName of a kind that has no place here (tag 0x{name.tag:02x}).")
    return name.tag, der.read_ascii(name.content)
