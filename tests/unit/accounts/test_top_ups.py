"""Payments are announced under a reference, confirmed once, booked by nothing else; alarms and statements tell of balances."""

import csv
import io
import secrets
from datetime import timedelta

import pytest

from directca.accounts import accounts, alarms, ledger, ledger_store, people_store, statement_csv, statements, top_ups
from directca.accounts.billing import Billing
from directca.accounts.billing_config import BillingConfig
from directca.accounts.errors import (
    BadAlarm,
    BadAmount,
    BadIdempotencyKey,
    BadPeriod,
    BadTopUp,
    DepositExists,
    IdempotencyKeyReused,
    NoPaymentMethod,
    NoSuchAccount,
    NoSuchTopUp,
    TooManyTopUps,
    TopUpSettled,
)
from directca.accounts.member import Member
from directca.accounts.model import Balance
from directca.accounts.payment import ManualPayments
from directca.accounts.person import Role
from directca.accounts.role_errors import NotPermitted
from directca.accounts.roles import AtCommand
from directca.accounts.top_up_model import PaymentMethod, TopUp, TopUpState
from directca.accounts.top_ups import Payment
from directca.db.engine import Database
from directca.journal.model import Event
from directca.journal.store import rows_after
from tests.billing import WIRE, office_of, some_billing, somebody
from tests.clocks import MovableClock
from tests.people import OPERATOR

HUNDRED = Payment(100_00, PaymentMethod.WIRE)
COMMAND = AtCommand(OPERATOR)
SYSTEM = "system:upkeep"


@pytest.fixture
def clock() -> MovableClock:
    return MovableClock()


@pytest.fixture
def billing(database: Database, clock: MovableClock) -> Billing:
    return some_billing(database, clock)


def an_account(billing: Billing, name: str = "Clinic") -> str:
    with billing.database.write() as tx:
        return accounts.open_account(tx, name, actor=OPERATOR, at=billing.clock.now(), random=secrets.token_bytes).id


@pytest.fixture
def who(billing: Billing) -> Member:
    return somebody(billing.database, billing.clock, an_account(billing), Role.ACCOUNT_ADMINISTRATOR)


@pytest.fixture
def stranger(billing: Billing) -> Member:
    return somebody(billing.database, billing.clock, an_account(billing, "Other"), Role.ACCOUNT_ADMINISTRATOR)


def journal(billing: Billing, kind: str) -> list[Event]:
    with billing.database.read() as tx:
        return [row.event for row in rows_after(tx, 0) if row.event.kind == kind]


def deposit(billing: Billing, account_id: str, cents: int, reference: str) -> None:
    with billing.database.write() as tx:
        ledger.deposit(tx, account_id, cents, reference=reference, actor=OPERATOR, at=billing.clock.now())


def available(billing: Billing, who: Member) -> int:
    return statements.balance(billing, who).available


def test_money_is_announced_told_how_to_pay_confirmed_and_booked_once(billing: Billing, who: Member) -> None:
    asked, told = top_ups.ask(billing, who, HUNDRED)
    assert (told.lines, told.reference, asked.state) == (WIRE, asked.reference, TopUpState.WAITING)
    assert told.pay_by == billing.clock.now() + timedelta(days=30)
    assert available(billing, who) == 0
    done = top_ups.confirm(billing, asked.reference, by=COMMAND)
    assert (done.state, done.received, available(billing, who)) == (TopUpState.RECEIVED, 100_00, 100_00)
    with pytest.raises(TopUpSettled):
        top_ups.confirm(billing, asked.reference, by=COMMAND)
    assert available(billing, who) == 100_00
    assert [one.detail["reference"] for one in journal(billing, "account.deposited")] == [asked.reference]
    with billing.database.read() as tx:
        assert ledger.trial_balance(tx).problems == ()


def test_another_amount_may_arrive_and_references_are_read_as_people_copy_them(billing: Billing, who: Member) -> None:
    asked, _ = top_ups.ask(billing, who, HUNDRED)
    done = top_ups.confirm(billing, f" {asked.reference.lower()} ", by=COMMAND, amount=99_50)
    assert (done.amount, done.received, available(billing, who)) == (100_00, 99_50, 99_50)


@pytest.mark.parametrize("written", ["{}", " {} ", "{lower}"])
def test_one_payment_is_booked_once_by_whichever_command_and_in_whatever_spelling(
    billing: Billing, who: Member, written: str
) -> None:
    asked, other = (top_ups.ask(billing, who, HUNDRED)[0] for _ in range(2))
    deposit(billing, who.account_id, 100_00, written.format(asked.reference, lower=asked.reference.lower()))
    with pytest.raises(DepositExists):
        top_ups.confirm(billing, asked.reference, by=COMMAND)
    top_ups.confirm(billing, other.reference, by=COMMAND)
    with pytest.raises(DepositExists):
        deposit(billing, who.account_id, 100_00, written.format(other.reference, lower=other.reference.lower()))
    assert available(billing, who) == 200_00


