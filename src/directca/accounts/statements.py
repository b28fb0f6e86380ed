"""Statements: every movement of an account's money in a period, between two balances that they lead from and to."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from directca.accounts import accounts, ledger_store, permissions
from directca.accounts.billing import Billing
from directca.accounts.errors import BadPeriod
from directca.accounts.member import Member, acting
from directca.accounts.model import MOVES, Balance, Ledger, Movement, MovementKind
from directca.db.engine import Tx

MOST = 100_000
"""Movements in one statement."""
_LONGEST = timedelta(days=3660)


@dataclass(frozen=True)
class Line:
    """A movement, what it did to each of the two balances, and how they were afterwards, in cents."""

    movement: Movement
    change: Balance
    after: Balance


@dataclass(frozen=True)
class Statement:
    """From `since` on and before `until`."""

    account_id: str
    account_name: str
    since: datetime
    until: datetime
    opening: Balance
    lines: tuple[Line, ...]

    @property
    def closing(self) -> Balance:
        """The balance at the end."""
        return self.lines[-1].after if self.lines else self.opening


def statement(billing: Billing, who: Member, since: datetime, until: datetime) -> Statement:
    """The own account's. Raises BadPeriod, SessionEnded."""
    with billing.database.read() as tx:
        acting(tx, who, permissions.SEE_MONEY)
        return statement_of(tx, who.account_id, since, until)


def balance(billing: Billing, who: Member) -> Balance:
    """What the own account may spend, and what its open orders have set aside. Raises SessionEnded."""
    with billing.database.read() as tx:
        acting(tx, who, permissions.SEE_MONEY)
        found = ledger_store.balance(tx, who.account_id)
    assert found is not None  # an account is opened together with its balance
    return found


def name_of(billing: Billing, who: Member) -> str:
    """What the own account is called. Raises SessionEnded."""
    with billing.database.read() as tx:
        acting(tx, who, permissions.SEE_MONEY)
        return accounts.find(tx, who.account_id).name


def statement_of(tx: Tx, account_id: str, since: datetime, until: datetime) -> Statement:
    """Whosever account it is. For the operator. Raises BadPeriod, NoSuchAccount."""
    account = accounts.find(tx, account_id)
    if not since < until or until - since > _LONGEST:
        raise BadPeriod("A statement's period begins before it ends, and is ten years at most.", field="until")
    found = ledger_store.movements_within(tx, account_id, since, until, MOST + 1)
    if len(found) > MOST:
        raise BadPeriod(f"More than {MOST} movements are in this period. Choose a shorter one.", field="until")
    opening = _summed(ledger_store.moved_before(tx, account_id, since))
    lines: list[Line] = []
    for movement in found:
        before = lines[-1].after if lines else opening
        change = change_of(movement.kind, movement.amount)
        after = Balance(before.available + change.available, before.reserved + change.reserved)
        lines.append(Line(movement, change, after))
    return Statement(account_id, account.name, since, until, opening, tuple(lines))


def change_of(kind: MovementKind, amount: int) -> Balance:
    """What a movement does to the two balances."""
    debit, credit = MOVES[kind]
    by_ledger = {ledger: (ledger is credit) * amount - (ledger is debit) * amount for ledger in Ledger}
    return Balance(by_ledger[Ledger.AVAILABLE], by_ledger[Ledger.RESERVED])


def _summed(moved: dict[MovementKind, int]) -> Balance:
    changes = [change_of(kind, amount) for kind, amount in moved.items()]
    return Balance(sum(one.available for one in changes), sum(one.reserved for one in changes))
