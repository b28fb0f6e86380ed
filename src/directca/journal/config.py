"""Where the journal is exported to, and how often."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ExportConfig:
    """`export_to` are files for JSON lines, and syslog receivers: `syslog+tls://host:6514`, or `syslog+tcp://127.0.0.1:601` on
    this machine. `export_seconds` is how often a server looks for new rows. `export_trust_file` holds the certificates by which
    receivers are known (empty: the system's); `export_certificate_file` and `export_key_file` are what directca shows them.
    `accept_plain_close` takes the end of the connection alone for an acknowledgement, without TLS's own close."""

    export_to: tuple[str, ...] = ()
    export_seconds: int = 10
    export_trust_file: str = ""
    export_certificate_file: str = ""
    export_key_file: str = ""
    accept_plain_close: bool = False
