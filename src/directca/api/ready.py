"""Answers that are ready: made before they were asked for, and written by the protocol itself.

An ASGI application gets each request as a scope, a task and messages of its own, which is most of what it costs to answer one
from memory. So whoever keeps finished answers is asked first, as soon as a request is whole; what it does not have goes the usual
way, and so does every request that is out of the ordinary (`BoundedProtocol`).
"""

from dataclasses import dataclass
from typing import Protocol

_OK = b"HTTP/1.1 200 OK\r\n"


class Find(Protocol):
    """Looks for what is ready: at once, without waiting for anything, and without ever failing."""

    def __call__(self, method: bytes, target: bytes, body: bytes) -> tuple[bytes, ...] | None:
        """The answer in pieces, or None.

        `target` is the request line's, as it was sent. The first piece is the answer's header lines, `content-length` among them,
        each ended by CR LF; the others are its body.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ready:
    """Where ready answers are found, for all targets that begin with `path`."""

    path: bytes
    find: Find


class Common:
    """The header lines that every answer of a server has: encoded once for each of the lists that uvicorn makes of them."""

    __slots__ = ("_encoded", "_of")

    def __init__(self) -> None:
        self._of: list[tuple[bytes, bytes]] | None = None
        self._encoded = b""

    def encoded(self, headers: list[tuple[bytes, bytes]]) -> bytes:
        """A status line of 200 and these headers."""
        if headers is not self._of:
            self._encoded = _OK + b"".join([b"%s: %s\r\n" % pair for pair in headers])
            self._of = headers
        return self._encoded
