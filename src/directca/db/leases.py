"""Leases: periodic work that any number of processes may do, and one at a time does.

A lease is a row. Whoever finds it free or expired takes it for a while; a process that dies loses it when the time is up. One
that only slept may not know that it has lost it: what it does under the lease it does in transactions that `require` it.
"""

from datetime import datetime, timedelta

from sqlalchemy import Column, String, Table, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from directca.db.engine import Tx
from directca.db.errors import LeaseLost
from directca.db.schema import UtcDateTime, metadata

lease = Table(
    "lease",
    metadata,
    Column("name", String, primary_key=True),
    Column("holder", String, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
)

_APART = timedelta(seconds=30)
"""How far the clocks of two nodes may be apart: the guide asks for some seconds."""


def take(tx: Tx, name: str, holder: str, *, now: datetime, duration: timedelta) -> bool:
    """Take or prolong a lease; False while another holder has it.

    One that lasts longer than a lease can was taken by a clock that has been set back since: it is nobody's. It may seem to
    last a little longer, where the clock of its holder is ahead.
    """
    longest = now + duration + _APART
    mine_or_free = or_(lease.c.holder == holder, lease.c.expires_at <= now, lease.c.expires_at > longest)
    values = {"holder": holder, "expires_at": now + duration}
    if tx.execute(update(lease).where(lease.c.name == name, mine_or_free).values(**values)).rowcount == 1:
        return True
    try:
        with tx.begin_nested():
            tx.execute(insert(lease), {"name": name, **values})
    except IntegrityError:
        return False
    return True


def held(tx: Tx, now: datetime) -> tuple[str, ...]:
    """The names of the leases that somebody holds."""
    return tuple(tx.execute(select(lease.c.name).where(lease.c.expires_at > now)).scalars())


def give_back(tx: Tx, name: str, holder: str, *, now: datetime) -> None:
    """End a lease early."""
    tx.execute(update(lease).where(lease.c.name == name, lease.c.holder == holder).values(expires_at=now))


def require(tx: Tx, name: str, holder: str) -> None:
    """Raise LeaseLost unless nobody has taken the lease since the holder did. Nobody can before the transaction ends."""
    if tx.execute(select(lease.c.holder).where(lease.c.name == name)).scalar_one_or_none() != holder:
        raise LeaseLost(f"Another process has taken over {name}, so this one does no more of it.")
