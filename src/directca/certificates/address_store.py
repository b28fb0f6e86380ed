"""Every address that stands in a certificate."""

from datetime import datetime

from sqlalchemy import Column, String, Table, bindparam, insert, select

from directca.db.engine import Tx
from directca.db.prepared import Prepared
from directca.db.schema import UtcDateTime, metadata

named_address = Table(
    "named_address",
    metadata,
    Column("uri", String, primary_key=True),
    Column("kind", String, nullable=False),
    Column("authority_id", String, nullable=False),
    Column("partition", String, nullable=False),
    Column("first_named_at", UtcDateTime, nullable=False),
)

Address = tuple[str, str, str, str]
"""URI, kind, authority, partition."""

_KNOWN = Prepared(select(named_address.c.first_named_at).where(named_address.c.uri == bindparam("wanted")))
_ADDRESS = (named_address.c.uri, named_address.c.kind, named_address.c.authority_id, named_address.c.partition)


def add(tx: Tx, address: Address, at: datetime) -> None:
    """Keep an address, unless it is kept already."""
    if _KNOWN.first(tx, {"wanted": address[0]}) is None:
        names = ("uri", "kind", "authority_id", "partition")
        tx.execute(insert(named_address), {**dict(zip(names, address, strict=True)), "first_named_at": at})


def was_there(tx: Tx, uri: str, *, before: datetime) -> bool:
    """Whether an address was kept before a moment."""
    row = _KNOWN.first(tx, {"wanted": uri})
    return row is not None and row.first_named_at < before


def all_of_them(tx: Tx) -> tuple[Address, ...]:
    """Every address, in order."""
    rows = tx.execute(select(*_ADDRESS).order_by(named_address.c.uri))
    return tuple((row.uri, row.kind, row.authority_id, row.partition) for row in rows)


def of_list(tx: Tx, authority_id: str, partition: str) -> tuple[str, ...]:
    """The addresses of one list, in order."""
    place = (named_address.c.kind == "crl", named_address.c.authority_id == authority_id, named_address.c.partition == partition)
    return tuple(tx.execute(select(named_address.c.uri).where(*place).order_by(named_address.c.uri)).scalars())
