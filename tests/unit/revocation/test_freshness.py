"""Nothing is certified unless relying parties find fresh lists; until when is asked once and not again before."""

from datetime import datetime, timedelta

import pytest

from directca.db.engine import Database, Tx
from directca.revocation import store
from directca.revocation.errors import NothingFresh
from directca.revocation.freshness import FreshLists

NOON = datetime.fromisoformat("2026-11-24T12:00:00+00:00")


class Lists:
    """Stands in for the store: until when each list may be used, since when it is published, and how often somebody asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.until: dict[str, datetime] = {}
        self.published_at = NOON - timedelta(hours=1)
        self.asked: list[str] = []
        monkeypatch.setattr(store, "newest_times", self._answer)

    def _answer(self, _tx: Tx, authority_id: str) -> tuple[datetime, datetime] | None:
        self.asked.append(authority_id)
        return None if authority_id not in self.until else (self.published_at, self.until[authority_id])


def test_each_list_must_be_fresh(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, fresh = Lists(monkeypatch), FreshLists(("issuing", "root"))
    lists.until = {"issuing": NOON + timedelta(hours=1)}
    with database.read() as tx, pytest.raises(NothingFresh):
        fresh.check(tx, NOON)
    lists.until["root"] = NOON
    with database.read() as tx, pytest.raises(NothingFresh):
        fresh.check(tx, NOON)
    lists.until["root"] = NOON + timedelta(seconds=1)
    with database.read() as tx:
        fresh.check(tx, NOON)


def test_an_answer_is_remembered_until_it_ends_and_no_longer(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, fresh = Lists(monkeypatch), FreshLists(("issuing",))
    lists.until = {"issuing": NOON + timedelta(hours=1)}
    with database.read() as tx:
        fresh.check(tx, NOON)
        fresh.check(tx, NOON + timedelta(minutes=59))
        assert lists.asked == ["issuing"]
        with pytest.raises(NothingFresh):
            fresh.check(tx, NOON + timedelta(hours=1))
        lists.until = {"issuing": NOON + timedelta(hours=2)}
        fresh.check(tx, NOON + timedelta(hours=1))


def test_a_list_whose_commit_may_still_fail_is_not_remembered(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    lists, fresh = Lists(monkeypatch), FreshLists(("issuing",))
    lists.until, lists.published_at = {"issuing": NOON + timedelta(hours=1)}, NOON
    with database.read() as tx:
        fresh.check(tx, NOON)
        lists.until = {}
        with pytest.raises(NothingFresh):
            fresh.check(tx, NOON)
