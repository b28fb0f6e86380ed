"""Work of a lane that waits for somebody outside keeps nobody else of it waiting."""

import gc
import socket
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import suppress

import pytest

from directca.fibers import Wire, elsewhere, place
from tests.unit.test_fibers import SECONDS, Works, is_gone

Ends = tuple[socket.socket, socket.socket]


@pytest.fixture
def ends() -> Iterator[Ends]:
    """Two ends of a connection."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


def test_a_thread_waits_at_a_wire_for_what_comes_or_so_many_seconds(ends: Ends) -> None:
    ours, theirs = ends
    wire = Wire(ours.fileno())
    assert not wire.has_come()
    assert not wire.wait(0.01)
    assert wire.wait(SECONDS, to_send=True)
    assert not wire.has_come()  # that there is room to send is no answer
    theirs.send(b"answer")
    assert wire.wait()
    assert wire.has_come()


def test_the_others_go_on_while_one_waits_at_a_wire(ends: Ends) -> None:
    ours, theirs = ends
    works = Works()

    def waits() -> None:
        works.said.append("asked")
        assert Wire(ours.fileno()).wait(SECONDS)
        works.said.append(ours.recv(10).decode())

    def goes_on() -> None:
        works.said.append("goes on")
        theirs.send(b"answered")

    works.begin(waits, goes_on)
    assert works.end() == ["asked", "goes on", "answered"]


def test_what_comes_while_all_wait_begins_at_once_and_what_is_told_goes_on(ends: Ends) -> None:
    ours, theirs = ends
    works, places = Works(), [place()]
    asked = threading.Event()

    def waits() -> None:
        asked.set()
        assert Wire(ours.fileno()).wait(SECONDS)
        works.said.append("answered")

    def told() -> None:
        places[0] = place()
        works.said.append("comes")
        asked.set()
        assert places[0].wait(SECONDS)
        works.said.append("told")

    began = time.monotonic()
    works.do(waits)
    assert asked.wait(SECONDS)
    asked.clear()
    time.sleep(0.05)  # by now the thread sleeps
    works.do(told)
    assert asked.wait(SECONDS)
    time.sleep(0.05)
    places[0].tell()
    deadline = time.monotonic() + SECONDS
    while works.said != ["comes", "told"]:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    theirs.send(b"!")
    assert works.end() == ["comes", "told", "answered"]
    assert time.monotonic() - began < SECONDS / 2


def test_an_answer_is_not_kept_waiting_by_ever_new_work(ends: Ends) -> None:
    ours, theirs = ends
    works = Works()

    def waits() -> None:
        assert Wire(ours.fileno()).wait(SECONDS)
        works.said.append("answered")

    def again() -> None:
        if not works.said:
            works.do(again)  # there is always one more

    works.begin(waits, again)
    theirs.send(b"!")
    assert works.ended.acquire(timeout=SECONDS)
    deadline = time.monotonic() + SECONDS
    while not works.said:
        assert time.monotonic() < deadline
        time.sleep(0.001)


@pytest.mark.parametrize("to_send", [False, True])
def test_a_wait_at_a_wire_ends_after_so_many_seconds_and_may_be_begun_again(ends: Ends, *, to_send: bool) -> None:
    ours, theirs = ends
    ours.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            ours.send(bytes(4096))  # until there is no room
    works = Works()

    def work() -> None:
        wire = Wire(ours.fileno())
        works.said.append(f"first {wire.wait(0.02, to_send=to_send)}")
        if to_send:
            theirs.recv(1 << 20)
        else:
            theirs.send(b"!")
        works.said.append(f"then {wire.wait(SECONDS, to_send=to_send)}")

    works.do(work)
    assert works.end() == ["first False", "then True"]


def test_a_connection_that_ends_is_waited_for_no_longer(ends: Ends) -> None:
    ours, theirs = ends
    works = Works()

    def waits() -> None:
        works.said.append(f"{Wire(ours.fileno()).wait(SECONDS)} {ours.recv(1)!r}")

    works.begin(waits, theirs.close)
    assert works.end() == ["True b''"]


def test_the_others_go_on_while_one_waits_elsewhere() -> None:
    works, may_end = Works(), threading.Event()

    def outside() -> int:
        assert may_end.wait(SECONDS)
        return threading.get_ident()

    def waits() -> None:
        works.said.append(f"another thread: {elsewhere(outside) != threading.get_ident()}")

    def goes_on() -> None:
        works.said.append("goes on")
        may_end.set()

    works.begin(waits, goes_on)
    assert works.end() == ["goes on", "another thread: True"]


def test_outside_of_a_lane_elsewhere_is_here() -> None:
    assert elsewhere(threading.get_ident) == threading.get_ident()


def test_where_there_is_no_thread_to_give_it_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    works = Works()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    def work() -> None:
        with monkeypatch.context() as patched:
            patched.setattr(threading.Thread, "start", refuse)
            works.said.append(f"here: {elsewhere(threading.get_ident) == threading.get_ident()}")

    works.do(work)
    assert works.end() == ["here: True"]


def test_what_is_raised_elsewhere_is_raised_here_and_nothing_keeps_it() -> None:
    class Failure(Exception):
        pass

    works, kept = Works(), list[weakref.ref[Failure]]()

    def fails() -> None:
        failure = Failure("said")
        kept.append(weakref.ref(failure))
        try:
            raise failure
        finally:
            del failure

    def work() -> None:
        try:
            elsewhere(fails)
        except Failure as failure:
            works.said.append(str(failure))

    gc.disable()
    try:
        works.do(work)
        assert works.end() == ["said"]
        assert is_gone(kept[0])
    finally:
        gc.enable()
