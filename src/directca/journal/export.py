"""Export the journal: every row, in its order, to who keeps a copy. The page is docs/flows/export.md.

The promise: a row counts as exported when its receiver has acknowledged it, and not a moment before. So a crash, or a receiver
that goes away, may bring a row twice and never loses one: the rows carry their position and their digest.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol

from directca.clock import Clock
from directca.db import leases
from directca.db.engine import Database, Tx
from directca.errors import Unavailable
from directca.journal import export_store, store
from directca.journal.chain import GENESIS, digest
from directca.journal.errors import ExportDiverged, ExportRunning
from directca.journal.export_store import Mark
from directca.journal.model import Row

_LEASE = timedelta(seconds=15)
"""So long nothing is exported after the process that did has died. A batch may take longer, and the lease is prolonged."""

_PROLONG_SECONDS = 5.0

_NOTHING = Mark(0, GENESIS)


class Receiver(Protocol):
    """Who keeps a copy of the journal.

    Durable: when `deliver` has returned, every row has arrived, as far as the receiver can say so. Concurrent: one call at a
    time. Retried: by the caller, so a row may be brought again. Errors: `ReceiverUnavailable`, nothing else; then any number of
    the rows may have arrived.
    """

    @property
    def target(self) -> str:
        """Its name, by which its position is kept."""
        ...

    def deliver(self, rows: Sequence[Row]) -> None:
        """Hand the rows over and wait until they are acknowledged."""
        ...


@dataclass(frozen=True)
class Exporter:
    """The database, the time, and who exports: `holder` names this process."""

    database: Database
    clock: Clock
    holder: str
    batch: int = 500
    """How many rows are handed over at once, at most."""


@dataclass(frozen=True)
class Standing:
    """How far a target has come: its last row, and when the first row was written that it lacks."""

    position: int
    waiting_since: datetime | None


def export(exporter: Exporter, receiver: Receiver) -> int:
    """Hand over what the receiver lacks, one batch at most; how many rows that were.

    Raises ExportRunning, ReceiverUnavailable, and ExportDiverged when the journal does not continue what was exported.
    """
    if not _lacks_any(exporter, receiver.target):
        return 0

    # 1 take the lease
    _take_lease(exporter, receiver.target)

    with _prolonged(exporter, receiver.target):
        # 2 read
        with exporter.database.read() as tx:
            before = export_store.mark(tx, receiver.target)
            rows = _rows_behind(tx, before or _NOTHING, exporter.batch)
        if not rows:
            return 0

        # 3 deliver
        receiver.deliver(rows)
    # A crash here leaves rows that the receiver has and the mark does not cover: they are brought once more.

    # 4 move the mark
    after = Mark(rows[-1].position, rows[-1].digest)
    with exporter.database.write() as tx:
        if not export_store.move(tx, receiver.target, before, after, exporter.clock.now()):
            raise _running(receiver.target)
    return len(rows)


def standing(tx: Tx, target: str) -> Standing:
    """How far a target has come."""
    mark = export_store.mark(tx, target) or _NOTHING
    first = next(iter(store.rows_after(tx, mark.position, batch=1)), None)
    return Standing(mark.position, None if first is None else first.at)


def begin_again(exporter: Exporter, target: str, position: int) -> None:
    """Let the next export begin with a row that was exported before, or with the first that was not: rows are never left out.

    Raises ExportRunning, and ExportDiverged when this would leave rows out.
    """
    _take_lease(exporter, target)
    with exporter.database.write() as tx:
        before = export_store.mark(tx, target)
        if not 1 <= position <= (before or _NOTHING).position + 1:
            raise ExportDiverged(
                f"{target} has rows up to {(before or _NOTHING).position}, so an export from row {position} on would leave rows "
                "out, or is none. Name a row that was exported before."
            )
        last = next(iter(store.rows_after(tx, position - 2, batch=1)), None) if position > 1 else None
        if position > 1 and (last is None or last.position != position - 1):
            raise _diverged(target, position - 1)
        after = _NOTHING if last is None else Mark(last.position, last.digest)
        if not export_store.move(tx, target, before, after, exporter.clock.now()):
            raise _running(target)


def _lacks_any(exporter: Exporter, target: str) -> bool:
    with exporter.database.read() as tx:
        mark, head = export_store.mark(tx, target) or _NOTHING, store.head(tx)
    return (head or (0, GENESIS)) != (mark.position, mark.digest)


def _take_lease(exporter: Exporter, target: str) -> None:
    now = exporter.clock.now()
    with exporter.database.write() as tx:
        if not leases.take(tx, f"export {target}", exporter.holder, now=now, duration=_LEASE):
            raise _running(target)


@contextmanager
def _prolonged(exporter: Exporter, target: str) -> Iterator[None]:
    """Keep the lease for as long as the block takes. Who loses it all the same, asleep or cut off from the database, brings the
    rows of one batch that another brings too: which of them moves the mark is told to both."""
    ended = threading.Event()

    def prolong() -> None:
        while not ended.wait(_PROLONG_SECONDS):
            try:
                _take_lease(exporter, target)
            except ExportRunning:
                return
            except Unavailable:
                continue  # perhaps the next time, which is before the lease ends

    thread = threading.Thread(target=prolong, daemon=True, name="lease")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def give_back(exporter: Exporter, target: str) -> None:
    """Let another process export to the target at once."""
    with exporter.database.write() as tx:
        leases.give_back(tx, f"export {target}", exporter.holder, now=exporter.clock.now())


def _rows_behind(tx: Tx, mark: Mark, most: int) -> list[Row]:
    """The next rows, each of which continues the one before it; so nothing is left out and nothing altered is passed on."""
    found = list(islice(store.rows_after(tx, mark.position - 1, batch=most + 1), most + 1))
    if mark.position:
        if not found or (found[0].position, found[0].digest) != (mark.position, mark.digest):
            raise _diverged("what was exported", mark.position)
        found = found[1:]
    last = mark
    for row in found[:most]:
        sound = digest(row.previous_digest, row.position, row.at, row.event) == row.digest
        if not sound or (row.position, row.previous_digest) != (last.position + 1, last.digest):
            raise _diverged("what was exported", last.position + 1)
        last = Mark(row.position, row.digest)
    return found[:most]


def _diverged(target: str, position: int) -> ExportDiverged:
    return ExportDiverged(
        f"The journal does not continue {target}: row {position} is missing or another. Run `directca journal verify`. If a "
        "backup was restored, go on with `directca journal export --again-from ROW`, a row from before the backup."
    )


def _running(target: str) -> ExportRunning:
    return ExportRunning(f"Another process exports the journal to {target}; a running server does so by itself. Try again later.")
