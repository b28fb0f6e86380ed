"""Bounds on a connection before it is a request: headers have a size and a time limit, which the HTTP library does not set."""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 65_536
"""Request line and headers together, in bytes."""

HEAD_SECONDS = 15
"""How long a connection may take from its first byte, or from the end of the last request's answer, to the end of its headers."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which gives up on heads that are too large or too slow."""

    _head_bytes = 0
    _in_head = True
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._watch = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing left to wait for."""
        self._unwatch()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what arrives until the headers are complete."""
        if self._in_head:
            self._head_bytes += len(data)
            # A body that came along with the end of the head counts too, so only an unfinished head is judged.
            if self._head_bytes > LARGEST_HEAD and not self._ends_head(data):
                self.transport.write(_TOO_LARGE)
                self.transport.close()
                return
        super().data_received(data)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        if self._watch is None:
            self._watch = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def on_headers_complete(self) -> None:
        """The head is whole: from here on the frame bounds the body."""
        self._in_head = False
        self._head_bytes = 0
        self._unwatch()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole: the next head begins at nothing."""
        super().on_message_complete()
        self._in_head = True

    @staticmethod
    def _ends_head(data: bytes) -> bool:
        return b"\r\n\r\n" in data[: LARGEST_HEAD * 2]

    def _give_up(self) -> None:
        self._watch = None
        if not self.transport.is_closing():
            self.transport.close()

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
