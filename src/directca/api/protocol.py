"""A connection before it is a request, and after: what it may send, how long it may take, and offers of another protocol.

uvicorn sees to none of these. A connection that nobody bounds is held at no cost to whoever opened it, and a server has room for
so many of them.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from directca.api.frame import ARRIVED
from directca.api.ready import Common, Ready
from directca.api.refusal import CROWDED, HEAD_TOO_LARGE, NO_HOST, NOT_HTTP, OTHER_VERSION, Refusal

LARGEST_HEAD = 65_536
"""Request line and headers together, in bytes."""

LARGEST_MESSAGE = 1_048_576
"""What is kept of one request, in bytes. The largest body that any function reads, in chunks of one byte each, stays below;
a file of addresses is larger, and sent in larger ones."""

HEAD_SECONDS = 15
"""How long a connection may take from its first byte, or from the end of the last request's answer, to the end of its headers."""

TAKE_SECONDS = 120
"""How long a client may take to fetch what was written for it at once."""

_VERSIONS = frozenset({"1.1", "1.0"})
"""An answer has a form of its own in any other: in 0.9 there is no status line at all."""

_END, _CLOSE_AND_END = b"\r\n", b"connection: close\r\n\r\n"
CLOSING_SECONDS = 1.0
"""How long a server that ends waits for a request that is on its way."""

_OFFER = frozenset({b"upgrade", b"http2-settings"})

_UNUSUAL = frozenset({b"expect", b"if-none-match"})
"""A request with one of these wants something before the answer, or perhaps another one."""


