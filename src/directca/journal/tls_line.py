"""A TLS connection that ends in a way that can be relied on.

OpenSSL's own shutdown takes any end for an orderly one, a fatal alert too: with TLS 1.3 a receiver that refuses our certificate
says so after we have sent everything. So the close is sent first, and what comes back is read as it is.
"""

import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

_AT_ONCE = 65_536

Answer = TypeVar("Answer")


class TlsLine:
    """The client's side of TLS over a connected socket. Raises OSError, of which ssl.SSLError is one."""

    def __init__(self, plain: socket.socket, context: ssl.SSLContext, host: str) -> None:
        self._plain = plain
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)
        self._with_input(self._tls.do_handshake)

    def send(self, text: bytes) -> None:
        """Send all of it."""
        rest = memoryview(text)
        while rest:
            rest = rest[self._tls.write(rest[:_AT_ONCE]) :]
            self._flush()

    def end(self, *, accept_plain_close: bool) -> None:
        """Send close_notify and wait for the other side's. Without it the end of the connection is an error, unless accepted."""
        try:
            self._tls.unwrap()
        except ssl.SSLWantReadError:
            self._flush()
        else:
            raise ConnectionAbortedError("it ended the connection before it was sent anything")
        try:
            while self._with_input(lambda: self._tls.read(_AT_ONCE)):
                pass  # a receiver has nothing to say
        except ssl.SSLZeroReturnError:
            return
        except ssl.SSLEOFError:
            if not accept_plain_close:
                raise

    def _with_input(self, step: Callable[[], Answer]) -> Answer:
        while True:
            try:
                answer = step()
            except ssl.SSLWantReadError:
                self._flush()
                octets = self._plain.recv(_AT_ONCE)
                if octets:
                    self._incoming.write(octets)
                else:
                    self._incoming.write_eof()
            else:
                self._flush()
                return answer

    def _flush(self) -> None:
        self._plain.sendall(self._outgoing.read())
