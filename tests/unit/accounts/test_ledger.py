"""Money is authorized, captured and released once, and the books always agree."""

import secrets
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from directca.accounts import accounts, ledger, ledger_store
from directca.accounts.errors import BadAmount, ChargeConflict, DepositExists, InsufficientBalance, NoSuchAccount
from directca.accounts.model import Balance, Ledger, MovementKind
from directca.db.engine import Database, Tx
from directca.journal import store as journal_store
from tests.statements import seen_in

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ANN = "operator:ann"


@pytest.fixture
def account_id(database: Database) -> str:
    with database.write() as tx:
        account = accounts.open_account(tx, "Clinic", actor=ANN, at=NOON, random=secrets.token_bytes)
        ledger.deposit(tx, account.id, 10_000, reference="wire 1", actor=ANN, at=NOON)
    return account.id


@pytest.fixture
def tx(database: Database, account_id: str) -> Iterator[Tx]:
    with database.write() as opened:
        yield opened


def statements(tx: Tx, act: Callable[[], object]) -> int:
    """How many statements `act` sends."""
    with seen_in(tx) as sent:
        act()
    return len(sent)


def sound(tx: Tx) -> bool:
    return ledger.trial_balance(tx).problems == ()


def test_a_captured_order_ends_as_revenue(tx: Tx, account_id: str) -> None:
    ledger.authorize(tx, account_id, "o1", 3_500, NOON)
    assert ledger.balance(tx, account_id) == Balance(6_500, 3_500)
    ledger.capture(tx, "o1", NOON)
    assert ledger.balance(tx, account_id) == Balance(6_500, 0)
    assert ledger.trial_balance(tx).totals == {
        Ledger.CASH: -10_000,
        Ledger.AVAILABLE: 6_500,
        Ledger.RESERVED: 0,
        Ledger.REVENUE: 3_500,
    }
    assert sound(tx)


def test_a_released_order_costs_nothing(tx: Tx, account_id: str) -> None:
    ledger.authorize(tx, account_id, "o1", 3_500, NOON)
    ledger.release(tx, "o1", NOON)
    assert ledger.balance(tx, account_id) == Balance(10_000, 0)
    assert ledger.trial_balance(tx).totals[Ledger.REVENUE] == 0
    assert sound(tx)


def test_a_free_order_has_its_movements_too(tx: Tx, account_id: str) -> None:
    ledger.authorize(tx, account_id, "free", 0, NOON)
    ledger.capture(tx, "free", NOON)
    kinds = [movement.kind for movement in ledger.statement(tx, account_id)]
    assert kinds == [MovementKind.DEPOSIT, MovementKind.AUTHORIZE, MovementKind.CAPTURE]
    assert ledger.balance(tx, account_id) == Balance(10_000, 0)
    assert sound(tx)


def test_too_little_money_is_refused_with_what_is_missing_and_nothing_is_reserved(tx: Tx, account_id: str) -> None:
    with pytest.raises(InsufficientBalance, match=r"\$23\.45 are missing"):
        ledger.authorize(tx, account_id, "o1", 12_345, NOON)
    assert ledger.balance(tx, account_id) == Balance(10_000, 0)
    assert len(ledger.statement(tx, account_id)) == 1
    ledger.authorize(tx, account_id, "o1", 10_000, NOON)
    assert ledger.balance(tx, account_id) == Balance(0, 10_000)


def test_asking_again_changes_nothing(tx: Tx, account_id: str) -> None:
    for _ in range(2):
        ledger.authorize(tx, account_id, "o1", 3_500, NOON)
    assert ledger.balance(tx, account_id) == Balance(6_500, 3_500)
    for _ in range(2):
        ledger.capture(tx, "o1", NOON)
    assert ledger.balance(tx, account_id) == Balance(6_500, 0)
    ledger.authorize(tx, account_id, "o2", 500, NOON)
    for _ in range(2):
        ledger.release(tx, "o2", NOON)
    assert ledger.balance(tx, account_id) == Balance(6_500, 0)
    assert sound(tx)


def test_combinations_that_make_no_sense_are_refused(tx: Tx, account_id: str) -> None:
    ledger.authorize(tx, account_id, "captured", 100, NOON)
    ledger.capture(tx, "captured", NOON)
    ledger.authorize(tx, account_id, "released", 100, NOON)
    ledger.release(tx, "released", NOON)
    ledger.authorize(tx, account_id, "open", 100, NOON)
    refused: list[Callable[[], None]] = [
        lambda: ledger.release(tx, "captured", NOON),
        lambda: ledger.capture(tx, "released", NOON),
        lambda: ledger.capture(tx, "unknown", NOON),
        lambda: ledger.release(tx, "unknown", NOON),
        lambda: ledger.authorize(tx, account_id, "open", 200, NOON),
        lambda: ledger.authorize(tx, "another", "open", 100, NOON),
        lambda: ledger.authorize(tx, account_id, "captured", 100, NOON),
        lambda: ledger.authorize(tx, account_id, "released", 100, NOON),
    ]
    for act in refused:
        with pytest.raises(ChargeConflict):
            act()
    assert ledger.balance(tx, account_id) == Balance(9_800, 100)
    assert sound(tx)


