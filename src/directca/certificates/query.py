"""The query over an account's records: exact counts, and pages whose cost does not grow with their number.

A page is bounded by a *position* in the register, not by an offset, so the ten-thousandth page costs what the first does and
a walk neither skips nor repeats a record that was there throughout. Positions are given in the order of commit and never
change; so does everything that a filter compares, but for status. That makes exact counts cheap to repeat: what was counted
up to a position stays true, and only what came after it is counted again.
"""

import threading
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime

from directca.certificates import query_store as store
from directca.certificates.filters import Filters, Window
from directca.certificates.model import Pair, Usage
from directca.certificates.store import certificates_of
from directca.db.engine import Tx
from directca.errors import Malformed

_MOST_WILDCARDS = 8


@dataclass(frozen=True)
class Page:
    """Records, newest first, with the exact count of all that match and whether others stand before and behind."""

    pairs: tuple[Pair, ...]
    total: int
    offset: int
    newer: bool
    older: bool


class Counts:
    """Exact counts, remembered up to a position and completed from there. One per process; safe for threads."""

    def __init__(self, *, most: int = 4096) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, Filters], tuple[int, int]] = OrderedDict()

    def count(self, tx: Tx, account_id: str, filters: Filters, now: datetime) -> int:
        """How many of the account's records match, in the transaction's moment."""
        last = store.last_position(tx, account_id)
        if filters.status is not None:
            return store.count(tx, account_id, filters, now, after=0)  # status changes: nothing of it can be remembered
        key = (account_id, filters)
        with self._lock:
            known, upto = self._known.get(key, (0, 0))
        # A reader whose moment lies before the remembered one must count for itself.
        if upto > last:
            return store.count(tx, account_id, filters, now, after=0)
        total = known + (store.count(tx, account_id, filters, now, after=upto) if upto < last else 0)
        with self._lock:
            if self._known.get(key, (0, -1))[1] < last:
                self._known[key] = (total, last)
            self._known.move_to_end(key)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return total


def page(tx: Tx, counts: Counts, account_id: str, filters: Filters, window: Window, now: datetime) -> Page:
    """One page of the account's records.

    Raises Malformed when the pattern has more wildcards than are searched.
    """
    if filters.name_like is not None and filters.name_like.count("*") > _MOST_WILDCARDS:
        raise Malformed(f"Use at most {_MOST_WILDCARDS} wildcards in commonNameLike.", field="commonNameLike")
    filters = _simplified(filters)
    total = counts.count(tx, account_id, filters, now)
    wanted = replace(window, limit=window.limit + 1)
    records = store.records(tx, account_id, filters, wanted, now, expected=total)
    more = len(records) > window.limit
    records = records[: window.limit]
    if window.after is not None:
        records.reverse()  # they were read upwards from the cursor
        newer, older = more, True
    else:
        newer, older = window.before is not None or window.offset > 0, more
    pairs = certificates_of(tx, [one.id for one in records])
    found = tuple(Pair(one, pairs[one.id][Usage.SIGNING], pairs[one.id][Usage.ENCRYPTION]) for one in records)
    return Page(found, total, window.offset, newer, older)


def _simplified(filters: Filters) -> Filters:
    """`commonNameLike` without a wildcard is an exact name; runs of wildcards are one."""
    like = filters.name_like
    if like is None:
        return filters
    while "**" in like:
        like = like.replace("**", "*")
    if "*" in like:
        return replace(filters, name_like=None if like == "*" else like)
    if filters.name_is is None:
        return replace(filters, name_is=like, name_like=None)
    return replace(filters, name_like=like)
