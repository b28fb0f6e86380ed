"""Applications over HTTP: from a draft to a certificate and to the end of it; and what nobody may do on the way."""

import contextlib
import dataclasses
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from directca.accounts import accounts, ledger, roles
from directca.accounts.person import Role
from directca.accounts.roles import AtCommand
from directca.desk import open_desk
from directca.oauth import scopes
from tests.applications import NPI, NUMBER
from tests.e2e.api_tools import ISSUE, OPERATOR, Clinic, a_name, books, issued, operator, record_of, refusal_of, requests_for
from tests.e2e.serving import eventually
from tests.e2e.test_officers import somebody
from tests.live import ApiClient, LiveServer, SandboxAccount

BOTH = f"{scopes.TUSER_ACCOUNT} {scopes.AUTHORITY_VET}"
CASE, ORGANIZATION, REPRESENTATIVE = "/api/case", "/api/organization", "/api/representative"
FACTS = {
    "legal_name": "Clinic of Springfield",
    "street": "1 Main Street",
    "locality": "Springfield",
    "state": "Illinois",
    "postal_code": "62701",
    "organization_types": ["CoveredEntity"],
    "existence_evidence": "government_registry",
    "existence_reference": "IL 4711",
    "npi": NPI,
    "attested_by": "Rosa Representative",
    "attested_title": "Director",
    "attestation_version": "1.0",
}


@dataclasses.dataclass(frozen=True)
class Office:
    """An applicant, an unrelated account, and two officers, each with a client."""

    applicant: ApiClient
    account: str
    stranger: ApiClient
    olga: ApiClient
    otto: ApiClient


@pytest.fixture(scope="module")
def office(live: LiveServer) -> Iterator[Office]:
    with contextlib.ExitStack() as open_clients:
        clinic, other, authority = (an_account(live) for _ in range(3))
        applicant = open_clients.enter_context(live.client(a_person(live, clinic, "Anna Applicant")))
        stranger = open_clients.enter_context(live.client(a_person(live, other, "Sam Stranger")))
        olga, otto = (
            open_clients.enter_context(live.client(a_person(live, authority, name, Role.OFFICER), scope=BOTH))
            for name in ("Olga Officer", "Otto Officer")
        )
        yield Office(applicant, clinic, stranger, olga, otto)


def an_account(live: LiveServer) -> str:
    desk = open_desk(live.data_dir)
    with contextlib.closing(desk.database), desk.database.write() as tx:
        now = desk.clock.now()
        made = accounts.open_account(tx, "Account", actor=OPERATOR, at=now, random=secrets.token_bytes).id
        ledger.deposit(tx, made, 100_000, reference="wire", actor=OPERATOR, at=now)
    return made


def a_person(live: LiveServer, account: str, name: str, role: Role | None = None) -> SandboxAccount:
    return somebody(live, Clinic(account, "", "", live.first), role, name)


def rosa(case: str, **changes: Any) -> dict[str, Any]:
    proofing = {
        "method": "in_person",
        "evidence": [{"type": "passport", "number": NUMBER}, {"type": "driver license", "number": "7654321"}],
        "verifier": "Vera Verifier",
        "proofed_ts": datetime.now(UTC).date().isoformat(),
        "declared_by_representative": "1.0",
        "declared_by_verifier": "1.0",
    }
    return {
        "case": case,
        "name": "Rosa Representative",
        "title": "Director",
        "role": "representative",
        "proofing": proofing | changes,
    }


def a_draft(office: Office, **changes: Any) -> dict[str, Any]:
    case = record_of(office.applicant("POST", f"{ORGANIZATION}/", json=FACTS | changes))
    record_of(office.applicant("POST", REPRESENTATIVE, json=rosa(case["id"])))
    return case


def verdict(case: dict[str, Any], word: str = "approve") -> dict[str, Any]:
    return {"verdict": word, "reason": "as it must be", "revision": case["revision"]}


