"""The contract's section 2 over HTTP: Issue, Reissue, Renew and Retrieve, every field of the record, every form of a request."""

import base64
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.e2e.api_tools import (
    ENCRYPTION,
    ISSUE,
    SIGNING,
    Clinic,
    Keys,
    a_clinic,
    a_name,
    fresh_keys,
    issued,
    record_of,
    refusal_of,
    requests_for,
    spare_keys,
    standing,
)
from tests.live import ApiClient, LiveServer
from tests.material import csr, csr_der, pem, spki_der

pytestmark = pytest.mark.every_engine

FIELDS = {
    "identifier", "signing_cert_serial", "encryption_cert_serial", "id", "status", "kind", "organization", "organization_type",
    "subject_dn", "issuer_dn", "signing_cert", "encryption_cert", "ca_chain", "not_before_ts", "not_after_ts", "duration_year",
    "revocation_reason", "revoked_ts", "order_id", "supersedes", "superseded_by", "created_ts", "updated_ts",
}  # fmt: skip
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SERIAL = re.compile(r"[1-9a-f][0-9a-f]{24,39}")
PRICE_CENTS = 35_00
LONGEST_DAYS = 1095


@pytest.fixture(scope="module")
def clinic(live: LiveServer) -> Clinic:
    """An account whose money nobody else spends."""
    return a_clinic(live)


@pytest.fixture(scope="module")
def api(live: LiveServer, clinic: Clinic) -> Iterator[ApiClient]:
    """Its client, with the whole scope."""
    with live.client(clinic.access) as client:
        yield client


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def certificate(record: dict[str, Any], role: str) -> x509.Certificate:
    return x509.load_pem_x509_certificate(record[f"{role}_cert"].encode())


def public_keys(record: dict[str, Any]) -> list[bytes]:
    """Both keys as they stand in the certificates."""
    certificates = [certificate(record, role) for role in ("signing", "encryption")]
    return [one.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo) for one in certificates]


def test_a_record_has_every_field(api: ApiClient, clinic: Clinic) -> None:
    name = a_name(clinic.domain)
    began = datetime.now(UTC).replace(microsecond=0)
    record = issued(api, name, durationYear=2)
    assert set(record) == FIELDS
    expected = {
        "identifier": name, "status": "issued", "kind": "address", "organization": clinic.legal_name,
        "organization_type": "HealthEntity", "duration_year": 2, "revocation_reason": None, "revoked_ts": None,
        "supersedes": None, "superseded_by": None,
    }  # fmt: skip
    assert {field: record[field] for field in expected} == expected
    assert all(MOMENT.fullmatch(record[field]) for field in record if field.endswith("_ts") and record[field] is not None)
    assert began <= moment(record["not_before_ts"]) <= datetime.now(UTC)
    assert record["created_ts"] >= record["not_before_ts"]
    for role in ("signing", "encryption"):
        found = certificate(record, role)
        assert SERIAL.fullmatch(record[f"{role}_cert_serial"])
        assert record[f"{role}_cert_serial"] == f"{found.serial_number:x}"
        assert (found.not_valid_before_utc, found.not_valid_after_utc) == tuple(
            moment(record[field]) for field in ("not_before_ts", "not_after_ts")
        )
        assert found.subject.rfc4514_string() == record["subject_dn"]
        assert found.issuer.rfc4514_string() == record["issuer_dn"]
    chain = x509.load_pem_x509_certificates(record["ca_chain"].encode())
    assert certificate(record, "signing").issuer == chain[0].subject
    assert chain[0].issuer == chain[-1].subject
    for field in ("id", "order_id"):
        assert isinstance(record[field], str)


def test_a_domain_gets_a_pair_of_its_own_kind(api: ApiClient, clinic: Clinic) -> None:
    record = issued(api, clinic.domain)
    assert (record["identifier"], record["kind"]) == (clinic.domain, "domain")
    names = certificate(record, "encryption").extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == [clinic.domain]


