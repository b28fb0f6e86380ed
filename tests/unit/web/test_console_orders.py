"""Issue, renew, reissue, suspend, release and revoke by pages: each is asked about first, done once, done by the verb alone."""

import json
import re
import secrets
from base64 import b64decode
from dataclasses import replace

import pytest
from starlette.testclient import TestClient

from directca.accounts import accounts
from directca.accounts.rate_config import RateConfig
from directca.certificates.model import State
from directca.db.engine import Database
from directca.pki.reasons import RevocationReason
from directca.vetting import actors, proposals
from directca.vetting.approval_config import ApprovalConfig
from directca.vetting.proposal_model import Answer
from directca.vetting.proposals import Saying
from tests.browser import forms
from tests.console import Desk, a_desk
from tests.material import csr
from tests.people import OPERATOR
from tests.website import token_of
from tests.world import ALICE, DOMAIN, PLENTY, START, fresh_key

LIST, ORDERS = "/console/certificates", "/console/billing/orders"
BOB = f"bob@{DOMAIN}"


@pytest.fixture
def desk(database: Database) -> Desk:
    return a_desk(database)


@pytest.fixture
def maria(desk: Desk) -> TestClient:
    return desk.signed_in()


def send(browser: TestClient, path: str, *, files: dict[str, bytes] | None = None, **fields: str) -> tuple[int, str]:
    """Open a page and send its form: the status, and what is shown or where it leads."""
    token = token_of(browser.get(path).text)
    sent = {"files": {name: ("request.csr", content) for name, content in files.items()}} if files else {}
    answer = browser.post(path, data={"csrf_token": token, **fields}, **sent)  # type: ignore[arg-type]
    return answer.status_code, answer.headers.get("location", "") or answer.text


def confirm(browser: TestClient, path: str, page: str) -> tuple[int, str]:
    """Send the form of a page that asks, as it is."""
    form = next(one for one in forms(page) if ("confirmed", "yes") in one.fields)
    answer = browser.post(path, data=dict(form.fields))
    return answer.status_code, answer.headers.get("location", "") or answer.text


def requests(name: str, first: int) -> dict[str, str]:
    return {"signing": csr(name, fresh_key(first)), "encryption": csr(name, fresh_key(first + 1))}


def place(desk: Desk, name: str = ALICE) -> str:
    return f"{LIST}/{desk.world.history(name)[0].record.id}"


def test_a_pair_is_issued_after_it_was_shown_what_it_costs(desk: Desk, maria: TestClient) -> None:
    code, page = send(maria, f"{LIST}/new", years="2", category="BusinessAssociate", **requests(BOB, 4))
    assert code == 200
    assert f"{BOB}</h2>" in page
    assert "BusinessAssociate" in page
    assert "<strong>$65.00</strong>; $9,935.00 are left" in page
    assert desk.world.balance().available == PLENTY
    code, there = confirm(maria, f"{LIST}/new", page)
    assert (code, there) == (303, place(desk, BOB))
    assert confirm(maria, f"{LIST}/new", page) == (303, there), "the button was pressed twice"
    assert desk.world.balance().available == PLENTY - 6500
    issued = [row for row in desk.world.journal_kinds() if row == "certificate.issued"]
    assert len(issued) == 1
    desk.world.check_books()


def test_requests_may_come_as_files_armoured_or_not(desk: Desk, maria: TestClient) -> None:
    sent = requests(BOB, 4)
    binary = b64decode("".join(line for line in sent["encryption"].splitlines() if "-" not in line))
    files = {"signing_file": sent["signing"].encode(), "encryption_file": binary}
    code, page = send(maria, f"{LIST}/new", files=files, years="1", signing="", encryption="")
    assert (code, f"{BOB}</h2>" in page) == (200, True)
    assert confirm(maria, f"{LIST}/new", page)[0] == 303
    assert desk.world.history(BOB)[0].record.state is State.ISSUED


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_lost(desk: Desk, maria: TestClient) -> None:
    good = requests(BOB, 4)
    for fields, about, code in (
        ({}, "signing", 400),
        ({**good, "years": "9"}, "years", 400),
        ({**good, "years": "two"}, "years", 400),
        ({**good, "years": "1", "category": "Emperor"}, "category", 400),
        ({**good, "years": "1", "encryption": "rubbish"}, "encryption", 400),
        ({**good, "years": "1", "encryption": good["signing"]}, None, 400),
        ({**requests("bob@elsewhere.example", 4), "years": "1"}, None, 403),
    ):
        status_code, page = send(maria, f"{LIST}/new", **fields)
        assert status_code == code, (fields.get("years"), about)
        assert "<title>Error: " in page
        assert 'class="error-summary" role="alert"' in page
        if about is not None:
            assert f'<a href="#{about}">' in page
        if "signing" in fields:
            assert fields["signing"].split("\n")[1] in page
    assert desk.world.balance().available == PLENTY


