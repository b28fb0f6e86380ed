"""Reports of compromised keys over HTTP: from anybody, without a token, and never believed without proof."""

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from typer.testing import CliRunner

from directca.cli.root import app as commands
from directca.pki.compromise import statement
from tests.e2e.api_tools import (
    Clinic,
    Keys,
    a_clinic,
    a_name,
    database_of,
    fresh_keys,
    issued,
    record_of,
    refusal_of,
    requests_for,
)
from tests.live import ApiClient, LiveServer
from tests.material import csr
from tests.proofs import in_base64, request_saying

pytestmark = pytest.mark.every_engine

REPORT = "/api/certificate/report-compromise"
SAYS_SO = "This key is compromised"


@pytest.fixture(scope="module")
def clinic(live: LiveServer) -> Clinic:
    return a_clinic(live)


@pytest.fixture(scope="module")
def api(live: LiveServer, clinic: Clinic) -> Iterator[ApiClient]:
    with live.client(clinic.access) as client:
        yield client


def anybody(live: LiveServer, body: Any, path: str = REPORT, **more: Any) -> httpx2.Response:
    """A report without any token, and without the reports before it, which count against this machine's address."""
    forget_limits(live)
    return httpx2.post(live.base_url + path, json=body, timeout=30, **more)


def forget_limits(live: LiveServer) -> None:
    with contextlib.closing(database_of(live)) as database, database.write() as tx:
        tx.exec_driver_sql("DELETE FROM sign_in_budget")


def by_request(keys: Keys, number: int = 0) -> dict[str, Any]:
    return {"proof": {"pkcs10Data": in_base64(request_saying(SAYS_SO, key=keys[number]))}}


