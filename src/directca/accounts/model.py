"""A TUser account, and its money in whole cents."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class AccountStatus(StrEnum):
    """Whether the account may do anything at all."""

    ACTIVE = "active"
    SUSPENDED = "suspended"


@dataclass(frozen=True)
class Account:
    """Who buys: the holder of organizations, people, applications, certificates and a balance."""

    id: str
    name: str
    status: AccountStatus
    created_at: datetime


@dataclass(frozen=True)
class Balance:
    """What an account may spend, and what its open orders have set aside, in cents."""

    available: int
    reserved: int


class MovementKind(StrEnum):
    """Why money moves."""

    DEPOSIT = "deposit"
    AUTHORIZE = "authorize"
    CAPTURE = "capture"
    RELEASE = "release"
    REFUND = "refund"


class Ledger(StrEnum):
    """The accounts of the books. The first two exist for each TUser account, the others once for the house."""

    AVAILABLE = "available"
    RESERVED = "reserved"
    REVENUE = "revenue"
    CASH = "cash"


MOVES: dict[MovementKind, tuple[Ledger, Ledger]] = {
    MovementKind.DEPOSIT: (Ledger.CASH, Ledger.AVAILABLE),
    MovementKind.AUTHORIZE: (Ledger.AVAILABLE, Ledger.RESERVED),
    MovementKind.CAPTURE: (Ledger.RESERVED, Ledger.REVENUE),
    MovementKind.RELEASE: (Ledger.RESERVED, Ledger.AVAILABLE),
    MovementKind.REFUND: (Ledger.REVENUE, Ledger.AVAILABLE),
}
"""From which ledger to which each kind of movement carries its amount."""


@dataclass(frozen=True)
class Movement:
    """One transaction of the books: its entries carry `amount` out of one ledger and into another."""

    id: int
    kind: MovementKind
    account_id: str
    order_id: str | None
    reference: str | None
    amount: int
    at: datetime


@dataclass(frozen=True)
class TrialBalance:
    """The sum of every entry per ledger, in cents, and each thing in the books that does not agree.

    Credits are positive, so what the authority owes and earns is positive, `cash` is negative, and the four sum to zero.
    """

    totals: dict[Ledger, int]
    problems: tuple[str, ...]