def test_a_renewal_says_that_the_present_pair_stays(desk: Desk, maria: TestClient) -> None:
    old = desk.world.issue().record
    path = f"{place(desk)}/renew"
    code, page = send(maria, path, keys="same", years="1")
    assert code == 200
    assert f"The present pair stays valid until {old.not_after:%Y-%m-%d}" in page
    code, there = confirm(maria, path, page)
    assert code == 303
    pairs = desk.world.history()
    assert there == f"{LIST}/{pairs[0].record.id}"
    assert pairs[0].record.supersedes == old.id
    assert pairs[0].signing.modulus_sha256 == pairs[1].signing.modulus_sha256


def test_a_reissue_takes_new_keys_and_ends_the_old_pair_if_asked(desk: Desk, maria: TestClient) -> None:
    old = desk.world.issue().record
    path = f"{place(desk)}/reissue"
    code, page = send(maria, path, keys="new", **requests(ALICE, 6), immediately="yes")
    assert (code, "free of charge" in page, "revoked at once" in page) == (200, True, True)
    assert confirm(maria, path, page)[0] == 303
    new, before = desk.world.history()
    assert (new.record.not_after, before.record.state) == (old.not_after, State.REVOKED)
    assert new.signing.modulus_sha256 != before.signing.modulus_sha256


def test_a_revocation_is_asked_about_and_then_final(desk: Desk, maria: TestClient) -> None:
    desk.world.issue()
    desk.world.renew()
    path = f"{place(desk)}/revoke"
    assert send(maria, path)[0] == 400
    for reserved in ("cACompromise", "aACompromise", "removeFromCRL", "certificateHold", "nonsense"):
        assert send(maria, path, reason=reserved)[0] == 400, reserved
    code, page = send(maria, path, reason="keyCompromise")
    assert code == 200
    assert "the 2 valid pairs" in page
    assert "This cannot be undone." in page
    assert {one.record.state for one in desk.world.history()} == {State.ISSUED}
    assert confirm(maria, path, page)[0] == 303
    assert {one.record.revocation_reason for one in desk.world.history()} == {RevocationReason.KEY_COMPROMISE}
    shown = maria.get(place(desk)).text
    assert "a key is, or may be, in other hands" in shown
    assert "/renew" not in shown


def test_a_revoked_pair_can_be_said_to_be_compromised_and_nothing_else(desk: Desk, maria: TestClient) -> None:
    desk.world.issue()
    desk.world.revoke(RevocationReason.SUPERSEDED)
    path = f"{place(desk)}/revoke"
    assert send(maria, path, reason="unspecified")[0] == 400
    assert confirm(maria, path, send(maria, path, reason="keyCompromise")[1])[0] == 303
    assert desk.world.history()[0].record.revocation_reason is RevocationReason.KEY_COMPROMISE


def test_a_pair_is_suspended_and_released(desk: Desk, maria: TestClient) -> None:
    desk.world.issue()
    for action, wanted in (("hold", State.HELD), ("release", State.ISSUED)):
        path = f"{place(desk)}/{action}"
        page = maria.get(path).text
        assert "This can be undone." in page
        assert send(maria, path)[0] == 200, "without the confirmation it is asked again"
        assert desk.world.history()[0].record.state is not wanted
        assert confirm(maria, path, page)[0] == 303
        assert desk.world.history()[0].record.state is wanted
    assert confirm(maria, f"{place(desk)}/release", page)[0] == 409


def test_nobody_does_anything_to_the_pair_of_another_account(desk: Desk) -> None:
    desk.world.issue()
    with desk.console.database.write() as tx:
        other = accounts.open_account(tx, "Other", actor=OPERATOR, at=START, random=secrets.token_bytes)
    desk.person("otto", account_id=other.id)
    otto = desk.signed_in("otto")
    token, before = token_of(otto.get(f"{LIST}/new").text), desk.world.history()[0].record
    for action in ("renew", "reissue", "revoke", "hold", "release", "renew/browser", "reissue/browser"):
        fields = {"csrf_token": token, "confirmed": "yes", "key": "k", "years": "1", "keys": "same", "reason": "unspecified"}
        assert otto.get(f"{place(desk)}/{action}").status_code == 404, action
        assert otto.post(f"{place(desk)}/{action}", data=fields).status_code == 404, action
    assert desk.world.history()[0].record == before
    code, page = send(otto, f"{LIST}/new", years="1", **requests(BOB, 4))
    assert (code, BOB in desk.world.journal_kinds()) == (403, False), page


