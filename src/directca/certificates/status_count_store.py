"""How many pairs an account has in each state: kept by the database for each day on which pairs end, and exact at any moment.

What is stored of a pair changes with a write, and its counter in the same transaction (triggers, `step_0025`): no verb can
forget to, nor a node of an older release. What time does to a pair is no write: of a day that is over all have expired, of one
that is to come none has, and of a day that is cut by a moment the pairs are counted one by one, on an index.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache

from sqlalchemy import BigInteger, Column, ColumnElement, Date, String, Table, and_, bindparam, func, literal_column, select, true

from directca.certificates.model import State, Status
from directca.certificates.store import KNOWN, record
from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, index_where, metadata

status_count = Table(
    "status_count",
    metadata,
    Column("account_id", String, primary_key=True),
    Column("standing", String(16), primary_key=True),
    Column("ends_on", Date, primary_key=True),
    Column("pairs", BigInteger, nullable=False),
    sqlite_with_rowid=False,  # what is summed lies together
)

# The walks of a query by state, and by the end of validity.
index_where("ix_record_account_state", KNOWN, record.c.account_id, record.c.state, record.c.position, record.c.not_after)
index_where("ix_record_account_not_after", KNOWN, record.c.account_id, record.c.not_after, record.c.position, record.c.state)
index_where(
    "ix_record_account_superseded",
    and_(record.c.superseded_by.is_not(None), KNOWN),
    record.c.account_id,
    record.c.state,
    record.c.position,
    record.c.not_after,
)

_SUPERSEDED_AS_STORED = "superseded"
_STANDINGS: dict[Status | None, tuple[str, ...]] = {
    None: (State.ISSUED.value, _SUPERSEDED_AS_STORED, State.HELD.value, State.REVOKED.value),
    Status.ISSUED: (State.ISSUED.value,),
    Status.SUPERSEDED: (_SUPERSEDED_AS_STORED,),
    Status.HELD: (State.HELD.value,),
    Status.REVOKED: (State.REVOKED.value,),
    Status.EXPIRED: (State.ISSUED.value, _SUPERSEDED_AS_STORED, State.HELD.value),
}
"""How the counters name what can have a status, or any."""

_TICK, _DAY = timedelta(microseconds=1), timedelta(days=1)
_LAST_DAY = datetime.combine(date.max, time(), UTC)


@dataclass(frozen=True)
class Span:
    """Moments from the first on, and before the last; None is without a bound."""

    first: datetime | None
    last: datetime | None


def span(status: Status | None, now: datetime, *, after: datetime | None, before: datetime | None) -> Span | None:
    """When pairs end that have a status, or any, at a moment, of those that end between two moments; None if none can."""
    first = None if after is None else after.astimezone(UTC)
    last = None if before is None else before.astimezone(UTC)
    if (first is not None and first >= _LAST_DAY - _TICK) or (last is not None and last.date() == date.min):
        return None  # nothing ends on the last of all days, or the first
    if first is not None:
        first += _TICK
    if status is Status.EXPIRED:
        last = now if last is None else min(last, now)
    elif status not in (None, Status.REVOKED):
        first = now if first is None else max(first, now)
    return Span(first, last) if first is None or last is None or first < last else None


def count(tx: Tx, account_id: str, status: Status | None, ends: Span) -> int:
    """How many pairs of the account that end within a span have what is stored of a status; None is any."""
    whole, cut = _shared_out(ends)
    total = 0
    if whole is not None:
        found = _summing(status).first(tx, {"account": account_id, "first": whole[0], "last": whole[1]})
        total = int(found.pairs or 0) if found is not None else 0
    for one in cut:
        rows = _counting(status).rows(tx, {"account": account_id, "first": one.first, "last": one.last})
        total += int(rows[0].pairs)
    return total


def _shared_out(ends: Span) -> tuple[tuple[date, date] | None, tuple[Span, ...]]:
    """The first and the last day that lie in a span as a whole, and what is left of it on either side."""
    first = date.min if ends.first is None else (ends.first + _DAY - _TICK).date()
    last = date.max if ends.last is None else (ends.last - _TICK).date()
    if ends.last is not None and _midnight(ends.last) != ends.last:
        last -= _DAY
    if first > last:
        return None, (ends,)
    cut = []
    if ends.first is not None and (begins := datetime.combine(first, time(), UTC)) > ends.first:
        cut.append(Span(ends.first, begins))
    if ends.last is not None and (midnight := _midnight(ends.last)) < ends.last:
        cut.append(Span(midnight, ends.last))
    return (first, last), tuple(cut)


def _midnight(moment: datetime) -> datetime:
    return datetime.combine(moment.date(), time(), UTC)


@lru_cache
def _summing(status: Status | None) -> Prepared:
    of = (status_count.c.account_id == bindparam("account"), status_count.c.standing.in_(_literally(_STANDINGS[status])))
    days = (status_count.c.ends_on >= bindparam("first"), status_count.c.ends_on <= bindparam("last"))
    return Prepared(select(func.sum(status_count.c.pairs).label("pairs")).where(*of, *days))


@lru_cache
def _counting(status: Status | None) -> Prepared:
    # An expression keeps the planner from the index by state, which knows no ranges of days.
    state = record.c.state.concat("")
    standing: dict[Status | None, ColumnElement[bool]] = {
        None: true(),
        Status.ISSUED: and_(state == State.ISSUED.value, record.c.superseded_by.is_(None)),
        Status.SUPERSEDED: and_(state == State.ISSUED.value, record.c.superseded_by.is_not(None)),
        Status.HELD: state == State.HELD.value,
        Status.REVOKED: state == State.REVOKED.value,
        Status.EXPIRED: state != State.REVOKED.value,
    }
    within = (
        record.c.not_after >= bindparam("first", type_=UtcDateTime),
        record.c.not_after < bindparam("last", type_=UtcDateTime),
    )
    of = (KNOWN, record.c.account_id == bindparam("account"))
    return Prepared(select(func.count().label("pairs")).select_from(record).where(*of, *within, standing[status]))


def _literally(words: Iterable[str]) -> list[ColumnElement[str]]:
    return [literal_column(f"'{word}'") for word in words]
