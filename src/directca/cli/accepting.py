"""Which worker takes a new connection: one of those that have the fewest.

All workers wait at one socket, and whichever wakes first takes everything that waits there: of a client's eight connections one
worker often got all, and the other cores slept. A worker that has more than another lets the others go first, for a moment; one
that is alone, or whose neighbours are too busy to come, takes the connection after that moment.
"""

import asyncio
import mmap
import socket
from typing import Any

import structlog
import uvicorn

from directca.api.draining import Draining
from directca.api.protocol import BoundedProtocol

_LOG = structlog.get_logger("directca.worker")
_MOMENT = 0.003
_WITHOUT_FILES = 0.5
_BYTES = 4
_BEATS = 1 << 32


class Shares:
    """What each worker tells of itself, in memory that all of them and their parent see; each writes its own numbers only."""

    def __init__(self, workers: int) -> None:
        self._connections = memoryview(mmap.mmap(-1, workers * _BYTES)).cast("I")
        self._beats = memoryview(mmap.mmap(-1, workers * _BYTES)).cast("I")

    def report(self, worker: int, connections: int) -> None:
        """Say how many connections a worker has."""
        self._connections[worker] = connections

    def has_more_than_another(self, worker: int) -> bool:
        """Whether another worker has fewer."""
        return self._connections[worker] > min(self._connections)

    def beat(self, worker: int) -> None:
        """Say that a worker's event loop goes on."""
        self._beats[worker] = (self._beats[worker] + 1) % _BEATS

    def beats(self, worker: int) -> int:
        """A number that is another one after each beat of a worker."""
        return self._beats[worker]


class BalancedServer(uvicorn.Server):
    """uvicorn's server, which takes its connections itself instead of leaving that to the event loop."""

    def __init__(self, config: uvicorn.Config, listening: socket.socket, shares: Shares, worker: int, draining: Draining) -> None:
        super().__init__(config)
        self._draining = draining
        self._listening = listening
        self._shares = shares
        self._worker = worker
        self._let_others = False
        self._without_files = False
        self._opening: set[asyncio.Task[Any]] = set()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to take connections."""
        await super().startup(sockets=[])
        self._listening.setblocking(False)
        self._wait()

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second: say that it goes on, and how many connections are left."""
        self._shares.beat(self._worker)
        self._report()
        return await super().on_tick(counter)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more, and end those there are. A server that drains takes those that wait already: nobody else will."""
        asyncio.get_running_loop().remove_reader(self._listening)
        if self._draining():
            while self._take():
                pass
        self._listening.close()  # without a moment in between, in which somebody could come whom nobody would take
        await asyncio.gather(*self._opening, return_exceptions=True)
        await super().shutdown(sockets)

    def _wait(self) -> None:
        if not self.should_exit:
            asyncio.get_running_loop().add_reader(self._listening, self._ready)

    def _pause(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._listening)
        loop.call_later(seconds, self._wait)

    def _ready(self) -> None:
        """Take one connection; who has more than another worker does so at the second call."""
        self._report()
        self._let_others = not self._let_others and self._shares.has_more_than_another(self._worker)
        if self._let_others:
            self._pause(_MOMENT)
            return
        if not self._take() and self._without_files:
            self._pause(_WITHOUT_FILES)

    def _take(self) -> bool:
        """Take a connection that waits; False when none does, or none can be had."""
        self._without_files = False
        try:
            connection, _ = self._listening.accept()
        except (BlockingIOError, ConnectionError):
            return False  # another worker was quicker, or the client has gone
        except OSError as error:
            _LOG.error("no connection can be taken now", error=str(error))
            self._without_files = True
            return False
        connection.setblocking(False)
        opening = asyncio.get_running_loop().connect_accepted_socket(self._protocol, connection)
        task = asyncio.ensure_future(opening)
        self._opening.add(task)
        task.add_done_callback(self._opening.discard)
        self._report()
        return True

    def _protocol(self) -> asyncio.Protocol:
        make: Any = self.config.http_protocol_class  # the listener's: BoundedProtocol, with ready answers or without
        made: BoundedProtocol = make(config=self.config, server_state=self.server_state, app_state=self.lifespan.state)
        made.draining = self._draining
        return made

    def _report(self) -> None:
        self._shares.report(self._worker, len(self.server_state.connections) + len(self._opening))
