"""Preconditions and ranges by the clauses of RFC 9110, and what hostile clients write into them."""

import time
from datetime import UTC, datetime

import pytest

from directca.responders.conditions import (
    UnsatisfiableRangeError,
    Validators,
    asked,
    http_date,
    precondition,
    wanted_part,
)

MODIFIED = datetime(2026, 11, 24, 12, 0, 1, tzinfo=UTC)
HELD = Validators(b'"abc"', MODIFIED, dated_alone=True)
TWIN = Validators(b'"abc"', MODIFIED, dated_alone=False)
UNDATED = Validators(b'"abc"')
SAME, OLDER, NEWER = (b"Tue, 24 Nov 2026 12:00:0%d GMT" % second for second in (1, 0, 2))
NONE_MATCH, MATCH = b"if-none-match", b"if-match"
SINCE, UNMODIFIED = b"if-modified-since", b"if-unmodified-since"


@pytest.mark.parametrize(
    ("value", "status"),
    [
        (b'"abc"', 304),
        (b'W/"abc"', 304),  # weak comparison (13.1.2)
        (b"*", 304),
        (b" * ", 304),
        (b'"x", W/"y" ,"abc"', 304),
        (b'"x,abc","abc"', 304),
        (b'"x"', None),
        (b"abc", None),
        (b'"x"y"abc"', None),
        (b'"x"abc""x"abc"', None),
        (b'"abc', None),
        (b'"x*"', None),
        (b"", None),
    ],
)
def test_a_tag_of_the_list_means_that_the_client_has_it(value: bytes, status: int | None) -> None:
    assert precondition({NONE_MATCH: value}, HELD) == status


@pytest.mark.parametrize(
    ("value", "status"), [(b'"abc"', None), (b"*", None), (b'"x", "abc"', None), (b'W/"abc"', 412), (b'"x"', 412), (b"", 412)]
)
def test_if_match_compares_strongly(value: bytes, status: int | None) -> None:
    assert precondition({MATCH: value}, HELD) == status


@pytest.mark.parametrize(
    ("value", "held", "status"),
    [
        (SAME, HELD, 304),
        (NEWER, HELD, 304),
        (OLDER, HELD, None),
        (SAME, TWIN, None),  # of two of one second the date does not say which
        (NEWER, TWIN, 304),
        (SAME, UNDATED, None),
        (b"Tuesday, 24-Nov-26 12:00:01 GMT", HELD, 304),
        (b"Tue Nov 24 12:00:01 2026", HELD, 304),
        (b"Tue, 24 Nov 2026 12:00:01 -0000", HELD, None),
        (b"Tue, 24 Nov 2026 12:00:01 GMT, Tue, 24 Nov 2026 12:00:01 GMT", HELD, None),
        (b"yesterday", HELD, None),
        (b"", HELD, None),
        (b"Mon, 01 Jan 99999999999999999999 00:00:00 GMT", HELD, None),
        (b"Mon, 01 Jan 2027 99:00:00 GMT", HELD, None),
        (b"Mon, 01 Jan 2027 00:00:00 +99999999", HELD, None),
        (b"Mon, 01 Jan 2027 00:00:00 GMT\xff", HELD, None),
    ],
)
def test_a_date_is_believed_only_if_it_is_one(value: bytes, held: Validators, status: int | None) -> None:
    assert precondition({SINCE: value}, held) == status


@pytest.mark.parametrize(("value", "status"), [(SAME, None), (NEWER, None), (OLDER, 412), (b"never", None)])
def test_if_unmodified_since_refuses_what_changed_since(value: bytes, status: int | None) -> None:
    assert precondition({UNMODIFIED: value}, HELD) == status


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({NONE_MATCH: b'"x"', SINCE: NEWER}, None),  # 13.1.3: the date is ignored beside a tag
        ({NONE_MATCH: b'"abc"', SINCE: OLDER}, 304),
        ({MATCH: b'"abc"', UNMODIFIED: OLDER}, None),  # 13.1.4: likewise
        ({MATCH: b'"x"', NONE_MATCH: b'"abc"'}, 412),
        ({MATCH: b'"abc"', NONE_MATCH: b'"abc"'}, 304),
        ({UNMODIFIED: OLDER, NONE_MATCH: b'"abc"'}, 412),
    ],
)
def test_conditions_have_their_order(fields: dict[bytes, bytes], status: int | None) -> None:
    assert precondition(fields, HELD) == status