class DecliningParser:
    """httptools' parser, to which an offer to change the protocol is as if it had not been made (RFC 9110 7.8).

    Java's HTTP client offers HTTP/2 with its first request to an http:// address. httptools stops there and loses the body, so
    the request is read once more without the offer.
    """

    def __init__(self, protocol: "BoundedProtocol") -> None:
        self._protocol = protocol
        self._begin()

    def _begin(self) -> None:
        self._parser = parser = httptools.HttpRequestParser(self._protocol)
        # Asked many times a request: without a way round.
        self.get_method, self.get_http_version = parser.get_method, parser.get_http_version
        self.should_keep_alive, self.should_upgrade = parser.should_keep_alive, parser.should_upgrade

    def feed_data(self, data: bytes) -> None:
        """Read on; refuse what is not HTTP, and CONNECT, which nobody here can follow."""
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade as stopped:
            if self._parser.get_method() == b"CONNECT":
                self._protocol.refuse(NOT_HTTP)
                return
            head = self._protocol.head_without_offer()
            self._begin()
            self.feed_data(head + data[stopped.args[0] :])
        except httptools.HttpParserError:
            self._protocol.refuse(NOT_HTTP)


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's protocol, which gives up on what is too large or too slow and declines to change the protocol.

    What `ready` finds is answered before there is a request for the application. A request that may have such an answer is held
    until it is whole, but no longer than for the bytes at hand.
    """

    ready: Ready | None = None
    draining: Callable[[], bool] = staticmethod(lambda: False)
    _common = Common()
    _held: bytes | None = None
    _bytes = 0
    _in_head = True
    _watch: asyncio.TimerHandle | None = None
    _sending: asyncio.TimerHandle | None = None
    _fetches = False
    _most_connections: int | None = None

    @classmethod
    def giving(cls, ready: Ready) -> type["BoundedProtocol"]:
        """The protocol of a server that has ready answers."""
        return type("ReadyProtocol", (cls,), {"ready": ready, "_common": Common()})

    def connection_made(self, transport: Any) -> None:
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self.parser = DecliningParser(self)  # type: ignore[assignment]  # stands in for the parser that it wraps
        # uvicorn's own answer to one connection too many has neither a Retry-After nor the API's form.
        self._most_connections, self.limit_concurrency = self.limit_concurrency, None
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing left to wait for."""
        self._unwatch()
        self._unlimit()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what arrives until the request is complete, and hang up on what never ends."""
        room = LARGEST_HEAD - self._bytes
        if self._in_head and len(data) > room:
            # The head must end in what is left to it. That is read by itself, since a body may have come along with it.
            self._read(data[:room])
            if self._in_head and self._bytes >= LARGEST_HEAD:
                self.refuse(HEAD_TOO_LARGE)
            if not self.transport.is_closing():
                self.data_received(data[room:])
            return
        self._read(data)

    def refuse(self, refusal: Refusal) -> None:
        """Answer what is no request, and hang up."""
        if not self.transport.is_closing():
            self.transport.write(refusal.octets())
            self.transport.close()

    def _read(self, data: bytes) -> None:
        self._bytes += len(data)
        if self._bytes > LARGEST_MESSAGE:
            self.transport.close()
            return
        super().data_received(data)
        if self._held is not None:
            self._hand_over_in_part()
        # uvicorn stops waiting at each byte. What comes while nothing is being answered must become a request in time: also
        # the rest of a body that was refused unread, or an empty line.
        if self._is_idle():
            self._await_head()

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head = True
        self._await_head()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header. What comes after the body is none (RFC 9110 6.5.1): it could say what a proxy has taken out."""
        if self._in_head:
            super().on_header(name, value)

    def on_body(self, body: bytes) -> None:
        """A piece of the body. One that was refused unread is thrown away and so costs only the time that its sender is given."""
        if self._held is not None:
            self._held += body
            return
        super().on_body(body)
        if self.cycle.response_complete:
            self._bytes -= len(body)

    def on_headers_complete(self) -> None:
        """The head is whole: from here on the frame bounds the body."""
        if self.parser.should_upgrade():
            return  # the parser reads this request once more
        self._in_head = False
        self._unwatch()
        if not self.transport.get_write_buffer_size():
            self._unlimit()
        self.app = self._answering()
        if self.ready is not None and self.url.startswith(self.ready.path) and self._is_ordinary():
            self._held = b""
            return
        self._begin_answer()

    def on_message_complete(self) -> None:
        """The request is whole: the next head begins at nothing."""
        if self.parser.should_upgrade():
            return
        if self._held is None or not self._is_answered(self._held):
            self.scope["state"][ARRIVED] = True
            self._hand_over()
            super().on_message_complete()
        self._held = None
        self._in_head = True
        self._bytes = 0

    def on_response_complete(self) -> None:
        """The answer is written, though perhaps not fetched yet."""
        super().on_response_complete()
        if self.transport.get_write_buffer_size():
            self._limit()

    def shutdown(self) -> None:
        """End after the answer that is being made. A request of which a part came, or that will be the first, has a moment."""
        if self._is_idle() and self.draining() and (self.cycle is None or self._bytes):
            self.loop.call_later(CLOSING_SECONDS, self._close_unless_asked)
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """Answers come faster than the client fetches them."""
        super().pause_writing()
        self._limit()

    def resume_writing(self) -> None:
        """The client has fetched nearly all of what was written for it."""
        super().resume_writing()
        self._fetches = True

    def head_without_offer(self) -> bytes:
        """The head that was just read, without the headers that offer another protocol."""
        version = self.parser.get_http_version().encode("ascii")
        kept = [name + b": " + value for name, value in self.headers if name not in _OFFER]
        return b"\r\n".join((self.parser.get_method() + b" " + self.url + b" HTTP/" + version, *kept, b"", b""))

    def _is_ordinary(self) -> bool:
        """Whether an answer could be written now, in its turn, and nothing but it is wanted."""
        return (
            self.app is self.config.loaded_app
            and self._is_idle()
            and self.parser.get_http_version() == "1.1"
            and not self.flow.write_paused
            and not self.transport.is_closing()
            and _UNUSUAL.isdisjoint([name for name, _ in self.headers])
        )

    def _is_idle(self) -> bool:
        return self.cycle is None or self.cycle.response_complete

    def _close_unless_asked(self) -> None:
        if self._is_idle() and not self.transport.is_closing():
            self.transport.close()

    def _begin_answer(self) -> None:
        super().on_headers_complete()
        if self.draining():
            self.cycle.keep_alive = False  # and the answer says so

    def _is_answered(self, body: bytes) -> bool:
        """Whether the request that was held has found its answer ready."""
        assert self.ready is not None  # nothing is held without
        pieces = self.ready.find(self.parser.get_method(), self.url, body)
        if pieces is None:
            return False
        stays = self.parser.should_keep_alive() and not self.draining()
        head, *content = pieces
        end = _END if stays else _CLOSE_AND_END
        self.transport.write(b"".join((self._common.encoded(self.server_state.default_headers), head, end, *content)))
        if not stays:
            self.transport.close()
        self.on_response_complete()
        return True

    def _hand_over(self) -> None:
        """Give the application the request that was held, as much of it as there is."""
        body, self._held = self._held, None
        if body is None:
            return
        self._begin_answer()
        if body:
            self.on_body(body)

    def _hand_over_in_part(self) -> None:
        try:
            self._hand_over()
        except httptools.HttpParserError:  # of the target, which the parser has not looked into
            self.refuse(NOT_HTTP)

    def _answering(self) -> Any:
        if self._most_connections is not None and len(self.connections) > self._most_connections:
            return CROWDED
        version = self.parser.get_http_version()
        if version not in _VERSIONS:
            return OTHER_VERSION
        hosts = [name for name, _ in self.headers].count(b"host")
        if hosts > 1 or (hosts == 0 and version == "1.1"):
            return NO_HOST
        return self.config.loaded_app

    def _await_head(self) -> None:
        if self._watch is None:
            self._watch = self.loop.call_later(HEAD_SECONDS, self._give_up)

    def _give_up(self) -> None:
        self._watch = None
        if not self.transport.is_closing():
            self.transport.close()

    def _unwatch(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None

    def _limit(self) -> None:
        if self._sending is None:
            self._fetches = False
            self._sending = self.loop.call_later(TAKE_SECONDS, self._not_fetched)

    def _not_fetched(self) -> None:
        self._sending = None
        if self._fetches and self.transport.get_write_buffer_size():
            # A long answer that is given piece by piece, slowly taken. Whoever gives the pieces bounds the time for all of them.
            self._limit()
            return
        # Not `close`, which waits until everything is sent: for ever, if nobody reads.
        if self.transport.get_write_buffer_size():
            self.transport.abort()

    def _unlimit(self) -> None:
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None
