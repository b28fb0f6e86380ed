"""The functions by which an account keeps itself, over HTTP: what they answer, and what nobody may do by them."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from directca.cli.context import opened_to_order
from directca.vetting import actors, proposals
from directca.vetting.proposal_model import NewProposal, ProposalKind
from tests.e2e.api_tools import Clinic, a_clinic, a_name, issued, operator, record_of, refusal_of
from tests.live import ApiClient, LiveServer

APPLICATION, ORDER, ACCOUNT = "/api/application", "/api/order", "/api/account"
MANAGE = "account.manage account.read"
NEW = {"name": "Gateway", "redirect_uris": ["https://gateway.example/back"]}


@pytest.fixture(scope="module")
def api(live: LiveServer) -> Iterator[ApiClient]:
    """An administrator of the first account."""
    with live.client(scope=MANAGE) as made:
        yield made


@pytest.fixture(scope="module")
def other(live: LiveServer) -> Iterator[ApiClient]:
    """One of the second."""
    with live.client(live.second, scope=MANAGE) as made:
        yield made


def is_good(live: LiveServer, client_id: str, secret: str) -> bool:
    form = {"token": "x", "client_id": client_id, "client_secret": secret}
    return httpx2.post(f"{live.base_url}/oauth/introspect", data=form, timeout=30).status_code == 200


def test_an_application_is_made_changed_rotated_and_stopped(live: LiveServer, api: ApiClient) -> None:
    made = record_of(api("POST", APPLICATION, json=NEW))
    client_id, secret = made["client_id"], made.pop("client_secret")
    assert is_good(live, client_id, secret)
    assert record_of(api("GET", f"{APPLICATION}/{client_id}")) == made
    assert made in record_of(api("GET", f"{APPLICATION}/"))["applications"]
    assert secret not in api("GET", APPLICATION).text
    uris = ["https://gateway.example/other"]
    changed = record_of(api("PATCH", f"{APPLICATION}/{client_id}/", json={"redirect_uris": uris}))
    assert (changed["redirect_uris"], changed["name"]) == (uris, "Gateway")
    rotated = record_of(api("POST", f"{APPLICATION}/{client_id}/secret", json={"overlap_hours": 1}))
    assert rotated["old_secret_ends_ts"] is not None
    assert is_good(live, client_id, secret)
    assert is_good(live, client_id, rotated["client_secret"])
    again = record_of(api("POST", f"{APPLICATION}/{client_id}/secret"))
    assert [is_good(live, client_id, one) for one in (secret, rotated["client_secret"], again["client_secret"])] == [
        *(False, False, True),
    ]
    assert record_of(api("POST", f"{APPLICATION}/{client_id}/disable"))["disabled_by"] == "account"
    assert not is_good(live, client_id, again["client_secret"])
    assert record_of(api("POST", f"{APPLICATION}/{client_id}/enable/"))["status"] == "active"


@pytest.mark.parametrize(
    "more",
    [
        {"account_id": "x"},
        {"owner_name": "The authority"},
        {"client_id": "directca-cli"},
        {"client_secret": "mine"},
        {"status": "active"},
        {"disabled_by": None},
    ],
    ids=str,
)
def test_nothing_is_taken_from_a_body_that_the_function_does_not_have(api: ApiClient, more: dict[str, Any]) -> None:
    (field,) = more
    refusal_of(api("POST", APPLICATION, json=NEW | more), 400, "unknown_parameter", field)
    mine = record_of(api("GET", APPLICATION))["applications"][0]["client_id"]
    refusal_of(api("PATCH", f"{APPLICATION}/{mine}", json=more), 400, "unknown_parameter", field)


@pytest.mark.parametrize("scopes", [["authority.revoke"], ["tuser.account", "authority.vet"], ["openid"], []])
def test_no_scope_of_an_officer_is_given(api: ApiClient, scopes: list[str]) -> None:
    refusal_of(api("POST", APPLICATION, json=NEW | {"scopes": scopes}), 400, "bad_application", "scopes")


def test_another_accounts_application_is_not_found_in_any_position(live: LiveServer, api: ApiClient, other: ApiClient) -> None:
    theirs = live.first.client_id
    for client_id in (theirs, "directca-cli", "nobody"):
        path = f"{APPLICATION}/{client_id}"
        calls = [("GET", path, {}), ("PATCH", path, {"json": {"name": "Mine"}})]
        calls += [("POST", f"{path}/{word}", {}) for word in ("secret", "disable", "enable")]
        for method, address, body in calls:
            refusal_of(other(method, address, **body), 404, "application_not_found", "client_id")
    assert is_good(live, theirs, live.first.client_secret)
    assert theirs in api("GET", APPLICATION).text
    assert theirs not in other("GET", APPLICATION).text


@pytest.mark.parametrize("scope", ["tuser.account", "account.read", "certificate.issue"])
def test_a_token_to_buy_certificates_lets_nobody_in(live: LiveServer, scope: str) -> None:
    with live.client(scope=scope) as buyer:
        refusal_of(buyer("POST", APPLICATION, json=NEW), 403, "insufficient_scope")
        refusal_of(buyer("POST", f"{APPLICATION}/{live.first.client_id}/secret"), 403, "insufficient_scope")


# ----------------------------------------------------------------------------------------------------------------- money


@pytest.fixture(scope="module")
def buyer(live: LiveServer) -> Iterator[tuple[Clinic, ApiClient]]:
    """An account of its own, with all that `tuser.account` covers."""
    clinic = a_clinic(live)
    with live.client(clinic.access) as made:
        yield clinic, made


def test_what_is_bought_is_listed_invoiced_and_refunded(live: LiveServer, buyer: tuple[Clinic, ApiClient]) -> None:
    clinic, api = buyer
    record = issued(api, a_name(clinic.domain))
    path = f"{ORDER}/{record['order_id']}"
    order = record_of(api("GET", path))
    assert (order["state"], order["waits"], order["identifier"]) == ("captured", None, record["identifier"])
    refusal_of(api("POST", f"{path}/refund"), 403, "not_refundable")
    assert api("POST", f"/api/certificate/revoke/{record['identifier']}/cessationOfOperation").status_code == 200
    refunded = record_of(api("POST", f"{path}/refund/"))
    assert (refunded["state"], record_of(api("POST", f"{path}/refund"))) == ("refunded", refunded)
    assert record_of(api("GET", ACCOUNT))["available_cents"] == 10_000_00
    found = {one["kind"]: one for one in record_of(api("GET", f"{ACCOUNT}/invoice"))["invoices"]}
    assert found["credit_note"]["refers_to"] == found["invoice"]["number"]
    assert record_of(api("GET", f"{ACCOUNT}/invoice/{found['invoice']['number']}/")) == found["invoice"]
    lines = record_of(api("GET", f"{ACCOUNT}/statement"))["lines"]
    assert [one["movement"] for one in lines] == ["deposit", "authorize", "capture", "refund"]
    sheet = api("GET", f"{ACCOUNT}/statement", params={"format": "csv", "since": "2020-01-01"})
    assert sheet.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert sheet.headers["Content-Disposition"].startswith("attachment")
    documented = api("GET", "/openapi.json").json()["paths"][f"{ACCOUNT}/statement"]["get"]["responses"]["200"]["content"]
    assert set(documented) == {"application/json", "text/csv"}
    assert sheet.text.splitlines()[-1].endswith(",10000.00,0.00,USD")
    assert operator(live, "billing", "orders", clinic.account)[0]["state"] == "refunded"


def test_orders_and_invoices_come_by_the_page(live: LiveServer, buyer: tuple[Clinic, ApiClient]) -> None:
    clinic, api = buyer
    made = [issued(api, a_name(clinic.domain))["order_id"] for _ in range(3)]
    for path, name, key in ((ORDER, "orders", "id"), (f"{ACCOUNT}/invoice", "invoices", "number")):
        whole = [one[key] for one in record_of(api("GET", path, params={"limit": "1000"}))[name]]
        seen, address = [], f"{path}?limit=2"
        while address:
            answer = record_of(api("GET", address))
            seen += [one[key] for one in answer[name]]
            following = answer.get("nextPageUri") or answer.get("query", {}).get("nextPageUri")
            address = following.removeprefix(live.base_url) if following else ""
        assert seen == whole
        refusal_of(api("GET", path, params={"cursor": "x' OR 1"}), 400, "bad_parameter", "cursor")
        refusal_of(api("GET", path, params={"limit": "0"}), 400, "bad_parameter", "limit")
    assert {one["id"] for one in record_of(api("GET", ORDER))["orders"]} >= set(made)


def test_nothing_of_another_accounts_money_is_found_in_any_position(live: LiveServer, buyer: tuple[Clinic, ApiClient]) -> None:
    clinic, api = buyer
    record = issued(api, a_name(clinic.domain))
    number = record_of(api("GET", f"{ACCOUNT}/invoice"))["invoices"][0]["number"]
    other = a_clinic(live, dollars=1)
    with live.client(other.access) as stranger:
        for method, path in (("GET", f"{ORDER}/{record['order_id']}"), ("POST", f"{ORDER}/{record['order_id']}/refund")):
            refusal_of(stranger(method, path), 404, "order_not_found")
        refusal_of(stranger("GET", f"{ACCOUNT}/invoice/{number}"), 404, "invoice_not_found")
        assert record_of(stranger("GET", ORDER))["orders"] == []
        assert record["identifier"] not in stranger("GET", f"{ACCOUNT}/statement?format=csv").text
        for named in ({"account": clinic.account}, {"account_id": clinic.account}):
            refusal_of(stranger("GET", f"{ACCOUNT}/statement", params=named), 400, "unknown_parameter")


def test_an_alarm_is_set_by_whoever_keeps_the_account(live: LiveServer, api: ApiClient, buyer: tuple[Clinic, ApiClient]) -> None:
    set_to = {"threshold_cents": 12_34}
    assert record_of(api("PATCH", f"{ACCOUNT}/alarm", json=set_to))["alarm"] == set_to | {"told_ts": None}
    refusal_of(buyer[1]("PATCH", f"{ACCOUNT}/alarm", json=set_to), 403, "insufficient_scope")
    refusal_of(api("PATCH", f"{ACCOUNT}/alarm", json=set_to | {"account_id": "x"}), 400, "unknown_parameter", "account_id")
    refusal_of(api("PATCH", f"{ACCOUNT}/alarm", json={"threshold_cents": 0}), 400, "bad_alarm", "threshold_cents")
    assert record_of(api("PATCH", f"{ACCOUNT}/alarm/", json={"threshold_cents": None}))["alarm"] is None


def test_where_nobody_said_how_to_pay_no_payment_is_announced(live: LiveServer, buyer: tuple[Clinic, ApiClient]) -> None:
    _, api = buyer
    assert record_of(api("GET", ACCOUNT))["payment_methods"] == []
    asked = {"amount_cents": 100_00, "method": "wire"}
    refusal_of(api("POST", f"{ACCOUNT}/top-up", json=asked), 403, "payment_method_not_offered", "method")
    for more in ({"state": "received"}, {"received_cents": 1}, {"account_id": "x"}, {"reference": "TU-1"}):
        refusal_of(api("POST", f"{ACCOUNT}/top-up", json=asked | more), 400, "unknown_parameter")
    refusal_of(api("GET", f"{ACCOUNT}/top-up/x"), 404, "top_up_not_found")


# ----------------------------------------------------------------------------------------------------------------- users


def test_users_are_listed_and_nobody_elses_are_found(live: LiveServer, api: ApiClient, other: ApiClient) -> None:
    mine = record_of(api("GET", f"{ACCOUNT}/user"))["users"]
    (first,) = [one for one in mine if one["username"] == live.first.username]
    assert first["roles"] == ["account_administrator", "representative"]
    path = f"{ACCOUNT}/user/{first['id']}"
    assert live.first.username not in other("GET", f"{ACCOUNT}/user/").text
    refusal_of(other("POST", f"{path}/remove"), 404, "user_not_found")
    refusal_of(other("PATCH", path, json={"administrator": False}), 404, "user_not_found")
    refusal_of(other("POST", f"{ACCOUNT}/invitation/nobody/withdraw"), 404, "invitation_not_found")
    for more in ({"roles": ["officer"]}, {"username": "x"}, {"account_id": "x"}, {"status": "active"}):
        refusal_of(api("PATCH", path, json={"administrator": True} | more), 400, "unknown_parameter")
    for more in ({"account_id": "x"}, {"roles": ["officer"]}, {"token": "x"}):
        refusal_of(api("POST", f"{ACCOUNT}/invitation", json={"email": "x@clinic.example"} | more), 400, "unknown_parameter")
    refusal_of(api("POST", f"{ACCOUNT}/invitation", json={"email": "x@y\r\nBcc: z@clinic.example"}), 400, "bad_email", "email")
    refusal_of(api("POST", f"{ACCOUNT}/invitation", json={"email": "x@clinic.example"}), 403, "mail_not_configured")
    assert record_of(api("GET", f"{ACCOUNT}/invitation"))["invitations"] == []


def test_the_last_one_cannot_remove_themselves(live: LiveServer, api: ApiClient) -> None:
    (me,) = record_of(api("GET", f"{ACCOUNT}/user"))["users"]
    refusal_of(api("POST", f"{ACCOUNT}/user/{me['id']}/remove"), 403, "last_of_account")
    refusal_of(api("PATCH", f"{ACCOUNT}/user/{me['id']}", json={"administrator": False}), 403, "last_of_account")


def test_a_removed_users_token_is_worth_nothing(live: LiveServer) -> None:
    clinic = a_clinic(live, dollars=1)
    operator(live, "account", "person", clinic.account, "keeper.of.it", "--administrator")
    with live.client(clinic.access) as gone:
        assert gone("GET", ACCOUNT).status_code == 200
        operator(live, "account", "remove-person", clinic.access.username)
        refusal_of(gone("GET", ACCOUNT), 401, "invalid_token")


def test_an_account_is_told_what_waits_for_an_officer(live: LiveServer) -> None:
    clinic = a_clinic(live)
    content = {"identifier": a_name(clinic.domain), "verb": "issue", "duration_years": 2}
    new = NewProposal(ProposalKind.ISSUANCE, "name", content, "it is for a whole domain", 1, clinic.account)
    with opened_to_order(live.data_dir) as (ca, registration), ca.database.write() as tx:
        made = proposals.make(tx, registration, actors.operator("operator:ann"), new)
    with live.client(clinic.access) as theirs:
        answer = record_of(theirs("GET", ORDER))
        (told,) = answer["waiting"]
        assert answer["orders"] == []
        assert (told["proposal"], told["identifier"], told["state"]) == (made.id, content["identifier"], "open")
        assert (told["verb"], told["duration_year"], told["decided_ts"]) == ("issue", 2, None)
        assert told["waits"] == {"who_must_act": "authority", "why": "An officer must approve it: it is for a whole domain."}
    with live.client(live.second) as others:
        assert made.id not in others("GET", ORDER).text
