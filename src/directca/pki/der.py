"""Distinguished Encoding Rules (X.690), as much of them as X.509 needs, written and read directly.

A certificate is encoded once, and that byte string is what is linted, stored, signed and compared; so the encoding is
ours, small enough to be read in full. The reader is the opposite of tolerant: whatever is not the one DER form of a
value is refused (X.690 section 10), because a byte that two readers understand differently is how forged names get
signed.
"""

import re
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple, cast

BOOLEAN, INTEGER, BIT_STRING, OCTET_STRING, NULL, OID, ENUMERATED = 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A
UTF8_STRING, PRINTABLE_STRING, IA5_STRING, UTC_TIME, GENERALIZED_TIME = 0x0C, 0x13, 0x16, 0x17, 0x18
SEQUENCE, SET = 0x30, 0x31

TRUE = b"\x01\x01\xff"
NOTHING = b"\x05\x00"

_PRINTABLE = re.compile(r"[A-Za-z0-9 '()+,\-./:=?]*")
_UTC_TIME = re.compile(rb"[0-9]{12}Z")
_GENERALIZED_TIME = re.compile(rb"[0-9]{14}Z")
_LONGEST_LENGTH = 4
_UTC_TIME_ENDS = 2050
_NO_OFFSET = timedelta(0)


class DerError(ValueError):
    """The bytes are not the DER encoding of anything, or not of what was expected here."""


# --- writing --------------------------------------------------------------------------------------------------------


def tlv(tag: int, content: bytes) -> bytes:
    """Tag, length, content: the length in its shortest form (X.690 10.1)."""
    size = len(content)
    if size < 0x80:
        return bytes((tag, size)) + content
    return header(tag, size) + content


def header(tag: int, size: int) -> bytes:
    """Tag and length of a content of that many octets."""
    if size < 0x80:
        return bytes((tag, size))
    octets = (size.bit_length() + 7) // 8
    return bytes((tag, 0x80 | octets)) + size.to_bytes(octets, "big")


def joined(parts: Sequence[bytes | bytearray]) -> bytes:
    """A SEQUENCE of parts that are encoded already, put together once: for contents of many megabytes."""
    return b"".join((header(SEQUENCE, sum(map(len, parts))), *parts))


def sequence(*parts: bytes) -> bytes:
    """A SEQUENCE of parts that are encoded already."""
    return tlv(SEQUENCE, b"".join(parts))


def sequence_of(parts: Iterable[bytes]) -> bytes:
    """A SEQUENCE OF, its elements in the order given."""
    return tlv(SEQUENCE, b"".join(parts))


def set_of(parts: Iterable[bytes]) -> bytes:
    """A SET OF, its elements sorted as X.690 11.6 demands."""
    return tlv(SET, b"".join(sorted(parts)))


def integer(value: int) -> bytes:
    """An INTEGER in its shortest two's complement form."""
    return tlv(INTEGER, value.to_bytes(integer_octets(value), "big", signed=True))


def enumerated(value: int) -> bytes:
    """An ENUMERATED value."""
    return tlv(ENUMERATED, value.to_bytes(integer_octets(value), "big", signed=True))


def integer_octets(value: int) -> int:
    """How many content octets the INTEGER has, the octet for the sign bit included."""
    return (value if value >= 0 else ~value).bit_length() // 8 + 1


