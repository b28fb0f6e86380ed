"""What a running server tells of itself: metrics, which the dashboard and the alarms read; traces; a copy of its journal."""

import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from tests.e2e.api_tools import ISSUE, SIGNING, a_name, record_of, requests_for
from tests.e2e.serving import command, eventually, serving
from tests.house.test_flows import steps_of_page
from tests.live import ROOT, UNASKED, LiveServer
from tests.promql import metrics_of

DASHBOARD = ROOT / "deploy" / "grafana" / "directca.json"
RULES = ROOT / "deploy" / "prometheus" / "directca.rules.yml"
STRANGERS = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
SPAN_KIND_SERVER = 2


@dataclass
class Collector:
    """What takes OTLP over HTTP, as other people's collectors do."""

    endpoint: str
    bodies: list[bytes] = field(default_factory=list)

    @property
    def spans(self) -> list[Span]:
        """Every span that arrived."""
        requests = [ExportTraceServiceRequest.FromString(body) for body in self.bodies]
        return [span for one in requests for of in one.resource_spans for scope in of.scope_spans for span in scope.spans]

    def request(self, request_id: str) -> Span | None:
        """The span of the request that was answered with an id."""
        return next((span for span in self.spans if attributes(span).get("directca.request_id") == request_id), None)

    def inside(self, span: Span) -> list[Span]:
        """The spans whose parent it is, in their order."""
        found = [one for one in self.spans if one.parent_span_id == span.span_id]
        return sorted(found, key=lambda one: one.start_time_unix_nano)


def attributes(span: Span) -> dict[str, Any]:
    return {one.key: one.value.string_value or one.value.int_value for one in span.attributes}


