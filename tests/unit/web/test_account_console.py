"""Billing, users and API applications in the console: what people see and do there, and that nothing of others is reached."""

import csv
import io
import re

import pytest
from starlette.testclient import TestClient

from directca.accounts import accounts, ledger, people
from directca.accounts.person import Role
from directca.db.engine import Database
from directca.issuance import invoices
from directca.oauth import applications
from directca.pki.reasons import RevocationReason
from tests.billing import WIRE, PostOffice
from tests.browser import forms
from tests.console import Desk, a_desk
from tests.people import OPERATOR
from tests.world import ALICE, START

BILLING, USERS, APPLICATIONS = "/console/billing", "/console/users", "/console/api-applications"
MARKUP = "<script>alert(1)</script>"


@pytest.fixture
def desk(database: Database) -> Desk:
    made = a_desk(database)
    made.person("anna", Role.ACCOUNT_ADMINISTRATOR, name=f"Anna {MARKUP}")
    return made


@pytest.fixture
def anna(desk: Desk) -> TestClient:
    """An administrator of the account."""
    return desk.signed_in("anna")


@pytest.fixture
def stranger(desk: Desk) -> TestClient:
    """An administrator of another account."""
    with desk.console.database.write() as tx:
        other = accounts.open_account(tx, "Other", actor=OPERATOR, at=START, random=lambda size: b"o" * size)
    desk.person("otto", Role.ACCOUNT_ADMINISTRATOR, account_id=other.id)
    return desk.signed_in("otto")


def send(browser: TestClient, page: str, path: str | None = None, **fields: str) -> str:
    """Send a form of a page and follow where it leads; every page on the way is escaped."""
    found = forms(browser.get(page).text)
    token = dict(next(one for one in found if one.method == "post" and one.action != "/theme").fields)["csrf_token"]
    answer = browser.post(path or page, data={"csrf_token": token, **fields})
    while answer.status_code == 303:
        answer = browser.get(answer.headers["location"])
    assert MARKUP not in answer.text
    return answer.text


def confirmed(browser: TestClient, page: str, **fields: str) -> str:
    """The same, past the page that asks."""
    asked = send(browser, page, **fields)
    assert "undone" in asked
    return send(browser, page, **fields, confirmed="yes")


def test_the_balance_is_topped_up_by_a_payment_that_is_announced_once(desk: Desk, anna: TestClient) -> None:
    page = anna.get(BILLING).text
    assert "$10,000.00" in page
    key = dict(next(one for one in forms(page) if "key" in one.names()).fields)["key"]
    fields = {"step": "top_up", "amount": "250.00", "method": "wire", "key": key}
    told = send(anna, BILLING, **fields)
    assert all(word in told for word in (*WIRE, "$250.00"))
    (reference,) = set(re.findall(r"TU-[0-9A-Z]{4}-[0-9A-Z]{4}", told))
    assert reference in send(anna, BILLING, **fields)  # sent twice
    assert anna.get(BILLING).text.count(f'">{reference}</a>') == 1
    (path,) = re.findall(r'href="(/console/billing/top-ups/[0-9a-f]+)"', anna.get(BILLING).text)
    send(anna, path)
    assert "waited for no longer" in anna.get(path).text


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"step": "top_up", "amount": "ten", "method": "wire"}, "Write dollars and cents"),
        ({"step": "top_up", "amount": "0.50", "method": "wire"}, "Pay $1.00"),
        ({"step": "top_up", "amount": "5", "method": "card"}, "Choose how you pay"),
        ({"step": "top_up", "amount": "5", "method": "purchase_order", "purchase_order": MARKUP}, "A purchase order"),
        ({"step": "alarm", "threshold": "-1"}, "Write dollars and cents"),
        ({"step": "alarm", "threshold": "0"}, "threshold is"),
    ],
    ids=str,
)
def test_what_is_wrong_with_a_payment_stands_beside_its_field(anna: TestClient, fields: dict[str, str], sentence: str) -> None:
    page = send(anna, BILLING, **fields)
    assert "error-summary" in page
    assert sentence in page


