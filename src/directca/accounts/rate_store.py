"""The table of what callers have used of their rates: one moment for each, and none for who has used nothing lately."""

from collections.abc import Mapping, Sequence

from sqlalchemy import BigInteger, Column, String, Table, bindparam, delete, insert, select, update

from directca.db.engine import Tx
from directca.db.schema import metadata

rate_use = Table(
    "rate_use",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("arrival", BigInteger, nullable=False, index=True),
)

_AT_ONCE = 500


def arrivals(tx: Tx, ids: Sequence[str]) -> dict[str, int]:
    """The theoretical arrival times, in microseconds since 1970, of those who have one."""
    found: dict[str, int] = {}
    for begin in range(0, len(ids), _AT_ONCE):
        asked = select(rate_use).where(rate_use.c.id.in_(ids[begin : begin + _AT_ONCE]))
        found.update((row.id, row.arrival) for row in tx.execute(asked))
    return found


def put(tx: Tx, known: Mapping[str, int], changed: Mapping[str, int]) -> None:
    """Store what changed, in place of what is `known` to be stored."""
    rows = [{"use": id_, "moment": arrival} for id_, arrival in changed.items()]
    there, new = [one for one in rows if one["use"] in known], [one for one in rows if one["use"] not in known]
    if there:
        tx.execute(update(rate_use).where(rate_use.c.id == bindparam("use")).values(arrival=bindparam("moment")), there)
    if new:
        tx.execute(insert(rate_use).values(id=bindparam("use"), arrival=bindparam("moment")), new)


def forget(tx: Tx, before: int) -> None:
    """Remove what is long past, which says no more than nothing does."""
    tx.execute(delete(rate_use).where(rate_use.c.arrival < before))
