"""Announced payments before the authority's staff: found, booked once after a page that asks, declined with a reason; by whom."""

import pytest
from starlette.testclient import TestClient

from directca.accounts import ledger, statements, top_ups
from directca.accounts.member import Member
from directca.accounts.person import GRANTED, Role
from directca.accounts.roles import AtCommand
from directca.accounts.top_up_model import PaymentMethod, TopUp, TopUpState
from directca.accounts.top_ups import Payment
from directca.db.engine import Database
from directca.journal import read
from directca.journal.model import Event, Wanted
from tests.billing import somebody
from tests.console import Desk, a_desk
from tests.people import OPERATOR
from tests.visiting import EVERY_SCRIPT, an_account, post, sent, staff

PAYMENTS = "/console/payments"
BOOKED = {"step": "confirm", "amount": "250.00", "confirmed": "yes"}


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database)


@pytest.fixture
def payer(desk: Desk) -> Member:
    return somebody(desk.console.database, desk.world.clock, desk.world.account_id)


@pytest.fixture
def asked(desk: Desk, payer: Member) -> TopUp:
    payment = Payment(250_00, PaymentMethod.PURCHASE_ORDER, "PO 4711")
    return top_ups.ask(desk.console.billing, payer, payment)[0]


@pytest.fixture
def otto(desk: Desk) -> TestClient:
    """An operator, of the authority's own account."""
    return staff(desk, "otto", Role.OPERATOR)


def page_of(asked: TopUp) -> str:
    return f"{PAYMENTS}/{asked.id}"


def stands(desk: Desk, payer: Member, asked: TopUp) -> tuple[TopUpState, int]:
    """The payment's state, and what the account may spend beyond what every test begins with."""
    found, _ = top_ups.one(desk.console.billing, payer, asked.id)
    return found.state, statements.balance(desk.console.billing, payer).available - 10_000_00


def events(desk: Desk, kind: str) -> list[Event]:
    with desk.console.database.read() as tx:
        return [row.event for row in read.before(tx, Wanted(kind=kind), None, limit=10)]


def test_what_arrived_is_found_and_booked_after_a_page_that_asks(
    desk: Desk, otto: TestClient, payer: Member, asked: TopUp
) -> None:
    listed = otto.get(PAYMENTS).text
    assert all(
        part in listed for part in (asked.reference, "$250.00", "PO 4711", "On a purchase order", f'href="{page_of(asked)}"')
    )
    assert sent_to(otto, f" {asked.reference.lower()} ") == page_of(asked)
    status, _, question = post(otto, page_of(asked), step="confirm", amount="250.00")
    assert (status, "cannot be undone" in question, "not what was announced" in question) == (200, True, False)
    assert stands(desk, payer, asked) == (TopUpState.WAITING, 0)
    assert sent(otto, page_of(asked), **BOOKED) == page_of(asked)
    assert stands(desk, payer, asked) == (TopUpState.RECEIVED, 250_00)
    ((received,), deposited) = events(desk, "top_up.received"), events(desk, "account.deposited")
    assert received.actor.startswith("person:")
    assert [one.actor for one in deposited if one.detail["reference"] == asked.reference] == [received.actor]
    assert "No payment is waited for." in otto.get(PAYMENTS).text
    with desk.console.database.read() as tx:
        assert ledger.trial_balance(tx).problems == ()


def sent_to(browser: TestClient, reference: str) -> str:
    return str(browser.get(PAYMENTS, params={"reference": reference}).headers.get("location", ""))


def test_another_amount_is_asked_about_and_booked_as_it_came(desk: Desk, otto: TestClient, payer: Member, asked: TopUp) -> None:
    question = post(otto, page_of(asked), step="confirm", amount="99.50")[2]
    assert "This is not what was announced: $250.00." in question
    sent(otto, page_of(asked), **BOOKED | {"amount": "$99.50"})
    assert stands(desk, payer, asked) == (TopUpState.RECEIVED, 99_50)


@pytest.mark.parametrize("amount", ["", "0", "-1", "ten", "1.5", "1e3", "٢٥٠", "99999999999", EVERY_SCRIPT])
def test_what_is_no_amount_books_nothing(desk: Desk, otto: TestClient, payer: Member, asked: TopUp, amount: str) -> None:
    status, _, text = post(otto, page_of(asked), **BOOKED | {"amount": amount})
    assert (status, 'id="amount-error"' in text, EVERY_SCRIPT in text) == (400, True, False)
    assert stands(desk, payer, asked) == (TopUpState.WAITING, 0)


def test_a_payment_is_settled_once_whoever_does_it(desk: Desk, otto: TestClient, payer: Member, asked: TopUp) -> None:
    anna = staff(desk, "anna", Role.ADMINISTRATOR)
    sent(otto, page_of(asked), **BOOKED)
    for browser in (otto, anna):
        status, _, text = post(browser, page_of(asked), **BOOKED)
        assert (status, "is received already" in text) == (409, True)
        assert post(browser, page_of(asked), step="decline", reason="late")[0] == 409
    assert stands(desk, payer, asked) == (TopUpState.RECEIVED, 250_00)


