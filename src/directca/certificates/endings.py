"""Pairs whose end comes nearer."""

from datetime import datetime

from directca.certificates import ending_store
from directca.certificates.model import Record
from directca.db.engine import Tx


def ending(tx: Tx, account_id: str, after: datetime, until: datetime) -> tuple[Record, ...]:
    """The pairs of an account, issued or held, that its names stand for now and that end in a span of time, the first to end
    first. What was renewed is none of them."""
    return ending_store.ending(tx, account_id, after, until)


def soonest(tx: Tx, account_id: str, after: datetime, until: datetime, *, most: int) -> tuple[list[Record], int]:
    """Those of them that end first, so many at most, and how many they are in all."""
    return ending_store.soonest(tx, account_id, after, until, most), ending_store.count(tx, account_id, after, until)