def test_money_that_one_account_announced_is_not_booked_for_another(billing: Billing, who: Member, stranger: Member) -> None:
    asked, _ = top_ups.ask(billing, who, HUNDRED)
    with pytest.raises(BadAmount):
        deposit(billing, stranger.account_id, 100_00, asked.reference.lower())
    assert (available(billing, stranger), available(billing, who)) == (0, 0)


def test_a_deposit_that_an_earlier_release_kept_in_small_letters_is_not_booked_again(billing: Billing, who: Member) -> None:
    asked, _ = top_ups.ask(billing, who, HUNDRED)
    with billing.database.write() as tx:
        ledger_store.deposit(tx, who.account_id, 100_00, asked.reference.lower(), billing.clock.now())
    with pytest.raises(DepositExists):
        top_ups.confirm(billing, asked.reference, by=COMMAND)
    assert available(billing, who) == 100_00


@pytest.mark.parametrize("amount", [0, -1, 10**13])
def test_a_confirmation_that_cannot_be_booked_changes_nothing(billing: Billing, who: Member, amount: int) -> None:
    asked, _ = top_ups.ask(billing, who, HUNDRED)
    with pytest.raises(BadAmount):
        top_ups.confirm(billing, asked.reference, by=COMMAND, amount=amount)
    deposit(billing, who.account_id, 1, asked.reference)  # by a hand that knew nothing of it
    with pytest.raises(DepositExists):
        top_ups.confirm(billing, asked.reference, by=COMMAND)
    assert top_ups.one(billing, who, asked.id)[0].state is TopUpState.WAITING


def test_one_key_is_one_top_up(billing: Billing, who: Member, stranger: Member) -> None:
    asked = top_ups.ask(billing, who, HUNDRED, "key")
    assert top_ups.ask(billing, who, HUNDRED, "key") == asked
    with pytest.raises(IdempotencyKeyReused):
        top_ups.ask(billing, who, Payment(101_00, PaymentMethod.WIRE), "key")
    assert top_ups.ask(billing, stranger, HUNDRED, "key")[0].id != asked[0].id
    for bad in ("", "a b", "x" * 256, "ä"):
        with pytest.raises(BadIdempotencyKey):
            top_ups.ask(billing, who, HUNDRED, bad)
    assert len(top_ups.of_account(billing, who)) == 1


@pytest.mark.parametrize(
    ("payment", "error"),
    [
        (Payment(99, PaymentMethod.WIRE), BadTopUp),
        (Payment(10**10 + 1, PaymentMethod.WIRE), BadTopUp),
        (Payment(True, PaymentMethod.WIRE), BadTopUp),
        (Payment(100_00, PaymentMethod.WIRE, "PO 1"), BadTopUp),
        (Payment(100_00, PaymentMethod.PURCHASE_ORDER), BadTopUp),
        (Payment(100_00, PaymentMethod.PURCHASE_ORDER, "=1+1"), BadTopUp),
        (Payment(100_00, PaymentMethod.PURCHASE_ORDER, "<script>"), BadTopUp),
        (Payment(100_00, PaymentMethod.PURCHASE_ORDER, "1\r\nBcc: x"), BadTopUp),
    ],
)
def test_what_is_no_payment_is_not_announced(billing: Billing, who: Member, payment: Payment, error: type[Exception]) -> None:
    with pytest.raises(error):
        top_ups.ask(billing, who, payment)
    assert top_ups.of_account(billing, who) == ()


def test_what_is_not_offered_is_refused_and_what_was_offered_says_nothing_more(database: Database, clock: MovableClock) -> None:
    billing = some_billing(database, clock, purchase_order=())
    who = somebody(database, clock, an_account(billing))
    with pytest.raises(NoPaymentMethod):
        top_ups.ask(billing, who, Payment(100_00, PaymentMethod.PURCHASE_ORDER, "PO 1"))
    asked, _ = top_ups.ask(billing, who, HUNDRED)
    none = some_billing(database, clock, wire=(), purchase_order=())
    assert top_ups.one(none, who, asked.id) == (asked, None)
    with pytest.raises(NoPaymentMethod):
        ManualPayments(BillingConfig()).instructions(asked)


