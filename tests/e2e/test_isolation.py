"""What belongs to another account, and what happens at the same moment: neither can be told apart or bought twice."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import httpx2
import pytest

from tests.e2e.api_tools import (
    ISSUE,
    QUERY,
    Clinic,
    a_clinic,
    a_name,
    fresh_keys,
    issued,
    nothing_changes,
    operator,
    record_of,
    refusal_of,
    requests_for,
    spare_keys,
    standing,
    verify_domain,
)
from tests.live import ApiClient, LiveServer

pytestmark = pytest.mark.every_engine

PRICE_CENTS = 35_00
AT_ONCE = 6


@pytest.fixture(scope="module")
def clinic(live: LiveServer) -> Clinic:
    return a_clinic(live)


@pytest.fixture(scope="module")
def api(live: LiveServer, clinic: Clinic) -> Iterator[ApiClient]:
    with live.client(clinic.access) as client:
        yield client


@pytest.fixture(scope="module")
def stranger(live: LiveServer) -> Iterator[ApiClient]:
    """A client of an unrelated account, who means no good."""
    with live.client(live.second) as client:
        yield client


@pytest.fixture(scope="module")
def record(api: ApiClient, clinic: Clinic) -> dict[str, Any]:
    """What the stranger is after."""
    return issued(api, a_name(clinic.domain, "victim"))


def without_id(answer: httpx2.Response) -> tuple[int, dict[str, Any], dict[str, str]]:
    """Everything about an answer that must not differ. What is left of a rate depends on the moment, not on what was asked."""
    body = answer.json()
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id", "ratelimit")}
    return answer.status_code, {name: value for name, value in body.items() if name != "request_id"}, headers


def test_a_record_of_another_account_does_not_exist(
    live: LiveServer, api: ApiClient, stranger: ApiClient, clinic: Clinic, record: dict[str, Any]
) -> None:
    mine = record["identifier"]
    nobody = a_name(clinic.domain, "victim")  # as long as the other, so that even the length tells nothing
    ways: list[tuple[str, str, dict[str, Any]]] = [
        ("GET", "/api/certificate/{}", {}),
        ("GET", "/api/certificate/{}/", {}),
        ("PATCH", "/api/certificate/{}", {}),
        ("PATCH", "/api/certificate/{}", {"json": {"revokeImmediately": True}}),
        ("PATCH", "/api/certificate/{}?dryRun=true", {}),
        ("POST", "/api/certificate/renew/{}", {"json": {"durationYear": 1}}),
        ("POST", "/api/certificate/renew/{}?dryRun=true", {"json": {"durationYear": 1}}),
        *[
            ("POST", f"/api/certificate/revoke/{{}}/{reason}", {})
            for reason in ("unspecified", "keyCompromise", "certificateHold")
        ],
        ("POST", "/api/certificate/revoke/{}/removeFromCRL", {}),
    ]
    with nothing_changes(live, api, clinic.account):
        for method, path, request in ways:
            answers = [stranger(method, path.format(name), **request) for name in (mine, nobody)]
            refusal_of(answers[0], 404, "certificate_not_found")
            theirs, none = (without_id(answer) for answer in answers)
            assert json.dumps(theirs).replace(mine, nobody) == json.dumps(none)
    assert record_of(api("GET", f"/api/certificate/{mine}")) == record


def test_new_keys_for_a_record_of_another_account(stranger: ApiClient, clinic: Clinic, record: dict[str, Any]) -> None:
    for name in (record["identifier"], a_name(clinic.domain, "victim")):
        refusal_of(
            stranger("PATCH", f"/api/certificate/{name}", json=requests_for(name, spare_keys())), 404, "certificate_not_found"
        )


def test_a_query_sees_the_own_account_alone(stranger: ApiClient, clinic: Clinic, record: dict[str, Any]) -> None:
    position = 10**6
    for parameters in (
        {"commonNameIs": record["identifier"]},
        {"commonNameLike": f"*{clinic.domain}"},
        {"signingSerialIs": record["signing_cert_serial"]},
        {"encryptionSerialIs": record["encryption_cert_serial"]},
        {"organizationIs": clinic.legal_name},
        {"commonNameIs": record["identifier"], "cursor": f"older-{position}"},
        {"commonNameLike": f"*{clinic.domain}", "cursor": "newer-0"},
    ):
        page = stranger("GET", QUERY, params=parameters).json()
        assert (page["records"], page["query"]["totalCount"], page["query"]["returnedCount"]) == ([], 0, 0)
    for cursor in ("newer-0", f"older-{position}"):
        rows = stranger("GET", QUERY, params={"limit": "1000", "cursor": cursor}).json()["records"]
        assert [row for row in rows if clinic.domain in row["identifier"]] == []


def test_a_page_address_of_another_account_shows_the_own_records(api: ApiClient, stranger: ApiClient, clinic: Clinic) -> None:
    for _ in range(2):
        issued(api, a_name(clinic.domain))
    address = api("GET", QUERY, params={"limit": "1"}).json()["query"]["nextPageUri"]
    assert address is not None
    page = stranger("GET", address)
    assert clinic.domain not in page.text


def test_issuing_for_a_name_of_another_account(
    live: LiveServer, api: ApiClient, stranger: ApiClient, clinic: Clinic, record: dict[str, Any]
) -> None:
    with nothing_changes(live, api, clinic.account):
        for name in (record["identifier"], record["identifier"].upper(), a_name(clinic.domain)):
            refusal_of(stranger("POST", ISSUE, json=requests_for(name, spare_keys())), 403, "domain_not_verified")


def test_a_name_that_stayed_behind_in_another_account(live: LiveServer, api: ApiClient, record: dict[str, Any]) -> None:
    # A domain changes hands; the pair that its former holder has still stands, until that one revokes it.
    former = a_clinic(live)
    with live.client(former.access) as theirs:
        left = issued(theirs, a_name(former.domain))
        operator(live, "domain", "withdraw", former.organization, former.domain)
        heir = a_clinic(live)
        verify_domain(live, heir.organization, former.domain)
        operator(live, "domain", "authorize-mailbox", heir.organization, former.domain, "*")
        with live.client(heir.access) as ours:
            body = requests_for(left["identifier"], fresh_keys())
            with nothing_changes(live, ours, heir.account):
                refusal_of(ours("POST", ISSUE, json=body), 403, "identifier_held", "commonName")
                refusal_of(ours("GET", f"/api/certificate/{left['identifier']}"), 404, "certificate_not_found")
                refusal_of(
                    ours("POST", f"/api/certificate/revoke/{left['identifier']}/unspecified"), 404, "certificate_not_found"
                )
            # The former holder may do nothing any more but read and revoke.
            refusal_of(theirs("PATCH", f"/api/certificate/{left['identifier']}"), 403, "domain_not_verified")
            assert (
                record_of(theirs("POST", f"/api/certificate/revoke/{left['identifier']}/affiliationChanged"))["status"]
                == "revoked"
            )


def test_an_idempotency_key_is_the_accounts_own(
    live: LiveServer, api: ApiClient, stranger: ApiClient, clinic: Clinic, record: dict[str, Any]
) -> None:
    headers = {"Idempotency-Key": "the-same-for-everybody"}
    body = requests_for(a_name(clinic.domain))
    mine = record_of(api("POST", ISSUE, json=body, headers=headers))
    answer = stranger("POST", ISSUE, json=body, headers=headers)
    assert (answer.status_code, "signing_cert" in answer.json()) != (200, True)
    assert mine["id"] not in answer.text


# --- one purchase per key ---------------------------------------------------------------------------------------------


def test_one_key_is_one_purchase(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    name, headers = a_name(clinic.domain), {"Idempotency-Key": a_name("key")}
    body = requests_for(name)
    before = standing(live, api, clinic.account)
    first = record_of(api("POST", ISSUE, json=body, headers=headers))
    for _ in range(3):
        assert record_of(api("POST", ISSUE, json=body, headers=headers)) == first
    assert before.balance - standing(live, api, clinic.account).balance == PRICE_CENTS
    for other in (body | {"durationYear": 2}, requests_for(a_name(clinic.domain), spare_keys())):
        refusal_of(api("POST", ISSUE, json=other, headers=headers), 400, "idempotency_key_reused", "Idempotency-Key")
    path = f"/api/certificate/renew/{name}"
    refusal_of(api("POST", path, json={"durationYear": 1}, headers=headers), 400, "idempotency_key_reused", "Idempotency-Key")
    refusal_of(api("PATCH", f"/api/certificate/{name}", headers=headers), 400, "idempotency_key_reused", "Idempotency-Key")
    assert before.balance - standing(live, api, clinic.account).balance == PRICE_CENTS


@pytest.mark.parametrize(("method", "path"), [("PATCH", "/api/certificate/{}"), ("POST", "/api/certificate/renew/{}")])
def test_one_key_is_one_successor(api: ApiClient, clinic: Clinic, method: str, path: str) -> None:
    name, headers = a_name(clinic.domain), {"Idempotency-Key": a_name("key")}
    first = issued(api, name)
    second = record_of(api(method, path.format(name), json={"durationYear": 1}, headers=headers))
    assert second["supersedes"] == first["id"]
    assert record_of(api(method, path.format(name), json={"durationYear": 1}, headers=headers)) == second
    assert record_of(api("GET", f"/api/certificate/{name}")) == second


def test_a_key_of_a_refused_request_may_be_used_again(api: ApiClient, clinic: Clinic) -> None:
    headers = {"Idempotency-Key": a_name("key")}
    refusal_of(
        api("POST", ISSUE, json=requests_for("a@direct.nowhere.example", spare_keys()), headers=headers),
        403,
        "domain_not_verified",
    )
    assert record_of(api("POST", ISSUE, json=requests_for(a_name(clinic.domain)), headers=headers))["status"] == "issued"


def test_a_dry_run_uses_no_key_up(api: ApiClient, clinic: Clinic) -> None:
    headers, body = {"Idempotency-Key": a_name("key")}, requests_for(a_name(clinic.domain))
    assert record_of(api("POST", ISSUE, json=body, headers=headers, params={"dryRun": "true"}))["dry_run"] is True
    assert "signing_cert" in record_of(api("POST", ISSUE, json=body, headers=headers))


# --- at the same moment -----------------------------------------------------------------------------------------------


def at_once(live: LiveServer, token: str, calls: Sequence[Callable[[ApiClient], httpx2.Response]]) -> list[httpx2.Response]:
    """Make all the calls at one moment, each over its own connection, so that different processes meet."""
    gate = threading.Barrier(len(calls))
    answers: list[httpx2.Response | None] = [None] * len(calls)

    def make(place: int) -> None:
        with ApiClient(live.base_url, token) as api:
            assert api("GET", QUERY, params={"limit": "1"}).status_code == 200  # the connection stands
            gate.wait(30)
            answers[place] = calls[place](api)

    threads = [threading.Thread(target=make, args=(place,)) for place in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    found = [answer for answer in answers if answer is not None]
    assert len(found) == len(calls)
    return found


def outcomes(answers: list[httpx2.Response]) -> Counter[str]:
    return Counter(answer.json().get("error", "record") for answer in answers)


def test_of_racing_issues_of_one_name_one_wins(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    name = a_name(clinic.domain, "race")
    bodies = [requests_for(name) for _ in range(AT_ONCE)]
    before = standing(live, api, clinic.account)
    calls = [lambda one, body=body: one("POST", ISSUE, json=body) for body in bodies]
    answers = at_once(live, api.access_token, calls)
    assert outcomes(answers) == {"record": 1, "identifier_in_use": AT_ONCE - 1}
    assert {answer.status_code for answer in answers} == {200, 400}
    after = standing(live, api, clinic.account)
    assert (before.balance - after.balance, after.reserved, after.records - before.records) == (PRICE_CENTS, 0, 1)
    # Who lost may try again elsewhere: nothing of it was kept.
    loser = next(place for place, answer in enumerate(answers) if answer.status_code == 400)
    refusal_of(api("POST", ISSUE, json=bodies[loser]), 400, "identifier_in_use")


def test_of_racing_names_with_one_key_one_wins(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    keys = fresh_keys()
    bodies = [requests_for(a_name(clinic.domain, "race"), keys) for _ in range(AT_ONCE)]
    calls = [lambda one, body=body: one("POST", ISSUE, json=body) for body in bodies]
    assert outcomes(at_once(live, api.access_token, calls)) == {"record": 1, "key_in_use": AT_ONCE - 1}


def test_concurrent_twins_of_one_key_are_one_purchase(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    body, headers = requests_for(a_name(clinic.domain, "twin")), {"Idempotency-Key": a_name("key")}
    before = standing(live, api, clinic.account)
    answers = at_once(live, api.access_token, [lambda one: one("POST", ISSUE, json=body, headers=headers)] * AT_ONCE)
    records = [answer.json() for answer in answers if answer.status_code == 200]
    assert records
    assert all(one == records[0] for one in records)
    for answer in answers:
        if answer.status_code != 200:
            refusal_of(answer, 503, "in_progress")
            assert answer.headers["Retry-After"] == "1"
    assert record_of(api("POST", ISSUE, json=body, headers=headers)) == records[0]
    after = standing(live, api, clinic.account)
    assert (before.balance - after.balance, after.reserved, after.records - before.records) == (PRICE_CENTS, 0, 1)


@pytest.mark.parametrize("verb", ["renew", "reissue", "both"])
def test_of_racing_successors_one_wins(live: LiveServer, api: ApiClient, clinic: Clinic, verb: str) -> None:
    record = issued(api, a_name(clinic.domain, "race"))
    before = standing(live, api, clinic.account)

    def renew(one: ApiClient) -> httpx2.Response:
        return one("POST", f"/api/certificate/renew/{record['identifier']}", json={"durationYear": 1})

    def reissue(one: ApiClient) -> httpx2.Response:
        return one("PATCH", f"/api/certificate/{record['identifier']}")

    calls = {"renew": [renew] * 4, "reissue": [reissue] * 4, "both": [renew, reissue] * 2}[verb]
    answers = at_once(live, api.access_token, calls)
    # Who comes after the winner succeeds the winner's pair: a chain, never a fork.
    made = [answer.json() for answer in answers if answer.status_code == 200]
    assert made
    assert set(outcomes(answers)) <= {"record", "already_succeeded", "state_changed"}
    rows = api("GET", QUERY, params={"commonNameIs": record["identifier"]}).json()["records"]
    assert len({row["supersedes"] for row in rows}) == len(rows) == 1 + len(made)
    assert [row["status"] for row in rows].count("issued") == 1
    after = standing(live, api, clinic.account)
    assert after.reserved == 0
    assert (before.balance - after.balance) % PRICE_CENTS == 0


def test_a_revocation_that_races_with_a_renewal_leaves_nothing_valid_by_mistake(
    live: LiveServer, api: ApiClient, clinic: Clinic
) -> None:
    for _ in range(3):
        name = issued(api, a_name(clinic.domain, "race"))["identifier"]
        revoking = partial(ApiClient.__call__, method="POST", path=f"/api/certificate/revoke/{name}/keyCompromise")
        renewing = partial(ApiClient.__call__, method="POST", path=f"/api/certificate/renew/{name}", json={"durationYear": 1})
        revoked, renewed = at_once(live, api.access_token, [revoking, renewing])
        assert revoked.status_code == 200
        rows = api("GET", QUERY, params={"commonNameIs": name}).json()["records"]
        # The compromised key must not live on in a pair that was under way.
        assert {row["status"] for row in rows} == {"revoked"}, (renewed.status_code, renewed.text[:300])


def test_racing_revocations_agree(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    record = issued(api, a_name(clinic.domain, "race"))
    reasons = ["superseded", "cessationOfOperation", "affiliationChanged", "unspecified"]
    path = f"/api/certificate/revoke/{record['identifier']}"
    calls = [lambda one, reason=reason: one("POST", f"{path}/{reason}") for reason in reasons]
    assert outcomes(at_once(live, api.access_token, calls)) == {"record": 1, "already_revoked": 3}


def test_racing_purchases_spend_no_more_than_there_is(live: LiveServer) -> None:
    clinic = a_clinic(live, dollars=105)
    with live.client(clinic.access) as api:
        bodies = [requests_for(a_name(clinic.domain)) for _ in range(AT_ONCE)]
        calls = [lambda one, body=body: one("POST", ISSUE, json=body) for body in bodies]
        assert outcomes(at_once(live, api.access_token, calls)) == {"record": 3, "insufficient_balance": AT_ONCE - 3}
        after = standing(live, api, clinic.account)
        assert (after.balance, after.reserved, after.records) == (0, 0, 3)


def test_after_all_this_the_books_agree(live: LiveServer) -> None:
    operator(live, "account", "check")
    assert operator(live, "journal", "verify")["rows"] > 0
