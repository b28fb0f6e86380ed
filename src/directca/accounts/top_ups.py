"""Top-ups: an account says that it is going to pay, is told how, and the operator confirms what arrived.

`docs/flows/top-up.md` tells the same story. Money is booked by a confirmation alone, once per reference.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from directca.accounts import accounts, ledger, permissions
from directca.accounts import top_up_store as store
from directca.accounts.billing import Billing
from directca.accounts.errors import (
    BadIdempotencyKey,
    BadTopUp,
    IdempotencyKeyReused,
    NoPaymentMethod,
    NoSuchTopUp,
    TooManyTopUps,
    TopUpSettled,
)
from directca.accounts.member import Member, acting
from directca.accounts.roles import AtCommand
from directca.accounts.top_up_model import Instructions, PaymentMethod, TopUp, TopUpState
from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.watch import step

MOST_WAITING = 20
_SHOWN = 100
_LEAST, _MOST = 100, 10**10
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ORDER_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ./_#-]{0,63}")
# Without the letters that are read as digits: people copy references by hand.
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


@dataclass(frozen=True)
class Payment:
    """What an account is going to pay, in cents, and how; `purchase_order` is the number of the payer's own order."""

    amount: int
    method: PaymentMethod
    purchase_order: str | None = None


@dataclass(frozen=True)
class Settlement:
    """How the waiting for a payment ends."""

    state: TopUpState
    actor: str
    at: datetime
    received: int | None = None
    reason: str = ""


def ask(billing: Billing, who: Member, payment: Payment, key: str | None = None) -> tuple[TopUp, Instructions]:
    """Announce a payment, and be told how to make it. The same request under one key is one top-up.

    Raises BadTopUp, NoPaymentMethod, TooManyTopUps, BadIdempotencyKey, IdempotencyKeyReused, AccountSuspended, SessionEnded.
    """
    step(1, "read")
    _check(billing, payment, key)
    now = billing.clock.now()
    with billing.database.write() as tx:
        step(2, "admit")
        acting(tx, who, permissions.TOP_UP)
        accounts.require_active(tx, who.account_id)
        before = None if key is None else store.by_key(tx, who.account_id, key)
        if before is not None:
            asked = _same(before, payment)
        elif store.count_waiting(tx, who.account_id) >= MOST_WAITING:
            raise TooManyTopUps(f"{MOST_WAITING} top-ups wait for their payment. Pay or withdraw one of them first.")
        else:
            step(3, "store")
            asked = TopUp(
                id=billing.random(12).hex(),
                account_id=who.account_id,
                reference=_reference(billing),
                amount=payment.amount,
                method=payment.method,
                purchase_order=payment.purchase_order,
                state=TopUpState.WAITING,
                asked_by=who.actor,
                asked_at=now,
                pay_by=now + timedelta(days=billing.config.top_up_days),
            )
            store.add(tx, asked, key)
            _journal(tx, "top_up.asked", who.actor, asked, now, cents=asked.amount, method=asked.method.value)
    # A crash here leaves an announcement that nobody pays; asked again, the same instructions are told.
    step(4, "instruct")
    return asked, billing.payments.instructions(asked)


def of_account(billing: Billing, who: Member) -> tuple[TopUp, ...]:
    """The account's newest top-ups. Raises SessionEnded."""
    with billing.database.read() as tx:
        acting(tx, who, permissions.TOP_UP)
        return store.of_account(tx, who.account_id, _SHOWN)


def one(billing: Billing, who: Member, top_up_id: str) -> tuple[TopUp, Instructions | None]:
    """One of them, with what is to be done as long as it waits. Raises NoSuchTopUp, SessionEnded."""
    with billing.database.read() as tx:
        acting(tx, who, permissions.TOP_UP)
        found = _own(tx, who, top_up_id)
    if found.state is not TopUpState.WAITING or found.method not in billing.payments.methods:
        return found, None
    return found, billing.payments.instructions(found)


def withdraw(billing: Billing, who: Member, top_up_id: str) -> TopUp:
    """Say that nothing will be paid after all. Raises NoSuchTopUp, TopUpSettled, SessionEnded."""
    with billing.database.write() as tx:
        acting(tx, who, permissions.TOP_UP)
        found = _own(tx, who, top_up_id)
        return _settled(tx, found, Settlement(TopUpState.WITHDRAWN, who.actor, billing.clock.now()))


def waiting(tx: Tx, limit: int = 1000) -> tuple[TopUp, ...]:
    """What is waited for, of every account. For the operator."""
    return store.waiting(tx, limit)


