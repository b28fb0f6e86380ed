"""What a setting names as the place to export the journal to."""

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from directca.journal.config import ExportConfig
from directca.journal.errors import BadExportTarget

_TLS, _TCP = "syslog+tls", "syslog+tcp"
_PORTS = {_TLS: 6514, _TCP: 601}
"""RFC 5425 4.1 and RFC 6587 3.2."""

_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


@dataclass(frozen=True)
class SyslogAddress:
    """A syslog receiver that is reached over TCP, and over TLS unless it is on this machine."""

    host: str
    port: int
    tls: bool


Target = Path | SyslogAddress


def read_target(text: str, data: Path) -> Target:
    """The target that a setting or an option names. A relative file name is taken from the data folder.

    Raises BadExportTarget, also for a syslog receiver on another machine without TLS: the journal names people.
    """
    scheme, separator, _ = text.partition("://")
    if not separator:
        if not text.strip() or text.endswith("/"):
            raise BadExportTarget(f"{text!r} is no file. Name one, such as /srv/audit/journal.jsonl.")
        return data / text
    if scheme not in _PORTS:
        raise BadExportTarget(f"{scheme}:// is no way to export the journal. Write a file name, or syslog+tls://host:6514.")
    try:
        parts = urlsplit(text)
        host, port = parts.hostname or "", parts.port or _PORTS[scheme]
    except ValueError as error:
        raise BadExportTarget(f"{text} is no address: {error}. Write syslog+tls://host:6514.") from error
    if not host or parts.path not in ("", "/") or parts.query or parts.fragment or "@" in parts.netloc:
        raise BadExportTarget(f"{text} must be a host and perhaps a port, and no more. Write syslog+tls://host:6514.")
    if scheme == _TCP and host not in _THIS_MACHINE:
        raise BadExportTarget(
            f"{text} would carry the journal over the network in the clear. Write syslog+tls://, or a receiver on 127.0.0.1."
        )
    return SyslogAddress(host, port, scheme == _TLS)


def check_export(config: ExportConfig, data: Path) -> None:
    """Raise BadExportTarget, with the setting's name as its field, unless the settings say how to export the journal."""
    for target in config.export_to:
        try:
            read_target(target, data)
        except BadExportTarget as error:
            raise BadExportTarget(error.detail, field="journal.export_to") from error
    if not config.export_seconds:
        raise BadExportTarget("journal.export_seconds must be 1 or more.", field="journal.export_seconds")
    if bool(config.export_certificate_file) != bool(config.export_key_file):
        raise BadExportTarget(
            "journal.export_certificate_file and journal.export_key_file go together: name both or neither.",
            field="journal.export_key_file",
        )
