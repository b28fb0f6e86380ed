"""The double-entry ledger: whole cents of US dollars, and no movement that creates or loses one.

An order's money is authorized before anything is signed, captured in the transaction that records the certificates, and
released when the order fails (invariant 19); what was captured may be refunded, whole. Each of these happens at most once per
order: a unique constraint says so, and the statement that moves the balance refuses when it already happened, so that of two that
race one has no effect.

The functions join the caller's transaction. `deposit` is an operator's act and journals itself; the others are steps of a verb
that journals the order as a whole.
"""

import unicodedata
from collections.abc import Callable, Sequence
from datetime import datetime

from directca.accounts import accounts, ledger_store, top_up_store
from directca.accounts.errors import (
    BadAmount,
    ChargeConflict,
    DepositExists,
    InsufficientBalance,
    NoSuchAccount,
)
from directca.accounts.model import Balance, Movement, MovementKind, TrialBalance
from directca.db.engine import Tx
from directca.journal.model import Event
from directca.journal.record import append

_LARGEST = 10**12
"""Ten thousand million dollars: above it somebody mistyped, and sums stay far inside 64 bits."""
_REFERENCE_MAXIMUM = 200


def deposit(tx: Tx, account_id: str, amount: int, *, reference: str, actor: str, at: datetime) -> Balance:
    """Book `amount` cents that arrived for the account under a reference, such as the wire's number.

    A reference is booked once per account, however it is written, so that a command given twice does not pay twice. Raises
    NoSuchAccount, BadAmount, DepositExists.
    """
    accounts.find(tx, account_id)
    _check_amount(amount, least=1)
    text = canonical_reference(reference)
    if not text or len(text) > _REFERENCE_MAXIMUM or not text.isprintable():
        raise BadAmount(
            f"Give the deposit a reference of 1 to {_REFERENCE_MAXIMUM} characters, such as the wire's number.", field="reference"
        )
    announced = top_up_store.by_reference(tx, text)
    if announced is not None and announced.account_id != account_id:
        raise BadAmount("Another account has announced a payment under this reference. Compare both.", field="reference")
    if any(text in (one, canonical_reference(one)) for one in ledger_store.deposit_references(tx, account_id)):
        raise DepositExists(
            f"A deposit with the reference {text!r} was booked already. Give another one its own.", field="reference"
        )
    if not ledger_store.deposit(tx, account_id, amount, text, at):
        raise _no_balance(account_id)
    append(
        tx,
        Event(
            "account.deposited",
            actor,
            f"account:{account_id}",
            account_id=account_id,
            detail={"cents": amount, "reference": text},
        ),
        at=at,
    )
    return balance(tx, account_id)