def confirm(billing: Billing, reference: str, *, by: AtCommand, amount: int | None = None) -> TopUp:
    """Book what arrived under a reference: what was announced, or another amount if that came. Once: a second time is refused.

    Raises NoSuchTopUp, TopUpSettled, BadAmount, DepositExists when the reference was booked as a deposit already.
    """
    now = billing.clock.now()
    with billing.database.write() as tx:
        step(5, "find")
        found = _by_reference(tx, reference)
        return settle(tx, found, Settlement(TopUpState.RECEIVED, by.actor, now, found.amount if amount is None else amount))


def decline(billing: Billing, reference: str, *, by: AtCommand, reason: str) -> TopUp:
    """Wait for a payment no longer. Raises NoSuchTopUp, TopUpSettled."""
    with billing.database.write() as tx:
        found = _by_reference(tx, reference)
        return settle(tx, found, Settlement(TopUpState.DECLINED, by.actor, billing.clock.now(), reason=reason))


def settle(tx: Tx, of: TopUp, end: Settlement) -> TopUp:
    """End the waiting for whoever decides, and book what was received with it, in the caller's transaction.

    Raises TopUpSettled, BadAmount, DepositExists.
    """
    step(6, "book")
    settled = _settled(tx, of, end)
    if end.received is not None:
        ledger.deposit(tx, of.account_id, end.received, reference=of.reference, actor=end.actor, at=end.at)
    return settled


def _check(billing: Billing, payment: Payment, key: str | None) -> None:
    if key is not None and not _KEY.fullmatch(key):
        raise BadIdempotencyKey("Idempotency-Key must be 1 to 255 visible ASCII characters.", field="Idempotency-Key")
    if type(payment.amount) is not int or not _LEAST <= payment.amount <= _MOST:
        raise BadTopUp(f"Pay {ledger.money(_LEAST)} to {ledger.money(_MOST)} at once, in whole cents.", field="amount_cents")
    if payment.method not in billing.payments.methods:
        offered = ", ".join(billing.payments.methods) or "none by itself: ask its operator how to pay"
        raise NoPaymentMethod(f"This authority does not take this payment. It offers {offered}.", field="method")
    number = payment.purchase_order
    if (number is not None) != (payment.method is PaymentMethod.PURCHASE_ORDER):
        raise BadTopUp("Give the number of your purchase order with that method, and with no other.", field="purchase_order")
    if number is not None and not _ORDER_NUMBER.fullmatch(number):
        raise BadTopUp("A purchase order's number is 1 to 64 letters, digits and . / _ # - between them.", field="purchase_order")


def _same(before: TopUp, payment: Payment) -> TopUp:
    if (before.amount, before.method, before.purchase_order) != (payment.amount, payment.method, payment.purchase_order):
        raise IdempotencyKeyReused(
            "This Idempotency-Key was used with another request. Use a new key for a new request.", field="Idempotency-Key"
        )
    return before


def _reference(billing: Billing) -> str:
    letters = "".join(_ALPHABET[octet % 32] for octet in billing.random(8))
    return f"TU-{letters[:4]}-{letters[4:]}"


def _own(tx: Tx, who: Member, top_up_id: str) -> TopUp:
    found = store.by_id(tx, who.account_id, top_up_id)
    if found is None:
        raise NoSuchTopUp("The account has no top-up with this identifier.")
    return found


def _by_reference(tx: Tx, reference: str) -> TopUp:
    found = store.by_reference(tx, ledger.canonical_reference(reference))
    if found is None:
        raise NoSuchTopUp("No top-up has this reference. Compare it letter by letter with what came with the payment.")
    return found


def _settled(tx: Tx, of: TopUp, end: Settlement) -> TopUp:
    if not store.settle(tx, of, end.state, end.at, end.received):
        raise TopUpSettled(f"The top-up {of.reference} is {of.state.value} already.")
    said = {} if end.received is None else {"cents": end.received}
    why = {"reason": end.reason} if end.reason else {}
    _journal(tx, f"top_up.{end.state.value}", end.actor, of, end.at, **said, **why)
    return replace(of, state=end.state, settled_at=end.at, received=end.received)


def _journal(tx: Tx, kind: str, actor: str, of: TopUp, at: datetime, **detail: str | int) -> None:
    facts: dict[str, Fact] = {"reference": of.reference, **detail}
    append(tx, Event(kind, actor, f"top_up:{of.id}", account_id=of.account_id, detail=facts), at=at)
