"""What the process that does periodic work knows of the authority as a whole, for Prometheus: leases, open intents, ends.

Each node tells what the shared database says, so the numbers of several nodes agree; only `directca_upkeep_leader` is a node's
own.
"""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Gauge

LEASES = ("upkeep", "crl", "bulk", "export", "status-verify")
"""The kinds of leases: what stands before the first colon or space of their names."""


class StateMetrics:
    """The gauges of one node."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._leases = Gauge(
            "directca_leases_held", "Leases that are held by some process, by kind", ["lease"], registry=registry
        )
        self._leader = Gauge(
            "directca_upkeep_leader", "1 while this node does the periodic work that one node does", registry=registry
        )
        self._worked = Gauge(
            "directca_upkeep_worked_seconds",
            "Unix time at which this node last went through its periodic work",
            registry=registry,
        )
        self._intents = Gauge("directca_intents_open", "Intents that have no end yet", registry=registry)
        self._oldest = Gauge(
            "directca_intent_oldest_seconds",
            "How long the oldest intent without an end is open, 0 without any",
            registry=registry,
        )
        self._ends = Gauge(
            "directca_authority_not_after_seconds",
            "Unix time at which an authority's certificate ends",
            ["authority"],
            registry=registry,
        )

    def leases(self, held: Mapping[str, int]) -> None:
        """How many leases of each kind are held; a kind that is not known is counted as none."""
        for kind in LEASES:
            self._leases.labels(kind).set(held.get(kind, 0))

    def worked(self, *, leader: bool, at: float) -> None:
        """The periodic work was gone through."""
        self._leader.set(1 if leader else 0)
        self._worked.set(at)

    def intents(self, count: int, oldest: float) -> None:
        """Intents without an end."""
        self._intents.set(count)
        self._oldest.set(oldest)

    def authority(self, authority_id: str, not_after: float) -> None:
        """When an authority's certificate ends."""
        self._ends.labels(authority_id).set(not_after)