def canonical_reference(text: str) -> str:
    """A payment's reference in the one form in which it is stored and compared. Banks write in capitals and people copy by hand:
    letter case, blanks, and wide forms of letters and digits tell no two payments apart."""
    return " ".join(unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", text).upper()).split())


def authorize(tx: Tx, account_id: str, order_id: str, amount: int, at: datetime) -> None:
    """Set `amount` cents aside for the order; zero is a charge like any other. Two statements.

    Asked again for the same order, account and amount while the charge is open it changes nothing. Raises InsufficientBalance,
    which says what is missing; ChargeConflict for an order whose charge is another or is settled; BadAmount.
    """
    authorizing(tx, account_id, order_id, amount, at)()


def authorizing(tx: Tx, account_id: str, order_id: str, amount: int, at: datetime) -> Callable[[], None]:
    """`authorize`, asked for with what is asked besides. What this returns has to be called, and raises what `authorize` does."""
    _check_amount(amount, least=0)
    reserved = ledger_store.reserving(tx, account_id, order_id, amount, at)

    def check() -> None:
        if reserved():
            return
        # Nothing was changed. Find out why.
        done = ledger_store.movements_of(tx, order_id)
        if done:
            if len(done) == 1 and (done[0].account_id, done[0].amount) == (account_id, amount):
                return
            raise ChargeConflict(f"The order {order_id} already has a charge: {done[-1].kind} of {money(done[-1].amount)}.")
        available = balance(tx, account_id).available
        raise InsufficientBalance(
            f"The price is {money(amount)} and the account's available balance is {money(available)}: "
            f"{money(amount - available)} are missing. Ask the certificate authority's operator to book a deposit."
        )

    return check


def capture(tx: Tx, order_id: str, at: datetime) -> None:
    """Turn what the order set aside into revenue. Two statements.

    A captured order stays as it is. Raises ChargeConflict for an order that was released or never authorized.
    """
    capturing(tx, order_id, at)()


def capturing(tx: Tx, order_id: str, at: datetime) -> Callable[[], None]:
    """`capture`, asked for with what is asked besides. What this returns has to be called, and raises what `capture` does."""
    return _settling(tx, order_id, MovementKind.CAPTURE, at)


def release(tx: Tx, order_id: str, at: datetime) -> None:
    """Give back what the order set aside. Two statements.

    A released order stays as it is. Raises ChargeConflict for an order that was captured or never authorized.
    """
    _settling(tx, order_id, MovementKind.RELEASE, at)()


def refund(tx: Tx, order_id: str, at: datetime) -> Movement:
    """Give back what the order was charged, all of it, as a movement of its own. Two statements.

    A refunded order stays as it is, and answers the movement of then. Raises ChargeConflict for an order that was not captured,
    or cost nothing.
    """
    ledger_store.refund(tx, order_id, at)
    done = ledger_store.movements_of(tx, order_id)
    if not done or done[-1].kind is not MovementKind.REFUND:
        raise ChargeConflict(f"The order {order_id} has no charge to refund.")
    return done[-1]


def refunds(tx: Tx, order_ids: Sequence[str]) -> dict[str, Movement]:
    """The refunds there are of these orders."""
    return {one.order_id or "": one for one in ledger_store.of_orders(tx, order_ids, MovementKind.REFUND)}


def refunds_since(tx: Tx, account_id: str, since: datetime) -> int:
    """How many orders of the account were refunded since a moment."""
    return ledger_store.count_since(tx, account_id, MovementKind.REFUND, since)


def captured_at(tx: Tx, order_id: str) -> datetime | None:
    """When the order was charged; None if it was not, or not yet."""
    return next((one.at for one in ledger_store.movements_of(tx, order_id) if one.kind is MovementKind.CAPTURE), None)


def after(tx: Tx, movement_id: int, limit: int) -> tuple[Movement, ...]:
    """The movements of every account that came after one, in the order of commit, as many as `limit`."""
    return ledger_store.movements_after(tx, movement_id, limit)


def balance(tx: Tx, account_id: str) -> Balance:
    """What the account may spend and what its open orders have set aside. Raises NoSuchAccount."""
    found = ledger_store.balance(tx, account_id)
    if found is None:
        raise _no_balance(account_id)
    return found


def statement(tx: Tx, account_id: str) -> tuple[Movement, ...]:
    """Every movement of the account, oldest first. Raises NoSuchAccount."""
    accounts.find(tx, account_id)
    return ledger_store.movements_for(tx, account_id)


def trial_balance(tx: Tx) -> TrialBalance:
    """Add up all books. Sound books have no problems: each movement goes from the ledger to the ledger that its kind says, each
    settlement is for what was authorized, each refund for what was captured, the whole sums to zero, each balance is what its
    entries add up to. Reads everything: not for hot paths.
    """
    totals = ledger_store.totals(tx)
    problems = [
        f"movement {number} is not between the ledgers that its kind says" for number in ledger_store.misdirected_movements(tx)
    ]
    problems += [f"movement {number} settles what was not authorized" for number in ledger_store.unfounded_settlements(tx)]
    problems += [f"movement {number} refunds what was not captured" for number in ledger_store.unfounded_refunds(tx)]
    if sum(totals.values()) != 0:
        problems.append(f"the books are off by {sum(totals.values())} cents")
    kept, summed = ledger_store.balances(tx), ledger_store.entry_sums(tx)
    for account_id in sorted(kept.keys() | summed.keys()):
        if kept.get(account_id, Balance(0, 0)) != summed.get(account_id, Balance(0, 0)):
            problems.append(f"the balance of account {account_id} is not what its entries add up to")
    return TrialBalance(totals, tuple(problems))


def money(cents: int) -> str:
    """The amount as `$12.50`."""
    sign = "-" if cents < 0 else ""
    return f"{sign}${abs(cents) // 100:,}.{abs(cents) % 100:02d}"


def _settling(tx: Tx, order_id: str, kind: MovementKind, at: datetime) -> Callable[[], None]:
    settled = ledger_store.settling(tx, order_id, kind, at)

    def check() -> None:
        if settled():
            return
        done = ledger_store.movements_of(tx, order_id)
        if not done:
            raise ChargeConflict(f"The order {order_id} has no charge to {kind}.")
        if done[-1].kind is not kind:
            raise ChargeConflict(f"The charge of the order {order_id} is settled: {done[-1].kind}.")

    return check


def _check_amount(amount: int, *, least: int) -> None:
    if type(amount) is not int or not least <= amount <= _LARGEST:
        raise BadAmount(f"The amount must be a whole number of cents from {least} to {_LARGEST}.", field="amount")


def _no_balance(account_id: str) -> NoSuchAccount:
    return NoSuchAccount(f"There is no account {account_id!r}.")
