"""Moments as people and software write them: a day or RFC 3339, in one way at every edge."""

from datetime import UTC, datetime

import pytest

from directca.clock import written_moment


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2027-01-31", datetime(2027, 1, 31, tzinfo=UTC)),
        ("2027-01-31T08:00:00Z", datetime(2027, 1, 31, 8, tzinfo=UTC)),
        ("2027-01-31t08:00:00z", datetime(2027, 1, 31, 8, tzinfo=UTC)),
        ("2027-01-31 08:00", datetime(2027, 1, 31, 8, tzinfo=UTC)),
        ("2027-01-31T08:00:00.25+02:00", datetime(2027, 1, 31, 6, 0, 0, 250000, tzinfo=UTC)),
    ],
)
def test_a_day_or_a_moment_of_rfc_3339_is_read(text: str, moment: datetime) -> None:
    assert written_moment(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "20270131",
        "2027-W04-7",
        "2027W047",
        "2027-031",
        "2027-01-31x08:00",
        "2027-01-31T08",
        "2027-01-31T0800",
        "2027-01-31T08:00:00,5",
        "２０２７-01-31",
        "2027-02-30",
        "0001-01-01T00:00:00+01:00",
        " 2027-01-31",
        "",
    ],
)
def test_nothing_else_is(text: str) -> None:
    assert written_moment(text) is None
