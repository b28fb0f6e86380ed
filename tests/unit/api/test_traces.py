"""Where traces may be sent, and which requests are traced."""

import pytest
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from directca.api.otlp import OtlpTraces
from directca.api.trace_config import BadTraceEndpoint, TraceConfig, check_traces

NOWHERE = "http://127.0.0.1:9/v1/traces"


@pytest.mark.parametrize(
    "endpoint", ["", NOWHERE, "http://localhost:4318/v1/traces", "http://[::1]:4318/", "https://collector.example.org/v1/traces"]
)
def test_traces_go_over_tls_or_stay_on_this_machine(endpoint: str) -> None:
    check_traces(TraceConfig(endpoint))


@pytest.mark.parametrize(
    "config",
    [
        TraceConfig("http://collector.example.org/v1/traces"),
        TraceConfig("http://127.0.0.1.example.org/v1/traces"),
        TraceConfig("https://user:secret@collector.example.org/"),
        TraceConfig("https://collector.example.org/?token=secret"),
        TraceConfig("https://collector.example.org:x/"),
        TraceConfig("https://[bad/"),
        TraceConfig("https://"),
        TraceConfig("collector.example.org:4318"),
        TraceConfig(NOWHERE, percent=101),
    ],
)
def test_other_endpoints_are_refused(config: TraceConfig) -> None:
    with pytest.raises(BadTraceEndpoint):
        check_traces(config)


def test_requests_are_traced_by_lot() -> None:
    lots = iter((0.0, 0.29, 0.3, 0.99))
    traces = OtlpTraces(TraceConfig(NOWHERE, percent=30), "0", lot=lambda: next(lots))
    try:
        chosen = [traces("GET", "1") is not None for _ in range(4)]
    finally:
        traces.stop()
    assert chosen == [True, True, False, False]


def test_a_strangers_method_and_steps_without_a_verb_say_nothing() -> None:
    traces, kept = OtlpTraces(TraceConfig(NOWHERE), "0"), InMemorySpanExporter()
    kept_by = type(traces._provider)(shutdown_on_exit=False)
    kept_by.add_span_processor(SimpleSpanProcessor(kept))
    traces._tracer = kept_by.get_tracer("directca")
    trace = traces("ALICE@EXAMPLE.ORG", "1")
    assert trace is not None
    trace.step(1, "read")
    trace.end("success")
    trace.answered("none", 0)
    (span,) = kept.get_finished_spans()
    assert span.name == "_OTHER none"
    assert dict(span.attributes or {}) == {
        "http.request.method": "_OTHER",
        "directca.request_id": "1",
        "http.route": "none",
        "http.response.status_code": 0,
        "error.type": "bug",
    }
    traces.stop()