@lru_cache(maxsize=256)
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER from its dotted form."""
    arcs = [int(arc) for arc in dotted.split(".")]
    if len(arcs) < 2 or arcs[0] > 2 or (arcs[0] < 2 and arcs[1] > 39):
        raise DerError(f"{dotted!r} is not an object identifier.")
    content = bytearray()
    for arc in (arcs[0] * 40 + arcs[1], *arcs[2:]):
        digits = [arc & 0x7F]
        while arc := arc >> 7:
            digits.append(0x80 | (arc & 0x7F))
        content += bytes(reversed(digits))
    return tlv(OID, bytes(content))


def is_printable(text: str) -> bool:
    """Whether PrintableString can carry the text (X.680 41.4): `@`, `&`, `_` and `*` are outside it."""
    return _PRINTABLE.fullmatch(text) is not None


def printable(text: str) -> bytes:
    """A PrintableString."""
    if not is_printable(text):
        raise DerError(f"{text!r} has characters that a PrintableString cannot carry.")
    return tlv(PRINTABLE_STRING, text.encode("ascii"))


def utf8(text: str) -> bytes:
    """A UTF8String."""
    return tlv(UTF8_STRING, text.encode("utf-8"))


def ia5(text: str, tag: int = IA5_STRING) -> bytes:
    """An IA5String, or with a context tag the implicit form that GeneralName uses."""
    try:
        return tlv(tag, text.encode("ascii"))
    except UnicodeEncodeError as error:
        raise DerError(f"{text!r} is not ASCII.") from error


def time(moment: datetime) -> bytes:
    """UTCTime through 2049, GeneralizedTime from 2050 on; whole seconds and `Z` (RFC 5280 4.1.2.5)."""
    _require_whole_utc_second(moment)
    return _time(moment)


@lru_cache(maxsize=64)
def _time(moment: datetime) -> bytes:
    if 1950 <= moment.year < _UTC_TIME_ENDS:
        return tlv(UTC_TIME, b"%02d%02d%02d%02d%02d%02dZ" % (moment.year % 100, *moment.timetuple()[1:6]))
    return generalized_time(moment)


def generalized_time(moment: datetime) -> bytes:
    """GeneralizedTime with whole seconds and `Z`, the only form for invalidityDate and OCSP."""
    _require_whole_utc_second(moment)
    return tlv(GENERALIZED_TIME, b"%04d%02d%02d%02d%02d%02dZ" % tuple(moment.timetuple()[:6]))


def _require_whole_utc_second(moment: datetime) -> None:
    if moment.utcoffset() != _NO_OFFSET or moment.microsecond:
        raise DerError("Times in certificates and CRLs are whole seconds in UTC.")


def bit_string(content: bytes, unused: int = 0) -> bytes:
    """A BIT STRING whose last `unused` bits do not count."""
    return tlv(BIT_STRING, bytes((unused,)) + content)


def named_bits(positions: Iterable[int]) -> bytes:
    """A BIT STRING of named bits, trailing zeros removed (X.690 11.2.2), as KeyUsage is written."""
    bits = 0
    highest = -1
    for position in positions:
        bits |= 1 << position
        highest = max(highest, position)
    octets = highest // 8 + 1
    reversed_bits = int(f"{bits:0{octets * 8}b}"[::-1], 2) if octets else 0
    return bit_string(reversed_bits.to_bytes(octets, "big"), octets * 8 - highest - 1)


def octet_string(content: bytes) -> bytes:
    """An OCTET STRING."""
    return tlv(OCTET_STRING, content)


def explicit(number: int, content: bytes) -> bytes:
    """A constructed context tag around an encoding (EXPLICIT, or IMPLICIT over a SEQUENCE's content)."""
    return tlv(0xA0 | number, content)


def implicit(number: int, content: bytes) -> bytes:
    """A primitive context tag (IMPLICIT over a primitive type's content)."""
    return tlv(0x80 | number, content)


# --- reading --------------------------------------------------------------------------------------------------------


class Element(NamedTuple):
    """One value as it stands in the bytes: its tag octet, its content, and its whole encoding."""

    tag: int
    content: bytes
    encoded: bytes


def elements(data: bytes, most: int = sys.maxsize, *, enough: int = sys.maxsize) -> list[Element]:
    """The values that make up `data`, end to end, with nothing before, between or after them.

    A reader of what strangers send says how many there may be at `most`: a value of two octets becomes an object of hundreds.
    Who wants the first few alone says how many are `enough`; the others are not looked at.
    """
    found: list[Element] = []
    at, end = 0, len(data)
    while at < end and len(found) < enough:
        start = at
        tag = data[at]
        if tag & 0x1F == 0x1F:
            raise DerError("A high tag number: nothing in X.509 has one.")
        if at + 2 > end:
            raise DerError("The value ends inside its own header.")
        size = data[at + 1]
        at += 2
        if size & 0x80:
            at, size = _long_length(data, at, size & 0x7F)
        if at + size > end:
            raise DerError("The value ends before its length says so.")
        content_end = at + size
        # Without the step through NamedTuple's own `__new__`, which takes as long as all the rest.
        found.append(tuple.__new__(Element, (tag, data[at:content_end], data[start:content_end])))
        if len(found) > most:
            raise DerError(f"More than {most} values.")
        at = content_end
    return found


def windows(data: bytes) -> list[Element]:
    """The same for many megabytes, of which no copy is made: contents are windows onto `data`, to be made `bytes` where kept."""
    return elements(cast("bytes", memoryview(data)))


def _long_length(data: bytes, at: int, octets: int) -> tuple[int, int]:
    if octets == 0:
        raise DerError("An indefinite length is BER, not DER.")
    if octets > _LONGEST_LENGTH or at + octets > len(data):
        raise DerError("A length that cannot be.")
    size = int.from_bytes(data[at : at + octets], "big")
    if size < 0x80 or data[at] == 0:
        raise DerError("A length that is not in its shortest form.")
    return at + octets, size


def read(data: bytes, tag: int | None = None) -> Element:
    """The one value that `data` is, refused if anything trails it or if its tag is another one."""
    found = elements(data, 2)
    if len(found) != 1:
        raise DerError("Nothing is here." if not found else "Something trails the value.")
    if tag is not None and found[0].tag != tag:
        raise DerError(f"Tag 0x{found[0].tag:02x} where 0x{tag:02x} belongs.")
    return found[0]


def children(element: Element, tag: int | None = None, most: int = sys.maxsize) -> list[Element]:
    """What a constructed value holds; with `tag`, the value must be tagged so; with `most`, no more values than that."""
    if tag is not None and element.tag != tag:
        raise DerError(f"Tag 0x{element.tag:02x} where 0x{tag:02x} belongs.")
    if not element.tag & 0x20:
        raise DerError("A primitive value where a constructed one belongs.")
    return elements(element.content, most)


def first_children(element: Element, enough: int) -> list[Element]:
    """The first so many values that a constructed value holds, or all if there are fewer; what comes behind is not looked at."""
    return elements(element.content, enough=enough)


def read_integer(element: Element, tag: int = INTEGER) -> int:
    """The number, refused when it is not in its shortest form."""
    content = _content(element, tag)
    if not content:
        raise DerError("An INTEGER without octets.")
    if len(content) > 1 and content[0] in {0x00, 0xFF} and (content[0] ^ content[1]) & 0x80 == 0:
        raise DerError("An INTEGER that is not in its shortest form.")
    return int.from_bytes(content, "big", signed=True)


def read_boolean(element: Element) -> bool:
    """TRUE is 0xFF and FALSE is 0x00, nothing else (X.690 11.1)."""
    content = _content(element, BOOLEAN)
    if content not in {b"\xff", b"\x00"}:
        raise DerError("A BOOLEAN that is neither 0x00 nor 0xFF.")
    return content == b"\xff"


def read_oid(element: Element) -> str:
    """The dotted form of an OBJECT IDENTIFIER."""
    return _dotted(_content(element, OID))


@lru_cache(maxsize=256)
def _dotted(content: bytes) -> str:
    if not content or content[-1] & 0x80 or len(content) > 64:
        raise DerError("An OBJECT IDENTIFIER that does not end, or never does.")
    arcs: list[int] = []
    arc, fresh = 0, True
    for octet in content:
        if fresh and octet == 0x80:
            raise DerError("An OBJECT IDENTIFIER with a padded arc.")
        arc = arc << 7 | octet & 0x7F
        fresh = not octet & 0x80
        if fresh:
            arcs.append(arc)
            arc = 0
    first = min(arcs[0] // 40, 2)
    return ".".join(str(value) for value in (first, arcs[0] - 40 * first, *arcs[1:]))


def read_bit_string(element: Element) -> tuple[bytes, int]:
    """The octets and how many bits of the last one do not count; those bits are zero (X.690 11.2.1)."""
    content = _content(element, BIT_STRING)
    if not content or content[0] > 7 or (content[0] and len(content) == 1):
        raise DerError("A BIT STRING without a valid count of unused bits.")
    if content[0] and content[-1] & ((1 << content[0]) - 1):
        raise DerError("A BIT STRING whose unused bits are not zero.")
    return content[1:], content[0]


def read_named_bits(element: Element) -> frozenset[int]:
    """The positions of the bits that are set, refused with trailing zero bits (X.690 11.2.2)."""
    octets, unused = read_bit_string(element)
    if octets and not octets[-1] >> unused & 1:
        raise DerError("A list of named bits with trailing zeros.")
    return frozenset(8 * index + bit for index, octet in enumerate(octets) for bit in range(8) if octet & (0x80 >> bit))


def read_octets(element: Element) -> bytes:
    """The content of an OCTET STRING."""
    return _content(element, OCTET_STRING)


def read_text(element: Element) -> str:
    """The text of a PrintableString, UTF8String or IA5String, each within its own characters."""
    if element.tag == UTF8_STRING:
        try:
            return element.content.decode("utf-8")
        except UnicodeDecodeError as error:
            raise DerError("A UTF8String that is not UTF-8.") from error
    if element.tag not in {PRINTABLE_STRING, IA5_STRING}:
        raise DerError(f"Tag 0x{element.tag:02x} where text belongs.")
    text = read_ascii(element.content)
    if element.tag == PRINTABLE_STRING and not is_printable(text):
        raise DerError("A PrintableString with characters outside its alphabet.")
    return text


def read_ascii(content: bytes) -> str:
    """Octets as ASCII text."""
    try:
        return content.decode("ascii")
    except UnicodeDecodeError as error:
        raise DerError("Octets that are not ASCII.") from error


@lru_cache(maxsize=1024)
def read_time(element: Element) -> datetime:
    """The moment, refused unless it has whole seconds and `Z`; which of the two forms belongs is for the caller."""
    content = element.content
    if element.tag == UTC_TIME and _UTC_TIME.fullmatch(content):
        century = b"20" if content[:2] < b"50" else b"19"
        content = century + content
    elif element.tag != GENERALIZED_TIME or not _GENERALIZED_TIME.fullmatch(content):
        raise DerError("A time that is not whole seconds in UTC.")
    year, month, day, hour, minute, second = int(content[:4]), *(int(content[at : at + 2]) for at in range(4, 14, 2))
    try:
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError as error:
        raise DerError("A time that does not exist.") from error


def _content(element: Element, tag: int) -> bytes:
    if element.tag != tag:
        raise DerError(f"Tag 0x{element.tag:02x} where 0x{tag:02x} belongs.")
    return element.content
