"""The subject of a certification request: read for what it claims, never copied into a certificate.

The commonName says which Direct name is asked for; organization and organizationalUnit are hints that must agree with the records
on file. All else is read only as far as it takes to know that nothing is hidden in it.
"""

from dataclasses import dataclass
from typing import Final

from directca.direct import names as direct_names
from directca.direct.names import DirectName
from directca.pki import der, oids
from directca.pki.errors import BadCsr
from directca.pki.shapes import exactly, identified

_TEXT_TAGS: Final = frozenset({der.UTF8_STRING, der.PRINTABLE_STRING, der.IA5_STRING})
_READ: Final = {
    der.oid(oids.COMMON_NAME): "commonName",
    der.oid(oids.ORGANIZATION): "organizationName",
    der.oid(oids.ORGANIZATIONAL_UNIT): "organizationalUnitName",
}
_CONSTRUCTED: Final = 0x20
_LONGEST_TEXT: Final = 256


@dataclass(frozen=True, slots=True)
class RequestedSubject:
    """What a request's subject claims."""

    common_name: DirectName
    organization: str | None
    organizational_units: tuple[str, ...]


def read_subject(name: der.Element) -> RequestedSubject:
    """Read the Name of a request.

    Raises BadCsr where the name is not one plain reading (several attributes in one RDN, a second commonName, control
    characters), BadDirectName where the commonName is no Direct name, and DerError where it is not DER.
    """
    claims: dict[str, list[str]] = {"commonName": [], "organizationName": [], "organizationalUnitName": []}
    for rdn in der.children(name, der.SEQUENCE):
        _read_attribute(rdn, claims)
    common_name = _only_one("commonName", claims["commonName"])
    if common_name is None:
        raise BadCsr("The subject has no commonName. Put the Direct address or the Direct domain there.")
    return RequestedSubject(
        common_name=direct_names.parse(common_name),
        organization=_only_one("organizationName", claims["organizationName"]),
        organizational_units=tuple(claims["organizationalUnitName"]),
    )


def read_common_name(value: der.Element) -> DirectName:
    """The name in the value of a commonName. Raises what `read_subject` does."""
    text = der.read_text(value)
    _check_text(text)
    return direct_names.parse(text)


def _read_attribute(rdn: der.Element, claims: dict[str, list[str]]) -> None:
    attributes = der.children(rdn, der.SET)
    if len(attributes) != 1:
        # Readers disagree on which attribute of a multi-valued RDN they show, which is how one name passes for another.
        raise BadCsr("A part of the subject has several attributes, or none. Put each attribute into a part of its own.")
    kind, rest = identified(der.children(attributes[0], der.SEQUENCE))
    value = exactly(1, rest)[0]
    claimed = _READ.get(kind.encoded)
    if value.tag in _TEXT_TAGS:
        text = der.read_text(value)
        _check_text(text)
        if claimed:
            claims[claimed].append(text)
    elif value.tag & _CONSTRUCTED:
        raise der.DerError("An attribute of the subject is put together from parts.")
    elif claimed:
        raise BadCsr(f"The subject's {claimed} is neither a UTF8String nor a PrintableString. Encode it as UTF8String.")


def _check_text(text: str) -> None:
    if not text or len(text) > _LONGEST_TEXT:
        raise BadCsr(f"An attribute of the subject is empty or longer than {_LONGEST_TEXT} characters.")
    if not text.isprintable():
        raise BadCsr("An attribute of the subject holds control or invisible characters. Remove them.")


def _only_one(kind: str, values: list[str]) -> str | None:
    if len(values) > 1:
        raise BadCsr(f"The subject has more than one {kind}. Leave one.")
    return values[0] if values else None
