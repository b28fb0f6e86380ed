"""A server that answers every request with the same bytes: the workers' own HTTP stack and nothing behind it.

`python -m bench.constant DATA PORT WORKERS FILE` listens as a worker of the data folder's authority does (`listener`, its
protocol, its way to take connections, its garbage collector's thresholds) and answers the content of the file. What the
authority reaches of its rate shows what its own work costs, whatever the machine and the HTTP server can do.
"""

import gc
import os
import signal
import socket
import sys
from pathlib import Path
from types import FrameType

from starlette.types import Receive, Scope, Send

from directca.api.draining import Draining
from directca.cli.accepting import BalancedServer, Shares
from directca.cli.worker import listener
from directca.settings import load

_HOST = "127.0.0.1"
_BACKLOG = 1024
_GARBAGE_THRESHOLDS = (20_000, 20, 50)
_SWITCH_SECONDS = 0.0005


class Constant:
    """The application: a type, a length, a body."""

    def __init__(self, body: bytes) -> None:
        headers = [(b"content-type", b"application/ocsp-response"), (b"content-length", b"%d" % len(body))]
        self._start = {"type": "http.response.start", "status": 200, "headers": headers}
        self._body = {"type": "http.response.body", "body": body}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, once the request is there, as whoever reads it must wait for it."""
        await receive()
        await send(self._start)
        await send(self._body)


def main(data: Path, port: int, workers: int, body: bytes) -> None:
    """Serve until SIGTERM, in so many processes."""
    settings = load(data).server
    listening = socket.create_server((_HOST, port), backlog=_BACKLOG)
    shares = Shares(workers)
    children = []
    for place in range(workers):
        pid = os.fork()
        if pid == 0:
            gc.collect()
            gc.freeze()
            gc.set_threshold(*_GARBAGE_THRESHOLDS)
            sys.setswitchinterval(_SWITCH_SECONDS)
            BalancedServer(listener(Constant(body), settings), listening, shares, place, Draining()).run()
            os._exit(0)
        children.append(pid)

    def stop(_number: int, _frame: FrameType | None) -> None:
        for one in children:
            os.kill(one, signal.SIGTERM)

    signal.signal(signal.SIGTERM, stop)
    for one in children:
        os.waitpid(one, 0)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4]).read_bytes())
