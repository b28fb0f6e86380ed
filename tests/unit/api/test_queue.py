"""The queue before the pool: in turn, refused early, refused with nothing done, and never for whoever finds a free thread."""

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from directca.api.queue import PAGE, Costs, Overloaded, Queue
from tests.unit.api.on_a_socket import listening

LONGEST = 0.4


class Moment:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def asked(*, gone: bool = False) -> Request:
    """A request whose body was read; its client has gone, or waits."""

    async def receive() -> dict[str, Any]:
        if not gone:
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http"}, receive)


@contextmanager
def holding() -> Iterator[Callable[[], None]]:
    """Work that goes on until the block ends."""
    ended = threading.Event()
    try:
        yield lambda: assert_in_time(ended)
    finally:
        ended.set()


def assert_in_time(event: threading.Event) -> None:
    assert event.wait(5)


def run(story: Callable[[], Awaitable[None]]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(5):
            await story()

    asyncio.run(bounded())


async def soon() -> None:
    """Let everything that can go on do so."""
    for _ in range(5):
        await asyncio.sleep(0)


def test_work_has_its_turn_in_the_order_in_which_it_came() -> None:
    done: list[int] = []

    async def story() -> None:
        queue = Queue(1, LONGEST, lambda: None)
        works = [queue.run("issue", asked(), lambda number=number: done.append(number)) for number in range(5)]  # type: ignore[misc]
        await asyncio.gather(*works)

    run(story)
    assert done == [0, 1, 2, 3, 4]


def test_no_more_work_is_done_at_once_than_there_are_threads() -> None:
    running, most = 0, 0
    mutex = threading.Lock()
    together = threading.Barrier(2)

    def work() -> None:
        nonlocal running, most
        with mutex:
            running += 1
            most = max(most, running)
        together.wait(5)
        with mutex:
            running -= 1

    async def story() -> None:
        queue = Queue(2, LONGEST, lambda: None)
        await asyncio.gather(*(queue.run("issue", asked(), work) for _ in range(6)))

    run(story)
    assert most == 2


@pytest.mark.parametrize(("kind", "bound"), [(PAGE, LONGEST), ("issue", LONGEST / 4)], ids=["people", "software in a crowd"])
def test_who_would_wait_too_long_is_refused_at_once_and_nothing_of_it_is_done(kind: str, bound: float) -> None:
    refused: list[None] = []
    began: list[str] = []
    moment = Moment()

    async def story() -> None:
        queue = Queue(1, LONGEST, lambda: refused.append(None), moment)
        with holding() as work:
            tasks = [asyncio.ensure_future(queue.run("issue", asked(), work))]
            await soon()
            moment.now += 0.001
            in_time = int(bound / 0.01) + 1  # at the cost that is taken for granted at first
            tasks += [asyncio.ensure_future(queue.run(kind, asked(), lambda: began.append("in time"))) for _ in range(in_time)]
            await soon()
            assert bound < queue.wait() < bound + 0.02
            with pytest.raises(Overloaded) as error:
                await queue.run(kind, asked(), lambda: began.append("too late"))
            assert error.value.retry_after == 1
        await asyncio.gather(*tasks)
        assert began == ["in time"] * in_time
        assert await queue.run("issue", asked(), lambda: "again") == "again"

    run(story)
    assert len(refused) == 1


def test_software_waits_in_a_crowd_that_is_soon_done_and_behind_few_that_take_long() -> None:
    moment = Moment()

    async def story() -> None:
        queue = Queue(1, LONGEST, lambda: None, moment)
        for _ in range(200):  # work that takes no time
            await queue.run("retrieve", asked(), lambda: None)
        with holding() as work:
            tasks = [asyncio.ensure_future(queue.run("issue", asked(), work))]
            await soon()
            moment.now += 0.001
            tasks += [asyncio.ensure_future(queue.run("retrieve", asked(), lambda: None)) for _ in range(100)]
            await soon()
            assert not any(one.done() for one in tasks)
        await asyncio.gather(*tasks)

        with holding() as work:
            tasks = [asyncio.ensure_future(queue.run("issue", asked(), work))]
            await soon()
            queue._costs._usual["issue"] = LONGEST / 5  # as if each had taken so long
            tasks += [asyncio.ensure_future(queue.run("issue", asked(), lambda: None)) for _ in range(4)]
            await soon()
            assert queue.wait() > LONGEST / 4
            assert not any(one.done() for one in tasks)
        await asyncio.gather(*tasks)

    run(story)


def test_whoever_finds_a_free_thread_is_never_refused() -> None:
    async def story() -> None:
        queue = Queue(2, 0.0, lambda: None)
        with holding() as work:
            task = asyncio.ensure_future(queue.run("issue", asked(), work))
            await soon()
            assert await queue.run("issue", asked(), lambda: "done") == "done"
        await task

    run(story)


def test_while_nothing_moves_nobody_is_let_in_to_wait() -> None:
    moment = Moment()

    async def story() -> None:
        queue = Queue(1, LONGEST, lambda: None, moment)
        with holding() as work:
            task = asyncio.ensure_future(queue.run("issue", asked(), work))
            await soon()
            moment.now += 4 * LONGEST + 0.1
            with pytest.raises(Overloaded) as error:
                await queue.run("retrieve", asked(), lambda: None)
            assert error.value.retry_after == 2
        await task

    run(story)


def test_nobody_waits_longer_than_four_times_the_bound() -> None:
    refused: list[None] = []
    began: list[None] = []

    async def story() -> None:
        queue = Queue(1, 0.02, lambda: refused.append(None))
        with holding() as work:
            task = asyncio.ensure_future(queue.run("issue", asked(), work))
            await soon()
            with pytest.raises(Overloaded):
                await queue.run("issue", asked(), lambda: began.append(None))
        await task
        assert await queue.run("issue", asked(), lambda: "free") == "free"

    run(story)
    assert (len(refused), began) == (1, [])


def test_work_whose_client_has_gone_is_not_begun() -> None:
    began: list[str] = []

    async def story() -> None:
        queue = Queue(1, LONGEST, lambda: None)
        with holding() as work:
            task = asyncio.ensure_future(queue.run("issue", asked(), work))
            await soon()
            gone = asyncio.ensure_future(queue.run("issue", asked(gone=True), lambda: began.append("for nobody")))
            stays = asyncio.ensure_future(queue.run("issue", asked(), lambda: began.append("for somebody")))
            await soon()
        results = await asyncio.gather(task, gone, stays, return_exceptions=True)
        assert isinstance(results[1], ClientDisconnect)

    run(story)
    assert began == ["for somebody"]


def test_a_client_that_hangs_up_while_it_waits_is_noticed() -> None:
    began: list[str] = []
    first_runs, first_ends = threading.Event(), threading.Event()
    queue = Queue(1, 5.0, lambda: None)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        def work() -> None:
            began.append(scope["path"])
            first_runs.set()
            assert first_ends.wait(5)

        with suppress(ClientDisconnect):
            await queue.run("retrieve", Request(scope, receive), work)
            await PlainTextResponse("done")(scope, receive, send)

    with listening(app) as port:
        connections = []
        for path in ("/first", "/gone", "/stays"):
            connection = socket.create_connection(("127.0.0.1", port), timeout=5)
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode())
            connections.append(connection)
            assert first_runs.wait(5)
        wait_until(lambda: len(queue._waiting) == 2)
        connections[1].close()
        time.sleep(0.05)
        first_ends.set()
        for stays in (connections[0], connections[2]):
            assert stays.makefile("rb").read().endswith(b"done")
            stays.close()
    assert began == ["/first", "/stays"]


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("turns", [0, 1])
def test_who_is_given_up_leaves_its_place_to_others(turns: int) -> None:
    """While it waits, and in the moment in which its turn comes."""

    async def story() -> None:
        queue = Queue(1, LONGEST, lambda: None)
        with holding() as work:
            first = asyncio.ensure_future(queue.run("issue", asked(), work))
            await soon()
            given_up = asyncio.ensure_future(queue.run("issue", asked(), lambda: None))
            after = asyncio.ensure_future(queue.run("issue", asked(), lambda: "done"))
            await soon()
            if turns:
                queue._give_back()  # its turn comes, and it has not heard of it
                given_up.cancel()
                await soon()
                queue._free -= 1  # what was given back too much
            else:
                given_up.cancel()
                await soon()
                assert len(queue._waiting) == 1
        assert await after == "done"
        await first
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert queue.wait() == 0.0

    run(story)


