"""Traces by OpenTelemetry, sent over OTLP/HTTP. Loaded only where `tracing.endpoint` is set: see `cli/tracing.py`.

A span says how long something took, which route, verb and step it was, how it ended, and the request's id. It never says who
asked, for whom, from where, or anything that was sent: every attribute is a word of the code, a number or that id.
"""

import random
import socket
from collections.abc import Callable

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, set_span_in_context

from directca.api.trace_config import TraceConfig
from directca.api.work import BUG, SUCCESS

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_PATIENCE_SECONDS = 5
_DELAY_MILLISECONDS = 2000
_NEW = Context()
"""Nobody's child, whatever else this process does."""


class OtlpTraces:
    """The traces of one process, made after it was forked: a thread of its own sends them, and drops what it cannot send."""

    def __init__(self, config: TraceConfig, version: str, *, lot: Callable[[], float] = random.random) -> None:
        exporter = OTLPSpanExporter(endpoint=config.endpoint, timeout=_PATIENCE_SECONDS)
        resource = Resource.create(
            {"service.name": "directca", "service.version": version, "service.instance.id": socket.gethostname()}
        )
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(exporter, schedule_delay_millis=_DELAY_MILLISECONDS))
        self._tracer = self._provider.get_tracer("directca")
        self._share = config.percent / 100
        self._lot = lot

    def __call__(self, method: str, request_id: str) -> "OtlpTrace | None":
        """Begin the trace of a request, or not, by lot."""
        if self._lot() >= self._share:
            return None
        return OtlpTrace(self._tracer, method if method in _METHODS else "_OTHER", request_id)

    def stop(self) -> None:
        """Send what is left, for a few seconds at most."""
        self._provider.shutdown()


class OtlpTrace:
    """The spans of one request: the request, in it the verb, in that the steps, one after another."""

    def __init__(self, tracer: Tracer, method: str, request_id: str) -> None:
        self._tracer = tracer
        self._method = method
        attributes = {"http.request.method": method, "directca.request_id": request_id}
        self._request = tracer.start_span(method, _NEW, SpanKind.SERVER, attributes)
        self._verb: Span | None = None
        self._step: Span | None = None

    def begin(self, verb: str) -> None:
        """A verb begins."""
        self._verb = self._tracer.start_span(verb, set_span_in_context(self._request, _NEW))

    def step(self, number: int, name: str) -> None:
        """The verb has reached a step."""
        if self._verb is None:
            return  # a story that is not told for a request of the API
        if self._step is not None:
            self._step.end()
        self._step = self._tracer.start_span(name, set_span_in_context(self._verb, _NEW), attributes={"directca.step": number})

    def end(self, outcome: str) -> None:
        """The verb has ended; where it failed, its last step did."""
        for span in (self._step, self._verb):
            if span is not None:
                if outcome != SUCCESS:
                    span.set_status(Status(StatusCode.ERROR))
                    span.set_attribute("error.type", outcome)
                span.end()
        self._step = self._verb = None

    def answered(self, route: str, status: int) -> None:
        """The request was answered."""
        self._request.update_name(f"{self._method} {route}")
        self._request.set_attribute("http.route", route)
        self._request.set_attribute("http.response.status_code", status)
        if status >= 500 or not status:
            self._request.set_status(Status(StatusCode.ERROR))
            self._request.set_attribute("error.type", str(status) if status else BUG)
        self._request.end()
