"""One copy of each list in a process: read once for all who ask, replaced at once, bounded in memory, given piece by piece."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from hashlib import sha256
from itertools import count
from typing import Any

import pytest
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from directca.db.engine import Database
from directca.responders import status_files
from directca.responders.kept_lists import KeptLists
from directca.responders.representation import PIECE, Representation
from directca.responders.status_files import StatusEdge, StatusFiles
from directca.responders.status_metrics import StatusMetrics
from directca.revocation import crl, upkeep
from directca.revocation.errors import NothingFresh
from directca.revocation.model import Crl, ListFacts, ListId
from tests.world import World, a_world

ISSUING, ROOT = ListId("issuing"), ListId("root")


class Moments:
    """A monotonic clock that is turned by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def committed(world: World) -> None:
    """Something changes in the database, whatever it is."""
    with world.database.write() as tx:
        tx.execute(text("UPDATE vetting_change SET number = number + 1"))


class Lists:
    """The database's answers about lists of any size, and how often each was asked for."""

    def __init__(self, world: World, facts: ListFacts) -> None:
        self._world = world
        self._facts = facts
        self.content: dict[ListId, bytes] = {}
        self.number: dict[ListId, int] = {}
        self.asked = 0
        self.read = 0
        self.slowly = threading.Event()
        self.slowly.set()

    def publish(self, of: ListId, size: int) -> None:
        committed(self._world)
        self.number[of] = self.number.get(of, 0) + 1
        self.content[of] = bytes([self.number[of]]) * size

    def newest(self, _tx: object, of: ListId) -> ListFacts | None:
        self.asked += 1
        self.slowly.wait(10)
        if of not in self.content:
            return None
        return replace(self._facts, of=of, number=self.number[of], sha256=sha256(self.content[of]).hexdigest())

    def published(self, _ca: object, of: ListId) -> Crl:
        facts = self.newest(None, of)
        self.asked -= 1
        self.read += 1
        assert facts is not None
        return Crl(facts, self.content[of])


@pytest.fixture
def world(database: Database) -> World:
    made = a_world(database)
    upkeep.produce_due_crls(made.revocation, holder="test")
    return made


@pytest.fixture
def lists(world: World, monkeypatch: pytest.MonkeyPatch) -> Iterator[Lists]:
    made = Lists(world, crl.published(world.revocation, ISSUING).facts)
    monkeypatch.setattr(crl, "newest", made.newest)
    monkeypatch.setattr(crl, "published", made.published)
    yield made
    made.slowly.set()


@pytest.fixture
def moments() -> Moments:
    return Moments()


async def found(kept: KeptLists, of: ListId = ISSUING) -> Representation:
    one = await kept.newest(of)
    assert one is not None
    return one


