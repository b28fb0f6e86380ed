"""Reading which pairs end soon."""

from datetime import datetime

from sqlalchemy import select

from directca.certificates.model import Record, State
from directca.certificates.store import KNOWN, RECORD_COLUMNS, record, record_from
from directca.db.engine import Tx


def ending(tx: Tx, account_id: str, after: datetime, until: datetime) -> tuple[Record, ...]:
    """The current pairs of an account that are good, or held, and end in a span; served by `ix_record_account_current`."""
    columns = record.c
    statement = (
        select(*RECORD_COLUMNS)
        .where(
            columns.account_id == account_id,
            columns.current.is_(True),
            KNOWN,
            columns.state.in_([State.ISSUED.value, State.HELD.value]),
            columns.not_after > after,
            columns.not_after <= until,
        )
        .order_by(columns.not_after, columns.id)
    )
    return tuple(record_from(row) for row in tx.execute(statement))
