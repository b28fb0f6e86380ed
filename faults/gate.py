"""A gate on the way from one program to another: a TCP proxy of ours that cuts, slows and silences what passes.

with Gate(("127.0.0.1", 5432)) as gate:
    gate.cut()       # connections are reset, new ones end at once
    gate.slow(0.2)   # each piece waits, in both directions
    gate.silence()   # half-open: nothing passes and nothing is closed
    gate.open()
"""

import asyncio
import contextlib
import socket
import struct
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Self

Address = tuple[str, int]
_PIECE = 65_536
_RESET = struct.pack("ii", 1, 0)


class Gate:
    """A port of the loopback interface behind which the first of some addresses that answers is; they take turns."""

    def __init__(self, *targets: Address) -> None:
        self._targets: Sequence[Address] = targets
        self._turn = 0
        self._delay = 0.0
        self._is_cut = False
        self._passes = asyncio.Event()
        self._passes.set()
        self._pairs: set[tuple[asyncio.StreamWriter, asyncio.StreamWriter]] = set()
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.port: int = self._listening.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._ending = asyncio.Event()
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def open(self) -> None:
        """Let everything pass. What was silenced is reset: the other side may have forgotten it."""
        self._delay, self._is_cut = 0.0, False
        self._loop.call_soon_threadsafe(self._let_pass)

    def cut(self) -> None:
        """Reset every connection, and each that comes."""
        self._is_cut = True
        self._loop.call_soon_threadsafe(self._reset)

    def slow(self, seconds: float) -> None:
        """Let each piece wait."""
        self._delay = seconds

    def silence(self) -> None:
        """Let nothing pass, and close nothing."""
        self._loop.call_soon_threadsafe(self._passes.clear)

    def close(self) -> None:
        """End it."""
        self._loop.call_soon_threadsafe(self._ending.set)
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        server = await asyncio.start_server(self._passing, sock=self._listening)
        await self._ending.wait()
        server.close()
        self._reset()
        others = [one for one in asyncio.all_tasks() if one is not asyncio.current_task()]
        for one in others:
            one.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _let_pass(self) -> None:
        if not self._passes.is_set():
            self._reset()
            self._passes.set()

    def _reset(self) -> None:
        for pair in list(self._pairs):
            for writer in pair:
                _abort(writer)
        self._pairs.clear()

    async def _passing(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            _abort(writer)
            return
        found = await self._reached()
        if found is None:
            _abort(writer)
            return
        far_reader, far_writer = found
        pair = (writer, far_writer)
        self._pairs.add(pair)
        ways = [asyncio.ensure_future(self._carry(*way)) for way in ((reader, far_writer), (far_reader, writer))]
        try:
            await asyncio.gather(*ways)
        finally:
            self._pairs.discard(pair)
            for one in pair:
                with contextlib.suppress(Exception):
                    one.close()

    async def _reached(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        self._turn += 1
        for step in range(len(self._targets)):
            with contextlib.suppress(OSError):
                return await asyncio.open_connection(*self._targets[(self._turn + step) % len(self._targets)])
        return None

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(_PIECE):
                if self._delay:
                    await asyncio.sleep(self._delay)
                await self._passes.wait()
                writer.write(piece)
                await writer.drain()
        except OSError:
            _abort(writer)
            return
        await self._passes.wait()
        with contextlib.suppress(OSError, RuntimeError):
            writer.write_eof()


def _abort(writer: asyncio.StreamWriter) -> None:
    """Close at once, with a reset where the system grants one."""
    with contextlib.suppress(Exception):
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()
