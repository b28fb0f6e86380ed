"""Work that shares a thread changes hands only where it waits, and nobody waits for ever."""

import gc
import threading
import time
import weakref
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from typing import Any

import pytest

from directca.fibers import Lane, Place, let_others_first, place

WHO: ContextVar[str] = ContextVar("who", default="nobody")
SECONDS = 10


class Works:
    """Work in a lane, and what it has said."""

    def __init__(self, idle_seconds: float = SECONDS) -> None:
        self.lane = Lane(idle_seconds)
        self.said: list[str] = []
        self.ended = threading.Semaphore(0)
        self._count = 0

    def begin(self, *works: Callable[[], None]) -> None:
        """Begin these together: none before all have come."""
        come = threading.Event()
        self.do(lambda: self._wait(come))
        for work in works:
            self.do(work)
        come.set()

    def do(self, work: Callable[[], None]) -> None:
        """Begin one."""
        self._count += 1

        def does() -> None:
            try:
                work()
            finally:
                self.ended.release()

        self.lane.do(does, copy_context())

    def end(self) -> list[str]:
        """Wait until all have ended. What they said."""
        for _ in range(self._count):
            assert self.ended.acquire(timeout=SECONDS)
        self._count = 0
        return self.said

    @staticmethod
    def _wait(come: threading.Event) -> None:
        assert come.wait(SECONDS)


def is_gone(kept: weakref.ref[Any]) -> bool:
    """Whether nothing holds it a moment from now."""
    deadline = time.monotonic() + 1
    while kept() is not None and time.monotonic() < deadline:
        time.sleep(0.001)
    return kept() is None


def test_work_is_done_in_its_context_and_goes_on_in_it() -> None:
    works = Works()

    def work() -> None:
        WHO.set(f"{WHO.get()} at work")
        let_others_first()
        works.said.append(WHO.get())

    for who in ("a", "b"):
        token = WHO.set(who)
        works.do(work)
        WHO.reset(token)
    assert sorted(works.end()) == ["a at work", "b at work"]
    assert WHO.get() == "nobody"


def test_all_of_it_is_one_thread() -> None:
    works, threads = Works(), set[int]()

    def work() -> None:
        threads.add(threading.get_ident())
        let_others_first()
        threads.add(threading.get_ident())

    works.begin(work, work, work)
    works.end()
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_who_lets_others_go_first_goes_on_when_all_have_come_to_where_they_wait() -> None:
    works = Works()
    waits = list[Place]()

    def first() -> None:
        works.said.append("first comes")
        let_others_first()
        works.said.append("first goes on")
        for one in waits:
            one.tell()

    def other() -> None:
        mine = place()
        waits.append(mine)
        works.said.append("other comes")
        assert mine.wait()
        works.said.append("other goes on")

    works.begin(first, other, other)
    assert works.end() == [
        "first comes", "other comes", "other comes", "first goes on", "other goes on", "other goes on",
    ]  # fmt: skip


def test_who_lets_others_go_first_waits_for_none_that_come_later() -> None:
    works = Works()
    goes_on = list[bool]()

    def first() -> None:
        let_others_first()
        goes_on.append(True)

    def again() -> None:
        if not goes_on:
            works.do(again)  # there is always one more

    works.begin(first, again)
    assert works.ended.acquire(timeout=SECONDS)
    deadline = time.monotonic() + SECONDS
    while not goes_on:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_elsewhere_nobody_is_let_go_first() -> None:
    let_others_first()
    mine = place()
    mine.tell()
    assert mine.wait(SECONDS)
    assert not place().wait(0.001)


def test_a_word_before_the_wait_is_heard_and_changes_nothing_later() -> None:
    works = Works()

    def work() -> None:
        early, late = place(), place()
        early.tell()
        works.said.append(f"early {early.wait(SECONDS)}")
        works.said.append(f"late {late.wait(0.02)}")  # the word that was given for `early` ends no other wait

    works.begin(work)
    assert works.end() == ["early True", "late False"]