def test_nobody_elses_top_up_is_seen_or_withdrawn(billing: Billing, who: Member, stranger: Member) -> None:
    asked, _ = top_ups.ask(billing, who, HUNDRED)
    for wanted in (asked.id, asked.reference, "nothing", "\0"):
        for verb in (top_ups.one, top_ups.withdraw):
            with pytest.raises(NoSuchTopUp):
                verb(billing, stranger, wanted)
    with pytest.raises(NoSuchTopUp):
        top_ups.confirm(billing, "TU-0000-0000", by=COMMAND)
    assert top_ups.of_account(billing, stranger) == ()


def test_what_is_waited_for_no_longer_is_not_booked(billing: Billing, who: Member) -> None:
    def ended(asked: TopUp) -> TopUpState:
        with pytest.raises(TopUpSettled):
            top_ups.confirm(billing, asked.reference, by=COMMAND)
        with pytest.raises(TopUpSettled):
            top_ups.withdraw(billing, who, asked.id)
        return top_ups.one(billing, who, asked.id)[0].state

    one, other = (top_ups.ask(billing, who, HUNDRED)[0] for _ in range(2))
    with billing.database.read() as tx:
        assert {waits.id for waits in top_ups.waiting(tx)} == {one.id, other.id}
    top_ups.withdraw(billing, who, one.id)
    top_ups.decline(billing, other.reference, by=COMMAND, reason="it never came")
    assert [ended(one), ended(other)] == [TopUpState.WITHDRAWN, TopUpState.DECLINED]
    assert available(billing, who) == 0


