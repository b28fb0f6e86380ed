"""What is known of notices to customers, for Prometheus. Labels are words of the program, never who is told of what."""

from collections.abc import Iterable, Iterator

from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class NoticeMetrics(Collector):
    """What the process that does periodic work knows. Tries are counted in the database, by whoever makes them."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._tries: tuple[tuple[str, str, int], ...] = ()
        self._behind = Gauge(
            "directca_notices_behind_rows", "Rows of the journal of which no events were made yet", registry=registry
        )
        self._waiting = Gauge("directca_webhook_deliveries_waiting", "Deliveries that wait for a webhook", registry=registry)
        self._oldest = Gauge(
            "directca_webhook_waiting_seconds", "How long the oldest delivery waits, 0 without any", registry=registry
        )
        registry.register(self)

    def behind(self, rows: int) -> None:
        """How many rows were not followed."""
        self._behind.set(rows)

    def waiting(self, deliveries: int, oldest: float) -> None:
        """How many deliveries wait, and how long the oldest does."""
        self._waiting.set(deliveries)
        self._oldest.set(oldest)

    def tried(self, counts: Iterable[tuple[str, str, int]]) -> None:
        """How many tries there were since ever, by the way and how they ended."""
        self._tries = tuple(counts)

    def collect(self) -> Iterator[CounterMetricFamily]:
        """The tries, as the library asks for them."""
        family = CounterMetricFamily("directca_notice_tries", "Tries to tell somebody of an event", labels=["way", "outcome"])
        for way, outcome, count in self._tries:
            family.add_metric([way, outcome], count)
        yield family