@pytest.mark.engine("sqlite", why="statements are counted by SQLite's trace")
def test_the_issuing_path_costs_two_statements_each(tx: Tx, account_id: str) -> None:
    assert statements(tx, lambda: ledger.authorize(tx, account_id, "o1", 100, NOON)) == 2
    assert statements(tx, lambda: ledger.capture(tx, "o1", NOON)) == 2
    ledger.authorize(tx, account_id, "o2", 100, NOON)
    assert statements(tx, lambda: ledger.release(tx, "o2", NOON)) == 2


def test_a_reference_is_booked_once_and_the_deposit_is_in_the_journal(tx: Tx, account_id: str) -> None:
    with pytest.raises(DepositExists):
        ledger.deposit(tx, account_id, 10_000, reference=" wire  1", actor=ANN, at=NOON)
    assert ledger.balance(tx, account_id) == Balance(10_000, 0)
    deposited = journal_store.rows_about(tx, f"account:{account_id}")[-1].event
    assert (deposited.kind, deposited.detail) == ("account.deposited", {"cents": 10_000, "reference": "WIRE 1"})


@pytest.mark.parametrize("stored", ["Überweisung 1", "überweisung  1", "ｗｉｒｅ　２"])
def test_a_reference_that_an_earlier_release_stored_as_it_was_typed_is_booked_once(tx: Tx, account_id: str, stored: str) -> None:
    assert ledger_store.deposit(tx, account_id, 500, stored, NOON)
    with pytest.raises(DepositExists):
        ledger.deposit(tx, account_id, 500, reference=stored, actor=ANN, at=NOON)
    assert ledger.balance(tx, account_id) == Balance(10_500, 0)


@pytest.mark.parametrize("amount", [0, -1, 10**12 + 1, True, 1.5])
def test_an_amount_that_is_no_sum_of_money_is_refused(tx: Tx, account_id: str, amount: Any) -> None:
    with pytest.raises(BadAmount):
        ledger.deposit(tx, account_id, amount, reference="wire 2", actor=ANN, at=NOON)


def test_a_negative_price_is_refused(tx: Tx, account_id: str) -> None:
    with pytest.raises(BadAmount):
        ledger.authorize(tx, account_id, "o1", -1, NOON)


@pytest.mark.parametrize("reference", ["", " ", "a\nb\x00", "x" * 201])
def test_a_deposit_needs_a_reference(tx: Tx, account_id: str, reference: str) -> None:
    with pytest.raises(BadAmount):
        ledger.deposit(tx, account_id, 1, reference=reference, actor=ANN, at=NOON)


def test_an_unknown_account_has_no_money(tx: Tx) -> None:
    with pytest.raises(NoSuchAccount):
        ledger.balance(tx, "nobody")
    with pytest.raises(NoSuchAccount):
        ledger.deposit(tx, "nobody", 1, reference="r", actor=ANN, at=NOON)
    with pytest.raises(NoSuchAccount):
        ledger.authorize(tx, "nobody", "o1", 0, NOON)


@pytest.mark.tampers
@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE ledger_balance SET available = available + 1",
        "UPDATE ledger_balance SET reserved = 7",
        "UPDATE ledger_movement SET amount = amount + 1 WHERE kind = 'deposit'",
        "UPDATE ledger_movement SET amount = amount * 2",
        "UPDATE ledger_movement SET amount = 1",
        "UPDATE ledger_movement SET amount = amount - 1 WHERE kind = 'capture'",
        "UPDATE ledger_movement SET amount = amount + 1 WHERE kind IN ('authorize', 'capture')",
        "UPDATE ledger_movement SET debit_ledger = 'revenue' WHERE kind = 'deposit'",
        "UPDATE ledger_movement SET credit_ledger = 'cash' WHERE kind = 'capture'",
        "UPDATE ledger_movement SET credit_ledger = 'pocket' WHERE kind = 'capture'",
        "UPDATE ledger_movement SET debit_ledger = credit_ledger, credit_ledger = debit_ledger",
        "UPDATE ledger_movement SET kind = 'release', credit_ledger = 'available' WHERE kind = 'capture'",
        "UPDATE ledger_movement SET kind = 'gift' WHERE kind = 'capture'",
        "DELETE FROM ledger_movement WHERE kind = 'deposit'",
        "DELETE FROM ledger_movement WHERE kind = 'authorize'",
        "DELETE FROM ledger_movement",
    ],
)
def test_the_trial_balance_finds_books_that_were_touched(tx: Tx, account_id: str, tampering: str) -> None:
    ledger.authorize(tx, account_id, "o1", 3_500, NOON)
    ledger.capture(tx, "o1", NOON)
    assert sound(tx)
    tx.execute(text(tampering))
    assert not sound(tx)


