"""What is counted of lists and issuers' certificates for Prometheus. Labels are lists and statuses, never who asked."""

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

_BUCKETS = (0.0002, 0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class StatusMetrics:
    """The counters of one process that answers."""

    def __init__(self, registry: CollectorRegistry, lists: Iterable[str] = ()) -> None:
        self._answers = Counter(
            "directca_status_files", "Answers about revocation lists and issuers' certificates", ["status"], registry=registry
        )
        self._refused = Counter(
            "directca_crl_refused", "Requests for a list that is out of date or cannot be read", ["list"], registry=registry
        )
        for name in lists:
            self._refused.labels(name)  # from zero on: an alarm must see the first one as a growth
        seconds = Histogram(
            "directca_status_file_seconds",
            "Time until the answer about a list or an issuer's certificate began to be sent",
            ["file"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._seconds = {file: seconds.labels(file) for file in ("crl", "aia")}
        self._of_status: dict[int, Counter] = {}

    def answered(self, file: str, status: int, seconds: float) -> None:
        """The answer to one request began: about a `crl` or an authority's certificate (`aia`), after so long."""
        self._seconds[file].observe(seconds)
        counter = self._of_status.get(status)
        if counter is None:
            counter = self._of_status[status] = self._answers.labels(str(status))
        counter.inc()

    def refused(self, name: str) -> None:
        """A list was asked for that cannot be served."""
        self._refused.labels(name).inc()


class FolderMetrics:
    """What the process that does periodic work knows of the folder of `revocation.publish_to`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._complete = Gauge(
            "directca_publish_complete_seconds",
            "Unix time at which the folder was last seen to hold every published list",
            registry=registry,
        )
        self._withheld = Gauge(
            "directca_publish_withheld_lists", "Lists that are not in the folder, being out of date or refused", registry=registry
        )

    def seen(self, withheld: int, moment: float) -> None:
        """The folder was looked through, and changed where it had to be."""
        self._withheld.set(withheld)
        if not withheld:
            self._complete.set(moment)
