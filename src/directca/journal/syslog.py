"""A syslog receiver of the journal: RFC 5424 messages, counted in octets (RFC 6587 3.4.1), over TLS (RFC 5425) or TCP.

Syslog has no acknowledgement. What it has is an orderly end: a sender that closes its side and then reads the other side's end
knows that the receiver read up to the last octet, since a receiver that goes away with something unread resets the connection.
Over TLS the end is the close_notify that RFC 5425 4.4 asks of a receiver, which nobody in between can forge. So each batch has
a connection of its own, and is acknowledged by its end.
"""

import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from directca.journal.errors import ReceiverUnavailable
from directca.journal.export_row import as_json
from directca.journal.export_target import SyslogAddress
from directca.journal.model import Row
from directca.journal.tls_line import TlsLine

_LOG_AUDIT = 13 * 8
"""The facility "log audit" (RFC 5424 6.2.1)."""

_INFORMATIONAL, _WARNING = 6, 4
_LARGEST_SEQUENCE = 2_147_483_647
_CONNECT_SECONDS = 10.0
_END_SECONDS = 30.0


@dataclass(frozen=True)
class Trust:
    """By which certificates a receiver is known (None: the system's), what is shown to it, and whether the end of the connection
    alone counts as its acknowledgement over TLS, as GnuTLS's users need it."""

    trust_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    accept_plain_close: bool = False


class Syslog:
    """One receiver. `hostname` is this machine's, as the messages name it."""

    def __init__(self, target: str, address: SyslogAddress, trust: Trust, hostname: str) -> None:
        self._target = target
        self._address = address
        self._trust = trust
        self._hostname = _printable(hostname, 255)

    @property
    def target(self) -> str:
        """Its name in the settings."""
        return self._target

    def deliver(self, rows: Sequence[Row]) -> None:
        """Send the rows over a connection of their own and wait for its orderly end. Raises ReceiverUnavailable."""
        text = b"".join(_counted(message(row, self._hostname)) for row in rows)
        try:
            with socket.create_connection((self._address.host, self._address.port), _CONNECT_SECONDS) as plain:
                plain.settimeout(_END_SECONDS)
                if self._address.tls:
                    line = TlsLine(plain, self._context(), self._address.host)
                    line.send(text)
                    line.end(accept_plain_close=self._trust.accept_plain_close)
                else:
                    plain.sendall(text)
                    _end(plain)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or str(error) or type(error).__name__
            raise ReceiverUnavailable(
                f"{self._target} did not acknowledge the journal's rows: {why}. They are sent again; check the receiver."
            ) from error

    def _context(self) -> ssl.SSLContext:
        trust = self._trust
        context = ssl.create_default_context(cafile=None if trust.trust_file is None else str(trust.trust_file))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if trust.certificate_file is not None:
            context.load_cert_chain(trust.certificate_file, trust.key_file)
        return context


def message(row: Row, hostname: str) -> bytes:
    """One row as a message of RFC 5424: the header, the position as the sequence number (7.3.1), the row as JSON."""
    severity = _INFORMATIONAL if row.event.outcome == "success" else _WARNING
    sequence = (row.position - 1) % _LARGEST_SEQUENCE + 1
    header = (
        f"<{_LOG_AUDIT + severity}>1 {row.at.strftime('%Y-%m-%dT%H:%M:%S.%fZ')} {hostname} directca - "
        f'{_printable(row.event.kind, 32)} [meta sequenceId="{sequence}"] '
    )
    return (header + as_json(row)).encode("ascii")


def _counted(one: bytes) -> bytes:
    return b"%d %b" % (len(one), one)


def _end(plain: socket.socket) -> None:
    """Close this side and wait for the other's end. A receiver that left something unread resets the connection instead."""
    plain.shutdown(socket.SHUT_WR)
    deadline = time.monotonic() + _END_SECONDS
    while plain.recv(4096):
        if time.monotonic() > deadline:
            raise TimeoutError("it keeps sending")


def _printable(text: str, longest: int) -> str:
    """As a field of the header (RFC 5424 6: PRINTUSASCII), or the sign for none."""
    return "".join(one if "!" <= one <= "~" else "?" for one in text)[:longest] or "-"
