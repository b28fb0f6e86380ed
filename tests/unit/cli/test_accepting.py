"""A server that ends after it drained answers whom it lets in, and refuses everybody else, so that a balancer asks elsewhere."""

import os
import signal
import socket
import threading
import time
from collections import Counter

import uvicorn
from starlette.responses import PlainTextResponse

from directca.api.draining import Draining
from directca.api.protocol import BoundedProtocol
from directca.cli.accepting import BalancedServer, Shares

CLIENTS = 12
REQUEST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab"


def forked(listening: socket.socket, draining: Draining) -> int:
    """A worker that serves on a socket until it is asked to end."""
    pid = os.fork()
    if pid:
        return pid
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    try:
        config = uvicorn.Config(
            PlainTextResponse("well"), http=BoundedProtocol, loop="uvloop", lifespan="off", log_config=None, access_log=False
        )
        BalancedServer(config, listening, Shares(1), 0, draining).run()
    finally:
        os._exit(0)


def outcome(port: int) -> str:
    """What becomes of one request on a connection of its own."""
    try:
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    except ConnectionRefusedError:
        return "refused"
    with connection:
        try:
            connection.sendall(REQUEST)
            return "answered" if connection.recv(65_536) else "dropped"
        except ConnectionError:
            return "dropped"


def test_nobody_is_let_in_and_dropped_when_a_server_ends() -> None:
    draining, ended, outcomes = Draining(), threading.Event(), Counter[str]()

    def ask() -> None:
        while not ended.is_set():
            outcomes[outcome(port)] += 1

    with socket.create_server(("127.0.0.1", 0), backlog=256) as listening:
        port = listening.getsockname()[1]
        pid = forked(listening, draining)
    clients = [threading.Thread(target=ask) for _ in range(CLIENTS)]
    for one in clients:
        one.start()
    time.sleep(0.5)
    draining.begin()
    os.kill(pid, signal.SIGTERM)
    os.waitpid(pid, 0)
    ended.set()
    for one in clients:
        one.join()
    assert outcomes["answered"] > CLIENTS
    assert outcomes["refused"] >= CLIENTS
    assert outcomes["dropped"] == 0, outcomes