def test_a_word_from_another_thread_is_heard() -> None:
    works, places = Works(), list[Place]()

    def work() -> None:
        places.append(mine := place())
        works.said.append(str(mine.wait(SECONDS)))

    works.begin(work)
    deadline = time.monotonic() + SECONDS
    while not places:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    places[0].tell()
    assert works.end() == ["True"]


def test_who_has_waited_long_enough_goes_on_and_a_late_word_is_nothing() -> None:
    works, places = Works(), list[Place]()

    def impatient() -> None:
        places.append(mine := place())
        works.said.append(f"heard: {mine.wait(0.01)}")
        places.append(other := place())
        works.said.append(f"heard: {other.wait(0.01)}")

    def late() -> None:
        places[0].tell()

    works.begin(impatient)
    works.end()
    works.begin(late)
    assert works.end() == ["heard: False", "heard: False"]


def test_the_patient_and_the_impatient_wait_side_by_side() -> None:
    works = Works()

    def patient(mine: Place) -> None:
        works.said.append(f"patient: {mine.wait()}")

    def impatient() -> None:
        mine = place()
        works.do(lambda: mine.tell() if not place().wait(0.05) else None)
        works.said.append(f"impatient: {place().wait(0.01)}")
        patient(mine)

    works.begin(impatient)
    works.ended.acquire(timeout=SECONDS)
    deadline = time.monotonic() + SECONDS
    while len(works.said) < 2:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert works.said == ["impatient: False", "patient: True"]


def test_what_one_raises_ends_it_alone_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told = list[type[BaseException]]()
    monkeypatch.setattr(threading, "excepthook", lambda args: told.append(args.exc_type))
    works = Works()

    def fails() -> None:
        let_others_first()
        raise ZeroDivisionError

    works.begin(fails, lambda: works.said.append("went on"))
    assert works.end() == ["went on"]
    works.do(lambda: works.said.append("and later"))
    assert works.end() == ["went on", "and later"]
    assert told == [ZeroDivisionError]


def test_the_thread_ends_after_a_while_without_work_and_not_while_somebody_waits() -> None:
    works = Works(idle_seconds=0.01)
    places = list[Place]()

    def work() -> None:
        places.append(mine := place())
        works.said.append(str(mine.wait()))

    works.do(work)
    time.sleep(0.1)
    thread = works.lane._thread
    assert thread is not None  # it has been idle for long, but for one who waits
    places[0].tell()
    assert works.end() == ["True"]
    thread.join(SECONDS)
    assert not thread.is_alive()
    works.do(lambda: works.said.append("again"))
    assert works.end() == ["True", "again"]


def test_nothing_of_what_has_ended_is_kept_without_the_collector() -> None:
    class Kept:
        pass

    works, kept = Works(), list[weakref.ref[Kept]]()

    def work(mine: Kept) -> None:
        let_others_first()
        assert mine

    def begin() -> None:
        mine = Kept()
        kept.append(weakref.ref(mine))
        works.do(lambda: work(mine))

    gc.disable()
    try:
        begin()
        works.end()
        works.do(lambda: None)
        works.end()
        assert is_gone(kept[0])
    finally:
        gc.enable()


def test_who_has_waited_long_enough_goes_on_though_there_is_always_something_new() -> None:
    works = Works()

    def impatient() -> None:
        works.said.append(f"heard: {place().wait(0.01)}")

    def again() -> None:
        if not works.said:
            works.do(again)  # there is always one more

    works.begin(impatient, again)
    assert works.ended.acquire(timeout=SECONDS)
    deadline = time.monotonic() + SECONDS
    while not works.said:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    assert works.said == ["heard: False"]


def test_a_system_that_has_no_thread_to_give_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    works = Works()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        with pytest.raises(RuntimeError, match="can't start"):
            works.lane.do(lambda: works.said.append("refused"), copy_context())
    works.do(lambda: works.said.append("done"))
    assert works.end() == ["done"]
