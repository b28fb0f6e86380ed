"""Sending to webhooks over HTTP: to addresses that strangers choose, so nothing of them is believed.

The host's name is looked up here, every address of it is looked at, and the connection goes to one of those very addresses, with
the name in TLS and in `Host`: whoever answers the next question about the name otherwise changes nothing (DNS rebinding). No
proxy, no cookie, no redirect, no compression. Time and octets are bounded for all of it together.
"""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

import dns.exception
import dns.name
import dns.nameserver
import dns.rdatatype
import dns.resolver
import h11

from directca.notices.config import NoticeConfig
from directca.notices.webhook_model import Answered, Message, Outcome
from directca.notices.webhook_policy import THIS_MACHINE, is_literal, may_be_reached, outcome_of

_PORTS = {"https": 443, "http": 80}
_AT_ONCE = 65_536
_HEAD = 16_384
_AGENT = "directca-webhook/1"
_REUSE_SECONDS = 20.0
"""A connection is used again for so long; then the name's addresses are looked at anew."""
_IDLE_EACH = 4

Place = tuple[str, int]


class _Stale(Exception):
    """A connection that was kept has been ended by the other side, before anything came back over it."""


class _Failed(Exception):
    """It came to nothing, in a word."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(outcome)
        self.outcome = outcome


@dataclass
class _Line:
    """A connection to one host that has been looked at."""

    plain: socket.socket
    http: h11.Connection
    opened: float
    heard: bool = False
    """Whether anything of the answer to the last request has come."""


class WebhookPoster:
    """The port's implementation. `places` are resolvers, by address and port; without any, the machine's own are asked."""

    def __init__(
        self,
        config: NoticeConfig,
        data: Path,
        places: tuple[Place, ...] = (),
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        self._config = config
        self._places = places
        self._steady = steady
        self._trust_file = data / config.trust_file if config.trust_file else None
        self._trust: ssl.SSLContext | None = None
        self._idle: dict[tuple[str, str, int], list[_Line]] = {}
        self._lock = threading.Lock()

    def post(self, message: Message, most: int) -> Answered:
        """Send it once and wait for the answer."""
        began = self._steady()
        try:
            status, body = self._posted(message, most, began + self._config.webhook_seconds)
            outcome = outcome_of(status)
        except _Failed as failed:
            return Answered(failed.outcome, milliseconds=round((self._steady() - began) * 1000))
        return Answered(outcome, status, body, round((self._steady() - began) * 1000))

    def close(self) -> None:
        """End the connections that are kept."""
        with self._lock:
            kept, self._idle = self._idle, {}
        for line in (line for lines in kept.values() for line in lines):
            line.plain.close()

    def _posted(self, message: Message, most: int, ends: float) -> tuple[int, bytes]:
        parts = urlsplit(message.url)
        host, port = parts.hostname or "", parts.port or _PORTS[parts.scheme]
        key = (parts.scheme, host, port)
        line = self._kept(key)
        with _translated():
            if line is not None:
                with suppress(_Stale):
                    return self._exchanged(line, key, message, most, ends)
            return self._exchanged(self._opened(parts, key, ends), key, message, most, ends)

    def _exchanged(self, line: _Line, key: tuple[str, str, int], message: Message, most: int, ends: float) -> tuple[int, bytes]:
        whole, kept = False, line.heard
        line.heard = False
        try:
            line.plain.settimeout(self._left(ends))
            line.plain.sendall(_request(line.http, message))
            status, body, whole = self._answer(line, most, ends)
        except (ConnectionError, _Failed) as error:
            ended = isinstance(error, ConnectionError) or error.outcome is Outcome.BAD_ANSWER
            if kept and ended and not line.heard:
                raise _Stale from error
            raise
        finally:
            if not (whole and self._keep(line, key)):
                line.plain.close()
        return status, body

    def _answer(self, line: _Line, most: int, ends: float) -> tuple[int, bytes, bool]:
        """The status, the first octets of the body, and whether that was all of it."""
        status, body = 0, b""
        while True:
            event = self._next(line, ends)
            if isinstance(event, h11.Response):
                status = event.status_code
            elif isinstance(event, h11.Data):
                body += bytes(event.data)
                if len(body) >= most:
                    return status, body[:most], False
            elif isinstance(event, h11.EndOfMessage):
                return status, body, True
            elif isinstance(event, h11.ConnectionClosed):
                raise _Failed(Outcome.BAD_ANSWER)

    def _next(self, line: _Line, ends: float) -> object:
        while True:
            try:
                event = line.http.next_event()
            except h11.RemoteProtocolError as error:
                raise _Failed(Outcome.BAD_ANSWER) from error
            if event is not h11.NEED_DATA:
                return event
            line.plain.settimeout(self._left(ends))
            octets = line.plain.recv(_AT_ONCE)
            line.heard = line.heard or bool(octets)
            line.http.receive_data(octets)

    def _kept(self, key: tuple[str, str, int]) -> _Line | None:
        with self._lock:
            lines = self._idle.get(key, [])
            while lines:
                line = lines.pop()
                if self._steady() - line.opened < _REUSE_SECONDS:
                    return line
                line.plain.close()
            return None

    def _keep(self, line: _Line, key: tuple[str, str, int]) -> bool:
        """Keep a connection for what is sent next, if both sides want that."""
        if line.http.our_state is not h11.DONE or line.http.their_state is not h11.DONE:
            return False
        line.http.start_next_cycle()
        with self._lock:
            lines = self._idle.setdefault(key, [])
            if len(lines) >= _IDLE_EACH:
                return False
            lines.append(line)
            return True

    def _opened(self, parts: SplitResult, key: tuple[str, str, int], ends: float) -> _Line:
        scheme, host, port = key
        addresses = self._addresses(host, ends)
        if not addresses:
            raise _Failed(Outcome.NO_ADDRESS)
        if not may_be_reached(addresses, scheme=scheme, config=self._config):
            raise _Failed(Outcome.ADDRESS_REFUSED)
        plain = self._connected(addresses, port, ends)
        if scheme == "https":
            try:
                plain.settimeout(self._left(ends))
                plain = self._context().wrap_socket(plain, server_hostname=host)
            except BaseException:
                plain.close()
                raise
        return _Line(plain, h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD), self._steady())

    def _connected(self, addresses: tuple[str, ...], port: int, ends: float) -> socket.socket:
        """A connection to the first of these addresses that takes one."""
        failure: OSError = OSError("no address")
        for address in addresses:
            try:
                return socket.create_connection((address, port), self._left(ends))
            except OSError as error:
                failure = error
        raise failure

    def _addresses(self, host: str, ends: float) -> tuple[str, ...]:
        """What the name leads to now: all of it, or nothing."""
        if is_literal(host):
            return (host,)
        if host == THIS_MACHINE:
            return ("127.0.0.1",)
        try:
            resolver = self._resolver()
            resolver.lifetime = self._left(ends)
            name = dns.name.from_text(host)
            found: list[str] = []
            for kind in (dns.rdatatype.A, dns.rdatatype.AAAA):
                answer = resolver.resolve(name, kind, raise_on_no_answer=False, search=False)
                found += [record.address for record in answer.rrset or ()]
        except (dns.resolver.NXDOMAIN, dns.name.LabelTooLong, dns.name.EmptyLabel):
            return ()
        except dns.exception.DNSException as error:
            raise _Failed(Outcome.NO_ADDRESS) from error
        return tuple(dict.fromkeys(found))

    def _resolver(self) -> dns.resolver.Resolver:
        made = dns.resolver.Resolver(configure=not self._places)
        if self._places:
            made.nameservers = [dns.nameserver.Do53Nameserver(address, port) for address, port in self._places]
        made.cache = None
        return made

    def _context(self) -> ssl.SSLContext:
        with self._lock:
            if self._trust is None:
                self._trust = ssl.create_default_context(cafile=None if self._trust_file is None else str(self._trust_file))
                self._trust.minimum_version = ssl.TLSVersion.TLSv1_2
            return self._trust

    def _left(self, ends: float) -> float:
        left = ends - self._steady()
        if left <= 0:
            raise _Failed(Outcome.TIMEOUT)
        return left


def _request(http: h11.Connection, message: Message) -> bytes:
    parts = urlsplit(message.url)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    headers = [
        ("Host", parts.netloc),
        ("User-Agent", _AGENT),
        ("Accept", "*/*"),
        ("Content-Length", str(len(message.body))),
        *message.headers.items(),
    ]
    request = http.send(h11.Request(method="POST", target=target, headers=headers))
    return b"".join(part or b"" for part in (request, http.send(h11.Data(data=message.body)), http.send(h11.EndOfMessage())))


@contextmanager
def _translated() -> Iterator[None]:
    """Say in a word what the operating system, or TLS, says."""
    try:
        yield
    except TimeoutError as error:
        raise _Failed(Outcome.TIMEOUT) from error
    except ssl.SSLError as error:
        raise _Failed(Outcome.TLS_FAILED) from error
    except OSError as error:
        raise _Failed(Outcome.UNREACHABLE) from error