@pytest.mark.parametrize(
    ("value", "part"),
    [
        (b"bytes=0-0", (0, 1)),
        (b"bytes=5-", (5, 100)),
        (b"bytes=5-5000", (5, 100)),
        (b"bytes=-10", (90, 100)),
        (b"bytes=-1000", (0, 100)),
        (b"Bytes=99-99", (99, 100)),
        (b"bytes= 3-4 ", (3, 5)),
        (b"bytes=0003-" + b"0" * 50 + b"4", (3, 5)),
        (b"bytes=0-" + b"9" * 60_000, (0, 100)),
        (b"bytes=-" + b"9" * 60_000, (0, 100)),
        (b"bytes=4-3", None),
        (b"bytes=-", None),
        (b"bytes=", None),
        (b"bytes=a-b", None),
        (b"bytes=0-1, bytes=2-3", None),
        (b"bytes=0-0,2-2", None),
        (b"bytes=1--1", None),
        (b"items=0-1", None),
        (b"bytes=\xd9\xa1-", None),
        (b"", None),
    ],
)
def test_one_range_is_a_part_and_anything_else_the_whole(value: bytes, part: tuple[int, int] | None) -> None:
    assert wanted_part({b"range": value}, HELD, 100) == part


@pytest.mark.parametrize("value", [b"bytes=100-", b"bytes=100-200", b"bytes=-0", b"bytes=" + b"9" * 60_000 + b"-"])
def test_a_part_behind_the_end_cannot_be(value: bytes) -> None:
    with pytest.raises(UnsatisfiableRangeError):
        wanted_part({b"range": value}, HELD, 100)


@pytest.mark.parametrize(
    ("value", "held", "applies"),
    [
        (b'"abc"', HELD, True),
        (b'W/"abc"', HELD, False),  # 13.1.5: strong comparison
        (b'"x"', HELD, False),
        (b'"x", "abc"', HELD, False),
        (SAME, HELD, True),
        (NEWER, HELD, False),
        (SAME, TWIN, False),
        (SAME, UNDATED, False),
        (b"never", HELD, False),
    ],
)
def test_a_part_is_given_to_one_who_has_parts_of_the_same(value: bytes, held: Validators, applies: bool) -> None:
    fields = {b"range": b"bytes=1-2", b"if-range": value}
    assert wanted_part(fields, held, 100) == ((1, 3) if applies else None)
    behind = {b"range": b"bytes=100-", b"if-range": value}
    if not applies:
        assert wanted_part(behind, held, 100) is None


def test_a_field_that_is_there_twice_is_a_list() -> None:
    fields = asked([(b"if-none-match", b'"x"'), (b"host", b"a"), (b"if-none-match", b'"abc"'), (b"range", b"bytes=0-1")])
    assert fields == {b"if-none-match": b'"x", "abc"', b"range": b"bytes=0-1"}
    twice = asked([(b"range", b"bytes=0-1"), (b"range", b"bytes=2-3")])
    assert wanted_part(twice, HELD, 100) is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (NONE_MATCH, b'"x",' * 16_384),
        (NONE_MATCH, b'W/"' * 21_845),
        (NONE_MATCH, b'"x"abc"' * 9_000),
        (NONE_MATCH, b'"' * 65_535),
        (NONE_MATCH, b"W/" * 32_768),
        (NONE_MATCH, b'"' + b"\xff" * 65_530),
        (b"range", b"bytes=" + b",".join(b"%d-%d" % (n, n) for n in range(6_000))),
        (b"range", b"bytes=" + b"0-," * 10_000),
        (b"range", b"bytes=" + b" " * 65_000 + b"x"),
        (SINCE, b"Mon, " * 13_000),
        (b"if-range", b'"' * 65_000),
    ],
)
def test_what_is_absurd_costs_next_to_nothing(name: bytes, value: bytes) -> None:
    fields = {b"range": b"bytes=0-1"} | {name: value}
    began = time.process_time()
    assert precondition(fields, HELD) is None
    assert wanted_part(fields, HELD, 100) in (None, (0, 2))
    assert time.process_time() - began < 0.1


def test_the_example_of_the_rfc_is_a_date_in_all_its_forms() -> None:
    forms = (b"Sun, 06 Nov 1994 08:49:37 GMT", b"Sunday, 06-Nov-94 08:49:37 GMT", b"Sun Nov  6 08:49:37 1994")
    assert {http_date(form) for form in forms} == {datetime(1994, 11, 6, 8, 49, 37, tzinfo=UTC)}
