"""Reading which pairs end soon."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, select

from directca.certificates.model import Record, State
from directca.certificates.store import KNOWN, RECORD_COLUMNS, record, record_from
from directca.db.engine import Tx

_GOOD = (State.ISSUED, State.HELD)


def ending(tx: Tx, account_id: str, after: datetime, until: datetime) -> tuple[Record, ...]:
    """The current pairs of an account that are good, or held, and end in a span; served by `ix_record_account_current`."""
    found = select(*RECORD_COLUMNS).where(_in_span(account_id, after, until), record.c.state.in_([one.value for one in _GOOD]))
    return tuple(record_from(row) for row in tx.execute(found.order_by(record.c.not_after, record.c.id)))


def soonest(tx: Tx, account_id: str, after: datetime, until: datetime, most: int) -> list[Record]:
    """Those of them that end first, so many at most. Each state is asked for by itself, in the order of the index."""
    found: list[Record] = []
    for state in _GOOD:
        statement = select(*RECORD_COLUMNS).where(_in_span(account_id, after, until), record.c.state == state.value)
        rows = tx.execute(statement.order_by(record.c.not_after).limit(most))
        found.extend(record_from(row) for row in rows)
    return sorted(found, key=lambda one: (one.not_after, one.id))[:most]


def count(tx: Tx, account_id: str, after: datetime, until: datetime) -> int:
    """How many they are."""
    good = record.c.state.in_([one.value for one in _GOOD])
    return int(tx.execute(select(func.count()).where(_in_span(account_id, after, until), good)).scalar_one())


def _in_span(account_id: str, after: datetime, until: datetime) -> ColumnElement[bool]:
    columns = record.c
    ends = and_(columns.not_after > after, columns.not_after <= until)
    return and_(columns.account_id == account_id, columns.current.is_(True), KNOWN, ends)
