"""A webhook's other side: a real HTTP or HTTPS server on loopback that keeps what it was sent and answers as a test wants.

with receiver() as there:
    there.url                        # http://127.0.0.1:40123/hook
    there.answers = 500              # until told otherwise
    there.messages[-1].event["type"]
"""

import contextlib
import hashlib
import hmac
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tests.material import rsa_key


@dataclass(frozen=True)
class Received:
    """One message."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    def signed_with(self, secret: str) -> bool:
        """Whether it is signed with this secret, as the documentation says it."""
        parts = [part.split("=", 1) for part in self.headers["directca-signature"].split(",")]
        moment = next(value for name, value in parts if name == "t")
        made = hmac.new(secret.encode(), f"{moment}.".encode() + self.body, hashlib.sha256).hexdigest()
        return any(name == "v1" and hmac.compare_digest(value, made) for name, value in parts)


@dataclass
class Receiver:
    """What a receiver was sent, and how it answers."""

    url: str = ""
    answers: int = 200
    body: bytes = b"thank you"
    location: str = ""
    takes_challenges: bool = True
    waits: float = 0.0
    behaves: Callable[[Any], None] | None = None
    """Writes whatever it likes to the connection, in place of an answer."""
    messages: list[Received] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def events(self) -> list[Received]:
        """Without challenges."""
        return [one for one in self.messages if one.event["type"] != "webhook.challenge"]


def _handler(there: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.path, headers, body, time.time())
            with there.lock:
                there.messages.append(received)
            time.sleep(there.waits)
            if there.behaves is not None:
                self.close_connection = True
                there.behaves(self.wfile)
                return
            answer = there.body
            if there.takes_challenges and received.event.get("type") == "webhook.challenge":
                answer = json.dumps({"challenge": received.event["challenge"]}).encode()
            head = f"HTTP/1.1 {there.answers} Whatever\r\nContent-Length: {len(answer)}\r\n"
            head += f"Location: {there.location}\r\n" if there.location else ""
            self.wfile.write(head.encode() + b"\r\n" + answer)

        def log_message(self, *_: object) -> None:
            pass

    return Handler


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The other side went away; that is what tests are about."""


@contextlib.contextmanager
def receiver(address: str = "127.0.0.1", *, tls: ssl.SSLContext | None = None, name: str = "") -> Iterator[Receiver]:
    """A receiver at an address of loopback, over TLS if there is a context for it."""
    there = Receiver()
    server = _Server((address, 0), _handler(there))
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    scheme = "http" if tls is None else "https"
    there.url = f"{scheme}://{name or address}:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield there
    finally:
        server.shutdown()
        server.server_close()


def certificate_for(folder: Path, *names: str, days: int = 30) -> tuple[Path, ssl.SSLContext]:
    """A certificate that vouches for itself, for names and addresses: its file, and the context of a server that has it."""
    key = rsa_key(60_001)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0])])
    others = [x509.IPAddress(ip_address(one)) if one[0].isdigit() else x509.DNSName(one) for one in names]
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=60))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName(others), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, private = folder / "receiver.pem", folder / "receiver.key"
    file.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    form = serialization.PrivateFormat.PKCS8
    private.write_bytes(key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, private)
    return file, context
