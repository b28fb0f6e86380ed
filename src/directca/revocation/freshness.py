"""Whether relying parties find a fresh CRL, asked before anything is certified (invariants 13 and 16)."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from directca.db.engine import Tx
from directca.revocation import store
from directca.revocation.errors import NothingFresh
from directca.revocation.model import CLOCK_SKEW, ListId

_SETTLED = timedelta(minutes=1)
"""Longer than any transaction is open."""

_REMEMBERED = timedelta(hours=1)
"""Shorter than any list lasts."""


class FreshLists:
    """The lists that certificates name, each with the address by which a list of a partition must call itself (None: a full
    list, which says none). One per process; safe for threads.

    A published list stays published, and the one that follows it is fresh for longer. So until when a list may be used is asked
    once and remembered for an hour at most: after a list that was made offline and lasts for months comes a shorter one, once the
    key is back. A list of this minute is not remembered: whoever asks in a transaction that writers share may see one whose
    commit is still to come, or to fail.
    """

    def __init__(self, lists: Mapping[ListId, str | None]) -> None:
        self._lists = dict(lists)
        self._usable: dict[ListId, tuple[datetime, datetime]] = {}

    def check(self, tx: Tx, now: datetime) -> None:
        """Raise NothingFresh unless every list is published and fresh: before that no certificate may name it."""
        self.asked(tx, now)()

    def asked(self, tx: Tx, now: datetime) -> Callable[[], None]:
        """`check`, asked for with what is asked besides; it raises when it is called."""
        usable = {of: self._usable.get(of, (now, now)) for of in self._lists}
        answers = {of: store.newest_use_asked(tx, of) for of, (since, until) in usable.items() if not since <= now < until}

        def check() -> None:
            for of, answer in answers.items():
                self._judge(of, answer(), now)

        return check

    def _judge(self, of: ListId, found: store.Use | None, now: datetime) -> None:
        point = self._lists[of]
        if found is None or now >= found.next_update or (point is not None and point not in found.points):
            raise NothingFresh("No fresh CRL is published, so nothing is issued; the operator must make one.")
        since = found.this_update - CLOCK_SKEW
        if now < since:
            raise NothingFresh("The newest CRL is dated after this machine's clock, so nothing is issued; the operator must act.")
        if now >= found.published_at + _SETTLED:
            self._usable[of] = since, min(found.next_update, now + _REMEMBERED)
