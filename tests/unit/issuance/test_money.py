"""Orders as they are shown, refunds inside their window and once, invoices without a gap and for good."""

import json
import secrets
from datetime import timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from directca.accounts import accounts, ledger
from directca.accounts.billing import Billing
from directca.accounts.errors import AccountSuspended
from directca.accounts.member import Member
from directca.accounts.people_errors import SessionEnded
from directca.accounts.roles import AtCommand
from directca.db.engine import Database
from directca.db.errors import DatabaseUnusable
from directca.issuance import invoice_store, invoices, order_list, pair
from directca.issuance.errors import NoSuchInvoice, NoSuchOrder, NotRefundable
from directca.issuance.invoice_model import Document, DocumentKind
from directca.issuance.order_list import OrderView
from directca.issuance.refund import REFUNDABLE, refund, refund_any
from directca.pki.reasons import RevocationReason
from tests.billing import SELLER, configured, some_billing, somebody
from tests.world import ALICE, DOMAIN, World

PRICE = 3_500
UNUSED = RevocationReason.CESSATION_OF_OPERATION
COMMAND = AtCommand("operator:ann")


@pytest.fixture
def billing(world: World) -> Billing:
    return some_billing(world.database, world.clock)


@pytest.fixture
def who(world: World) -> Member:
    return somebody(world.database, world.clock, world.account_id)


@pytest.fixture
def stranger(world: World) -> Member:
    with world.database.write() as tx:
        now = world.clock.now()
        other = accounts.open_account(tx, "Other", actor="operator:ann", at=now, random=secrets.token_bytes)
    return somebody(world.database, world.clock, other.id)


def bought(world: World, name: str = ALICE, key: int = 0) -> str:
    """The order of a pair that is issued now."""
    return world.issue(name, key=key).record.order_id


def documents(billing: Billing, who: Member) -> list[Document]:
    """All, oldest first."""
    return list(invoices.page(billing, who, limit=1000))[::-1]


def test_the_price_of_an_unused_pair_comes_back_once(world: World, billing: Billing, who: Member) -> None:
    order_id, before = bought(world), world.balance().available
    world.revoke(UNUSED)
    done = refund(billing, who, order_id)
    assert (done.state, done.refunded_at) == ("refunded", world.clock.now())
    assert world.balance().available == before + PRICE
    world.clock.advance(days=400)
    assert refund(billing, who, order_id) == done
    assert world.balance().available == before + PRICE
    assert world.journal_kinds().count("order.refunded") == 1
    world.check_books()


def test_a_refund_ends_with_its_window(world: World, billing: Billing, who: Member) -> None:
    order_id = bought(world)
    world.revoke(UNUSED)
    world.clock.advance(days=30, microseconds=1)
    with pytest.raises(NotRefundable):
        refund(billing, who, order_id)
    assert refund(configured(billing, refund_days=31), who, order_id).state == "refunded"


def test_nobody_buys_uses_and_gives_back_without_end(world: World, billing: Billing, who: Member) -> None:
    """So many orders within 365 days by the account itself; the operator's are not bounded, and count."""
    bounded, before = configured(billing, refunds_per_year=2), world.balance().available
    orders = []
    for number in range(4):
        orders.append(bought(world, f"a{number}@{DOMAIN}", 2 * number))
        world.revoke(UNUSED, f"a{number}@{DOMAIN}")
    refund(bounded, who, orders[0])
    refund_any(bounded, orders[1], by=COMMAND)
    with pytest.raises(NotRefundable, match="operator"):
        refund(bounded, who, orders[2])
    refund(bounded, who, orders[0])  # asked again it answers the same, whatever the bound
    assert refund_any(bounded, orders[2], by=COMMAND).state == "refunded"
    assert world.balance().available == before - PRICE
    world.check_books()
    later = configured(bounded, refund_days=400)
    world.clock.advance(days=365, microseconds=1)
    assert refund(later, who, orders[3]).state == "refunded"
    assert world.balance().available == before


def test_where_nothing_is_refunded_nothing_is(world: World, billing: Billing, who: Member) -> None:
    order_id = bought(world)
    world.revoke(UNUSED)
    with pytest.raises(NotRefundable):
        refund(configured(billing, refund_days=0), who, order_id)
    with pytest.raises(NotRefundable):
        refund(configured(billing, refunds_per_year=0), who, order_id)


@pytest.mark.parametrize("reason", [None, RevocationReason.CERTIFICATE_HOLD, RevocationReason.KEY_COMPROMISE])
def test_a_pair_that_is_of_use_or_was_taken_is_not_refunded(
    world: World, billing: Billing, who: Member, reason: RevocationReason | None
) -> None:
    order_id, before = bought(world), world.balance()
    if reason is not None:
        world.revoke(reason)
    with pytest.raises(NotRefundable):
        refund(billing, who, order_id)
    assert world.balance() == before


