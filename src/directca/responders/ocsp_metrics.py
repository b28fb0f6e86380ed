"""What is counted of OCSP for Prometheus, by outcome: never by who asked, or about which certificate."""

from collections import Counter as Tallied

from prometheus_client import CollectorRegistry, Counter, Gauge


class OcspMetrics:
    """The counters of one process. They are told sums now and then: counting here costs more than an answer does."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers = Counter("directca_ocsp_answers", "OCSP answers", ["outcome"], registry=registry)
        self._kept = Gauge(
            "directca_ocsp_kept_answers", "Signed answers that are kept", registry=registry, multiprocess_mode="livesum"
        )
        self._age = Gauge(
            "directca_ocsp_feed_age_seconds",
            "Seconds since a process heard of changed certificates, of the one that heard least",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._told: Tallied[str] = Tallied()

    def tell(self, counts: Tallied[str], kept: int, feed_age: float) -> None:
        """The sums since the process began."""
        for outcome, count in list(counts.items()):
            if count > self._told[outcome]:
                self._answers.labels(outcome).inc(count - self._told[outcome])
                self._told[outcome] = count
        self._kept.set(kept)
        self._age.set(feed_age)
