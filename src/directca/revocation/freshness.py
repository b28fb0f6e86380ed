"""Whether relying parties find a fresh CRL, asked before anything is certified (invariants 13 and 16)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from directca.db.engine import Tx
from directca.revocation import store
from directca.revocation.errors import NothingFresh

_SETTLED = timedelta(minutes=1)
"""Longer than any transaction is open."""


class FreshLists:
    """The lists that certificates name. One per process; safe for threads.

    A published list stays published, and the one that follows it is fresh for longer. So until when a list may be used is asked
    once and remembered until then. A list of this minute is not remembered: whoever asks in a transaction that writers share may
    see one whose commit is still to come, or to fail.
    """

    def __init__(self, authority_ids: Iterable[str]) -> None:
        self._ids = tuple(authority_ids)
        self._usable_until: dict[str, datetime] = {}

    def check(self, tx: Tx, now: datetime) -> None:
        """Raise NothingFresh unless every list is published and fresh: before that no certificate may name it."""
        for authority_id in self._ids:
            if authority_id not in self._usable_until or now >= self._usable_until[authority_id]:
                self._ask(tx, authority_id, now)

    def _ask(self, tx: Tx, authority_id: str, now: datetime) -> None:
        found = store.newest_times(tx, authority_id)
        if found is None or now >= found[1]:
            raise NothingFresh("No fresh CRL is published, so nothing is issued; the operator must make one.")
        published_at, next_update = found
        if now >= published_at + _SETTLED:
            self._usable_until[authority_id] = next_update
