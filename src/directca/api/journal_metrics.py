"""What is known of the journal and of its copies, for Prometheus. Labels are targets of the settings, never what rows say."""

from prometheus_client import CollectorRegistry, Gauge


class JournalMetrics:
    """What the process that does periodic work knows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._rows = Gauge("directca_journal_rows", "Rows of the journal", registry=registry)
        self._exported = Gauge(
            "directca_journal_exported_rows", "Rows of the journal that a target has acknowledged", ["target"], registry=registry
        )
        self._waiting = Gauge(
            "directca_journal_export_waiting_seconds",
            "How long the oldest row waits that a target lacks, 0 when it lacks none",
            ["target"],
            registry=registry,
        )

    def rows(self, count: int) -> None:
        """How many rows there are."""
        self._rows.set(count)

    def exported(self, target: str, rows: int, waiting: float) -> None:
        """How far a target has come."""
        self._exported.labels(target).set(rows)
        self._waiting.labels(target).set(waiting)