def test_an_account_announces_so_much_and_no_more(billing: Billing, who: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(top_ups, "MOST_WAITING", 1)
    first, _ = top_ups.ask(billing, who, HUNDRED)
    with pytest.raises(TooManyTopUps):
        top_ups.ask(billing, who, HUNDRED)
    top_ups.withdraw(billing, who, first.id)
    top_ups.ask(billing, who, HUNDRED)


@pytest.mark.parametrize(
    "config",
    [
        {"refund_days": 3651},
        {"refunds_per_year": 1_000_001},
        {"top_up_days": 0},
        {"wire": ("x" * 201,)},
        {"seller": ("a\nb",)},
        {"wire": ("x",) * 21},
    ],
)
def test_terms_that_mean_nothing_are_named(config: dict[str, object]) -> None:
    assert BillingConfig(**config).unusable() in config  # type: ignore[arg-type]  # as wrong as a settings file may be


# ---------------------------------------------------------------------------------------------------------------- alarms


def with_address(billing: Billing, who: Member) -> None:
    with billing.database.write() as tx:
        people_store.set_email(tx, who.person_id, "maria@clinic.example")


def spend(billing: Billing, who: Member, cents: int, order: str) -> None:
    with billing.database.write() as tx:
        ledger.authorize(tx, who.account_id, order, cents, billing.clock.now())
        ledger.capture(tx, order, billing.clock.now())


def test_a_low_balance_is_told_once_until_it_was_above_again(billing: Billing, who: Member, clock: MovableClock) -> None:
    with_address(billing, who)
    deposit(billing, who.account_id, 100_00, "w1")
    alarms.set_threshold(billing, who, 50_00)
    assert alarms.look(billing, actor=SYSTEM) == 0
    spend(billing, who, 50_00, "o1")
    assert alarms.look(billing, actor=SYSTEM) == 0  # it is not below
    spend(billing, who, 1, "o2")
    assert [alarms.look(billing, actor=SYSTEM) for _ in range(3)] == [1, 0, 0]
    (event,) = journal(billing, "account.balance_low")
    assert event.detail == {"balance_cents": 49_99, "threshold_cents": 50_00, "currency": "USD"}
    (letter,) = office_of(billing).letters
    assert letter.to == "maria@clinic.example"
    assert all(word in letter.text for word in ("Clinic", "$49.99", "$50.00", "/console/billing"))
    clock.advance(minutes=1)
    deposit(billing, who.account_id, 1, "w2")
    assert alarms.look(billing, actor=SYSTEM) == 0
    spend(billing, who, 1, "o3")
    assert alarms.look(billing, actor=SYSTEM) == 1
    first, second = office_of(billing).letters
    assert first.id != second.id  # or a reader might be shown one of them alone
    assert len(journal(billing, "account.balance_low")) == 2


def test_a_letter_that_was_not_taken_is_tried_again_and_the_event_is_not(
    billing: Billing, who: Member, clock: MovableClock
) -> None:
    with_address(billing, who)
    alarms.set_threshold(billing, who, 1)
    office_of(billing).is_away = True
    assert alarms.look(billing, actor=SYSTEM) == 1
    office_of(billing).is_away = False
    clock.advance(minutes=9)
    alarms.look(billing, actor=SYSTEM)
    assert office_of(billing).letters == []
    clock.advance(minutes=1)
    for _ in range(2):
        alarms.look(billing, actor=SYSTEM)
    assert len(office_of(billing).letters) == 1
    assert len(journal(billing, "account.balance_low")) == 1


def test_an_alarm_is_its_administrators_to_set(billing: Billing, who: Member, stranger: Member) -> None:
    colleague = somebody(billing.database, billing.clock, who.account_id)
    with pytest.raises(NotPermitted):
        alarms.set_threshold(billing, colleague, 1)
    for bad in (0, -1, True, 10**12 + 1):
        with pytest.raises(BadAlarm):
            alarms.set_threshold(billing, who, bad)
    alarms.set_threshold(billing, who, 5)
    found = alarms.of_account(billing, colleague)
    assert found is not None
    assert (found.threshold, alarms.of_account(billing, stranger)) == (5, None)
    with pytest.raises(NoSuchAccount):
        alarms.set_for(billing, "nobody", 5, by=COMMAND)
    assert alarms.set_for(billing, who.account_id, None, by=COMMAND) is None
    assert alarms.of_account(billing, who) is None
    assert alarms.look(billing, actor=SYSTEM) == 0


# ------------------------------------------------------------------------------------------------------------ statements


def test_a_statement_leads_from_one_balance_to_the_other(billing: Billing, who: Member, clock: MovableClock) -> None:
    deposit(billing, who.account_id, 100_00, "w1")
    clock.advance(days=1)
    began = clock.now()
    spend(billing, who, 30_00, "o1")
    with billing.database.write() as tx:
        ledger.authorize(tx, who.account_id, "o2", 10_00, clock.now())
        ledger.refund(tx, "o1", clock.now())
    found = statements.statement(billing, who, began, clock.now() + timedelta(seconds=1))
    assert (found.opening, found.closing) == (Balance(100_00, 0), Balance(90_00, 10_00))
    assert [line.change for line in found.lines] == [
        *(Balance(-30_00, 30_00), Balance(0, -30_00), Balance(-10_00, 10_00), Balance(30_00, 0)),
    ]
    assert found.closing == statements.balance(billing, who)
    before = statements.statement(billing, who, began - timedelta(days=9), began)
    assert (before.opening, before.closing, len(before.lines)) == (Balance(0, 0), found.opening, 1)


def test_a_period_has_its_bounds(billing: Billing, who: Member, clock: MovableClock, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    for since, until in ((now, now), (now, now - timedelta(days=1)), (now - timedelta(days=4000), now)):
        with pytest.raises(BadPeriod):
            statements.statement(billing, who, since, until)
    deposit(billing, who.account_id, 1, "w1")
    monkeypatch.setattr(statements, "MOST", 0)
    with pytest.raises(BadPeriod):
        statements.statement(billing, who, now, now + timedelta(seconds=1))


@pytest.mark.parametrize("reference", ["=cmd|' /C calc'!A0", "+1", "-1+1", "@SUM(A1)", "  =1", "＝1", 'a"b,c', "ordinary"])
def test_no_text_of_a_statement_is_a_formula(billing: Billing, who: Member, clock: MovableClock, reference: str) -> None:
    deposit(billing, who.account_id, 100_00, reference)
    until = clock.now() + timedelta(seconds=1)
    rendered = statement_csv.rendered(statements.statement(billing, who, clock.now() - timedelta(days=1), until))
    rows = list(csv.reader(io.StringIO(rendered)))
    assert [len(row) for row in rows] == [len(statement_csv.COLUMNS)] * 4
    cell = rows[2][2]
    assert cell.removeprefix("'") == ledger.canonical_reference(reference)
    assert not cell.lstrip().startswith(("=", "+", "-", "@", "＝"))
    assert rows[2][3:7] == ["100.00", "0.00", "100.00", "0.00"]


@pytest.mark.parametrize("reference", ["0012345678", "12345678901234567890", "1e5"])
def test_no_reference_of_a_statement_is_rounded(billing: Billing, who: Member, clock: MovableClock, reference: str) -> None:
    deposit(billing, who.account_id, 100_00, reference)
    until = clock.now() + timedelta(seconds=1)
    rendered = statement_csv.rendered(statements.statement(billing, who, clock.now() - timedelta(days=1), until))
    assert list(csv.reader(io.StringIO(rendered)))[2][2] == f"'{ledger.canonical_reference(reference)}"
