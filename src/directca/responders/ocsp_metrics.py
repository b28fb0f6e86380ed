"""What is counted of OCSP for Prometheus, by outcome: never by who asked, or about which certificate."""

from collections import Counter as Tallied

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


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
        self._made = Histogram(
            "directca_ocsp_made_seconds",
            "Time of an OCSP answer that was not kept, from the whole request to its answer",
            buckets=_BUCKETS,
            registry=registry,
        )
        self._told: Tallied[str] = Tallied()

    def made(self, seconds: float) -> None:
        """One was asked for that is not kept: it was signed, or refused. What is kept takes less time than counting it would."""
        self._made.observe(seconds)

    def tell(self, counts: Tallied[str], kept: int, feed_age: float) -> None:
        """The sums since the process began."""
        for outcome, count in list(counts.items()):
            if count > self._told[outcome]:
                self._answers.labels(outcome).inc(count - self._told[outcome])
                self._told[outcome] = count
        self._kept.set(kept)
        self._age.set(feed_age)
