"""DER is written in its one form, and whatever is not that form is refused."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directca.pki import der
from directca.pki.der import DerError


@given(st.integers(min_value=-(2**200), max_value=2**200))
def test_an_integer_reads_back_and_is_as_short_as_can_be(value: int) -> None:
    encoded = der.integer(value)
    assert der.read_integer(der.read(encoded)) == value
    assert len(encoded) - 2 == der.integer_octets(value)
    content = encoded[2:]
    assert len(content) == 1 or not (content[0] in {0, 255} and (content[0] ^ content[1]) < 0x80)


@given(st.binary(max_size=400))
def test_any_content_reads_back_whatever_its_length(content: bytes) -> None:
    assert der.read_octets(der.read(der.octet_string(content))) == content


@given(st.lists(st.integers(min_value=0, max_value=2**40), max_size=8), st.integers(0, 2), st.integers(0, 39))
def test_an_object_identifier_reads_back(rest: list[int], first: int, second: int) -> None:
    dotted = ".".join(str(arc) for arc in (first, second, *rest))
    assert der.read_oid(der.read(der.oid(dotted))) == dotted


@given(st.frozensets(st.integers(0, 8)))
def test_named_bits_read_back(bits: frozenset[int]) -> None:
    assert der.read_named_bits(der.read(der.named_bits(bits))) == bits


@given(st.datetimes(min_value=datetime(1950, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001 - hypothesis wants it
def test_a_time_reads_back_in_the_form_of_its_year(moment: datetime) -> None:
    moment = moment.replace(microsecond=0, tzinfo=UTC)
    element = der.read(der.time(moment))
    assert der.read_time(element) == moment
    assert element.tag == (der.UTC_TIME if moment.year < 2050 else der.GENERALIZED_TIME)


@given(st.binary(max_size=60))
def test_the_reader_knows_only_one_error(data: bytes) -> None:
    try:
        found = der.elements(data)
    except DerError:
        return
    assert b"".join(element.encoded for element in found) == data
    assert b"".join(der.tlv(element.tag, element.content) for element in found) == data


@pytest.mark.parametrize(
    ("encoded", "why"),
    [
        ("", "nothing"),
        ("02", "half a header"),
        ("0202ff", "shorter than its length"),
        ("02010100", "trailing byte"),
        ("3080020101 0000", "indefinite length"),
        ("02810101", "long form of a short length"),
        ("0282000101", "padded length"),
        ("0285 0000000001 01", "a length of five octets"),
        ("3f810001 00", "high tag number"),
    ],
)
def test_what_is_not_der_is_refused(encoded: str, why: str) -> None:
    with pytest.raises(DerError):
        der.read(bytes.fromhex(encoded))


@pytest.mark.parametrize("encoded", ["0200", "02020001", "0202ffff", "0a0101", "030101"])
def test_an_integer_in_another_form_is_refused(encoded: str) -> None:
    with pytest.raises(DerError):
        der.read_integer(der.read(bytes.fromhex(encoded)))


@pytest.mark.parametrize("encoded", ["010101", "0100", "01020000", "020101"])
def test_a_boolean_in_another_form_is_refused(encoded: str) -> None:
    with pytest.raises(DerError):
        der.read_boolean(der.read(bytes.fromhex(encoded)))


@pytest.mark.parametrize("encoded", ["0600", "060180", "06022a80", "0603808001", "060380012a"])
def test_an_object_identifier_in_another_form_is_refused(encoded: str) -> None:
    with pytest.raises(DerError):
        der.read_oid(der.read(bytes.fromhex(encoded)))


@pytest.mark.parametrize("encoded", ["0300", "030101", "03020801", "03020781", "03020700", "03030700 00", "0302 0080 00"])
def test_a_list_of_bits_in_another_form_is_refused(encoded: str) -> None:
    with pytest.raises(DerError):
        der.read_named_bits(der.read(bytes.fromhex(encoded)))


@pytest.mark.parametrize(
    "encoded",
    [
        b"\x17\x0b2611240800Z",
        b"\x17\x11261124080000+0000",
        b"\x17\x0d261324080000Z",
        b"\x18\x1120261124080000.5Z",
        b"\x18\x0e20261124080000",
    ],
)
def test_a_time_without_seconds_and_z_is_refused(encoded: bytes) -> None:
    with pytest.raises(DerError):
        der.read_time(der.read(encoded))


@pytest.mark.parametrize(
    "moment",
    [
        datetime(2026, 11, 24, 8, 0, 0, 1, tzinfo=UTC),
        datetime(2026, 11, 24, 8),  # noqa: DTZ001 - a naive time is what must be refused
        datetime(2026, 11, 24, 8, tzinfo=timezone(timedelta(hours=1))),
    ],
)
def test_only_whole_seconds_in_utc_are_written(moment: datetime) -> None:
    with pytest.raises(DerError):
        der.time(moment)
    with pytest.raises(DerError):
        der.generalized_time(moment)


@pytest.mark.parametrize("encoded", [b"\x13\x01@", b"\x13\x01\xe9", b"\x0c\x01\xff", b"\x16\x01\x80", b"\x1e\x02\x00a"])
def test_text_outside_its_type_is_refused(encoded: bytes) -> None:
    with pytest.raises(DerError):
        der.read_text(der.read(encoded))


@pytest.mark.parametrize("text", ["a@b", "a&b", "a_b", "*", "é", "a\x00"])
def test_a_printable_string_carries_only_its_alphabet(text: str) -> None:
    assert not der.is_printable(text)
    with pytest.raises(DerError):
        der.printable(text)


def test_a_set_is_sorted() -> None:
    assert der.set_of([der.integer(2), der.integer(1)]) == der.set_of([der.integer(1), der.integer(2)])


def test_a_primitive_value_has_no_children() -> None:
    with pytest.raises(DerError):
        der.children(der.read(der.integer(1)))