def test_from_an_application_to_a_certificate_and_to_its_end(live: LiveServer, office: Office) -> None:
    applicant, olga, otto = office.applicant, office.olga, office.otto
    case = record_of(applicant("POST", f"{ORGANIZATION}/", json={"legal_name": FACTS["legal_name"]}))
    refusal_of(applicant("POST", f"{CASE}/{case['id']}/submit"), 400, "case_incomplete", "street")
    record_of(applicant("PATCH", f"{CASE}/{case['id']}", json=FACTS))
    shown = record_of(applicant("POST", REPRESENTATIVE, json=rosa(case["id"])))
    assert shown["evidence_number"] == "•••••••47, •••••21"
    submitted = record_of(applicant("POST", f"{CASE}/{case['id']}/submit", json={}))
    assert (submitted["state"], submitted["lacks"]) == ("submitted", [])

    # An officer sees everything on one page, asks, and is answered.
    (waiting,) = [one for one in record_of(olga("GET", f"{CASE}/queue"))["cases"] if one["id"] == case["id"]]
    assert waiting["facts"]["npi"] == NPI
    assert waiting["who_must_act"] == "an officer of the certificate authority"
    assert {one["state"] for one in waiting["preconditions"] if one["kind"] == "organization"} == {"missing"}
    record_of(olga("POST", f"{CASE}/{case['id']}/ask", json={"text": "Which registry is it in?"}))
    answered = record_of(applicant("POST", f"{CASE}/{case['id']}/note", json={"text": "That of Illinois."}))
    assert [(one["side"], one["by"], one["text"]) for one in answered["history"][-2:]] == [
        ("authority", "Olga Officer", "Which registry is it in?"),
        ("applicant", "Anna Applicant", "That of Illinois."),
    ]

    # What is refused before is issued once two officers have approved.
    organization, domain = case["organization"], f"direct.clinic-{secrets.token_hex(4)}.example"
    operator(live, "organization", "agreement", organization, "--by", "Rosa Representative", "--version", "1.0")
    operator(live, "domain", "verify", organization, domain, "--method", "dns_txt", "--evidence", "seen")
    operator(live, "domain", "authorize-mailbox", organization, domain)
    name = a_name(domain)
    refusal_of(applicant("POST", ISSUE, json=requests_for(name)), 403, "organization_not_vetted")
    once = record_of(olga("POST", f"{CASE}/{case['id']}/decide", json=verdict(submitted)))
    assert (once["state"], once["approvals"], once["approvals_needed"]) == ("submitted", 1, 2)
    refusal_of(olga("POST", f"{CASE}/{case['id']}/decide", json=verdict(submitted)), 403, "second_person_required")
    refusal_of(applicant("POST", ISSUE, json=requests_for(name)), 403, "organization_not_vetted")
    twice = record_of(otto("POST", f"{CASE}/{case['id']}/decide", json=verdict(submitted)))
    assert (twice["state"], twice["organization_status"]) == ("approved", "approved")
    pair = issued(applicant, name)
    assert (pair["organization"], pair["organization_type"]) == (FACTS["legal_name"], "CoveredEntity")

    ended = record_of(otto("POST", f"{ORGANIZATION}/{organization}/end", json={"text": "It has closed its doors."}))
    assert (ended["status"], ended["names"]) == ("ended", 1)
    eventually(lambda: record_of(applicant("GET", f"/api/certificate/{name}"))["status"] == "revoked")
    assert record_of(applicant("GET", f"/api/certificate/{name}"))["revocation_reason"] == "cessationOfOperation"
    refusal_of(applicant("POST", ISSUE, json=requests_for(a_name(domain))), 403, "organization_not_vetted")
    with books(live) as tx:
        everything = [str(row) for row in tx.exec_driver_sql("SELECT detail FROM journal").all()]
    assert NUMBER not in "".join(everything) + live.log.read_text()


CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", f"{CASE}/{{case}}", {}),
    ("PATCH", f"{CASE}/{{case}}", {"street": "2 Main Street"}),
    ("POST", f"{CASE}/{{case}}/submit", {}),
    ("POST", f"{CASE}/{{case}}/revise", {}),
    ("POST", f"{CASE}/{{case}}/withdraw", {}),
    ("POST", f"{CASE}/{{case}}/appeal", {"text": "why"}),
    ("POST", f"{CASE}/{{case}}/note", {"text": "why"}),
    ("POST", CASE, {"kind": "modification", "organization": "{organization}"}),
    ("POST", REPRESENTATIVE, {"case": "{case}", "name": "X Y", "title": "Z", "role": "isso"}),
    ("GET", f"{REPRESENTATIVE}/{{person}}", {}),
    ("POST", f"{REPRESENTATIVE}/{{person}}/withdraw", {}),
    ("POST", f"{REPRESENTATIVE}/{{person}}/end", {"text": "why"}),
    ("GET", f"{ORGANIZATION}/{{organization}}", {}),
]
OFFICERS_CALLS: list[tuple[str, str, dict[str, Any]]] = [
    ("GET", f"{CASE}/queue", {}),
    ("POST", f"{CASE}/{{case}}/ask", {"text": "why"}),
    ("POST", f"{CASE}/{{case}}/decide", {"verdict": "approve", "reason": "why", "revision": 0}),
    ("POST", f"{ORGANIZATION}/{{organization}}/suspend", {"text": "why"}),
    ("POST", f"{ORGANIZATION}/{{organization}}/reinstate", {"text": "why"}),
    ("POST", f"{ORGANIZATION}/{{organization}}/end", {"text": "why"}),
]