def test_the_script_is_answered_by_the_same_verb(desk: Desk, maria: TestClient) -> None:
    path = f"{LIST}/new/browser"
    code, text = send(maria, path, years="1", **requests(BOB, 4))
    review = json.loads(text)["review"]
    assert (code, review["identifier"], review["price"], review["left"]) == (200, BOB, "$35.00", "$9,965.00")
    for _ in range(2):
        code, text = send(maria, path, years="1", **requests(BOB, 4), confirmed="yes", key="once")
        made = json.loads(text)
        assert (code, made["page"]) == (200, place(desk, BOB))
    pair = desk.world.history(BOB)[0]
    assert [b64decode(made[use]) for use in ("signing", "encryption")] == [pair.signing.der, pair.encryption.der]
    assert [b64decode(one) for one in made["chain"]] == [*desk.console.chains["issuing"]]
    code, text = send(maria, path, years="1", **requests("x@elsewhere.example", 6))
    assert code == 403
    assert [field for field, _ in json.loads(text)["errors"]] == [None]


def test_the_page_for_keys_has_no_field_that_could_send_the_passphrase(desk: Desk, maria: TestClient) -> None:
    desk.world.issue()
    for path in (f"{LIST}/new/browser", f"{place(desk)}/renew/browser", f"{place(desk)}/reissue/browser"):
        page = maria.get(path).text
        assert {name for form in forms(page) for name in form.names()}.isdisjoint({"passphrase", "again"})
        secret = re.findall(r"<input[^>]*type=\"password\"[^>]*>", page)
        assert len(secret) == 2
        assert not any("name=" in one for one in secret)
        assert "needs JavaScript" in page


def test_a_flood_of_forms_is_refused_like_one_of_calls(database: Database) -> None:
    maria = a_desk(database, RateConfig(account_burst=2, account_per_minute=2)).signed_in()
    token = token_of(maria.get(f"{LIST}/new").text)
    codes = [maria.post(f"{LIST}/new", data={"csrf_token": token}).status_code for _ in range(4)]
    assert (codes[0], codes[-1]) == (400, 429)


def waiting_for(desk: Desk, *kinds: str) -> None:
    """Let such issues wait for an officer."""
    registration = replace(desk.console.registration, config=ApprovalConfig(issuance_waits=kinds))
    object.__setattr__(desk.console, "issuance", replace(desk.console.issuance, registration=registration))


def test_an_issue_that_waits_is_asked_for_and_given_by_the_same_requests(desk: Desk, maria: TestClient) -> None:
    waiting_for(desk, "first")
    fields = {"years": "1", **requests(BOB, 4)}
    code, page = send(maria, f"{LIST}/new", **fields)
    assert (code, "An officer must approve this first: it is the organization&#39;s first." in page) == (200, True)
    assert BOB not in maria.get(ORDERS).text, "nobody was asked yet"
    assert confirm(maria, f"{LIST}/new", page) == (303, ORDERS)
    assert confirm(maria, f"{LIST}/new", page) == (303, ORDERS), "the button was pressed twice"
    (waits,) = re.findall(f'<th scope="row" class="mono">({BOB})</th>', maria.get(ORDERS).text)
    assert waits == BOB
    assert desk.world.balance().available == PLENTY
    olga, registration = actors.operator("operator:olga"), desk.console.registration
    (asked,) = proposals.waiting(registration, olga).open
    proposals.decide(registration, olga, asked.id, Saying(Answer.CONFIRM, "seen", asked.digest))
    code, page = send(maria, f"{LIST}/new", **fields)
    assert (code, "Issue both certificates for" in page) == (200, True)
    assert confirm(maria, f"{LIST}/new", page) == (303, place(desk, BOB))


def test_keys_made_in_the_browser_are_not_promised_for_what_waits(desk: Desk, maria: TestClient) -> None:
    where = f"{LIST}/new/browser"
    assert "waits for an officer" not in maria.get(where).text
    desk.world.issue(ALICE)
    waiting_for(desk, "domain", "Patient")
    page, token = maria.get(where).text, token_of(maria.get(where).text)
    assert "a pair for a whole domain or a pair of the category Patient is issued only once an officer has approved it" in page
    assert f'href="{LIST}/new">upload the requests</a>' in page.partition("waits for an officer")[2]
    assert "a whole domain" not in maria.get(f"{place(desk)}/renew/browser").text.partition("waits for an officer")[2]
    answer = maria.post(where, data={"csrf_token": token, "keys": "new", "years": "1", **requests(DOMAIN, 4)})
    said = [sentence for _, sentence in answer.json()["errors"]]
    assert (answer.status_code, said[0]) == (403, "An officer must approve this first: it is for a whole domain.")
    assert "upload the requests" in said[1]
    assert proposals.waiting(desk.console.registration, actors.operator("operator:olga")).total == 0
    answer = maria.post(where, data={"csrf_token": token, "keys": "new", "years": "1", **requests(BOB, 6)})
    assert answer.json()["review"]["identifier"] == BOB, "what does not wait is made as ever"
