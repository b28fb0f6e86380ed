"""The table of invoices, and up to which movement of money there are any."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import JSON, BigInteger, Column, ForeignKey, Index, Integer, String, Table, func, insert, select, update

from directca.db.engine import Tx
from directca.db.schema import UtcDateTime, findable, metadata
from directca.issuance.invoice_model import Document, DocumentKind, Item

# The number is the key, so that none is given twice; no privilege of the role that serves changes a row or takes one away.
invoice = Table(
    "invoice",
    metadata,
    Column("kind", String(16), primary_key=True),
    Column("year", Integer, primary_key=True, autoincrement=False),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("account_id", String, ForeignKey("account.id"), nullable=False),
    # What it is about: at most one document for each movement.
    Column("movement_id", BigInteger, nullable=False, unique=True),
    Column("order_id", String(32), index=True),
    Column("issued_at", UtcDateTime, nullable=False),
    Column("supplied_at", UtcDateTime, nullable=False),
    Column("content", JSON, nullable=False),
    Index(None, "account_id", "movement_id"),
)

invoice_mark = Table(
    "invoice_mark",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("movement_id", BigInteger, nullable=False),
)
_ONLY = 1


def mark(tx: Tx) -> int:
    """The last movement that was looked at; 0 before the first."""
    found = tx.execute(select(invoice_mark.c.movement_id).where(invoice_mark.c.id == _ONLY)).scalar_one_or_none()
    return 0 if found is None else int(found)


def set_mark(tx: Tx, movement_id: int) -> None:
    """Every movement up to this one has its document, if it is to have one."""
    moved = update(invoice_mark).where(invoice_mark.c.id == _ONLY).values(movement_id=movement_id)
    if tx.execute(moved).rowcount == 0:
        tx.execute(insert(invoice_mark), {"id": _ONLY, "movement_id": movement_id})


def last(tx: Tx, kind: DocumentKind, year: int) -> int:
    """The last number that was given; 0 before the first."""
    found = select(func.max(invoice.c.sequence)).where(invoice.c.kind == kind.value, invoice.c.year == year)
    return int(tx.execute(found).scalar_one() or 0)


def add(tx: Tx, new: Sequence[Document]) -> None:
    """Store documents under their numbers, in one statement."""
    tx.execute(insert(invoice), [_values(one) for one in new])


def _values(new: Document) -> dict[str, Any]:
    content = {
        "seller": list(new.seller),
        "buyer": new.buyer,
        "items": [[one.text, one.amount] for one in new.items],
        "currency": new.currency,
        "refers_to": new.refers_to,
        "note": new.note,
    }
    same = ("year", "sequence", "account_id", "movement_id", "order_id", "issued_at", "supplied_at")
    return {name: getattr(new, name) for name in same} | {"kind": new.kind.value, "content": content}


def of_account(tx: Tx, account_id: str, before: int | None, limit: int) -> tuple[Document, ...]:
    """The account's, newest first; `before` a movement."""
    wanted = [invoice.c.account_id == account_id]
    if before is not None:
        wanted.append(invoice.c.movement_id < before)
    rows = tx.execute(select(invoice).where(*wanted).order_by(invoice.c.movement_id.desc()).limit(limit))
    return tuple(_document(row) for row in rows)


def numbered(tx: Tx, kind: DocumentKind, year: int, sequence: int) -> Document | None:
    """The one with this number, whoever's it is."""
    same = (invoice.c.kind == kind.value, invoice.c.year == year, invoice.c.sequence == sequence)
    row = tx.execute(select(invoice).where(*same)).one_or_none()
    return None if row is None else _document(row)


def of_orders(tx: Tx, order_ids: Sequence[str]) -> tuple[Document, ...]:
    """The documents about these orders."""
    wanted = invoice.c.order_id.in_([findable(one) for one in order_ids])
    return tuple(_document(row) for row in tx.execute(select(invoice).where(wanted).order_by(invoice.c.movement_id)))


def _document(row: Any) -> Document:
    content = row.content
    return Document(
        kind=DocumentKind(row.kind),
        year=row.year,
        sequence=row.sequence,
        account_id=row.account_id,
        movement_id=row.movement_id,
        order_id=row.order_id,
        issued_at=row.issued_at,
        supplied_at=row.supplied_at,
        seller=tuple(content["seller"]),
        buyer=content["buyer"],
        items=tuple(Item(text, amount) for text, amount in content["items"]),
        currency=content["currency"],
        refers_to=content["refers_to"],
        note=content["note"],
    )
