"""Refusals that no verb tells of, as evidence: counted by kind, and written to the journal as one row a minute.

The certificate policy has every request and every authentication audited. What a verb refuses has a row of its own, written by
the verb. What is refused before one begins (no good token, no JSON, no such parameter) comes from anybody and at no cost: a row
for each would let a stranger fill the journal. So a minute of them is one row in each process, and its kinds are the error codes
that there are; what a verb refused is counted as well. A server that ends takes the counts of its last minute along; the log has
a line for each call.
"""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from datetime import datetime
from typing import Any

import structlog
from starlette.concurrency import run_in_threadpool

from directca.clock import Clock, rfc3339
from directca.db.engine import Database
from directca.errors import Unavailable
from directca.journal.model import Event, Fact
from directca.journal.record import append

EVERY_SECONDS = 60.0
_LOG = structlog.get_logger("directca.tally")


class Tally:
    """The counts of one process. To be used on its event loop."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._counts: Counter[str] = Counter()
        self._waiting: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Task[None]] = set()

    def count(self, kind: str) -> None:
        """One more refusal; the first begins a minute, at whose end all of it is written."""
        self._counts[kind] += 1
        if self._waiting is None:
            since = self._clock.now()
            self._waiting = asyncio.get_running_loop().call_later(EVERY_SECONDS, self._end_minute, since)

    def _end_minute(self, since: datetime) -> None:
        self._waiting = None
        counts, self._counts = self._counts, Counter()
        self._keep(self._write(since, counts))

    def _keep(self, writing: Coroutine[Any, Any, None]) -> None:
        # The loop itself holds a task weakly: one that nobody else holds may never end.
        task = asyncio.get_running_loop().create_task(writing)
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def _write(self, since: datetime, counts: Counter[str]) -> None:
        try:
            await run_in_threadpool(self._append, since, counts)
        except Unavailable as error:
            _LOG.error("refusals could not be journalled yet", error=error.slug, detail=error.detail)
            for kind, number in counts.items():  # with the next minute, whose row then says less exactly when
                self._counts[kind] += number - 1
                self.count(kind)

    def _append(self, since: datetime, counts: Counter[str]) -> None:
        detail: dict[str, Fact] = {"since": rfc3339(since), **dict(sorted(counts.items()))}
        event = Event("requests.refused", "anonymous:", "authority:issuing", outcome="refused", detail=detail)
        with self._database.write() as tx:
            append(tx, event, at=self._clock.now())
