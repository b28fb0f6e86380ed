"""Whatever is asked of the ledger, in whatever order: books balance, nothing goes below zero, no order is charged or refunded
twice, no reference is booked twice, no number is left out."""

import secrets
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest import mock

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from directca.accounts import accounts, ledger, statements
from directca.accounts.errors import ChargeConflict, DepositExists, InsufficientBalance
from directca.accounts.model import Balance, Ledger
from directca.db.schema import metadata
from directca.db.sqlite import SqliteDatabase
from directca.issuance import invoices
from directca.issuance.invoice_model import DocumentKind
from tests.billing import some_billing
from tests.clocks import MovableClock

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ORDERS = st.sampled_from([f"o{number}" for number in range(5)])
SPELLINGS = st.sampled_from(["TU-{}", "tu-{}", " Tu-{}\t", "ｔｕ－{}"])
HOLDERS = st.integers(0, 1)


class Books(RuleBasedStateMachine):
    """The ledger beside the simplest model of it: a number per account and a state per order."""

    @initialize()
    def open(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.database = SqliteDatabase(Path(self.folder.name) / "db.sqlite", synchronous="OFF", pool_size=2)
        self.references: set[tuple[int, int]] = set()
        self.available = [0, 0]
        self.orders: dict[str, tuple[int, int, str]] = {}
        with self.database.write() as tx:
            metadata.create_all(tx)
        self.billing = some_billing(self.database, MovableClock(NOON))
        with self.database.write() as tx:
            self.ids = [
                accounts.open_account(tx, name, actor="operator:a", at=NOON, random=secrets.token_bytes).id for name in ("a", "b")
            ]

    @rule(holder=HOLDERS, amount=st.integers(1, 500), reference=st.integers(0, 30), spelling=SPELLINGS)
    def deposit(self, holder: int, amount: int, reference: int, spelling: str) -> None:
        known = (holder, reference) in self.references
        with self.database.write() as tx:
            try:
                ledger.deposit(tx, self.ids[holder], amount, reference=spelling.format(reference), actor="operator:a", at=NOON)
            except DepositExists:
                assert known
                return
        assert not known
        self.references.add((holder, reference))
        self.available[holder] += amount

    @rule(order=ORDERS)
    def refund(self, order: str) -> None:
        holder, amount, state = self.orders.get(order, (0, 0, "unknown"))
        with self.database.write() as tx:
            try:
                moved = ledger.refund(tx, order, NOON)
            except ChargeConflict:
                assert state not in ("captured", "refunded") or amount == 0
                return
        assert state in ("captured", "refunded")
        assert moved.amount == amount
        if state == "captured":
            self.orders[order] = (holder, amount, "refunded")
            self.available[holder] += amount

    @rule(batch=st.integers(1, 3))
    def invoice(self, batch: int) -> None:
        with mock.patch.object(invoices, "BATCH", batch):
            invoices.make_due(self.billing)

    @rule(holder=HOLDERS, order=ORDERS, amount=st.integers(0, 300))
    def authorize(self, holder: int, order: str, amount: int) -> None:
        with self.database.write() as tx:
            try:
                ledger.authorize(tx, self.ids[holder], order, amount, NOON)
            except InsufficientBalance:
                assert order not in self.orders
                assert self.available[holder] < amount
            except ChargeConflict:
                assert self.orders[order] != (holder, amount, "open")
            else:
                if order in self.orders:
                    assert self.orders[order] == (holder, amount, "open")
                else:
                    self.available[holder] -= amount
                    self.orders[order] = (holder, amount, "open")

    @rule(order=ORDERS, captured=st.booleans())
    def settle(self, order: str, captured: bool) -> None:
        wanted = "captured" if captured else "released"
        state = self.orders.get(order, (0, 0, "unknown"))[2]
        with self.database.write() as tx:
            try:
                (ledger.capture if captured else ledger.release)(tx, order, NOON)
            except ChargeConflict:
                assert state not in ("open", wanted)
                return
        assert state in ("open", wanted)
        if state == "open":
            holder, amount, _ = self.orders[order]
            self.orders[order] = (holder, amount, wanted)
            self.available[holder] += 0 if captured else amount

    @invariant()
    def books_agree_with_the_model(self) -> None:
        if not hasattr(self, "ids"):
            return
        with self.database.read() as tx:
            trial = ledger.trial_balance(tx)
            balances = [ledger.balance(tx, account_id) for account_id in self.ids]
            told = [statements.statement_of(tx, account_id, NOON, NOON + timedelta(days=1)) for account_id in self.ids]
            documents = [one for account_id in self.ids for one in invoices.of_account(tx, account_id)]
        assert trial.problems == ()
        assert sum(trial.totals.values()) == 0
        reserved = [
            sum(amount for who, amount, state in self.orders.values() if (who, state) == (holder, "open")) for holder in (0, 1)
        ]
        assert balances == [Balance(self.available[holder], reserved[holder]) for holder in (0, 1)]
        assert [one.closing for one in told] == balances
        for kind in DocumentKind:
            numbers = sorted(one.sequence for one in documents if one.kind is kind)
            assert numbers == list(range(1, len(numbers) + 1))
        assert len({one.movement_id for one in documents}) == len(documents)
        assert trial.totals[Ledger.REVENUE] == sum(amount for _, amount, state in self.orders.values() if state == "captured")
        assert min(min(balance.available, balance.reserved) for balance in balances) >= 0

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            self.folder.cleanup()


Books.TestCase.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
TestBooks = Books.TestCase
