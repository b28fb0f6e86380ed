"""Invoices and what stands beside them: written once, never changed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class DocumentKind(StrEnum):
    """Each kind has numbers of its own, without a gap, beginning anew each year."""

    INVOICE = "invoice"
    """For an order that was charged."""
    CREDIT_NOTE = "credit_note"
    """For a refund, which takes an invoice back."""
    RECEIPT = "receipt"
    """For money that arrived."""


PREFIXES = {DocumentKind.INVOICE: "INV", DocumentKind.CREDIT_NOTE: "CN", DocumentKind.RECEIPT: "RCP"}


@dataclass(frozen=True)
class Item:
    """One line: what, and for how many cents."""

    text: str
    amount: int


@dataclass(frozen=True)
class Document:
    """An invoice, credit note or receipt, as it was made. `supplied_at` is when the money moved that it is about.

    `refers_to` is the number of the invoice that a credit note takes back.
    """

    kind: DocumentKind
    year: int
    sequence: int
    account_id: str
    movement_id: int
    order_id: str | None
    issued_at: datetime
    supplied_at: datetime
    seller: tuple[str, ...]
    buyer: str
    items: tuple[Item, ...]
    currency: str
    refers_to: str | None = None
    note: str = ""

    @property
    def number(self) -> str:
        """As it is printed: `INV-2026-000001`."""
        return f"{PREFIXES[self.kind]}-{self.year}-{self.sequence:06d}"

    @property
    def total(self) -> int:
        """In cents."""
        return sum(one.amount for one in self.items)