def test_an_order_is_refunded_and_its_documents_are_printed(desk: Desk, anna: TestClient) -> None:
    order = desk.world.issue().record.order_id
    page = f"{BILLING}/orders/{order}"
    assert ALICE in anna.get(f"{BILLING}/orders").text
    assert "is not revoked" in confirmed(anna, page)
    desk.world.revoke(RevocationReason.CESSATION_OF_OPERATION)
    assert "refunded" in confirmed(anna, page)
    listed = anna.get(f"{BILLING}/invoices").text
    numbers = re.findall(r"(?:INV|CN|RCP)-2026-000001", listed)
    assert set(numbers) == {"INV-2026-000001", "CN-2026-000001", "RCP-2026-000001"}
    credit = anna.get(f"{BILLING}/invoices/CN-2026-000001").text
    assert all(word in credit for word in ("Credit note", "INV-2026-000001", "-$35.00", "Example Certificate Authority Inc."))


def test_a_statement_is_a_page_and_a_file_without_formulas(desk: Desk, anna: TestClient) -> None:
    with desk.console.database.write() as tx:
        ledger.deposit(tx, desk.world.account_id, 1, reference=f"=cmd {MARKUP}", actor=OPERATOR, at=desk.world.clock.now())
    page = anna.get(f"{BILLING}/statement").text
    assert (MARKUP.upper() in page, "=CMD &lt;SCRIPT&gt;" in page) == (False, True)
    sheet = anna.get(f"{BILLING}/statement", params={"form": "csv"})
    assert sheet.headers["Content-Disposition"].startswith("attachment")
    cells = [row[2] for row in csv.reader(io.StringIO(sheet.text))]
    assert f"'=CMD {MARKUP.upper()}" in cells
    assert anna.get(f"{BILLING}/statement", params={"since": "yesterday"}).status_code == 400


def test_somebody_is_invited_made_an_administrator_and_removed(desk: Desk, anna: TestClient) -> None:
    assert "nina@clinic.example" in send(anna, USERS, step="invite", email="Nina@Clinic.example", administrator="no")
    office = desk.console.joining.post
    assert isinstance(office, PostOffice)
    assert [one.to for one in office.letters] == ["nina@clinic.example"]
    (waiting,) = [dict(one.fields)["invitation"] for one in forms(anna.get(USERS).text) if "invitation" in one.names()]
    assert "withdrawn" in send(anna, USERS, step="withdraw", invitation=waiting)
    assert "Give an e-mail address" in send(anna, USERS, step="invite", email=f"x{MARKUP}@y")
    maria = next(one.id for one in people.people_of(desk.console.web.people, desk.world.account_id) if one.username != "anna")
    confirmed(anna, f"{USERS}/{maria}", step="appoint")
    assert anna.get(USERS).text.count(">administrator</td>") == 2
    confirmed(anna, f"{USERS}/{maria}", step="remove")
    assert anna.get(f"{USERS}/{maria}").status_code == 404
    anna_id = people.people_of(desk.console.web.people, desk.world.account_id)[0].id
    assert "last person" in confirmed(anna, f"{USERS}/{anna_id}", step="remove")


