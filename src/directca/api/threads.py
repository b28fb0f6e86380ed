"""The threads in which verbs run: a fixed number, fed by one queue, so that a call costs two wake-ups and nothing else."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

Result = TypeVar("Result")


class Threads:
    """So many threads, started with the first call. One per process; made after a fork, since threads do not survive one."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._calls: SimpleQueue[tuple[Callable[[], Any], asyncio.Future[Any]]] = SimpleQueue()
        self._started = False

    async def run(self, work: Callable[[], Result]) -> Result:
        """What `work` returns or raises, in a thread. Calls are served in the order in which they came."""
        if not self._started:
            self._started = True
            for number in range(self._count):
                threading.Thread(target=self._serve, name=f"verbs-{number}", daemon=True).start()
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._calls.put((work, future))
        return await future

    def _serve(self) -> None:
        while True:
            work, future = self._calls.get()
            try:
                ending = _Ending(future, work(), None)
            except StopIteration as error:
                ending = _Ending(future, None, RuntimeError(f"a verb raised {error!r}"))  # a future cannot hold one
            except BaseException as error:  # noqa: BLE001  (raised again where the call is awaited)
                ending = _Ending(future, None, error)
            try:
                future.get_loop().call_soon_threadsafe(ending)
            except RuntimeError:
                return  # the loop was closed: the process ends
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