def call(client: ApiClient, one: tuple[str, str, dict[str, Any]], ids: dict[str, str]) -> Any:
    method, path, body = one
    filled = {name: value.format(**ids) if isinstance(value, str) else value for name, value in body.items()}
    return client(method, path.format(**ids), **({} if method == "GET" else {"json": filled}))


def test_what_is_somebody_elses_is_as_what_there_is_not(office: Office) -> None:
    case = a_draft(office)
    person = record_of(office.applicant("GET", f"{CASE}/{case['id']}"))["representatives"][0]["id"]
    theirs = {"case": case["id"], "organization": case["organization"], "person": person}
    none = dict.fromkeys(theirs, "0" * 24)
    for one in CALLS:
        answers = [call(office.stranger, one, ids) for ids in (theirs, none)]
        assert [answer.status_code for answer in answers] == [404, 404], one
        assert len({(answer.json()["error"], answer.json()["description"]) for answer in answers}) == 1, one
    assert record_of(office.stranger("GET", CASE)) == {"cases": []}
    assert record_of(office.stranger("GET", ORGANIZATION)) == {"organizations": []}
    assert record_of(office.stranger("GET", REPRESENTATIVE)) == {"representatives": []}
    assert record_of(office.applicant("GET", f"{CASE}/{case['id']}"))["state"] == "draft"


def test_officers_calls_are_officers_alone(live: LiveServer, office: Office) -> None:
    ids = {"case": "0" * 24, "organization": "0" * 24}
    for one in OFFICERS_CALLS:
        answer = call(office.applicant, one, ids)
        refusal_of(answer, 403, "insufficient_scope")
        assert 'scope="authority.' in answer.headers["WWW-Authenticate"]
    who = a_person(live, an_account(live), "Fay Former", Role.OFFICER)
    with live.client(who, scope=BOTH) as former:
        desk = open_desk(live.data_dir)
        with contextlib.closing(desk.database):
            roles.withdraw(desk.people, who.username, Role.OFFICER, by=AtCommand(OPERATOR))
        for one in OFFICERS_CALLS:
            refusal_of(call(former, one, ids), 403, "deciders_only")


def test_nobody_decides_on_what_their_own_account_asked(live: LiveServer, office: Office) -> None:
    case = a_draft(office, legal_name="Own Clinic")
    case = record_of(office.applicant("POST", f"{CASE}/{case['id']}/submit"))
    for name, account in (("Ivan Insider", office.account), ("Anna Applicant", an_account(live))):
        with live.client(a_person(live, account, name, Role.OFFICER), scope=BOTH) as own:
            refusal_of(own("POST", f"{CASE}/{case['id']}/decide", json=verdict(case)), 403, "own_request")


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (ORGANIZATION, {"legal_name": "X", "status": "approved"}, "status"),
        (ORGANIZATION, {"legal_name": "X", "account_id": "other"}, "account_id"),
        (ORGANIZATION, {"legal_name": "X", "approved_by": "me"}, "approved_by"),
        (CASE, {"kind": "review", "organization": "x", "state": "approved"}, "state"),
        (REPRESENTATIVE, {"case": "x", "name": "X", "title": "Y", "role": "isso", "state": "active"}, "state"),
    ],
)
def test_what_is_not_to_be_said_is_refused(office: Office, path: str, body: dict[str, Any], field: str) -> None:
    refusal_of(office.applicant("POST", path, json=body), 400, "unknown_parameter", field)


def test_scripts_and_formulas_are_refused_or_stay_text(office: Office) -> None:
    for bad in ("<script>alert(1)</script>", "=1+1", "@x", "+1"):
        refusal_of(office.applicant("POST", ORGANIZATION, json={"legal_name": bad}), 400, "bad_vetting_record", "legal_name")
    case = a_draft(office)
    answer = office.applicant("POST", f"{CASE}/{case['id']}/note", json={"text": "<script>alert(1)</script>"})
    assert record_of(answer)["history"][-1]["text"] == "<script>alert(1)</script>"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    refusal_of(office.applicant("POST", f"{CASE}/{case['id']}/note", json={"text": "x" * 2001}), 400, "bad_parameter", "text")


def test_a_number_that_is_refused_is_not_said_again(office: Office) -> None:
    case = a_draft(office)
    for number in (f"{NUMBER}\x00", [NUMBER], NUMBER * 40):
        body = rosa(case["id"], evidence=[{"type": "passport", "number": number}])
        answer = office.applicant("POST", REPRESENTATIVE, json=body)
        assert answer.status_code == 400
        assert NUMBER not in answer.text
