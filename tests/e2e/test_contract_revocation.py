"""Revoke over HTTP: each reason in each state, on both certificates, and on the CRL that the certificates name."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx2
import pytest
from cryptography import x509

from tests.e2e.api_tools import (
    QUERY,
    Clinic,
    a_clinic,
    a_name,
    fresh_keys,
    issued,
    operator,
    proof,
    record_of,
    refusal_of,
    requests_for,
    standing,
)
from tests.live import ApiClient, LiveServer

pytestmark = pytest.mark.every_engine

FINAL = ("unspecified", "affiliationChanged", "superseded", "cessationOfOperation", "privilegeWithdrawn", "keyCompromise")
OFFICERS = ("cACompromise", "aACompromise")
HOLD, RELEASE = "certificateHold", "removeFromCRL"
REASONS = {
    "keyCompromise": x509.ReasonFlags.key_compromise,
    "affiliationChanged": x509.ReasonFlags.affiliation_changed,
    "superseded": x509.ReasonFlags.superseded,
    "cessationOfOperation": x509.ReasonFlags.cessation_of_operation,
    "privilegeWithdrawn": x509.ReasonFlags.privilege_withdrawn,
    "certificateHold": x509.ReasonFlags.certificate_hold,
}


@pytest.fixture(scope="module")
def clinic(live: LiveServer) -> Clinic:
    return a_clinic(live)


@pytest.fixture(scope="module")
def api(live: LiveServer, clinic: Clinic) -> Iterator[ApiClient]:
    with live.client(clinic.access) as client:
        yield client


@pytest.fixture
def record(api: ApiClient, clinic: Clinic) -> dict[str, Any]:
    """A pair that nobody else has."""
    return issued(api, a_name(clinic.domain))


def revoke(api: ApiClient, record: dict[str, Any], reason: str) -> httpx2.Response:
    return api("POST", f"/api/certificate/revoke/{record['identifier']}/{reason}")


def crl_of(record: dict[str, Any]) -> x509.CertificateRevocationList:
    """The list at the address that the signing certificate names; the encryption certificate names the same."""
    addresses: list[str] = []
    for role in ("signing_cert", "encryption_cert"):
        certificate = x509.load_pem_x509_certificate(record[role].encode())
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        names = next(iter(points)).full_name
        assert names is not None
        addresses.extend(name.value for name in names)
    assert len(addresses) == 2
    assert addresses[0] == addresses[1]
    answer = httpx2.get(addresses[0], timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/pkix-crl"
    return x509.load_der_x509_crl(answer.content)


def entries(record: dict[str, Any]) -> list[x509.RevokedCertificate | None]:
    """What the CRL says of both certificates."""
    crl = crl_of(record)
    return [
        crl.get_revoked_certificate_by_serial_number(int(record[f"{role}_cert_serial"], 16)) for role in ("signing", "encryption")
    ]


def reasons(record: dict[str, Any]) -> list[x509.ReasonFlags | None]:
    """The reasons on the CRL of both certificates, which must be there; `unspecified` is told by none (RFC 5280 5.3.1)."""
    found: list[x509.ReasonFlags | None] = []
    for entry in entries(record):
        assert entry is not None
        stated = [one.value.reason for one in entry.extensions if isinstance(one.value, x509.CRLReason)]
        found.append(stated[0] if stated else None)
    return found


@pytest.mark.parametrize("reason", FINAL)
@pytest.mark.parametrize("held", [False, True], ids=["issued", "held"])
def test_a_final_reason_revokes_both(api: ApiClient, record: dict[str, Any], reason: str, held: bool) -> None:
    if held:
        assert record_of(revoke(api, record, HOLD))["status"] == "held"
        assert reasons(record) == [x509.ReasonFlags.certificate_hold] * 2
    number = crl_of(record).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    answer = record_of(revoke(api, record, reason))
    assert (answer["status"], answer["revocation_reason"]) == ("revoked", reason)
    assert answer["updated_ts"] >= answer["revoked_ts"] >= record["created_ts"]
    assert crl_of(record).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number > number
    assert reasons(record) == [REASONS.get(reason)] * 2
    for entry in entries(record):
        assert entry is not None
        assert entry.revocation_date_utc == datetime.fromisoformat(answer["revoked_ts"])
    assert record_of(api("GET", f"/api/certificate/{record['identifier']}")) == answer


def test_hold_and_release(live: LiveServer, api: ApiClient, clinic: Clinic, record: dict[str, Any]) -> None:
    before = standing(live, api, clinic.account)
    refusal_of(revoke(api, record, RELEASE), 400, "not_held", "reason")
    held = record_of(revoke(api, record, HOLD))
    assert (held["status"], held["revocation_reason"]) == ("held", HOLD)
    assert record_of(revoke(api, record, HOLD)) == held  # the same again changes nothing
    for path, method in (
        (f"/api/certificate/{record['identifier']}", "PATCH"),
        (f"/api/certificate/renew/{record['identifier']}", "POST"),
    ):
        refusal_of(api(method, path, json={"durationYear": 1}), 400, "not_renewable")
    refusal_of(api("POST", "/api/certificate/", json=requests_for(record["identifier"])), 400, "identifier_in_use", "commonName")
    released = record_of(revoke(api, record, RELEASE))
    assert (released["status"], released["revocation_reason"], released["revoked_ts"]) == ("issued", None, None)
    assert entries(record) == [None, None]
    refusal_of(revoke(api, record, RELEASE), 400, "not_held", "reason")
    assert standing(live, api, clinic.account) == before  # No payment is required
    renewal = api("POST", f"/api/certificate/renew/{record['identifier']}", json={"durationYear": 1}, params={"dryRun": "true"})
    assert renewal.status_code == 200


@pytest.mark.parametrize("reason", FINAL)
def test_a_revoked_pair_in_front_of_every_reason(api: ApiClient, record: dict[str, Any], reason: str) -> None:
    revoked = record_of(revoke(api, record, reason))
    number = crl_of(record).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    assert record_of(revoke(api, record, reason)) == revoked
    for other in {*FINAL, HOLD, RELEASE} - {reason, "keyCompromise"}:
        refusal_of(revoke(api, record, other), 400, "already_revoked", "reason")
    for other in OFFICERS:
        refusal_of(revoke(api, record, other), 403, "reason_reserved", "reason")
    assert record_of(api("GET", f"/api/certificate/{record['identifier']}")) == revoked
    assert crl_of(record).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number == number
    raised = record_of(revoke(api, record, "keyCompromise"))
    assert (raised["status"], raised["revocation_reason"], raised["revoked_ts"]) == (
        "revoked",
        "keyCompromise",
        revoked["revoked_ts"],
    )
    assert reasons(record) == [x509.ReasonFlags.key_compromise] * 2


@pytest.mark.parametrize("reason", OFFICERS)
def test_a_subscriber_cannot_know_that_an_authority_is_compromised(api: ApiClient, record: dict[str, Any], reason: str) -> None:
    for state in ("issued", "held"):
        refusal_of(revoke(api, record, reason), 403, "reason_reserved", "reason")
        assert record_of(api("GET", f"/api/certificate/{record['identifier']}"))["status"] == state
        revoke(api, record, HOLD)


@pytest.mark.parametrize(
    "word",
    [
        "KeyCompromise",
        "keycompromise",
        "KEYCOMPROMISE",
        "key-compromise",
        "1",
        "none",
        "unused",
        "unspecified%20",
        "%00",
        "..%2e",
        "é",
    ],
)
def test_any_other_word_is_refused(api: ApiClient, record: dict[str, Any], word: str) -> None:
    refusal_of(revoke(api, record, word), 400, "bad_reason", "reason")
    assert record_of(api("GET", f"/api/certificate/{record['identifier']}")) == record


def test_a_body_and_a_parameter(api: ApiClient, record: dict[str, Any]) -> None:
    path = f"/api/certificate/revoke/{record['identifier']}/unspecified"
    refusal_of(api("POST", path, params={"dryRun": "true"}), 400, "unknown_parameter", "dryRun")
    refusal_of(api("POST", path, content=b"x" * 70_000), 400, "body_too_large")
    assert record_of(api("GET", f"/api/certificate/{record['identifier']}")) == record
    # There is no body; what some clients send nevertheless does not keep a revocation from being made.
    assert record_of(api("POST", path, json={}))["status"] == "revoked"


def test_every_valid_pair_of_the_name_is_revoked(api: ApiClient, record: dict[str, Any]) -> None:
    renewed = record_of(api("POST", f"/api/certificate/renew/{record['identifier']}", json={"durationYear": 2}))
    answer = record_of(revoke(api, record, "cessationOfOperation"))
    assert answer["id"] == renewed["id"]
    rows = api("GET", QUERY, params={"commonNameIs": record["identifier"]}).json()["records"]
    assert [row["status"] for row in rows] == ["revoked", "revoked"]
    for one in (record, renewed):
        assert reasons(one) == [x509.ReasonFlags.cessation_of_operation] * 2


def test_after_a_revocation_the_name_waits_for_a_new_proofing(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    name, keys = a_name(clinic.domain), fresh_keys()
    first = issued(api, name, keys)
    revoke(api, first, "affiliationChanged")
    refusal_of(api("PATCH", f"/api/certificate/{name}"), 400, "not_renewable")
    refusal_of(api("POST", f"/api/certificate/renew/{name}", json={"durationYear": 1}), 400, "not_renewable")
    refusal_of(api("POST", "/api/certificate/", json=requests_for(name, keys)), 403, "reproofing_required")
    proof(live, clinic.organization)
    second = issued(api, name, keys)
    assert second["id"] != first["id"]
    assert (second["supersedes"], second["status"]) == (None, "issued")
    # What was revoked stays so, and the new pair does not share its fate.
    assert entries(second) == [None, None]
    assert None not in entries(first)
    rows = api("GET", QUERY, params={"commonNameIs": name}).json()["records"]
    assert [(row["id"], row["status"]) for row in rows] == [(second["id"], "issued"), (first["id"], "revoked")]


def test_a_compromised_key_never_comes_back(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    name, keys = a_name(clinic.domain), fresh_keys()
    revoke(api, issued(api, name, keys), "keyCompromise")
    proof(live, clinic.organization)
    for body in (
        requests_for(name, keys),
        requests_for(a_name(clinic.domain), keys),
        requests_for(name, (fresh_keys()[0], keys[1])),
    ):
        refusal_of(api("POST", "/api/certificate/", json=body), 400, "compromised_key")
    assert issued(api, name)["status"] == "issued"


def test_the_journal_knows_every_revocation(live: LiveServer, api: ApiClient, record: dict[str, Any]) -> None:
    for reason in (HOLD, RELEASE, "superseded"):
        record_of(revoke(api, record, reason))
    rows = operator(live, "journal", "show", "--about", f"record:{record['id']}")
    kinds = [row["kind"] for row in sorted(rows, key=lambda row: int(row["position"]))]
    assert kinds[-3:] == ["certificate.held", "certificate.released", "certificate.revoked"]
    assert operator(live, "journal", "verify")["rows"] > 0