@pytest.mark.tampers
def test_two_wrongs_that_cancel_out_are_found(tx: Tx, account_id: str) -> None:
    for order in ("o1", "o2"):
        ledger.authorize(tx, account_id, order, 100, NOON)
        ledger.capture(tx, order, NOON)
    tx.execute(text("UPDATE ledger_movement SET amount = 90 WHERE kind = 'capture' AND order_id = 'o1'"))
    tx.execute(text("UPDATE ledger_movement SET amount = 110 WHERE kind = 'capture' AND order_id = 'o2'"))
    assert len(ledger.trial_balance(tx).problems) == 2


def test_an_auditor_adds_up_each_ledger_in_sql(tx: Tx, account_id: str) -> None:
    ledger.authorize(tx, account_id, "o1", 3_500, NOON)
    ledger.capture(tx, "o1", NOON)
    ledger.authorize(tx, account_id, "o2", 200, NOON)
    debits = text("SELECT debit_ledger, sum(amount) FROM ledger_movement GROUP BY 1")
    credits_ = text("SELECT credit_ledger, sum(amount) FROM ledger_movement GROUP BY 1")
    totals = dict.fromkeys(Ledger, 0)
    for sign, statement in ((-1, debits), (1, credits_)):
        for name, amount in tx.execute(statement):
            totals[Ledger(name)] += sign * amount
    assert totals == ledger.trial_balance(tx).totals
    assert totals == {Ledger.CASH: -10_000, Ledger.AVAILABLE: 6_300, Ledger.RESERVED: 200, Ledger.REVENUE: 3_500}


@pytest.mark.tampers
def test_the_database_itself_refuses_a_movement_with_one_side(tx: Tx, account_id: str) -> None:
    with pytest.raises(IntegrityError), tx.begin_nested():
        tx.execute(text("UPDATE ledger_movement SET credit_ledger = debit_ledger"))


def test_the_database_itself_refuses_a_reference_twice(tx: Tx, account_id: str) -> None:
    again = (
        "INSERT INTO ledger_movement (kind, account_id, reference, debit_ledger, credit_ledger, amount, at) "
        "SELECT kind, account_id, reference, debit_ledger, credit_ledger, amount, at FROM ledger_movement"
    )
    with pytest.raises(IntegrityError), tx.begin_nested():
        tx.execute(text(again))


@pytest.mark.parametrize("column", ["available", "reserved"])
def test_the_database_itself_refuses_a_balance_below_zero(tx: Tx, account_id: str, column: str) -> None:
    with pytest.raises(IntegrityError), tx.begin_nested():
        tx.execute(text(f"UPDATE ledger_balance SET {column} = -1"))


def test_the_database_itself_refuses_to_settle_an_order_twice(tx: Tx, account_id: str) -> None:
    ledger.authorize(tx, account_id, "o1", 100, NOON)
    ledger.capture(tx, "o1", NOON)
    again = (
        "INSERT INTO ledger_movement (kind, account_id, order_id, step, debit_ledger, credit_ledger, amount, at) "
        "SELECT 'release', account_id, order_id, step, 'reserved', 'available', amount, at "
        "FROM ledger_movement WHERE kind = 'capture'"
    )
    with pytest.raises(IntegrityError, match=r"(?i)unique"), tx.begin_nested():
        tx.execute(text(again))


def test_of_many_orders_at_once_only_those_that_are_covered_go_through(database: Database, account_id: str) -> None:
    outcomes: list[str] = []

    def order(number: int) -> None:
        try:
            with database.write() as tx:
                ledger.authorize(tx, account_id, f"o{number}", 3_000, NOON)
            with database.write() as tx:
                ledger.capture(tx, f"o{number}", NOON)
            outcomes.append("captured")
        except InsufficientBalance:
            outcomes.append("refused")

    threads = [threading.Thread(target=order, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["captured"] * 3 + ["refused"] * 5
    with database.read() as tx:
        assert ledger.balance(tx, account_id) == Balance(1_000, 0)
        assert sound(tx)


def test_money_reads_as_money() -> None:
    assert [ledger.money(cents) for cents in (0, 5, 1_250, 1_234_567, -99)] == [
        "$0.00",
        "$0.05",
        "$12.50",
        "$12,345.67",
        "-$0.99",
    ]
