"""What is known of notices to customers, for Prometheus."""

from prometheus_client import CollectorRegistry, Gauge


class NoticeMetrics:
    """What the process that does periodic work knows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._behind = Gauge(
            "directca_notices_behind_rows", "Rows of the journal of which no events were made yet", registry=registry
        )

    def behind(self, rows: int) -> None:
        """How many rows were not followed."""
        self._behind.set(rows)
