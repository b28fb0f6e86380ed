"""Good requests that the facts do not allow: vetting, money, the account. The operator changes facts while the server runs."""

import contextlib
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from tests.e2e.api_tools import (
    ISSUE,
    QUERY,
    Clinic,
    a_clinic,
    a_name,
    database_of,
    issued,
    nothing_changes,
    operator,
    proof,
    record_of,
    refusal_of,
    requests_for,
    spare_keys,
    verify_domain,
)
from tests.live import ApiClient, LiveServer

pytestmark = pytest.mark.every_engine

Facts = Callable[[LiveServer, Clinic], None]


@pytest.fixture(scope="module")
def clinic(live: LiveServer) -> Clinic:
    return a_clinic(live)


@pytest.fixture(scope="module")
def api(live: LiveServer, clinic: Clinic) -> Iterator[ApiClient]:
    with live.client(clinic.access) as client:
        yield client


@pytest.fixture(scope="module")
def record(api: ApiClient, clinic: Clinic) -> dict[str, Any]:
    """A pair that was issued while all was well."""
    return issued(api, a_name(clinic.domain))


def every_way(record: dict[str, Any], clinic: Clinic) -> list[tuple[str, str, dict[str, Any]]]:
    """The three functions that certify, each with a request that is good in itself."""
    name = record["identifier"]
    return [
        ("POST", ISSUE, requests_for(f"alice@{clinic.domain}", spare_keys())),
        ("PATCH", f"/api/certificate/{name}", {}),
        ("POST", f"/api/certificate/renew/{name}", {"durationYear": 1}),
    ]


def suspend_organization(live: LiveServer, clinic: Clinic) -> None:
    operator(live, "organization", "suspend", clinic.organization, "--reason", "audit")


def approve_organization(live: LiveServer, clinic: Clinic) -> None:
    operator(live, "organization", "approve", clinic.organization)


def withdraw_domain(live: LiveServer, clinic: Clinic) -> None:
    operator(live, "domain", "withdraw", clinic.organization, clinic.domain)


def claim_domain(live: LiveServer, clinic: Clinic) -> None:
    verify_domain(live, clinic.organization, clinic.domain)
    operator(live, "domain", "authorize-mailbox", clinic.organization, clinic.domain, "*")


def let_the_claim_expire(live: LiveServer, clinic: Clinic) -> None:
    """Nothing but time does this, so the record is aged where it lies."""
    aged = "UPDATE domain_claim SET verified_at = '2025-01-01 00:00:00.000000', expires_at = '2026-01-01 00:00:00.000000'"
    with contextlib.closing(database_of(live)) as database, database.write() as tx:
        assert tx.execute(text(f"{aged} WHERE domain = :domain"), {"domain": clinic.domain}).rowcount > 0


def withdraw_mailboxes(live: LiveServer, clinic: Clinic) -> None:
    operator(live, "domain", "withdraw-mailbox", clinic.organization, clinic.domain, "*")


def authorize_mailboxes(live: LiveServer, clinic: Clinic) -> None:
    operator(live, "domain", "authorize-mailbox", clinic.organization, clinic.domain, "*")


def withdraw_proofings(live: LiveServer, clinic: Clinic) -> None:
    for one in operator(live, "organization", "show", clinic.organization)["proofings"]:
        if one["status"] == "valid":
            operator(live, "organization", "withdraw-proof", clinic.organization, one["id"])


def proof_again(live: LiveServer, clinic: Clinic) -> None:
    proof(live, clinic.organization)


@pytest.mark.parametrize(
    "change",
    [
        (suspend_organization, approve_organization, "organization_not_vetted"),
        (withdraw_domain, claim_domain, "domain_not_verified"),
        (let_the_claim_expire, claim_domain, "domain_claim_expired"),
        (withdraw_mailboxes, authorize_mailboxes, "mailbox_not_authorized"),
        (withdraw_proofings, proof_again, "representative_not_proofed"),
    ],
)
def test_a_fact_that_no_longer_holds(
    live: LiveServer, api: ApiClient, clinic: Clinic, record: dict[str, Any], change: tuple[Facts, Facts, str]
) -> None:
    spoil, mend, slug = change
    spoil(live, clinic)
    try:
        with nothing_changes(live, api, clinic.account):
            for method, path, body in every_way(record, clinic):
                for rehearse in ("true", "false"):
                    refusal_of(api(method, path, json=body, params={"dryRun": rehearse}), 403, slug)
        # What was issued stays readable, and its holder can still revoke.
        assert record_of(api("GET", f"/api/certificate/{record['identifier']}")) == record
        refusal_of(api("POST", f"/api/certificate/revoke/{record['identifier']}/removeFromCRL"), 400, "not_held")
    finally:
        mend(live, clinic)
    for method, path, body in every_way(record, clinic):
        assert record_of(api(method, path, json=body, params={"dryRun": "true"}))["lint"] == "passed"


@pytest.mark.parametrize("name", ["alice@sub.{}", "alice@x{}", "sub.{}", "alice@example.com", "{}.evil.example", "example.com"])
def test_a_domain_beside_the_verified_one(api: ApiClient, clinic: Clinic, name: str) -> None:
    body = requests_for(name.format(clinic.domain), spare_keys())
    refusal_of(api("POST", ISSUE, json=body), 403, "domain_not_verified")


