"""Threads for the event loop's work: answers and errors come back, in the caller's context; threads are used again and end."""

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Awaitable, Callable
from contextlib import suppress
from contextvars import ContextVar
from typing import Any

import pytest

from directca.api.threads import Threads
from directca.fibers import let_others_first

WHO: ContextVar[str] = ContextVar("who", default="nobody")


How = Callable[[Threads, Callable[[], Any]], Awaitable[Any]]
EITHER = pytest.mark.parametrize("how", [Threads.run, Threads.together], ids=["a thread of its own", "together"])


class RefusedError(Exception):
    """What work raises."""


@EITHER
def test_work_answers_from_a_thread_in_the_callers_context(how: How) -> None:
    async def story() -> tuple[str, bool]:
        WHO.set("somebody")
        found: tuple[str, bool] = await how(Threads(), lambda: (WHO.get(), threading.current_thread() is threading.main_thread()))
        return found

    assert asyncio.run(story()) == ("somebody", False)


@EITHER
@pytest.mark.parametrize(
    ("raised", "arrives"), [(KeyError("x"), KeyError), (SystemExit(3), SystemExit), (StopIteration(), RuntimeError)]
)
def test_what_work_raises_arrives_at_the_caller(how: How, raised: BaseException, arrives: type[BaseException]) -> None:
    def work() -> None:
        raise raised

    async def story() -> type[BaseException]:
        try:
            await how(Threads(), work)
        except BaseException as error:  # noqa: BLE001  (what arrives is what is asked about)
            return type(error)
        return type(None)  # type: ignore[return-value]  # nothing arrived

    assert asyncio.run(story()) is arrives


def test_a_thread_works_again_and_there_are_as_many_as_are_busy_at_once() -> None:
    together = threading.Barrier(3)

    async def story() -> tuple[int, int]:
        threads = Threads()
        alone = {await threads.run(threading.get_ident) for _ in range(5)}

        def meet() -> int:
            together.wait(5)
            return threading.get_ident()

        return len(alone), len(set(await asyncio.gather(*(threads.run(meet) for _ in range(3)))))

    assert asyncio.run(story()) == (1, 3)


@EITHER
def test_a_thread_without_work_ends_and_another_takes_its_place(how: How) -> None:
    async def story() -> tuple[bool, str]:
        threads = Threads(idle_seconds=0.01)
        first = await how(threads, threading.current_thread)
        await asyncio.to_thread(first.join, 10)
        return first.is_alive(), await how(threads, lambda: "again")

    assert asyncio.run(story()) == (False, "again")


@EITHER
@pytest.mark.parametrize("error", [None, RefusedError()])
def test_who_is_cancelled_is_let_go_when_the_work_has_ended(how: How, error: Exception | None) -> None:
    going, done = threading.Event(), threading.Event()
    complaints: list[dict[str, object]] = []

    def work() -> None:
        going.wait(5)
        done.set()
        if error is not None:
            raise error

    async def story() -> bool:
        asyncio.get_running_loop().set_exception_handler(lambda _, complaint: complaints.append(complaint))
        waiting = asyncio.ensure_future(how(Threads(), work))
        await asyncio.sleep(0)
        for _ in range(3):
            waiting.cancel()
            await asyncio.sleep(0.01)
            assert not waiting.done()
        going.set()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        return done.is_set()

    assert asyncio.run(story())
    gc.collect()
    assert complaints == []


@EITHER
def test_a_loop_that_ends_waits_for_what_has_begun(how: How) -> None:
    begun, done = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        time.sleep(0.2)
        done.set()

    async def story() -> None:
        left = asyncio.ensure_future(how(Threads(), work))
        await asyncio.to_thread(begun.wait, 5)
        assert not left.done()

    asyncio.run(story())
    assert done.is_set()


@EITHER
def test_what_work_raised_is_gone_once_it_was_met_without_the_collector(how: How) -> None:
    raised: list[weakref.ref[RefusedError]] = []

    def work() -> None:
        error = RefusedError()
        raised.append(weakref.ref(error))
        try:
            raise error
        finally:
            del error

    async def story() -> None:
        threads = Threads()
        with suppress(RefusedError):
            await how(threads, work)
        await how(threads, lambda: None)  # by the same thread, which has let go of the last work by then

    gc.disable()
    try:
        asyncio.run(story())
        assert raised[0]() is None
    finally:
        gc.enable()


@EITHER
def test_an_answer_for_a_loop_that_is_gone_is_dropped_and_the_thread_goes_on(how: How) -> None:
    going = threading.Event()
    threads = Threads()
    ident: list[int] = []

    def late() -> None:
        ident.append(threading.get_ident())
        going.wait(5)

    async def leave() -> None:
        waiting = asyncio.ensure_future(how(threads, late))
        await asyncio.sleep(0)
        assert not waiting.done()

    asyncio.run(leave())
    going.set()
    assert _until(lambda: bool(threads._idle) or threads._lane._begun == 0)

    async def again() -> int:
        return int(await how(threads, threading.get_ident))

    assert asyncio.run(again()) == ident[0]


def test_what_is_done_together_is_done_by_one_thread_however_much_there_is() -> None:
    async def story() -> set[int]:
        threads = Threads()

        def work() -> int:
            let_others_first()
            return threading.get_ident()

        return set(await asyncio.gather(*(threads.together(work) for _ in range(5))))

    assert len(asyncio.run(story())) == 1


def _until(held: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not held() and time.monotonic() < deadline:
        time.sleep(0.005)
    return held()
