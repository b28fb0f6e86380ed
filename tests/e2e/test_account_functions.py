"""The functions by which an account keeps itself, over HTTP: what they answer, and what nobody may do by them."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest

from tests.e2e.api_tools import record_of, refusal_of
from tests.live import ApiClient, LiveServer

APPLICATION = "/api/application"
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
