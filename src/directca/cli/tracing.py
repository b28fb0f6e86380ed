"""Loads OpenTelemetry where the settings ask for traces, and nowhere else: it takes a second and memory."""

import sys
from collections.abc import Callable
from typing import Protocol

from directca.api.trace_config import TraceConfig
from directca.api.traces import Trace


class ProcessTraces(Protocol):
    """The traces of one process."""

    def __call__(self, method: str, request_id: str) -> Trace | None:
        """Begin the trace of a request, or not."""

    def stop(self) -> None:
        """Send what is left."""


def traces_of(config: TraceConfig, version: str) -> Callable[[], ProcessTraces] | None:
    """What makes the traces of each process, after it was forked; None without an endpoint. Loaded once, before the fork."""
    if not config.endpoint:
        return None
    __import__("directca.api.otlp")
    kind: Callable[[TraceConfig, str], ProcessTraces] = sys.modules["directca.api.otlp"].OtlpTraces
    return lambda: kind(config, version)
