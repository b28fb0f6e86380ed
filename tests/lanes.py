"""Work in one lane, each piece with what it answers or raises.

doing = Doing()
call = doing.begin(work)
call.result(SECONDS)
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from contextvars import copy_context
from typing import TypeVar

from directca.fibers import Lane

Answer = TypeVar("Answer")

SECONDS = 10
"""How long anything of it may take at most."""


class Doing:
    """A lane of its own."""

    def __init__(self) -> None:
        self._lane = Lane(SECONDS)

    def begin(self, work: Callable[[], Answer]) -> Future[Answer]:
        """Begin one."""
        call = Future[Answer]()

        def does() -> None:
            try:
                answer = work()
            except BaseException as error:  # noqa: BLE001  (it is kept for whoever asks)
                call.set_exception(error)
            else:
                call.set_result(answer)

        self._lane.do(does, copy_context())
        return call

    def together(self, *works: Callable[[], Answer]) -> list[Future[Answer]]:
        """Begin these: none before all have come."""
        come = threading.Event()
        self._lane.do(lambda: _wait(come), copy_context())
        calls = [self.begin(work) for work in works]
        come.set()
        return calls


def _wait(come: threading.Event) -> None:
    assert come.wait(SECONDS)
