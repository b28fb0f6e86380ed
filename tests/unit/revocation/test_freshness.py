"""Nothing is certified unless relying parties find fresh lists; until when is asked once and not again before."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from directca.db.engine import Database, Tx
from directca.revocation import store
from directca.revocation.errors import NothingFresh
from directca.revocation.freshness import FreshLists
from directca.revocation.model import ListId

NOON = datetime.fromisoformat("2026-11-24T12:00:00+00:00")


ISSUING, ROOT = ListId("issuing"), ListId("root")
OF_FOUR = ListId("issuing", "4-1")
POINT = "http://ca.example.org/crl/issuing/4-1.crl"


class Lists:
    """Stands in for the store: until when each list may be used, since when it is published, and how often somebody asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.until: dict[ListId, datetime] = {}
        self.published_at = NOON - timedelta(hours=1)
        self.this_update = NOON - timedelta(hours=1)
        self.points: tuple[str, ...] = ()
        self.asked: list[ListId] = []
        monkeypatch.setattr(store, "newest_use_asked", self._answer)

    def _answer(self, _tx: Tx, of: ListId) -> Callable[[], store.Use | None]:
        self.asked.append(of)
        until = self.until.get(of)
        return lambda: None if until is None else store.Use(self.published_at, self.this_update, until, self.points)


def test_each_list_must_be_fresh(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, fresh = Lists(monkeypatch), FreshLists({ISSUING: None, ROOT: None})
    lists.until = {ISSUING: NOON + timedelta(hours=1)}
    with database.read() as tx, pytest.raises(NothingFresh):
        fresh.check(tx, NOON)
    lists.until[ROOT] = NOON
    with database.read() as tx, pytest.raises(NothingFresh):
        fresh.check(tx, NOON)
    lists.until[ROOT] = NOON + timedelta(seconds=1)
    with database.read() as tx:
        fresh.check(tx, NOON)


def test_a_list_of_a_partition_must_call_itself_as_certificates_will(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, fresh = Lists(monkeypatch), FreshLists({OF_FOUR: POINT})
    lists.until = {OF_FOUR: NOON + timedelta(hours=1)}
    lists.points = ("http://old.example.org/crl/issuing/4-1.crl",)
    with database.read() as tx, pytest.raises(NothingFresh):
        fresh.check(tx, NOON)
    lists.points = (*lists.points, POINT)
    with database.read() as tx:
        fresh.check(tx, NOON)


def test_an_answer_is_remembered_until_it_ends_and_no_longer(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, fresh = Lists(monkeypatch), FreshLists({ISSUING: None})
    lists.until = {ISSUING: NOON + timedelta(hours=1)}
    with database.read() as tx:
        fresh.check(tx, NOON)
        fresh.check(tx, NOON + timedelta(minutes=59))
        assert lists.asked == [ISSUING]
        with pytest.raises(NothingFresh):
            fresh.check(tx, NOON + timedelta(hours=1))
        lists.until = {ISSUING: NOON + timedelta(hours=2)}
        fresh.check(tx, NOON + timedelta(hours=1))


def test_a_list_whose_commit_may_still_fail_is_not_remembered(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, fresh = Lists(monkeypatch), FreshLists({ISSUING: None})
    lists.until, lists.published_at = {ISSUING: NOON + timedelta(hours=1)}, NOON
    with database.read() as tx:
        fresh.check(tx, NOON)
        lists.until = {}
        with pytest.raises(NothingFresh):
            fresh.check(tx, NOON)


def test_a_list_dated_into_the_future_is_not_fresh(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, fresh = Lists(monkeypatch), FreshLists({ISSUING: None})
    lists.until, lists.this_update = {ISSUING: NOON + timedelta(days=3)}, NOON + timedelta(seconds=60)
    with database.read() as tx:
        fresh.check(tx, NOON)  # two machines' clocks may differ by a minute
        with pytest.raises(NothingFresh):
            fresh.check(tx, NOON - timedelta(seconds=1))


def test_what_is_remembered_does_not_hold_before_the_list(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, fresh = Lists(monkeypatch), FreshLists({ISSUING: None})
    lists.until = {ISSUING: NOON + timedelta(days=3)}
    with database.read() as tx:
        fresh.check(tx, NOON)
        with pytest.raises(NothingFresh):
            fresh.check(tx, NOON - timedelta(hours=2))
