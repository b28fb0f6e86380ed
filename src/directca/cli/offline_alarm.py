"""Tells the operator which lists must be made where a key is kept offline: by a metric always, by the log once an hour."""

import time

import structlog

from directca.api.metrics import UpkeepMetrics
from directca.db.engine import Tx
from directca.revocation.context import Revocation
from directca.revocation.offline_watch import offline_lists

_LOG = structlog.get_logger("directca.upkeep")
_AGAIN_SECONDS = 3600.0


class OfflineAlarm:
    """Looks at every authority; remembers of which it has spoken, and why."""

    def __init__(self, metrics: UpkeepMetrics) -> None:
        self._metrics = metrics
        self._told: dict[tuple[str, str], float] = {}

    def look(self, tx: Tx, ca: Revocation) -> None:
        """Set the metric of each authority; log what is wanted and was not said in the last hour."""
        wanted = {one.authority_id: one for one in offline_lists(tx, ca) if one.wanted_because is not None}
        for authority_id in ca.authorities:
            self._metrics.offline_crl_wanted(authority_id, wanted=authority_id in wanted)
        for one in wanted.values():
            about, now = (one.authority_id, one.wanted_because or ""), time.monotonic()
            if about in self._told and now < self._told[about] + _AGAIN_SECONDS:
                continue
            self._told[about] = now
            _LOG.error(
                "a CRL must be made where the authority's key is kept: directca root-crl export",
                authority=one.authority_id,
                because=one.wanted_because,
                usable_until=None if one.next_update is None else one.next_update.isoformat(),
            )
