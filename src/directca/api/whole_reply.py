"""A successful answer that is written in one piece, for applications that have the same one ready for many requests.

ASGI hands an answer over in messages, whose headers the server checks one by one and writes before the body: for an answer of a
kilobyte that was made long ago, that is a fifth of the work. An application that finds `WHOLE_REPLY` among the extensions of its
scope may give the finished octets to its `write` instead, a `WholeReply`.
"""

from typing import Any, Protocol

WHOLE_REPLY = "directca.whole_reply"
_OK = b"HTTP/1.1 200 OK\r\n"


class Cycle(Protocol):
    """As much as is needed of uvicorn's one request and its answer."""

    disconnected: bool
    keep_alive: bool
    response_started: bool
    response_complete: bool
    flow: Any
    transport: Any
    message_event: Any
    on_response: Any
    default_headers: list[tuple[bytes, bytes]]


class WholeReply:
    """Writes the answer to one request."""

    __slots__ = ("_cycle",)

    def __init__(self, cycle: Cycle) -> None:
        self._cycle = cycle

    def __call__(self, head: bytes, *body: bytes) -> bool:
        """Write a 200 with header lines (`content-length` among them, each ended by CR LF) and a body.

        False, and nothing is written, when the answer has to wait or to say more than `head` does: then it goes the usual way.
        """
        cycle = self._cycle
        if cycle.disconnected or cycle.response_started or cycle.flow.write_paused or not cycle.keep_alive:
            return False
        cycle.response_started = cycle.response_complete = True
        common = b"".join([b"%s: %s\r\n" % pair for pair in cycle.default_headers])
        cycle.transport.write(b"".join((_OK, common, head, b"\r\n", *body)))
        cycle.message_event.set()
        cycle.on_response()
        return True
