"""The query over an account's records: exact counts, and pages whose cost does not grow with their number.

A page is bounded by a *position* in the register, not by an offset, so the ten-thousandth page costs what the first does and
a walk neither skips nor repeats a record that was there throughout. Positions are given in the order of commit and never
change; so does everything that a filter compares, but for status. That makes exact counts cheap to repeat: what was counted
up to a position stays true, and only what came after it is counted again. Of status the database keeps counters itself.
"""

import threading
from bisect import bisect_left, bisect_right
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from directca.certificates import query_store as store
from directca.certificates import status_count_store as status_counts
from directca.certificates.filters import Filters, Order, Window
from directca.certificates.model import Pair, Record, Usage
from directca.certificates.store import certificates_of
from directca.db.engine import Database, Mark, Tx
from directca.errors import Malformed

MOST_WILDCARDS = 8
_FEW_PLACES = 1000
_AT_ONCE = 500


@dataclass(frozen=True)
class Page:
    """Records, newest first, with the exact count of all that match and whether others stand before and behind."""

    pairs: tuple[Pair, ...]
    total: int
    offset: int
    newer: bool
    older: bool


@dataclass(frozen=True)
class _Known:
    """What matched up to a position: how many records, and which, as long as they are few and costly to find."""

    total: int = 0
    upto: int = 0
    places: tuple[int, ...] | None = ()


class Counts:
    """Exact counts, remembered up to a position and completed from there. One per process; safe for threads."""

    def __init__(self, *, most: int = 4096) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[str, Filters], _Known] = OrderedDict()

    def count(self, tx: Tx, account_id: str, filters: Filters, now: datetime) -> tuple[int, tuple[int, ...] | None]:
        """How many of the account's records match, in the transaction's moment; and where they are, ascending, if known."""
        last = store.last_position(tx, account_id)
        if replace(filters, status=None, expires_before=None, expires_after=None) == Filters() != filters:
            return _by_counters(tx, account_id, filters, now), None
        if filters.status is not None:  # status changes: nothing of it can be remembered
            return store.count(tx, account_id, filters, now, after=0), None
        key = (account_id, filters)
        with self._lock:
            known = self._known.get(key, _Known(places=() if store.is_costly(filters) else None))
        # A reader whose moment lies before the remembered one must count for itself.
        if known.upto > last:
            return store.count(tx, account_id, filters, now, after=0), None
        if known.upto < last:
            known = _completed(tx, account_id, filters, now, known, last)
        with self._lock:
            if self._known.get(key, _Known()).upto <= last:
                self._known[key] = known
                self._known.move_to_end(key)
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        return known.total, known.places


def _by_counters(tx: Tx, account_id: str, filters: Filters, now: datetime) -> int:
    """How many have a status and end between two moments, of which the database keeps counters."""
    ends = status_counts.span(filters.status, now, after=filters.expires_after, before=filters.expires_before)
    return 0 if ends is None else status_counts.count(tx, account_id, filters.status, ends)


def _completed(tx: Tx, account_id: str, filters: Filters, now: datetime, known: _Known, last: int) -> _Known:
    """What is known, with what came after it."""
    if known.places is not None:
        room = _FEW_PLACES - len(known.places)
        fresh = store.positions(tx, account_id, filters, now, after=known.upto, most=room + 1)
        if len(fresh) <= room:
            places = (*known.places, *fresh)
            return _Known(len(places), last, places)
    return _Known(known.total + store.count(tx, account_id, filters, now, after=known.upto), last, None)


def mark(tx: Tx, account_id: str) -> Mark:
    """How far the register has come, as far as a page tells of it: the account's newest record, and every change of a status.

    Whatever else a page shows is written in the transaction of one of these.
    """
    return store.mark(tx, account_id)


def page(tx: Tx, counts: Counts, account_id: str, filters: Filters, window: Window, now: datetime) -> Page:
    """One page of the account's records.

    Raises Malformed when the pattern has more wildcards than are searched.
    """
    if filters.name_like is not None and filters.name_like.count("*") > MOST_WILDCARDS:
        raise Malformed(f"Use at most {MOST_WILDCARDS} wildcards in commonNameLike.", field="commonNameLike")
    filters = _simplified(filters)
    total, places = counts.count(tx, account_id, filters, now)
    wanted = replace(window, limit=window.limit + 1)
    if window.before is None and window.after is None:  # a walk that has met all that match need not go on
        wanted = replace(wanted, limit=min(wanted.limit, max(0, total - window.offset)))
    records = _records(tx, _Asked(account_id, filters, now, total, places), wanted)
    more = len(records) > window.limit
    records = records[: window.limit]
    if window.after is not None:
        records.reverse()  # they were read backwards from the cursor
        newer, older = more, window.after > 0  # positions begin at 1, so behind a cursor at 0 there is nothing
    else:
        newer, older = window.before is not None or window.offset > 0, more
    pairs = certificates_of(tx, records)
    found = tuple(Pair(one, pairs[one.id][Usage.SIGNING], pairs[one.id][Usage.ENCRYPTION]) for one in records)
    return Page(found, total, window.offset, newer, older)


def walk(
    database: Database, counts: Counts, account_id: str, filters: Filters, order: Order, now: datetime
) -> Iterator[list[Record]]:
    """All of the account's records that match, some at a time, each time in a transaction of its own.

    A pair whose state changes meanwhile is met once or not at all, as it was when it was passed. Raises as `page` does.
    """
    filters = _simplified(filters)
    with database.read() as tx:
        asked = _Asked(account_id, filters, now, *counts.count(tx, account_id, filters, now))
    window = Window(_AT_ONCE, order=order)
    while True:
        with database.read() as tx:
            records = _records(tx, asked, window)
        if records:
            yield records
        if len(records) < _AT_ONCE:
            return
        window = replace(window, before=records[-1].position)


@dataclass(frozen=True)
class _Asked:
    """Whose records are asked for, and what is known of those that match: how many, and perhaps where they are."""

    account_id: str
    filters: Filters
    now: datetime
    total: int
    places: tuple[int, ...] | None


def _records(tx: Tx, asked: _Asked, window: Window) -> list[Record]:
    """The records of one page; backwards when the window looks `after` a position."""
    if asked.total == 0 or window.limit == 0:
        return []
    if asked.places is not None:
        return _at_places(tx, asked.places, window)
    ask = store.records if window.order is Order.NEWEST else store.in_order
    return ask(tx, asked.account_id, asked.filters, window, asked.now, expected=asked.total)


def _at_places(tx: Tx, places: tuple[int, ...], window: Window) -> list[Record]:
    if window.order is Order.NEWEST:
        return store.at_positions(tx, _within(places, window))
    by_name = window.order in (Order.NAME, Order.NAME_DOWN)
    found = store.at_positions(tx, places)
    found.sort(key=lambda one: (one.identifier if by_name else one.not_after, one.position), reverse=window.order.is_down)
    bound = window.before if window.after is None else window.after
    at = next((number for number, one in enumerate(found) if one.position == bound), None)
    if bound is None:
        return found[window.offset : window.offset + window.limit]
    if at is None:
        return []
    return found[at + 1 : at + 1 + window.limit] if window.after is None else found[:at][::-1][: window.limit]


def _within(places: tuple[int, ...], window: Window) -> Sequence[int]:
    """The places of one page: newest first, or oldest first when the window looks `after` a position."""
    if window.after is not None:
        start = bisect_right(places, window.after)
        return places[start : start + window.limit]
    end = len(places) - window.offset if window.before is None else bisect_left(places, window.before)
    return places[max(0, end - window.limit) : max(0, end)][::-1]


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