@pytest.mark.parametrize("path", ["/api/certificate/", "/api/certificate"])
def test_issue_with_and_without_a_slash(api: ApiClient, clinic: Clinic, path: str) -> None:
    name = a_name(clinic.domain)
    answer = api("POST", path, json=requests_for(name, spare_keys()), params={"dryRun": "true"})
    assert record_of(answer)["identifier"] == name


@pytest.fixture(scope="module")
def pair(api: ApiClient, clinic: Clinic) -> dict[str, Any]:
    """A pair that stands, for tests that leave it as it is."""
    return issued(api, a_name(clinic.domain, "pair"))


@pytest.mark.parametrize("slash", ["", "/"])
def test_every_function_with_and_without_a_slash(api: ApiClient, clinic: Clinic, pair: dict[str, Any], slash: str) -> None:
    name = pair["identifier"]
    rehearse = {"dryRun": "true"}
    assert record_of(api("GET", f"/api/certificate/{name}{slash}")) == pair
    assert api("GET", f"/api/certificate/query{slash}").json()["query"]["totalCount"] > 0
    assert record_of(api("PATCH", f"/api/certificate/{name}{slash}", params=rehearse))["identifier"] == name
    renewed = api("POST", f"/api/certificate/renew/{name}{slash}", json={"durationYear": 1}, params=rehearse)
    assert record_of(renewed)["identifier"] == name
    refusal_of(api("POST", f"/api/certificate/revoke/{name}/removeFromCRL{slash}"), 400, "not_held", "reason")


@pytest.mark.parametrize("spelling", [str.upper, str.title, lambda name: name.replace("@", "%40")])
def test_a_name_in_the_path_in_any_spelling(api: ApiClient, pair: dict[str, Any], spelling: Callable[[str], str]) -> None:
    assert record_of(api("GET", f"/api/certificate/{spelling(pair['identifier'])}")) == pair


def one_line(der: bytes) -> str:
    return base64.b64encode(der).decode()


@pytest.mark.parametrize(
    "encoded",
    [
        pem,
        lambda der: pem(der, "NEW CERTIFICATE REQUEST"),
        lambda der: pem(der).replace("\n", "\r\n"),
        lambda der: pem(der).replace("\n", ""),
        lambda der: "\n\n" + pem(der) + "\n",
        one_line,
        lambda der: one_line(der).rstrip("="),
        lambda der: base64.encodebytes(der).decode(),
        lambda der: base64.encodebytes(der).decode().replace("\n", "\r\n"),
        lambda der: base64.urlsafe_b64encode(der).decode(),
        lambda der: base64.urlsafe_b64encode(der).decode().rstrip("="),
    ],
    ids=[
        "PEM",
        "NEW",
        "PEM CRLF",
        "PEM one line",
        "PEM blank lines",
        "base64",
        "unpadded",
        "folded",
        "CRLF",
        "url",
        "url unpadded",
    ],
)
def test_every_encoding_of_a_request(api: ApiClient, clinic: Clinic, encoded: Callable[[bytes], str]) -> None:
    signing, encryption = spare_keys()
    name = f"encoded@{clinic.domain}"
    body = {SIGNING: encoded(csr_der(name, signing)), ENCRYPTION: encoded(csr_der(name, encryption)), "durationYear": 1}
    assert record_of(api("POST", ISSUE, json=body, params={"dryRun": "true"}))["lint"] == "passed"


@pytest.mark.parametrize("years", [1, 2, 3, "1", "2", "3"])
def test_every_duration_and_its_end(api: ApiClient, clinic: Clinic, years: int | str) -> None:
    body = requests_for(f"years@{clinic.domain}", spare_keys(), durationYear=years)
    found = record_of(api("POST", ISSUE, json=body, params={"dryRun": "true"}))
    begin, end = moment(found["not_before_ts"]), moment(found["not_after_ts"])
    assert found["duration_year"] == int(years)
    whole_years = begin.replace(year=begin.year + int(years))
    # Counted inclusively; three years with a leap day in them would be a day more than the policy allows.
    assert end + timedelta(seconds=1) == min(whole_years, begin + timedelta(days=LONGEST_DAYS))


