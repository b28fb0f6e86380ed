"""A moment is written on SQLite as SQLAlchemy writes it, so that old rows and new ones sort together, and read back as UTC."""

from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import DateTime
from sqlalchemy.dialects import sqlite

from directca.db.schema import UtcDateTime

_SQLITE = sqlite.dialect()
_OURS = UtcDateTime().dialect_impl(_SQLITE)
_OFFSETS = st.timedeltas(timedelta(hours=-14), timedelta(hours=14)).map(
    lambda by: timezone(timedelta(minutes=by // timedelta(minutes=1)))
)
_FIRST, _LAST = (datetime(*day, tzinfo=UTC).replace(tzinfo=None) for day in ((2, 1, 1), (9998, 12, 31)))
_MOMENTS = st.datetimes(_FIRST, _LAST, timezones=_OFFSETS | st.just(UTC))


def text_of(moment: datetime | None) -> str | None:
    write = _OURS.bind_processor(_SQLITE)
    assert write is not None
    written: str | None = write(moment)
    return written


@given(_MOMENTS)
def test_a_moment_is_the_text_that_sqlalchemy_writes_and_comes_back_in_utc(moment: datetime) -> None:
    theirs = DateTime().dialect_impl(_SQLITE).bind_processor(_SQLITE)
    read = _OURS.result_processor(_SQLITE, None)
    assert theirs is not None
    assert read is not None
    text = text_of(moment)
    assert text == theirs(moment.astimezone(UTC).replace(tzinfo=None))
    assert read(text) == moment
    assert read(text).tzinfo is UTC


@given(st.lists(_MOMENTS, min_size=2))
def test_texts_sort_as_moments_do(moments: list[datetime]) -> None:
    texts = [str(text_of(one)) for one in sorted(moments)]
    assert all(before <= after for before, after in pairwise(texts))


def test_no_moment_is_none_and_a_naive_one_is_refused() -> None:
    read = _OURS.result_processor(_SQLITE, None)
    assert read is not None
    assert (text_of(None), read(None)) == (None, None)
    with pytest.raises(ValueError, match="naive"):
        text_of(datetime(2026, 11, 24, 12, tzinfo=UTC).replace(tzinfo=None))
