"""What `directca status verify` found last, for Prometheus. Labels are severities, never addresses."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge


class VerificationMetrics:
    """What the process that does periodic work knows of the verifications that it, or an operator, had run."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._findings = Gauge(
            "directca_status_findings",
            "What the last look at all that certificates name found wrong",
            ["severity"],
            registry=registry,
        )
        self._ran = Gauge(
            "directca_status_verified_seconds", "Unix time at which the last verification of status ended", registry=registry
        )
        self._agreed = Gauge(
            "directca_status_agreed_seconds",
            "Unix time at which the last verification of status ended that found nothing",
            registry=registry,
        )
        self._duration = Gauge(
            "directca_status_verify_seconds", "How long the last verification of status took", registry=registry
        )
        self._failures = Counter(
            "directca_status_verify_failures", "Verifications of status that did not come to their end", registry=registry
        )

    def ended(self, findings: Mapping[str, int], *, at: float, seconds: float) -> None:
        """A verification came to its end, with so many findings of each severity."""
        for severity, count in findings.items():
            self._findings.labels(severity).set(count)
        self._ran.set(at)
        self._duration.set(seconds)
        if not any(findings.values()):
            self._agreed.set(at)

    def failed(self) -> None:
        """A verification did not come to its end."""
        self._failures.inc()