def test_what_is_refunded_is_what_says_nothing_but_not_wanted() -> None:
    assert {RevocationReason.UNSPECIFIED, RevocationReason.SUPERSEDED, UNUSED} == REFUNDABLE


def test_whoever_has_the_free_reissue_has_what_was_paid_for(world: World, billing: Billing, who: Member) -> None:
    order_id = bought(world)
    again = world.reissue(key=2)
    world.clock.advance(days=2)  # the first pair is revoked as superseded in between
    with pytest.raises(NotRefundable):
        refund(billing, who, order_id)
    with pytest.raises(NotRefundable):  # it was free
        refund(billing, who, again.record.order_id)
    world.revoke(UNUSED)
    assert refund(billing, who, order_id).state == "refunded"
    with pytest.raises(NotRefundable):
        refund(billing, who, again.record.order_id)


def test_a_renewal_is_a_purchase_of_its_own(world: World, billing: Billing, who: Member) -> None:
    first = bought(world)
    renewal = world.renew(key=2).record.order_id
    world.revoke(UNUSED)  # every pair of the name
    before = world.balance().available
    assert {refund(billing, who, one).state for one in (first, renewal)} == {"refunded"}
    assert world.balance().available == before + 2 * PRICE


def test_nobody_elses_order_is_seen_or_refunded(world: World, billing: Billing, who: Member, stranger: Member) -> None:
    order_id = bought(world)
    world.revoke(UNUSED)
    told = set()
    for wanted in (order_id, "nothing", "\0"):
        for verb in (refund, order_list.one):
            with pytest.raises(NoSuchOrder) as refusal:
                verb(billing, stranger, wanted)
            told.add(refusal.value.detail)
    assert len(told) == 1
    assert order_list.page(billing, stranger).orders == ()
    with pytest.raises(SessionEnded):
        refund(billing, Member(world.account_id, stranger.person_id), order_id)
    with pytest.raises(NoSuchOrder):
        refund_any(billing, "nothing", by=COMMAND)
    assert refund_any(billing, order_id, by=COMMAND).state == "refunded"


def test_a_suspended_account_takes_nothing_back(world: World, billing: Billing, who: Member) -> None:
    order_id = bought(world)
    world.revoke(UNUSED)
    with world.database.write() as tx:
        accounts.suspend(tx, world.account_id, actor="operator:ann", reason="x", at=world.clock.now())
    with pytest.raises((AccountSuspended, SessionEnded)):
        refund(billing, who, order_id)


def test_an_open_order_says_why_it_waits(world: World, billing: Billing, who: Member, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pair, "sign", _crash)
    monkeypatch.setattr(pair, "settle", lambda *_, **__: None)  # as when the process is gone
    with pytest.raises(KeyboardInterrupt):
        world.issue()

    def waits() -> OrderView:
        (found,) = order_list.page(billing, who).orders
        return found

    assert (waits().state, "being signed" in str(waits().waits)) == ("authorized", True)
    world.clock.advance(minutes=6)
    assert "interrupted" in str(waits().waits)


def _crash(*_: object) -> object:
    raise KeyboardInterrupt


def test_orders_come_newest_first_each_once_whatever_is_bought_meanwhile(world: World, billing: Billing, who: Member) -> None:
    made = []
    for number in range(4):
        made.append(bought(world, f"a{number}@{DOMAIN}", 2 * number))
        world.clock.advance(seconds=number % 2)  # two of them at one moment
    first = order_list.page(billing, who, limit=3)
    bought(world, f"new@{DOMAIN}", 20)
    rest = order_list.page(billing, who, after=first.following, limit=3)
    seen = [one.order.id for one in (*first.orders, *rest.orders)]
    assert (sorted(seen), first.total, rest.total, rest.following) == (sorted(made), 4, 5, None)
    assert set(seen[:2]) == set(made[2:])


def test_each_charge_refund_and_deposit_has_its_document(world: World, billing: Billing, who: Member) -> None:
    order_id = bought(world)
    world.reissue(key=2)  # free: there is nothing to write
    world.revoke(UNUSED)
    world.clock.advance(days=2)
    refund(billing, who, order_id)
    receipt, invoice, credit = documents(billing, who)
    assert [one.number for one in (receipt, invoice, credit)] == ["RCP-2026-000001", "INV-2026-000001", "CN-2026-000001"]
    assert (invoice.total, credit.total, credit.refers_to) == (PRICE, -PRICE, invoice.number)
    assert (invoice.seller, ALICE in invoice.items[0].text, invoice.order_id) == (SELLER, True, order_id)
    assert order_list.one(billing, who, order_id).documents == (invoice.number, credit.number)
    assert invoices.one(billing, who, invoice.number) == invoice