class Client:
    """A client that takes what it is given when it likes."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.takes = asyncio.Event()
        self.given = asyncio.Event()

    async def send(self, message: Any) -> None:
        self.messages.append(message)
        self.given.set()
        await self.takes.wait()

    @property
    def body(self) -> bytes:
        return b"".join(one.get("body", b"") for one in self.messages)

    @property
    def complete(self) -> bool:
        return self.messages[-1]["type"] == "http.response.body" and not self.messages[-1].get("more_body")


def an_edge(world: World, kept: KeptLists) -> Callable[[Client], Awaitable[None]]:
    edge = StatusEdge(StatusFiles(world.revocation, {}), StatusMetrics(CollectorRegistry()), kept)

    async def ask(client: Client) -> None:
        await edge({"type": "http", "method": "GET", "path": "/crl/issuing.crl", "headers": []}, client.send, client.send)  # type: ignore[arg-type]  # nothing is received

    return ask


@pytest.mark.engine("sqlite", why="questions are saved by SQLite's number of what was committed")
def test_many_who_ask_at_once_share_one_question_and_one_reading(world: World, lists: Lists, moments: Moments) -> None:
    async def story() -> None:
        kept = KeptLists(world.revocation, monotonic=moments)
        lists.publish(ISSUING, 1000)
        everybody = await asyncio.gather(*(found(kept) for _ in range(50)))
        assert len(set(map(id, everybody))) == 1
        assert (lists.asked, lists.read) == (1, 1)
        moments.now += 60
        assert await found(kept) is everybody[0]
        assert (lists.asked, lists.read) == (1, 1)
        committed(world)
        moments.now += 0.001
        assert await found(kept) is everybody[0]
        assert (lists.asked, lists.read) == (2, 1)

    asyncio.run(story())


def test_a_newer_list_is_served_from_its_publication_on(world: World, lists: Lists, moments: Moments) -> None:
    async def story() -> None:
        kept = KeptLists(world.revocation, monotonic=moments)
        lists.publish(ISSUING, 1000)
        old = await found(kept)
        lists.publish(ISSUING, 1000)
        moments.now += 0.001
        new = await found(kept)
        assert new is not old
        assert new.validators.etag != old.validators.etag
        assert (old.piece(0, 1), kept.octets) == (None, 1000)

    asyncio.run(story())


def test_what_is_kept_is_bounded_and_what_was_asked_for_last_stays(world: World, lists: Lists, moments: Moments) -> None:
    async def story() -> None:
        kept = KeptLists(world.revocation, most_octets=3000, monotonic=moments)
        names = [ListId("issuing", f"4-{place}") for place in range(4)]
        for of in names:
            lists.publish(of, 1000)
        first, second, *_ = [await found(kept, of) for of in names[:3]]
        assert await found(kept, names[0]) is first
        await found(kept, names[3])
        assert kept.octets == 3000
        assert await found(kept, names[0]) is first
        assert second.piece(0, 1) is None
        again = await found(kept, names[1])  # read once more, at once
        assert again.piece(0, 1) is not None
        lists.publish(ISSUING, 9000)  # larger than all that may be kept: alone, then
        assert (await found(kept)).size == kept.octets == 9000

    asyncio.run(story())


def test_names_that_nobody_published_are_not_remembered(world: World, lists: Lists) -> None:
    async def story() -> None:
        kept = KeptLists(world.revocation)
        for place in range(200):
            assert await kept.newest(ListId("issuing", f"999-{place}")) is None
        assert kept._places == {}

    asyncio.run(story())


def test_a_stale_list_takes_no_memory(world: World, lists: Lists, moments: Moments) -> None:
    async def story() -> None:
        kept = KeptLists(world.revocation, monotonic=moments)
        lists.publish(ISSUING, 1000)
        world.clock.advance(hours=72)
        with pytest.raises(NothingFresh):
            await kept.newest(ISSUING)
        assert (lists.read, kept.octets) == (0, 0)

    asyncio.run(story())


def test_slow_readers_share_the_copy_and_get_the_list_that_they_began_with(world: World, lists: Lists, moments: Moments) -> None:
    async def story() -> None:
        kept = KeptLists(world.revocation, monotonic=moments)
        ask = an_edge(world, kept)
        lists.publish(ISSUING, 10 * PIECE + 1)
        begun = lists.content[ISSUING]
        clients = [Client() for _ in range(100)]
        readers = [asyncio.create_task(ask(client)) for client in clients]
        await asyncio.gather(*(client.given.wait() for client in clients))
        lists.publish(ISSUING, PIECE)
        moments.now += 1
        await found(kept)
        assert kept.octets == len(begun) + PIECE  # the old one once, for all of them
        for client in clients:
            client.takes.set()
        await asyncio.gather(*readers)
        assert all(client.complete and client.body == begun for client in clients)
        assert max(len(one.get("body", b"")) for one in clients[0].messages) == PIECE
        assert kept.octets == PIECE

    asyncio.run(story())


def test_readers_of_long_replaced_lists_do_not_fill_the_memory(world: World, lists: Lists, moments: Moments) -> None:
    async def story() -> None:
        kept = KeptLists(world.revocation, most_octets=4 * PIECE, monotonic=moments)
        ask = an_edge(world, kept)
        clients, readers = [], []
        for _ in range(20):
            lists.publish(ISSUING, 2 * PIECE)
            moments.now += 1
            clients.append(Client())
            readers.append(asyncio.create_task(ask(clients[-1])))
            await clients[-1].given.wait()
            assert kept.octets <= 4 * PIECE
        for client in clients:
            client.takes.set()
        await asyncio.gather(*readers)
        assert [client.complete for client in clients] == [False] * 18 + [True] * 2

    asyncio.run(story())


def test_one_who_takes_too_little_is_hung_up_on(
    world: World, lists: Lists, moments: Moments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(status_files, "_START_SECONDS", 0.05)
    monkeypatch.setattr(status_files, "LEAST_OCTETS_A_SECOND", 10 * PIECE / 0.05)

    async def story() -> None:
        kept = KeptLists(world.revocation, monotonic=moments)
        lists.publish(ISSUING, 10 * PIECE)
        client = Client()
        reader = asyncio.create_task(an_edge(world, kept)(client))
        await client.given.wait()
        await asyncio.sleep(0.15)
        client.takes.set()
        await reader
        assert not client.complete

    asyncio.run(story())


def test_the_event_loop_goes_on_while_the_database_answers(world: World, lists: Lists, moments: Moments) -> None:
    async def story() -> None:
        kept = KeptLists(world.revocation, monotonic=moments)
        lists.publish(ISSUING, 1000)
        lists.slowly.clear()
        waiting = asyncio.create_task(found(kept))
        for _ in range(10):
            await asyncio.sleep(0.01)
        assert not waiting.done()
        lists.slowly.set()
        assert (await waiting).size == 1000

    asyncio.run(story())


def test_who_comes_just_when_a_question_is_answered_asks_another(
    world: World, lists: Lists, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some request begins at every step of the event loop, one of them between the end of a question and what follows from it."""

    def unfinished(inner: "asyncio.Future[None]") -> "asyncio.Future[None]":
        assert not inner.done(), "somebody waits for what has ended, and nobody else has a turn"
        return shield(inner)

    shield = asyncio.shield
    monkeypatch.setattr(asyncio, "shield", unfinished)

    async def story() -> None:
        kept = KeptLists(world.revocation)
        monkeypatch.setattr(kept._changes, "read", count().__next__)  # something is committed all the time
        lists.publish(ISSUING, 1000)
        for _ in range(20):
            asked = [asyncio.create_task(found(kept))]
            while not asked[0].done():
                await asyncio.sleep(0)
                asked.append(asyncio.create_task(found(kept)))
            await asyncio.gather(*asked)

    asyncio.run(story())