def test_the_domain_above_the_verified_one(api: ApiClient, clinic: Clinic) -> None:
    above = clinic.domain.split(".", 1)[1]
    for name in (above, f"alice@{above}"):
        refusal_of(api("POST", ISSUE, json=requests_for(name, spare_keys())), 403, "domain_not_verified")


def test_one_mailbox_is_not_all(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    domain = f"direct.{secrets.token_hex(4)}.example"
    verify_domain(live, clinic.organization, domain)
    operator(live, "domain", "authorize-mailbox", clinic.organization, domain, "alice")
    for name, status in ((f"alice@{domain}", 200), (f"ALICE@{domain}", 200), (f"bob@{domain}", 403), (f"alice.b@{domain}", 403)):
        answer = api("POST", ISSUE, json=requests_for(name, spare_keys()), params={"dryRun": "true"})
        assert answer.status_code == status, answer.text
        assert answer.json().get("error") in (None, "mailbox_not_authorized")


def test_an_old_proofing_shortens_what_can_be_had(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    # The organization has certificates already, so that only the longest life of a proofing counts.
    issued(api, a_name(clinic.domain))
    withdraw_proofings(live, clinic)
    who = ("--representative", "Ann Lee", "--verifier", "Vera Fied", "--method", "in_person", "--on", "2018-06-01")
    shown = ("--evidence-type", "passport", "--evidence-number", "1", "--declared-by-representative", "--declared-by-verifier")
    try:
        operator(live, "organization", "proof", clinic.organization, *who, *shown)
        body = requests_for(f"alice@{clinic.domain}", spare_keys(), durationYear=3)
        refusal_of(api("POST", ISSUE, json=body), 403, "outlives_proofing", "durationYear")
    finally:
        withdraw_proofings(live, clinic)
        proof(live, clinic.organization)


def test_an_empty_balance(live: LiveServer) -> None:
    clinic = a_clinic(live, dollars=35)
    with live.client(clinic.access) as api:
        for years in (2, 3):
            for rehearse in ("true", "false"):
                body = requests_for(f"alice@{clinic.domain}", spare_keys(), durationYear=years)
                with nothing_changes(live, api, clinic.account):
                    said = refusal_of(api("POST", ISSUE, json=body, params={"dryRun": rehearse}), 403, "insufficient_balance")
                assert "$" in said["description"]
        record = issued(api, f"alice@{clinic.domain}")  # exactly what is there
        with nothing_changes(live, api, clinic.account):
            renewal = api("POST", f"/api/certificate/renew/{record['identifier']}", json={"durationYear": 1})
            refusal_of(renewal, 403, "insufficient_balance")
            refusal_of(api("POST", ISSUE, json=requests_for(a_name(clinic.domain), spare_keys())), 403, "insufficient_balance")
        assert record_of(api("PATCH", f"/api/certificate/{record['identifier']}"))["supersedes"] == record["id"]  # free
        operator(live, "account", "deposit", clinic.account, "35.00", "--reference", secrets.token_hex(4))
        assert issued(api, a_name(clinic.domain))["status"] == "issued"


def test_an_account_with_nothing_on_file(live: LiveServer) -> None:
    clinic = a_clinic(live)
    operator(live, "organization", "end", clinic.organization, "--reason", "closed", "--yes")
    with live.client(clinic.access) as api, nothing_changes(live, api, clinic.account):
        refusal_of(api("POST", ISSUE, json=requests_for(a_name(clinic.domain), spare_keys())), 403, "organization_not_vetted")


def test_a_suspended_account(live: LiveServer) -> None:
    clinic = a_clinic(live)
    with live.client(clinic.access) as api:
        record = issued(api, a_name(clinic.domain))
        operator(live, "account", "suspend", clinic.account, "--reason", "unpaid")
        for method, path, body in every_way(record, clinic):
            refusal_of(api(method, path, json=body), 401, "invalid_token")
        for method, path in (("GET", QUERY), ("GET", f"/api/certificate/{record['identifier']}")):
            refusal_of(api(method, path), 401, "invalid_token")
        refusal_of(api("POST", f"/api/certificate/revoke/{record['identifier']}/unspecified"), 401, "invalid_token")
        operator(live, "account", "resume", clinic.account)
        assert record_of(api("GET", f"/api/certificate/{record['identifier']}")) == record


def test_a_disabled_application(live: LiveServer) -> None:
    clinic = a_clinic(live)
    tokens = live.tokens(clinic.access)
    operator(live, "application", "disable", clinic.access.client_id)
    with ApiClient(live.base_url, tokens.access_token) as api:
        refusal_of(api("GET", QUERY), 401, "invalid_token")
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
    who = {"client_id": clinic.access.client_id, "client_secret": clinic.access.client_secret}
    assert httpx2.post(f"{live.base_url}/oauth/token", data=form | who, timeout=30).status_code == 401


def test_stopped_signing_says_when_to_come_back(live: LiveServer, api: ApiClient, clinic: Clinic, record: dict[str, Any]) -> None:
    operator(live, "stop-signing", "--reason", "drill")
    try:
        with nothing_changes(live, api, clinic.account):
            for method, path, body in every_way(record, clinic):
                answer = api(method, path, json=body)
                refusal_of(answer, 503, "signing_stopped")
                assert int(answer.headers["Retry-After"]) > 0
    finally:
        operator(live, "resume-signing", "--reason", "drill over")
    assert issued(api, a_name(clinic.domain))["status"] == "issued"