def test_what_work_raises_passes_and_frees_its_thread() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    async def story() -> None:
        queue = Queue(1, LONGEST, lambda: None)
        for _ in range(3):
            with pytest.raises(ZeroDivisionError):
                await queue.run("issue", asked(), broken)
        assert queue.wait() == 0.0

    run(story)


def test_a_cost_does_not_depend_on_how_crowded_the_pool_was() -> None:
    alone, crowded = Costs(9), Costs(9)
    for now in range(100):
        alone.end("issue", alone.begin(now), now + 0.02)
        begun = [crowded.begin(now) for _ in range(4)]
        for one in begun:
            crowded.end("issue", one, now + 0.08)
    assert alone.of("issue") == pytest.approx(0.02, rel=0.01)
    assert crowded.of("issue") == pytest.approx(0.02, rel=0.01)


def test_the_costs_of_all_add_up_to_the_time_that_they_took() -> None:
    costs = Costs(9)
    first = costs.begin(0.0)
    second = costs.begin(1.0)
    costs.end("first", first, 2.0)  # one second alone, and half of the next
    costs.end("second", second, 4.0)  # half of that second, and two alone
    of_first, of_second = ((costs.of(kind) - 0.01) * 16 + 0.01 for kind in ("first", "second"))
    assert (of_first, of_second) == (pytest.approx(1.5), pytest.approx(2.5))


def test_a_cost_follows_what_work_has_cost_lately_and_no_single_one_decides() -> None:
    costs, now = Costs(0.4), 0.0
    for took in [0.01] * 50 + [30.0]:
        costs.end("issue", costs.begin(now), now + took)
        now += took
    assert 0.01 < costs.of("issue") < 0.04
    for _ in range(100):
        costs.end("issue", costs.begin(now), now + 0.05)
        now += 0.05
    assert costs.of("issue") == pytest.approx(0.05, rel=0.05)
    assert costs.of("retrieve") == Costs(1).of("retrieve")