def test_a_payment_that_was_booked_by_hand_is_not_booked_again(desk: Desk, otto: TestClient, payer: Member, asked: TopUp) -> None:
    with desk.console.database.write() as tx:
        reference = asked.reference.lower()
        ledger.deposit(tx, payer.account_id, 250_00, reference=reference, actor=OPERATOR, at=desk.world.clock.now())
    assert post(otto, page_of(asked), **BOOKED)[0] == 409
    assert stands(desk, payer, asked) == (TopUpState.WAITING, 250_00)


def test_what_never_came_is_declined_for_a_reason_that_the_journal_keeps(
    desk: Desk, otto: TestClient, payer: Member, asked: TopUp
) -> None:
    for reason in ("", " ", "x" * 501):
        status, _, text = post(otto, page_of(asked), step="decline", reason=reason)
        assert (status, 'id="reason-error"' in text) == (400, True)
    assert stands(desk, payer, asked) == (TopUpState.WAITING, 0)
    sent(otto, page_of(asked), step="decline", reason=f"bounced {EVERY_SCRIPT}")
    assert stands(desk, payer, asked) == (TopUpState.DECLINED, 0)
    (event,) = events(desk, "top_up.declined")
    assert event.detail["reason"] == f"bounced {EVERY_SCRIPT}"
    assert post(otto, page_of(asked), **BOOKED)[0] == 409


def test_settling_asks_for_the_second_factor_and_leads_back(desk: Desk, otto: TestClient, payer: Member, asked: TopUp) -> None:
    page, way = page_of(asked), f"/sign-in/second-factor?next={page_of(asked).replace('/', '%2F')}"
    desk.world.clock.advance(minutes=11)
    shown = otto.get(page).text
    assert ("Book it" in shown, way in shown) == (False, True)
    for fields in (BOOKED, {"step": "decline", "reason": "late"}):
        assert post(otto, page, **fields)[:2] == (303, way)
    assert stands(desk, payer, asked) == (TopUpState.WAITING, 0)


@pytest.mark.parametrize("role", sorted(GRANTED | {Role.TUSER}))
def test_by_role_payments_are_settled_seen_or_not_there(desk: Desk, payer: Member, asked: TopUp, role: Role) -> None:
    browser = staff(desk, "somebody", *({role} & GRANTED))
    able, seeing = role in (Role.ADMINISTRATOR, Role.OPERATOR), role in (Role.ADMINISTRATOR, Role.OPERATOR, Role.AUDITOR)
    assert [browser.get(path).status_code for path in (PAYMENTS, page_of(asked))] == [200 if seeing else 403] * 2
    assert (f'href="{PAYMENTS}"' in browser.get("/console").text) == seeing
    assert ("Book it" in browser.get(page_of(asked)).text) == able
    assert asked.reference not in browser.get(PAYMENTS, params={"reference": "TU-0000-0000"}).text or seeing
    assert post(browser, page_of(asked), step="decline", reason="late")[0] == (303 if able else 403)
    assert post(browser, page_of(asked), **BOOKED)[0] == (409 if able else 403)
    assert stands(desk, payer, asked) == (TopUpState.DECLINED if able else TopUpState.WAITING, 0)


def test_nobody_settles_a_payment_of_their_own_account(desk: Desk, payer: Member, asked: TopUp) -> None:
    own = staff(desk, "otto", Role.OPERATOR, account_id=desk.world.account_id)
    shown = own.get(page_of(asked)).text
    assert ("Book it" in shown, "payment of your own account" in shown) == (False, True)
    for fields in (BOOKED, {"step": "decline", "reason": "late"}):
        status, _, text = post(own, page_of(asked), **fields)
        assert (status, "their own account" in text) == (403, True)
    assert stands(desk, payer, asked) == (TopUpState.WAITING, 0)
    assert top_ups.confirm(desk.console.billing, asked.reference, by=AtCommand(OPERATOR)).received == 250_00


def test_what_is_not_there_is_not_found_and_forms_of_other_sites_do_nothing(
    desk: Desk, otto: TestClient, payer: Member, asked: TopUp
) -> None:
    for wrong in ("nothing", asked.reference, "%00"):
        assert otto.get(f"{PAYMENTS}/{wrong}").status_code == 404
        assert post(otto, f"{PAYMENTS}/{wrong}", **BOOKED)[0] == 404
    missing = otto.get(PAYMENTS, params={"reference": EVERY_SCRIPT})
    assert (missing.status_code, "Compare the reference" in missing.text, EVERY_SCRIPT in missing.text) == (404, True, False)
    assert otto.post(page_of(asked), data=BOOKED).status_code == 403
    assert post(otto, page_of(asked), step="other")[0] == 400
    assert stands(desk, payer, asked) == (TopUpState.WAITING, 0)


def test_names_of_accounts_are_shown_as_they_are(desk: Desk, otto: TestClient) -> None:
    other = somebody(desk.console.database, desk.world.clock, an_account(desk, f"Clinic {EVERY_SCRIPT}"))
    asked, _ = top_ups.ask(desk.console.billing, other, Payment(100_00, PaymentMethod.WIRE))
    for path in (PAYMENTS, page_of(asked)):
        assert (EVERY_SCRIPT in otto.get(path).text, "&lt;script&gt;" in otto.get(path).text) == (False, True)
    assert EVERY_SCRIPT not in post(otto, page_of(asked), step="confirm", amount="5")[2]