def test_an_application_is_made_its_secret_shown_once_and_replaced(desk: Desk, anna: TestClient) -> None:
    uris = "https://a.example/\r\n\r\nhttps://b.example/"
    made = send(anna, f"{APPLICATIONS}/new", name=f"Gateway {MARKUP}", redirect_uris=uris, kind="confidential")
    (secret,) = re.findall(r'id="client-secret" class="mono">([^<]+)<', made)
    (client_id,) = re.findall(r'id="client-id" class="mono">([^<]+)<', made)
    page = f"{APPLICATIONS}/{client_id}"
    shown = anna.get(page).text
    assert (secret in shown, "https://b.example/" in shown, MARKUP in shown) == (False, True, False)
    with desk.console.database.read() as tx:
        client = applications.find(tx, client_id)
    assert (client.redirect_uris, client.account_id) == (("https://a.example/", "https://b.example/"), desk.world.account_id)
    assert "account.manage" not in client.scopes
    rotated = confirmed(anna, page, step="rotate", overlap="24")
    assert re.findall(r'id="client-secret" class="mono">([^<]+)<', rotated) != [secret]
    assert "The old secret ends" in anna.get(page).text
    wrong = send(anna, page, step="change", name="Other", redirect_uris="javascript:alert(1)")
    assert "must begin with https" in wrong
    confirmed(anna, page, step="disable")
    assert "The account has stopped it." in anna.get(page).text
    send(anna, page, step="enable")
    applications.disable(desk.console.web.oauth, client_id, actor=OPERATOR)
    assert "Ask its operator" in send(anna, page, step="enable")


def test_nothing_of_another_account_is_reached_in_any_position(desk: Desk, anna: TestClient, stranger: TestClient) -> None:
    order = desk.world.issue().record.order_id
    desk.world.revoke(RevocationReason.CESSATION_OF_OPERATION)
    invoices.make_due(desk.console.billing)
    made = send(anna, f"{APPLICATIONS}/new", name="Gateway", redirect_uris="https://a.example/", kind="confidential")
    (client_id,) = re.findall(r'id="client-id" class="mono">([^<]+)<', made)
    send(anna, BILLING, step="top_up", amount="250", method="wire")
    (top_up,) = re.findall(r'href="(/console/billing/top-ups/[0-9a-f]+)"', anna.get(BILLING).text)
    send(anna, USERS, step="invite", email="nina@clinic.example")
    (invitation,) = [dict(one.fields)["invitation"] for one in forms(anna.get(USERS).text) if "invitation" in one.names()]
    maria = people.people_of(desk.console.web.people, desk.world.account_id)[-1].id
    for path in (
        *(f"{BILLING}/orders/{order}", f"{BILLING}/invoices/INV-2026-000001", top_up),
        *(f"{USERS}/{maria}", f"{APPLICATIONS}/{client_id}"),
    ):
        assert stranger.get(path).status_code == 404, path
        if "invoices" not in path:
            token = dict(forms(stranger.get(BILLING).text)[0].fields)["csrf_token"]
            fields = {"csrf_token": token, "confirmed": "yes", "step": "remove" if "users" in path else "rotate"}
            assert stranger.post(path, data=fields).status_code == 404, path
    assert "nina" not in send(stranger, USERS, step="withdraw", invitation=invitation)
    assert "waiting" in anna.get(USERS).text
    for page in (f"{BILLING}/orders", f"{BILLING}/invoices", f"{BILLING}/statement", USERS, APPLICATIONS):
        text = stranger.get(page).text
        assert not any(word in text for word in (ALICE, "INV-2026", "nina@", "Gateway")), page


def test_whoever_does_not_administer_the_account_is_offered_nothing_and_given_nothing(desk: Desk) -> None:
    maria = desk.signed_in()
    assert "Invite somebody" not in maria.get(USERS).text
    assert "/new" not in maria.get(APPLICATIONS).text
    assert "You may not do this" in send(maria, USERS, step="invite", email="nina@clinic.example")
    assert "You may not do this" in send(maria, BILLING, step="alarm", threshold="5")
    refused = send(maria, f"{APPLICATIONS}/new", name="Gateway", redirect_uris="https://a.example/", kind="public")
    assert "You may not do this" in refused


def test_forms_of_other_sites_do_nothing(anna: TestClient) -> None:
    for page in (BILLING, USERS, f"{APPLICATIONS}/new"):
        assert anna.post(page, data={"step": "invite", "email": "x@clinic.example"}).status_code == 403
