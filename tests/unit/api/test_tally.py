"""What is refused before any verb stands in the journal: counted, by kind, in one row for each minute."""

import asyncio

import pytest

from directca.api import tally
from directca.api.tally import Tally
from directca.clock import rfc3339
from directca.db.engine import Database
from directca.db.errors import DatabaseBusy
from directca.journal import read
from directca.journal.model import Event
from directca.journal.verify import verify
from tests.clocks import MovableClock
from tests.world import START

MINUTE = 0.05


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tally, "EVERY_SECONDS", MINUTE)


def rows(database: Database) -> list[Event]:
    with database.read() as tx:
        assert verify(tx).problems == ()
        return [row.event for row in read.latest(tx, limit=100)]


async def until_written(counted: Tally) -> None:
    await asyncio.sleep(2 * MINUTE)
    await asyncio.gather(*counted._writing)


def test_a_minute_of_refusals_is_one_row(database: Database) -> None:
    async def minutes() -> None:
        counted = Tally(database, MovableClock())
        for _ in range(500):
            counted.count("invalid_token")
        counted.count("bad_json")
        assert rows(database) == []
        await until_written(counted)
        assert len(rows(database)) == 1
        counted.count("bad_json")
        await until_written(counted)

    asyncio.run(minutes())
    first, second = rows(database)
    assert (first.kind, first.actor, first.outcome) == ("requests.refused", "anonymous:", "refused")
    assert first.detail == {"since": rfc3339(START), "bad_json": 1, "invalid_token": 500}
    assert second.detail == {"since": rfc3339(START), "bad_json": 1}


def test_a_quiet_minute_has_none(database: Database) -> None:
    asyncio.run(until_written(Tally(database, MovableClock())))
    assert rows(database) == []


def test_what_could_not_be_written_is_in_the_next_row(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise DatabaseBusy("Another writer holds the database.")

    async def minutes() -> None:
        counted = Tally(database, MovableClock())
        counted.count("invalid_token")
        counted.count("invalid_token")
        with monkeypatch.context() as patch:
            patch.setattr(Tally, "_append", busy)
            await asyncio.sleep(1.5 * MINUTE)
        assert rows(database) == []
        counted.count("invalid_token")
        await until_written(counted)

    asyncio.run(minutes())
    assert [row.detail["invalid_token"] for row in rows(database)] == [3]
