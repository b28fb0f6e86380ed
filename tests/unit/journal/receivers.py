"""Syslog receivers as other people's are: they count octets, read to the end, and end the connection in one way or another."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

Ending = Callable[[socket.socket], None]


@dataclass
class Received:
    """What a receiver read: the messages of each connection that came to its end, and where it listens."""

    port: int
    batches: list[list[bytes]] = field(default_factory=list)

    @property
    def messages(self) -> list[bytes]:
        """All of them, in the order of arrival."""
        return [one for batch in self.batches for one in batch]


def ends_in_order(connection: socket.socket) -> None:
    """As RFC 5425 4.4 asks: close_notify for close_notify; without TLS, the end for the end."""
    if isinstance(connection, ssl.SSLSocket):
        connection.unwrap()


def ends_plainly(connection: socket.socket) -> None:
    """The connection ends, and TLS does not."""


def split(octets: bytes) -> list[bytes]:
    """Messages with their length before them (RFC 6587 3.4.1)."""
    found = []
    while octets:
        length, _, rest = octets.partition(b" ")
        assert len(rest) >= int(length), "a message that is cut short"
        found.append(rest[: int(length)])
        octets = rest[int(length) :]
    return found


@contextmanager
def receiving(
    *, tls: ssl.SSLContext | None = None, ending: Ending = ends_in_order, after: int | None = None
) -> Iterator[Received]:
    """A receiver on loopback. With `after` it reads so many octets of each connection only, and then drops it."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        received = Received(listening.getsockname()[1])

        def serve() -> None:
            while True:
                try:
                    connection, _ = listening.accept()
                except OSError:
                    return
                with suppress(OSError), connection:
                    _receive(
                        connection if tls is None else tls.wrap_socket(connection, server_side=True), received, ending, after
                    )

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield received
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            thread.join(10)


def _receive(connection: socket.socket, received: Received, ending: Ending, after: int | None) -> None:
    with connection:
        octets = bytearray()
        while part := connection.recv(65_536 if after is None else after):
            octets += part
            if after is not None:
                return  # with the rest unread, so that the system resets the connection
        received.batches.append(split(bytes(octets)))
        ending(connection)


def a_certificate(folder: Path, host: str = "127.0.0.1") -> tuple[Path, ssl.SSLContext]:
    """A receiver's certificate, which is also what it is known by, and its side of TLS."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "receiver")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=True,
                key_cert_sign=True,
                content_commitment=False,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                crl_sign=False,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate, secret = folder / "receiver.pem", folder / "receiver.key"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, secret)
    return certificate, context
