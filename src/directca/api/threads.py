"""The threads in which verbs run: a fixed number, fed by one queue, so that a call costs two wake-ups and nothing else."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")


class Threads:
    """So many threads, started with the first call. One per process; made after a fork, since threads do not survive one."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._calls: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]]] = SimpleQueue()
        self._started = 0

    async def run(self, work: Callable[[], Result]) -> Result:
        """What `work` returns or raises, in a thread. Calls are served in the order in which they came."""
        while self._started < self._count:
            threading.Thread(target=self._serve, name=f"verbs-{self._started}", daemon=True).start()
            self._started += 1
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._calls.put((work, future))
        return await future

    def _serve(self) -> None:
        while True:
            work, future = self._calls.get()
            if future.cancelled():
                continue  # nobody waits for it, so it is not begun
            try:
                ending = _Ending(future, work(), None)
            except StopIteration as error:
                ending = _Ending(future, None, RuntimeError(f"a verb raised {error!r}"))  # a future cannot hold one
            except BaseException as error:  # noqa: BLE001  (raised again where the call is awaited)
                ending = _Ending(future, None, error)
            with suppress(RuntimeError):  # the loop was closed: the process ends
                future.get_loop().call_soon_threadsafe(ending)
            del work, future, ending  # nothing of a call outlives it here


class _Ending:
    """Hands the outcome over, in the loop's own thread."""

    def __init__(self, future: asyncio.Future[Any], result: object, error: BaseException | None) -> None:
        self._future = future
        self._result = result
        self._error = error

    def __call__(self) -> None:
        if self._future.done():
            return  # cancelled: nobody waits any more
        if self._error is None:
            self._future.set_result(self._result)
        else:
            self._future.set_exception(self._error)
