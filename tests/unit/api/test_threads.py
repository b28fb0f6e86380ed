"""Verbs run in a bounded number of threads, and what they return or raise arrives where it is awaited."""

import asyncio
import threading
import time

import pytest

from directca.api.threads import Threads


def test_results_and_errors_arrive() -> None:
    async def calls() -> None:
        threads = Threads(2)
        assert await threads.run(lambda: 41 + 1) == 42
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0)
        assert await threads.run(threading.get_ident) != threading.get_ident()

    asyncio.run(calls())


def test_no_more_run_at_once_than_there_are_threads() -> None:
    running, most = set[int](), 0
    guard = threading.Lock()

    def work() -> None:
        nonlocal most
        with guard:
            running.add(threading.get_ident())
            most = max(most, len(running))
        time.sleep(0.01)
        with guard:
            running.discard(threading.get_ident())

    async def calls() -> None:
        threads = Threads(3)
        await asyncio.gather(*(threads.run(work) for _ in range(12)))

    asyncio.run(calls())
    assert most == 3


def test_a_call_that_nobody_awaits_any_more_disturbs_no_other() -> None:
    async def calls() -> None:
        threads, begun, go_on = Threads(1), asyncio.Event(), threading.Event()
        loop = asyncio.get_running_loop()

        def slow() -> None:
            loop.call_soon_threadsafe(begun.set)
            go_on.wait(5)

        given_up = asyncio.ensure_future(threads.run(slow))
        await begun.wait()
        ran = list[str]()
        queued = asyncio.ensure_future(threads.run(lambda: ran.append("queued")))
        await asyncio.sleep(0)
        given_up.cancel()
        queued.cancel()
        go_on.set()
        assert await threads.run(lambda: "next") == "next"
        assert given_up.cancelled()
        assert ran == []  # what nobody awaits any more is not begun

    asyncio.run(calls())
