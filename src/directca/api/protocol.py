"""A connection before it is a request: bounds on its headers, and offers of another protocol; uvicorn sees to neither."""

import asyncio
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 65_536
"""Request line and headers together, in bytes."""

HEAD_SECONDS = 15
"""How long a connection may take from its first byte, or from the end of the last request's answer, to the end of its headers."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


_OFFER = frozenset({b"upgrade", b"http2-settings"})


class DecliningParser:
    """httptools' parser, to which an offer to change the protocol is as if it had not been made (RFC 9110 7.8).

    Java's HTTP client offers HTTP/2 with its first request to an http:// address. httptools stops there and loses the body, so
    the request is read once more without the offer.
    """

    def __init__(self, protocol: "BoundedProtocol") -> None:
        self._protocol = protocol
        self._parser = httptools.HttpRequestParser(protocol)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._parser, name)

    def feed_data(self, data: bytes) -> None:
        """Read on. Raises HttpParserError for what is not HTTP, and for CONNECT, which nobody here can follow."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as stopped:
            if self._parser.get_method() == b"CONNECT":
                raise httptools.HttpParserError("CONNECT") from stopped
            head = self._protocol.head_without_offer()
            self._parser = httptools.HttpRequestParser(self._protocol)
            self.feed_data(head + data[stopped.args[0] :])


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which gives up on heads that are too large or too slow and declines to change the protocol."""

    _head_bytes = 0
    _in_head = True
    _watch: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.parser = DecliningParser(self)  # type: ignore[assignment]  # stands in for the parser that it wraps
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
        if self.parser.should_upgrade():
            return  # the parser reads this request once more
        self._in_head = False
        self._head_bytes = 0
        self._unwatch()
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole: the next head begins at nothing."""
        if self.parser.should_upgrade():
            return
        super().on_message_complete()
        self._in_head = True

    def head_without_offer(self) -> bytes:
        """The head that was just read, without the headers that offer another protocol."""
        version = self.parser.get_http_version().encode("ascii")
        kept = [name + b": " + value for name, value in self.headers if name not in _OFFER]
        return b"\r\n".join((self.parser.get_method() + b" " + self.url + b" HTTP/" + version, *kept, b"", b""))

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
