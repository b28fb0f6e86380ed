"""Looks at the state of the authority for its metrics, every few seconds, beside the periodic work."""

from collections import Counter
from re import split

from directca.api.state_metrics import StateMetrics
from directca.certificates import register
from directca.certificates.model import AuthorityEntry
from directca.clock import Clock
from directca.db import leases
from directca.db.engine import Database


class StateWatch:
    """What one node tells of the whole authority."""

    def __init__(self, database: Database, clock: Clock, metrics: StateMetrics) -> None:
        self._database, self._clock, self._metrics = database, clock, metrics

    def look(self) -> None:
        """Read what the database says now."""
        now = self._clock.now()
        with self._database.read() as tx:
            held = leases.held(tx, now)
            open_intents = register.unfinished(tx, before=now)
        self._metrics.leases(Counter(split("[: ]", name)[0] for name in held))
        oldest = min((one.created_at for one in open_intents), default=now)
        self._metrics.intents(len(open_intents), max(0.0, (now - oldest).total_seconds()))

    def worked(self, *, leader: bool) -> None:
        """The periodic work was gone through."""
        self._metrics.worked(leader=leader, at=self._clock.now().timestamp())

    def ends(self, entries: dict[str, AuthorityEntry]) -> None:
        """When the authorities' certificates end, which does not change."""
        for entry in entries.values():
            self._metrics.authority(entry.id, entry.not_after.timestamp())