def test_a_request_revokes_the_pair_at_once(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    keys = fresh_keys()
    name = issued(api, a_name(clinic.domain), keys)["identifier"]
    answer = record_of(anybody(live, by_request(keys, 1)))
    assert (answer["known"], answer["revoked"]) == (True, 1)
    assert set(answer) == {"known", "revoked", "key_sha256"}  # nothing of whose it is
    found = record_of(api("GET", f"/api/certificate/{name}"))
    assert (found["status"], found["revocation_reason"]) == ("revoked", "keyCompromise")
    refusal_of(api("POST", "/api/certificate/", json=requests_for(a_name(clinic.domain), keys)), 400, "compromised_key")
    assert record_of(anybody(live, by_request(keys, 1), REPORT + "/"))["revoked"] == 0


@pytest.mark.parametrize("algorithm", ["RSASSA-PKCS1-v1_5", "RSASSA-PSS"])
def test_a_signed_message_names_this_authority(live: LiveServer, api: ApiClient, clinic: Clinic, algorithm: str) -> None:
    keys = fresh_keys()
    record = issued(api, a_name(clinic.domain), keys)
    message = statement(live.base_url)
    scheme = padding.PKCS1v15() if "PKCS1" in algorithm else padding.PSS(padding.MGF1(hashes.SHA256()), 32)
    signature = in_base64(keys[0].sign(message.encode(), scheme, hashes.SHA256()))
    proof = {"message": message, "signature": signature, "algorithm": algorithm}
    if algorithm == "RSASSA-PSS":
        proof["publicKey"] = keys[0].public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    else:
        proof["serial"] = record["signing_cert_serial"].upper()
    forged = {**proof, "message": f"{message} And so is every other key."}
    refusal_of(anybody(live, {"proof": forged}), 400, "bad_proof", "proof.signature")
    elsewhere = statement("https://another.example.org")
    told = refusal_of(anybody(live, {"proof": {**proof, "message": elsewhere}}), 400, "bad_proof", "proof.message")
    assert message in told["description"]
    assert record_of(anybody(live, {"proof": proof, "invalidityDate": record["not_before_ts"]}))["revoked"] == 1


def test_what_a_key_signs_in_its_ordinary_life_proves_nothing(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    keys = fresh_keys()
    name = a_name(clinic.domain)
    issued(api, name, keys)
    for number in (0, 1):
        body = {"proof": {"pkcs10Data": csr(name, keys[number])}}
        refusal_of(anybody(live, body), 400, "bad_proof", "proof.pkcs10Data")
    assert record_of(api("GET", f"/api/certificate/{name}"))["status"] == "issued"


def test_held_ones_too(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    keys = fresh_keys()
    name = issued(api, a_name(clinic.domain), keys)["identifier"]
    record_of(api("POST", f"/api/certificate/revoke/{name}/certificateHold"))
    assert record_of(anybody(live, by_request(keys)))["revoked"] == 1
    assert record_of(api("GET", f"/api/certificate/{name}"))["status"] == "revoked"


def test_a_key_that_nobody_here_has(live: LiveServer) -> None:
    answer = record_of(anybody(live, by_request(fresh_keys())))
    assert (answer["known"], answer["revoked"]) == (False, 0)


def test_the_owner_and_a_stranger_hear_the_same(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    answers = []
    for token in (None, api.access_token, "nonsense"):
        keys = fresh_keys()
        issued(api, a_name(clinic.domain), keys)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        answer = record_of(anybody(live, by_request(keys), headers=headers))
        answers.append((answer["known"], answer["revoked"]))
    assert set(answers) == {(True, 1)}


@pytest.mark.parametrize(
    ("body", "slug", "field"),
    [
        ({}, "bad_parameter", "proof"),
        ({"proof": {}}, "bad_parameter", "proof"),
        ({"proof": "x"}, "bad_parameter", "proof"),
        ({"proof": {"pkcs10Data": ""}}, "bad_proof", "proof.pkcs10Data"),
        ({"proof": {"pkcs10Data": "x", "message": "y"}}, "bad_parameter", "proof"),
        ({"proof": {"message": "x", "signature": "y"}}, "bad_parameter", "proof"),
        ({"proof": {"message": "x", "signature": "y", "publicKey": "z", "serial": "1"}}, "bad_parameter", "proof"),
        ({"proof": {"message": "x", "signature": "y", "serial": "z"}}, "bad_parameter", "proof.serial"),
        ({"proof": {"message": "x", "signature": "y", "serial": "abcdef"}}, "bad_proof", "proof.serial"),
        ({"proof": {"message": "x", "signature": "y", "publicKey": "z"}}, "bad_proof", "proof.publicKey"),
        ({"proof": {"message": "x" * 2001, "signature": "y", "serial": "1"}}, "bad_parameter", "proof.message"),
        ({"proof": {"message": "x", "signature": "y", "serial": "1", "algorithm": "none"}}, "bad_parameter", "proof.algorithm"),
        ({"proof": {"pkcs10Data": "x"}, "invalidityDate": "soon"}, "bad_parameter", "invalidityDate"),
        ({"proof": {"pkcs10Data": "x"}, "name": "alice"}, "unknown_parameter", "name"),
    ],
    ids=range(14),
)
def test_what_is_no_report(live: LiveServer, body: dict[str, Any], slug: str, field: str) -> None:
    refusal_of(anybody(live, body), 400, slug, field)


def test_a_date_before_the_key_was_certified(live: LiveServer, api: ApiClient, clinic: Clinic) -> None:
    keys = fresh_keys()
    name = issued(api, a_name(clinic.domain), keys)["identifier"]
    for moment in ("2001-01-01", "2999-01-01T00:00:00Z"):
        refused = anybody(live, {**by_request(keys), "invalidityDate": moment})
        refusal_of(refused, 400, "bad_invalidity_date", "invalidityDate")
    assert record_of(api("GET", f"/api/certificate/{name}"))["status"] == "issued"


def test_the_command_makes_the_proof_and_sends_it(live: LiveServer, api: ApiClient, clinic: Clinic, tmp_path: Path) -> None:
    forget_limits(live)
    keys = fresh_keys()
    name = issued(api, a_name(clinic.domain), keys)["identifier"]
    file = tmp_path / "key.pem"
    file.write_bytes(keys[0].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    words = ["client", "report-compromise", "--key", str(file), "--server", live.base_url]
    unasked = CliRunner().invoke(commands, words)
    assert (unasked.exit_code, "--yes" in unasked.output) == (2, True)
    assert record_of(api("GET", f"/api/certificate/{name}"))["status"] == "issued"
    done = CliRunner().invoke(commands, [*words, "--yes"])
    assert done.exit_code == 0, done.output
    assert "Pairs revoked now: 1." in done.stdout
    assert record_of(api("GET", f"/api/certificate/{name}"))["revocation_reason"] == "keyCompromise"
    again = json.loads(CliRunner().invoke(commands, [*words, "--yes", "--json"]).stdout)
    assert (again["known"], again["revoked"]) == (True, 0)
    refused = CliRunner().invoke(commands, [*words, "--yes", "--invalid-since", "2999-01-01"])
    assert (refused.exit_code, "bad_invalidity_date" in refused.output) == (1, True)
    missing = CliRunner().invoke(commands, ["client", "report-compromise", "--key", str(tmp_path / "none.pem"), "--yes"])
    assert missing.exit_code == 2


def test_bounds(live: LiveServer) -> None:
    refusal_of(anybody(live, {"proof": {"pkcs10Data": "A" * 70_000}}), 400, "body_too_large")
    refusal_of(anybody(live, by_request(fresh_keys()), REPORT + "?x=1"), 400, "unknown_parameter", "x")


def test_too_many_reports_from_one_address_wait(live: LiveServer) -> None:
    forget_limits(live)
    try:
        answers = [httpx2.post(live.base_url + REPORT, json={"proof": {"pkcs10Data": "x"}}, timeout=30) for _ in range(21)]
        assert {answer.status_code for answer in answers[:20]} == {400}
        refusal_of(answers[20], 429, "too_many_reports")
        assert 1 <= int(answers[20].headers["Retry-After"]) <= 900
    finally:
        forget_limits(live)
