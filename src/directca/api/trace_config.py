"""Whether and where traces are sent, apart from what sends them: reading settings loads nothing of OpenTelemetry."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from directca.errors import Malformed

_THIS_MACHINE = frozenset({"127.0.0.1", "::1", "localhost"})


class BadTraceEndpoint(Malformed):
    """The address for traces is none, or traces would cross the network in the clear."""

    slug = "bad_trace_endpoint"


@dataclass(frozen=True)
class TraceConfig:
    """`endpoint` is where a collector takes OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces` (empty: no traces, and
    nothing is loaded for them). `percent` is how many of a hundred requests are traced, chosen by lot."""

    endpoint: str = ""
    percent: int = 100


def check_traces(config: TraceConfig) -> None:
    """Raise BadTraceEndpoint unless traces can be sent safely, or not at all."""
    if config.percent > 100:
        raise BadTraceEndpoint("tracing.percent must be 0 to 100.", field="tracing.percent")
    if not config.endpoint:
        return
    try:
        parts = urlsplit(config.endpoint)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in _THIS_MACHINE)
    if not host or not safe or "@" in parts.netloc or parts.query or parts.fragment:
        raise BadTraceEndpoint(
            "tracing.endpoint must be https, or http on this machine, without user, password or query: such as "
            "http://127.0.0.1:4318/v1/traces. Credentials go into OTEL_EXPORTER_OTLP_HEADERS of the environment.",
            field="tracing.endpoint",
        )