def test_a_dry_run_says_everything_and_does_nothing(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    name = a_name(clinic.domain)
    before = standing(live, api, clinic.account)
    found = record_of(api("POST", ISSUE, json=requests_for(name, spare_keys()), params={"dryRun": "true"}))
    assert set(found) == {
        "dry_run", "identifier", "kind", "organization_type", "subject_dn", "issuer_dn", "not_before_ts", "not_after_ts",
        "duration_year", "price_cents", "currency", "balance_cents", "lint",
    }  # fmt: skip
    assert (found["dry_run"], found["price_cents"], found["balance_cents"]) == (True, PRICE_CENTS, before.balance)
    assert standing(live, api, clinic.account) == before
    refusal_of(api("GET", f"/api/certificate/{name}"), 404, "certificate_not_found")
    assert issued(api, name)["identifier"] == name


def test_issue_is_paid_once(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    before = standing(live, api, clinic.account)
    issued(api, a_name(clinic.domain))
    after = standing(live, api, clinic.account)
    assert (before.balance - after.balance, after.reserved, after.records - before.records) == (PRICE_CENTS, 0, 1)


def test_subject_hints_that_agree_are_accepted(api: ApiClient, clinic: Clinic) -> None:
    name = f"hints@{clinic.domain}"
    subject = {"commonName": name.upper(), "organization": clinic.legal_name, "organizationUnit": "Cardiology"}
    body = requests_for(name, spare_keys(), subject=subject, organizationType="HealthEntity")
    assert record_of(api("POST", ISSUE, json=body, params={"dryRun": "true"}))["organization_type"] == "HealthEntity"


@pytest.fixture(scope="module", params=["same keys", "new keys", "new signing key"])
def succession(request: pytest.FixtureRequest, api: ApiClient, clinic: Clinic) -> tuple[Keys, dict[str, Any]]:
    """Old keys, and what a successor's request carries, with the keys that the successor must then have."""
    old, new = fresh_keys(), fresh_keys()
    name = a_name(clinic.domain)
    sent = {SIGNING: csr(name, new[0]), ENCRYPTION: csr(name, new[1])}
    kept = {"same keys": {}, "new keys": sent, "new signing key": {SIGNING: sent[SIGNING]}}[request.param]
    signing = new[0] if SIGNING in kept else old[0]
    encryption = new[1] if ENCRYPTION in kept else old[1]
    return old, {"name": name, "body": kept, "keys": [spki_der(signing), spki_der(encryption)]}


def test_reissue_keeps_the_end_and_renew_does_not(
    live: LiveServer, api: ApiClient, clinic: Clinic, succession: tuple[Keys, dict[str, Any]]
) -> None:
    old, asked = succession
    name = asked["name"]
    first = issued(api, name, old, durationYear=2)
    before = standing(live, api, clinic.account)

    second = record_of(api("PATCH", f"/api/certificate/{name}", json=asked["body"]))
    assert (second["not_after_ts"], second["duration_year"]) == (first["not_after_ts"], 2)
    assert public_keys(second) == asked["keys"]
    assert second["signing_cert_serial"] != first["signing_cert_serial"]
    assert (second["supersedes"], second["superseded_by"], second["status"]) == (first["id"], None, "issued")
    assert standing(live, api, clinic.account).balance == before.balance  # No payment is required

    third = record_of(api("POST", f"/api/certificate/renew/{name}", json={"durationYear": "3"}))
    assert (third["duration_year"], third["supersedes"]) == (3, second["id"])
    assert moment(third["not_after_ts"]) > moment(second["not_after_ts"])
    assert public_keys(third) == asked["keys"]
    assert standing(live, api, clinic.account).balance < before.balance

    found = {row["id"]: row for row in api("GET", "/api/certificate/query", params={"commonNameIs": name}).json()["records"]}
    links = [(found[one["id"]]["supersedes"], found[one["id"]]["superseded_by"]) for one in (first, second, third)]
    assert links == [(None, second["id"]), (first["id"], third["id"]), (second["id"], None)]
    assert [found[one["id"]]["status"] for one in (first, second, third)] == ["superseded", "superseded", "issued"]
    assert record_of(api("GET", f"/api/certificate/{name}")) == third


def test_reissue_without_a_body_at_all(api: ApiClient, clinic: Clinic) -> None:
    first = issued(api, a_name(clinic.domain))
    second = record_of(api("PATCH", f"/api/certificate/{first['identifier']}/"))
    assert public_keys(second) == public_keys(first)


def test_reissue_that_revokes_at_once(api: ApiClient, clinic: Clinic) -> None:
    first = issued(api, a_name(clinic.domain))
    name = first["identifier"]
    second = record_of(api("PATCH", f"/api/certificate/{name}", json={"revokeImmediately": True}))
    rows = api("GET", "/api/certificate/query", params={"commonNameIs": name}).json()["records"]
    (old,) = [row for row in rows if row["id"] == first["id"]]
    assert (old["status"], old["revocation_reason"], old["superseded_by"]) == ("revoked", "superseded", second["id"])
    assert MOMENT.fullmatch(old["revoked_ts"])


def test_a_succession_may_be_rehearsed(live: LiveServer, api: ApiClient, clinic: Clinic, pair: dict[str, Any]) -> None:
    before = standing(live, api, clinic.account)
    rehearse = {"dryRun": "true"}
    assert record_of(api("PATCH", f"/api/certificate/{pair['identifier']}", params=rehearse))["price_cents"] == 0
    renewal = api("POST", f"/api/certificate/renew/{pair['identifier']}", json={"durationYear": 2}, params=rehearse)
    assert record_of(renewal)["price_cents"] > 0
    assert standing(live, api, clinic.account) == before
    assert record_of(api("GET", f"/api/certificate/{pair['identifier']}")) == pair


def test_extensions_that_are_asked_for_are_not_copied(api: ApiClient, clinic: Clinic) -> None:
    name, keys = a_name(clinic.domain), fresh_keys()
    asked = (
        x509.BasicConstraints(ca=True, path_length=None),
        x509.SubjectAlternativeName([x509.RFC822Name(f"victim@{clinic.domain}"), x509.DNSName("victim.example")]),
        x509.ExtendedKeyUsage([x509.ObjectIdentifier("1.3.6.1.5.5.7.3.1")]),
        x509.KeyUsage(
            digital_signature=True, content_commitment=True, key_encipherment=True, data_encipherment=True, key_agreement=True,
            key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        ),
    )  # fmt: skip
    body = {SIGNING: csr(name, keys[0], extensions=asked), ENCRYPTION: csr(name, keys[1], extensions=asked), "durationYear": 1}
    record = record_of(api("POST", ISSUE, json=body))
    for role in ("signing", "encryption"):
        extensions = certificate(record, role).extensions
        assert not extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert extensions.get_extension_for_class(x509.SubjectAlternativeName).value.get_values_for_type(x509.RFC822Name) == [
            name
        ]
        purposes = extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        assert [one.dotted_string for one in purposes] == ["1.3.6.1.5.5.7.3.4"]
        usage = extensions.get_extension_for_class(x509.KeyUsage).value
        assert not usage.key_cert_sign
        assert not usage.crl_sign
        assert b"victim" not in certificate(record, role).public_bytes(Encoding.DER)


def test_the_requests_subject_is_a_hint_that_is_not_copied(api: ApiClient, clinic: Clinic) -> None:
    name, keys = a_name(clinic.domain), fresh_keys()
    said = [csr(name, key, organization="Somebody Else", organizational_units=["Made up"]) for key in keys]
    record = record_of(api("POST", ISSUE, json={SIGNING: said[0], ENCRYPTION: said[1], "durationYear": 1}))
    assert record["organization"] == clinic.legal_name
    assert "Somebody Else" not in record["subject_dn"]
    assert "Made up" not in record["subject_dn"]
