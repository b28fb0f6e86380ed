"""The query's parameters mean one thing or are refused by name."""

from datetime import UTC, datetime

import pytest
from starlette.datastructures import QueryParams

from directca.api import query_parameters
from directca.api.bodies import BadParameter
from directca.certificates.filters import Window
from directca.certificates.model import Status
from directca.certificates.query import Page


def test_names_and_serials_are_brought_to_one_spelling() -> None:
    found = query_parameters.filters(
        QueryParams("commonNameIs=Dr.Lee@Direct.Example.org&signingSerialIs=00:19:EF:29&encryptionSerialIs=0&statusIs=held")
    )
    assert (found.name_is, found.status) == ("dr.lee@direct.example.org", Status.HELD)
    assert (found.signing_serial, found.encryption_serial) == ("19ef29", "0")


def test_only_ascii_letters_are_lowered() -> None:
    assert query_parameters.filters(QueryParams({"commonNameIs": "\u212aelvin"})).name_is == "\u212aelvin"


@pytest.mark.parametrize(
    "query",
    [
        "commonNameIs=",
        "commonNameLike=" + "a" * 257,
        "commonNameIs=%00",
        "signingSerialIs=xyz",
        "encryptionSerialIs=12 34",
        "statusIs=Issued",
        "expiresBefore=soon",
        "expiresAfter=2027-13-01",
        "expiresAfter=9999999-01-01",
        "expiresAfter=2027-W04-7",
        "expiresAfter=20270131",
        "expiresAfter=2027-01-31X10:00",
        "expiresAfter=2027-01-31T10",
        "expiresAfter=2027-02-29",
        "expiresBefore=0001-01-01T00:00:00%2B00:01",
        "expiresBefore=9999-12-31T23:59:59-00:01",
        "limit=0",
        "limit=1001",
        "limit=-1",
        "limit=1.5",
        "limit=%D9%A1",
        "offset=-1",
        "offset=99999999999",
        "cursor=1",
        "cursor=older-",
        "cursor=older-1x",
        "cursor=older-9999999999999999999",
    ],
)
def test_a_bad_value_is_refused_by_name(query: str) -> None:
    parameters = QueryParams(query)
    with pytest.raises(BadParameter) as bad:
        (query_parameters.filters(parameters), query_parameters.window(parameters))
    assert bad.value.field == query.partition("=")[0]


@pytest.mark.parametrize(
    "text",
    [
        "2027-01-31",
        "2027-01-31T00:00:00Z",
        "2027-01-31t00:00:00z",
        "2027-01-31 00:00:00Z",
        "2027-01-31T00:00",
        "2027-01-31T05:30:00+05:30",
        "2027-01-31T05:30:00 05:30",
        "2027-01-30T23:00:00.000-01:00",
    ],
)
def test_a_moment_has_several_spellings(text: str) -> None:
    found = query_parameters.filters(QueryParams({"expiresBefore": text}))
    assert found.expires_before == datetime(2027, 1, 31, tzinfo=UTC)


def test_a_fraction_of_a_second_counts() -> None:
    found = query_parameters.filters(QueryParams({"expiresBefore": "2027-01-31T00:00:00.5Z"})).expires_before
    assert found == datetime(2027, 1, 31, microsecond=500_000, tzinfo=UTC)


def test_behind_the_end_the_way_back_is_to_the_last_page() -> None:
    nothing = Page((), total=11, offset=400, newer=True, older=False)
    _, previous, following = query_parameters.addresses(QueryParams(), Window(10, 400), nothing, "/query")
    assert (previous, following) == ("/query?limit=10&offset=1&cursor=newer-0", None)
    none_at_all = Page((), total=0, offset=400, newer=True, older=False)
    assert query_parameters.addresses(QueryParams(), Window(10, 400), none_at_all, "/query")[1:] == (None, None)


def test_a_cursor_says_where_a_page_begins() -> None:
    assert query_parameters.window(QueryParams("limit=5&offset=10&cursor=older-7")) == Window(5, 10, before=7)
    assert query_parameters.window(QueryParams("cursor=newer-7")) == Window(10, 0, after=7)
