"""A top-up: money that an account says it is going to pay, waited for under a reference."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class PaymentMethod(StrEnum):
    """How the money comes."""

    WIRE = "wire"
    PURCHASE_ORDER = "purchase_order"


class TopUpState(StrEnum):
    """Whether the money is waited for still."""

    WAITING = "waiting"
    RECEIVED = "received"
    WITHDRAWN = "withdrawn"
    """By the account."""
    DECLINED = "declined"
    """By the authority."""


@dataclass(frozen=True)
class TopUp:
    """One announced payment, in cents. `received` is what came, which may be another amount than was announced."""

    id: str
    account_id: str
    reference: str
    amount: int
    method: PaymentMethod
    purchase_order: str | None
    state: TopUpState
    asked_by: str
    asked_at: datetime
    pay_by: datetime
    settled_at: datetime | None = None
    received: int | None = None


@dataclass(frozen=True)
class Instructions:
    """What the payer has to do, line by line, and the reference without which a payment finds no account."""

    reference: str
    lines: tuple[str, ...]
    pay_by: datetime
