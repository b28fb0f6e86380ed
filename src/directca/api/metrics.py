"""What is counted for Prometheus. Labels are routes and verbs, never names or addresses."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from directca.accounts.rate_config import KINDS
from directca.api.work_metrics import WorkMetrics

OWN_KEYS = ("authority", "responder")
"""Whose a reported key of our own may be."""

OVERLOAD = "overload"
LIMITS = (*KINDS, OVERLOAD)
"""What may refuse a request: a rate, or the queue that is too long."""

TASKS = (
    "alarms",
    "bulk",
    "changes",
    "clock",
    "crl",
    "domains",
    "export",
    "invoices",
    "lease",
    "metrics",
    "notices",
    "overheld",
    "publish",
    "reconcile",
    "responders",
    "status",
    "superseded",
    "tokens",
)
"""The periodic tasks."""

_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Metrics:
    """The counters of one process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.registry = registry
        self.work = WorkMetrics(registry)
        self._requests = Counter("directca_requests", "Requests answered", ["method", "route", "status"], registry=registry)
        self._seconds = Histogram(
            "directca_request_seconds", "Time to the answer", ["method", "route"], buckets=_BUCKETS, registry=registry
        )
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        self._verbs = Counter("directca_verbs", "Certificate functions that succeeded", ["verb"], registry=registry)
        self._succeeded: dict[str, Counter] = {}
        self._own_keys = Counter(
            "directca_own_keys_reported",
            "Proven reports that a key of this authority or of its OCSP responders is compromised",
            ["whose"],
            registry=registry,
        )
        self._refused = Counter(
            "directca_requests_refused", "Requests that a limit refused, by the limit", ["limit"], registry=registry
        )
        for limit in LIMITS:
            self._refused.labels(limit)
        for whose in OWN_KEYS:
            self._own_keys.labels(whose)  # from zero on: an alarm must see the first one as a growth

    def observed(self, method: str, route: str, status: int, seconds: float) -> None:
        """One request was answered."""
        requests, times = self._counted(method if method in _METHODS else "other", route, status)
        requests.inc()
        times.observe(seconds)

    def _counted(self, method: str, route: str, status: int) -> tuple[Counter, Histogram]:
        """The counter and the histogram of these labels; finding them costs more than counting."""
        known = self._known.get((method, route, status))
        if known is None:
            known = self._requests.labels(method, route, str(status)), self._seconds.labels(method, route)
            self._known[method, route, status] = known
        return known

    def succeeded(self, verb: str) -> None:
        """A certificate function succeeded."""
        known = self._succeeded.get(verb)
        if known is None:
            known = self._succeeded[verb] = self._verbs.labels(verb)
        known.inc()

    def refused(self, limit: str) -> None:
        """A limit refused a request."""
        self._refused.labels(limit).inc()

    def own_key_reported(self, whose: str) -> None:
        """A key of the authority itself, or of a responder, was reported with a proof."""
        self._own_keys.labels(whose).inc()


class UpkeepMetrics:
    """What the process that does periodic work knows of the authority's state."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._next_update = Gauge(
            "directca_crl_next_update_seconds",
            "Unix time at which the published CRL goes stale",
            ["list"],
            registry=registry,
        )
        self._entries = Gauge("directca_crl_entries", "Entries of the published CRL", ["list"], registry=registry)
        self._wanted = Gauge(
            "directca_offline_crl_wanted",
            "1 while a CRL must be made where an authority's key is kept, and brought",
            ["authority"],
            registry=registry,
        )
        self._responder = Gauge(
            "directca_ocsp_responder_not_after_seconds",
            "Unix time at which the last OCSP responder that can be used ends, 0 without any",
            ["authority"],
            registry=registry,
        )
        self._stopped = Gauge("directca_signing_stopped", "1 while the kill switch is set", registry=registry)
        self._failures = Counter("directca_upkeep_failures", "Periodic tasks that failed", ["task"], registry=registry)
        for task in TASKS:
            self._failures.labels(task)  # from zero on: an alarm must see the first one as a growth
        self._settled = Counter("directca_intents_settled", "Intents of crashed requests that were settled", registry=registry)

    def crl(self, name: str, next_update: float, entries: int) -> None:
        """A published list, by its name: "issuing", or "issuing/16-3" for that of a partition."""
        self._next_update.labels(name).set(next_update)
        self._entries.labels(name).set(entries)

    def offline_crl_wanted(self, authority: str, *, wanted: bool) -> None:
        """Whether people must make the list of an authority whose key is kept offline."""
        self._wanted.labels(authority).set(1 if wanted else 0)

    def responder(self, authority: str, not_after: float) -> None:
        """Until when somebody can sign OCSP answers of an authority."""
        self._responder.labels(authority).set(not_after)

    def stopped(self, stopped: bool) -> None:
        """Whether the kill switch is set."""
        self._stopped.set(1 if stopped else 0)

    def failed(self, task: str) -> None:
        """A periodic task raised."""
        self._failures.labels(task).inc()

    def settled(self, count: int) -> None:
        """So many intents were settled."""
        self._settled.inc(count)


_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