def test_numbers_have_no_gap_and_begin_anew_each_year(world: World, billing: Billing, who: Member) -> None:
    for number in range(3):
        bought(world, f"a{number}@{DOMAIN}", 2 * number)
    documents(billing, who)
    world.clock.advance(days=40)
    world.verify_domain()
    bought(world, f"b@{DOMAIN}", 10)
    assert [one.number for one in documents(billing, who) if one.kind is DocumentKind.INVOICE] == [
        *("INV-2026-000001", "INV-2026-000002", "INV-2026-000003", "INV-2027-000001"),
    ]


def test_a_crash_while_they_are_made_leaves_no_gap(
    world: World, billing: Billing, who: Member, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(2):
        bought(world, f"a{number}@{DOMAIN}", 2 * number)
    with monkeypatch.context() as broken:
        broken.setattr(invoice_store, "set_mark", _crash)
        with pytest.raises(KeyboardInterrupt):
            invoices.make_due(billing)
    with monkeypatch.context() as small:
        small.setattr(invoices, "BATCH", 1)
        while invoices.make_due(billing):
            pass
    assert [one.sequence for one in documents(billing, who) if one.kind is DocumentKind.INVOICE] == [1, 2]
    assert invoices.make_due(billing) == 0


@pytest.mark.parametrize("batch", [1, 2, 500])
def test_documents_are_the_same_however_many_are_made_at_once(
    world: World, billing: Billing, who: Member, monkeypatch: pytest.MonkeyPatch, batch: int
) -> None:
    names = [f"a{number}@{DOMAIN}" for number in range(2)]
    orders = [bought(world, name, 2 * number) for number, name in enumerate(names)]
    for name in names[::-1]:
        world.revoke(UNUSED, name)
    for order_id in orders[::-1]:
        refund(billing, who, order_id)
    monkeypatch.setattr(invoices, "BATCH", batch)
    while invoices.make_due(billing):
        pass
    assert [(one.number, one.order_id, one.refers_to) for one in documents(billing, who)] == [
        ("RCP-2026-000001", None, None),
        ("INV-2026-000001", orders[0], None),
        ("INV-2026-000002", orders[1], None),
        ("CN-2026-000001", orders[1], "INV-2026-000002"),
        ("CN-2026-000002", orders[0], "INV-2026-000001"),
    ]


def test_a_document_stays_what_it_was(world: World, billing: Billing, who: Member) -> None:
    bought(world)
    before = documents(billing, who)
    with world.database.write() as tx:
        tx.execute(text("UPDATE account SET name = 'Renamed'"))
    other = configured(billing, seller=("Somebody else",))
    world.clock.advance(days=1)
    assert documents(other, who) == before


def test_a_movement_is_invoiced_once_and_a_number_given_once(world: World, billing: Billing, who: Member) -> None:
    bought(world)
    _, invoice = documents(billing, who)
    for again in ({"sequence": 2}, {"movement_id": 10**6}):
        with pytest.raises(IntegrityError), world.database.write() as tx:
            invoice_store.add(tx, [Document(**{**vars(invoice), **again})])


def test_no_other_accounts_document_is_shown(world: World, billing: Billing, who: Member, stranger: Member) -> None:
    bought(world)
    number = documents(billing, who)[-1].number
    told = set()
    for wanted in (number, "INV-2026-999999", "INV-2026-0000001", "inv-2026-000001", "", "X" * 5000, "INV-2026-000001' --"):
        with pytest.raises(NoSuchInvoice) as refusal:
            invoices.one(billing, stranger, wanted)
        told.add(refusal.value.detail)
    assert len(told) == 1
    assert documents(billing, stranger) == []
    with pytest.raises(NoSuchInvoice):
        invoices.one(billing, who, "INV-2026-0000001")  # a number has one spelling


@pytest.mark.engine("postgresql", why="a file has no roles")
def test_the_role_that_serves_cannot_change_a_document(database: Database, world: World, billing: Billing) -> None:
    bought(world)
    invoices.make_due(billing)
    for statement in ("UPDATE invoice SET content = '{}'", "DELETE FROM invoice"):
        with pytest.raises(DatabaseUnusable), database.write() as tx:
            tx.execute(text(statement))


def test_what_was_sold_before_there_were_invoices_is_invoiced_too(world: World, billing: Billing, who: Member) -> None:
    with world.database.write() as tx:
        ledger.authorize(tx, world.account_id, "an order of long ago", PRICE, world.clock.now() - timedelta(days=400))
        ledger.capture(tx, "an order of long ago", world.clock.now() - timedelta(days=400))
    assert "an order of long ago" in json.dumps([vars(item) for one in documents(billing, who) for item in one.items])
