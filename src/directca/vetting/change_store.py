"""A number that grows with every change of what vetting rests on, so that one look tells whether anything changed since.

The database counts by itself (triggers, `step_0003`): no verb can forget to. Each table that `check.vet` reads is counted.
"""

from collections.abc import Callable
from typing import Final

from sqlalchemy import BigInteger, Column, Integer, Table, select

from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import metadata

vetting_change = Table(
    "vetting_change",
    metadata,
    # One row.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("number", BigInteger, nullable=False),
)

COUNTED: Final = ("account", "organization", "domain_claim", "proofing", "agreement_acceptance", "mailbox_authority")
"""The tables whose rows decide an answer of `check.vet`."""

_NUMBER = Prepared(select(vetting_change.c.number).where(vetting_change.c.id == 1))


def number(tx: Tx) -> int:
    """How many changes there were. Two equal numbers: nothing changed in between."""
    return asked(tx)()


def asked(tx: Tx) -> Callable[[], int]:
    """`number`, asked for with what is asked besides."""
    rows = _NUMBER.asked(tx, {})

    def answer() -> int:
        found = rows()
        if not found:
            raise LookupError("vetting_change has no row, so changes are not counted")
        count: int = found[0].number
        return count

    return answer
