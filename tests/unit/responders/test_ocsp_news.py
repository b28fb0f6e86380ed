"""News is asked for when something was committed, and never believed to be old where that cannot be told."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from directca.errors import Unavailable
from directca.responders.ocsp_news import ThriftyNews
from directca.revocation.ocsp_model import OcspNews

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class House:
    """A database whose mark, and whose news, are set by hand."""

    def __init__(self) -> None:
        self.mark: int | None = 1
        self.version = 7
        self.asked = 0
        self.now = 0.0
        self.fails = False
        mark: Any = self
        self.news = ThriftyNews(self._ask, mark, lambda: self.now)

    def read(self) -> int | None:
        return self.mark

    def _ask(self, since: Mapping[str, int]) -> OcspNews:
        self.asked += 1
        if self.fails:
            raise Unavailable("gone")
        serials = () if since.get("issuing", self.version) == self.version else ("a1",)
        return OcspNews({"issuing": (self.version, serials)}, NOON, frozenset(), usable=True)


def test_nothing_is_asked_while_nothing_is_committed() -> None:
    house = House()
    first = house.news({})
    assert house.news({"issuing": 7}) == first
    assert house.asked == 1


def test_a_commit_is_asked_about() -> None:
    house = House()
    house.news({})
    house.mark, house.version = 2, 8
    assert house.news({"issuing": 7}).changes == {"issuing": (8, ("a1",))}
    # What was told once is not told again.
    assert house.news({"issuing": 8}).changes == {"issuing": (8, ())}
    assert house.asked == 2


def test_whoever_knows_less_than_the_last_news_is_asked_for() -> None:
    house = House()
    house.news({})
    assert house.news({"issuing": 5}).changes == {"issuing": (7, ("a1",))}
    assert house.news({}).changes == {"issuing": (7, ())}
    assert house.asked == 3


def test_what_the_clock_alone_changes_is_noticed_within_five_seconds() -> None:
    house = House()
    house.news({})
    house.now = 4.9
    house.news({"issuing": 7})
    assert house.asked == 1
    house.now = 5.0
    house.news({"issuing": 7})
    assert house.asked == 2


def test_where_nothing_can_be_told_everything_is_asked() -> None:
    house = House()
    house.mark = None
    house.news({})
    house.news({"issuing": 7})
    assert house.asked == 2


def test_a_question_that_failed_is_asked_again() -> None:
    house = House()
    house.news({})
    house.mark, house.fails = 2, True
    for _ in range(2):
        with pytest.raises(Unavailable):
            house.news({"issuing": 7})
    assert house.asked == 3