@contextmanager
def collecting() -> Iterator[Collector]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            assert self.headers["Content-Type"] == "application/x-protobuf"
            collector.bodies.append(body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        collector = Collector(f"http://127.0.0.1:{server.server_port}/v1/traces")
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield collector
        finally:
            server.shutdown()
            thread.join()


@dataclass(frozen=True)
class Observed:
    """A server that is watched, what it was asked, and what must be told to nobody."""

    live: LiveServer
    collector: Collector
    issue_id: str
    refused_id: str
    secrets: list[str]

    @property
    def metrics(self) -> str:
        port = int(self.live.base_url.rpartition(":")[2]) + 1
        return httpx2.get(f"http://127.0.0.1:{port}/metrics", timeout=30).text

    def value(self, sample: str) -> float:
        """The value of one series, written as it is told."""
        return next((float(line.rpartition(" ")[2]) for line in self.metrics.splitlines() if line.startswith(f"{sample} ")), -1)


@pytest.fixture(scope="module")
def observed(first_start: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Observed]:
    folder = tmp_path_factory.mktemp("observed")
    data = Path(shutil.copytree(first_start, folder / "var"))
    (folder / "status").mkdir()
    with collecting() as collector:
        (data / "directca.toml").write_text(
            (data / "directca.toml").read_text().replace(UNASKED, f'{UNASKED}publish_to = "{folder / "status"}"\n')
            + f'[tracing]\nendpoint = "{collector.endpoint}"\n'
            + '[journal]\nexport_to = ["copy.jsonl"]\nexport_seconds = 1\n'
        )
        with serving(data, "--workers", "2") as live:
            assert command(data, "status", "verify").returncode == 1  # the copy's port is not the one that its certificates name
            name = a_name(live.first.direct_domain)
            with live.client() as api:
                body = requests_for(name)
                done = api("POST", ISSUE, json=body, headers={"traceparent": STRANGERS, "Idempotency-Key": "the-secret-order"})
                record = record_of(done)
                assert httpx2.get(f"{live.base_url}/crl/issuing.crl").status_code == 200
                assert httpx2.post(f"{live.base_url}/ocsp", content=b"no request").status_code == 200
                refused = api("POST", ISSUE, json=body | {"durationYear": 77})
                assert refused.status_code == 400
                secrets = [name, live.first.username, live.first.client_id, live.first.organization, "the-secret-order"]
                secrets += [api.access_token, live.first.direct_domain, "127.0.0.1", body[SIGNING][100:140], str(record["id"])]
            yield Observed(live, collector, done.headers["x-request-id"], refused.headers["x-request-id"], secrets)


def test_the_trace_of_an_issue_shows_its_seven_steps(observed: Observed) -> None:
    eventually(lambda: observed.collector.request(observed.issue_id) is not None)
    request = observed.collector.request(observed.issue_id)
    assert request is not None
    assert (request.name, request.kind) == ("POST /api/certificate/", SPAN_KIND_SERVER)
    told = attributes(request)
    assert (told["http.request.method"], told["http.route"], told["http.response.status_code"]) == (
        "POST",
        "/api/certificate/",
        200,
    )
    (verb,) = observed.collector.inside(request)
    assert verb.name == "issue"
    steps = observed.collector.inside(verb)
    page = (ROOT / "docs" / "flows" / "issue.md").read_text(encoding="utf-8")
    assert [(attributes(step)["directca.step"], step.name) for step in steps] == steps_of_page(page)
    assert len(steps) == 7
    for step, following in zip(steps, [*steps[1:], None], strict=True):
        assert request.start_time_unix_nano <= verb.start_time_unix_nano <= step.start_time_unix_nano <= step.end_time_unix_nano
        assert step.end_time_unix_nano <= (following.start_time_unix_nano if following else verb.end_time_unix_nano)
        assert step.trace_id == request.trace_id


def test_a_trace_ends_where_the_request_was_refused(observed: Observed) -> None:
    eventually(lambda: observed.collector.request(observed.refused_id) is not None)
    request = observed.collector.request(observed.refused_id)
    assert request is not None
    (verb,) = observed.collector.inside(request)
    steps = observed.collector.inside(verb)
    assert [step.name for step in steps] == ["authorise", "validate"]
    for span in (verb, steps[-1]):
        assert (span.status.code, attributes(span)["error.type"]) == (Status.STATUS_CODE_ERROR, "malformed")
    assert steps[0].status.code == Status.STATUS_CODE_UNSET


def test_a_trace_begins_anew_whatever_a_caller_sends(observed: Observed) -> None:
    request = observed.collector.request(observed.issue_id)
    assert request is not None
    assert request.parent_span_id == b""
    assert request.trace_id.hex() not in STRANGERS
    assert bytes.fromhex(STRANGERS.split("-")[1]) not in b"".join(observed.collector.bodies)


def test_nothing_personal_and_no_secret_is_traced(observed: Observed) -> None:
    everything = b"".join(observed.collector.bodies)
    assert [secret for secret in observed.secrets if secret.encode() in everything] == []
    keys = {key for span in observed.collector.spans for key in attributes(span)}
    assert keys <= {
        "directca.request_id",
        "directca.step",
        "error.type",
        "http.request.method",
        "http.response.status_code",
        "http.route",
    }
    assert not any(span.events or span.links for span in observed.collector.spans)


def test_what_happened_is_counted(observed: Observed) -> None:
    assert observed.value('directca_verb_outcomes_total{outcome="success",verb="issue"}') == 1
    assert observed.value('directca_verb_outcomes_total{outcome="malformed",verb="issue"}') == 1
    assert observed.value('directca_verb_outcomes_total{outcome="success",verb="token"}') == 1
    assert observed.value('directca_verb_seconds_count{verb="issue"}') == 2
    assert observed.value('directca_signature_seconds_count{signer="authority"}') == 2
    assert observed.value('directca_signature_failures_total{signer="authority"}') == 0
    assert observed.value("directca_commit_seconds_count") >= 2
    assert observed.value("directca_work_wait_seconds_count") >= 3
    assert observed.value("directca_work_waiting") == 0
    assert observed.value('directca_requests_total{method="POST",route="/api/certificate/",status="200"}') == 1
    eventually(lambda: observed.value("directca_upkeep_leader") == 1)
    eventually(lambda: observed.value('directca_leases_held{lease="upkeep"}') == 1)
    assert observed.value("directca_intents_open") == 0


def test_no_label_is_a_name(observed: Observed) -> None:
    text = observed.metrics
    secrets = [secret for secret in observed.secrets if secret != "127.0.0.1"]
    assert [secret for secret in secrets if secret in text] == []
    paths = set(re.findall(r'route="([^"]*)"', text))
    assert "/api/certificate/" in paths
    assert len(text.splitlines()) < 3000


def test_the_journal_is_copied_as_it_grows(observed: Observed) -> None:
    file = observed.live.data_dir / "copy.jsonl"
    label = '{target="copy.jsonl"}'
    eventually(lambda: observed.value(f"directca_journal_exported_rows{label}") == observed.value("directca_journal_rows") > 0)
    rows = [json.loads(line) for line in file.read_text("ascii").splitlines()]
    assert [row["position"] for row in rows] == list(range(1, len(rows) + 1))
    assert "certificate.issued" in {row["kind"] for row in rows}
    assert observed.value(f"directca_journal_export_waiting_seconds{label}") == 0


def expressions() -> list[tuple[str, str]]:
    """Every expression of the dashboard and the rules, with where it stands."""
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    panels = [(panel["title"], target["expr"]) for panel in board["panels"] for target in panel.get("targets", ())]
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return panels + [(rule["alert"], rule["expr"]) for group in groups for rule in group["rules"]]


def test_every_metric_of_the_dashboard_and_of_the_alarms_is_told(observed: Observed) -> None:
    eventually(lambda: observed.value("directca_status_verified_seconds") > 0)
    eventually(lambda: observed.value('directca_offline_crl_wanted{authority="root"}') >= 0)
    eventually(lambda: "directca_ocsp_answers_total" in observed.metrics)
    told = {re.split(r"[ {]", line, maxsplit=1)[0] for line in observed.metrics.splitlines() if not line.startswith("#")}
    asked = {(where, metric) for where, text in expressions() for metric in metrics_of(text)}
    assert len(asked) > 40
    assert sorted((where, metric) for where, metric in asked if metric not in told | {"up"}) == []


def test_the_page_names_every_metric_and_every_alarm(observed: Observed) -> None:
    page = (ROOT / "docs" / "operator" / "metrics.md").read_text(encoding="utf-8")
    families = re.findall(r"^# TYPE (directca_\w+) (\w+)", observed.metrics, re.MULTILINE)
    assert [name for name, _ in families if f"`{name}`" not in page and not name.endswith("_created")] == []
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    alarms = {rule["alert"] for group in groups for rule in group["rules"]}
    assert alarms == set(re.findall(r"`(Directca\w+)`", page))


def test_the_rules_are_rules() -> None:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules) > 20
    for rule in rules:
        assert set(rule) <= {"alert", "expr", "for", "labels", "annotations"}, rule["alert"]
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["summary"]
        assert re.fullmatch(r"\d+[mh]", rule.get("for", "1m"))


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")
def test_prometheus_takes_the_rules_and_what_the_dashboard_asks(tmp_path: Path) -> None:
    asked = [text.replace("$__rate_interval", "5m").replace("$job", "directca") for _, text in expressions()]
    rules = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(asked)]
    board = tmp_path / "board.yml"
    board.write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules}]}))
    for file in (RULES, board):
        done = subprocess.run(["promtool", "check", "rules", file], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_the_dashboard_is_laid_out() -> None:
    board = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    ids = [panel["id"] for panel in board["panels"]]
    assert len(set(ids)) == len(ids)
    taken: set[tuple[int, int]] = set()
    for panel in board["panels"]:
        at = panel["gridPos"]
        cells = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not cells & taken, panel["title"]
        taken |= cells


def test_without_an_endpoint_nothing_is_loaded_that_makes_or_sends_traces() -> None:
    """FastAPI loads OpenTelemetry's interface by itself, behind which nothing is."""
    code = "import sys, directca.cli.root, directca.cli.serve; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT / "src")
    sends = (
        "opentelemetry.sdk",
        "opentelemetry.exporter",
        "opentelemetry.proto",
        "google.protobuf",
        "requests",
        "directca.api.otlp",
    )
    loaded = done.stdout.split()
    assert "directca.cli.tracing" in loaded
    assert [name for name in loaded if name.startswith(sends)] == []


@pytest.mark.parametrize(
    ("expression", "metrics"),
    [
        ("a_total", {"a_total"}),
        ('sum by (le, b) (rate(a_bucket{b=~"x|y",c="d"}[5m])) > 0.5', {"a_bucket"}),
        ("time() - max(a) - on() group_right() max by (b) (c)", {"a", "c"}),
        ("a / b unless c offset 5m", {"a", "b", "c"}),
    ],
)
def test_metrics_are_found_in_an_expression(expression: str, metrics: set[str]) -> None:
    assert metrics_of(expression) == metrics


@pytest.mark.parametrize("expression", ["sum(a", "a)", "a{b=", "rate(a[5m)", "a ? b"])
def test_what_is_no_expression_is_refused(expression: str) -> None:
    with pytest.raises(ValueError, match=r"is no PromQL|closes nothing|is missing"):
        metrics_of(expression)
