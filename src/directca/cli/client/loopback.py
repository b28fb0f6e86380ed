"""The loopback address to which the browser brings the authorization response (RFC 8252 7.3).

It listens on 127.0.0.1 alone, on a port that the system picks, and takes the first response that carries the right state:
another page open in the same browser could send anything to this port, and must not be able to end the sign-in.
"""

import hmac
import queue
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

from directca.cli.client.failures import Unreachable

PATH = "/callback"

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><h1>{title}</h1><p>{text}</p></html>
"""


class Listener:
    """Waits for one authorization response, the one that carries `state`."""

    def __init__(self, port: int, state: str) -> None:
        self.redirect_uri = f"http://127.0.0.1:{port}{PATH}"
        self._state = state
        self._answers: queue.Queue[dict[str, str]] = queue.Queue()

    def wait(self, seconds: float) -> dict[str, str]:
        """The response's parameters. Raises Unreachable after `seconds`."""
        try:
            return self._answers.get(timeout=seconds)
        except queue.Empty:
            raise Unreachable(f"Nobody signed in within {seconds:.0f} seconds. Run the command again.") from None

    def awaited(self, query: str) -> dict[str, str] | None:
        """The response's parameters if it is whole and carries the right state, else None."""
        pairs = parse_qsl(query, keep_blank_values=True)
        parameters = dict(pairs)
        # RFC 6749 3.1: a parameter that is sent twice makes the response void.
        if len(parameters) != len(pairs):
            return None
        if not hmac.compare_digest(parameters.get("state", "").encode(), self._state.encode()):
            return None
        return parameters

    def deliver(self, parameters: dict[str, str]) -> None:
        """End the waiting."""
        self._answers.put(parameters)


@contextmanager
def listening(state: str) -> Iterator[Listener]:
    """Listen until the block ends. The state is known first: an answer may come before anybody waits for it."""
    server = _Server(("127.0.0.1", 0), _Handler)
    server.listener = Listener(server.server_address[1], state)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server.listener
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    listener: Listener


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    server_version = "directca-client"
    sys_version = ""
    timeout = 10  # browsers open connections that they never use

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        if parts.path != PATH:
            self._answer(404, "Nothing here", "This address waits for the end of a sign-in.")
            return
        parameters = self.server.listener.awaited(parts.query)
        if parameters is None:
            self._answer(400, "Not the awaited answer", "This is not the answer to the sign-in that directca waits for.")
            return
        try:
            self._answer(200, "Back to the terminal", "The answer has reached directca. You can close this page.")
        finally:
            # Only now: what waits may end the process, and the person would be left with a broken page.
            self.server.listener.deliver(parameters)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the standard library's
        """Stay silent: the request line holds the code."""

    def _answer(self, status: int, title: str, text: str) -> None:
        body = _PAGE.format(title=title, text=text).encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
        self.send_header("Referrer-Policy", "no-referrer")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
