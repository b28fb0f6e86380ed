"""The product's protocol on a real socket, before an application of the test's own."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from directca.api.protocol import BoundedProtocol
from directca.api.ready import Ready


@contextmanager
def listening(app: ASGIApp, ready: Ready | None = None) -> Iterator[int]:
    """The port on which it answers while the block lasts."""
    protocol = BoundedProtocol if ready is None else BoundedProtocol.giving(ready)
    opened = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(app, http=protocol, lifespan="off", log_config=None))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [opened]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield opened.getsockname()[1]
    server.should_exit = True
    thread.join()
