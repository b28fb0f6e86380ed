"""What the tests of the API over HTTP share: names, requests, records, an operator, and a look at the books.

    with live.client() as api:
        record = issued(api, a_name(live.first.direct_domain))

Keys are never used twice unless a test wants it: the authority refuses a key that another name has.
"""

import contextlib
import itertools
import json
import secrets
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
from cryptography.hazmat.primitives.asymmetric import rsa
from typer.testing import CliRunner

from directca.cli.root import app
from tests.live import ApiClient, LiveServer, SandboxAccount
from tests.material import csr, rsa_key

ISSUE = "/api/certificate/"
QUERY = "/api/certificate/query"
SIGNING = "signingCertificatePkcs10Data"
ENCRYPTION = "encryptionCertificatePkcs10Data"
AGREEMENT = "1.0"
PASSWORD = "correct horse battery staple"

Keys = tuple[rsa.RSAPrivateKey, rsa.RSAPrivateKey]

# Far from the numbers of other tests, whose keys stand in certificates of the same server.
_numbers = itertools.count(7_000)
_runner = CliRunner()


def fresh_keys() -> Keys:
    """Two keys that nobody has seen."""
    return rsa_key(next(_numbers)), rsa_key(next(_numbers))


def spare_keys() -> Keys:
    """Always the same two keys, for requests that are refused or only rehearsed."""
    return rsa_key(6_998), rsa_key(6_999)


def a_name(domain: str, word: str = "dr") -> str:
    """An address that nobody has."""
    return f"{word}-{secrets.token_hex(4)}@{domain}"


def requests_for(name: str, keys: Keys | None = None, **more: Any) -> dict[str, Any]:
    """The body of Issue: two requests and a year; `more` replaces parameters, None leaves one out."""
    signing, encryption = keys or fresh_keys()
    body = {SIGNING: csr(name, signing), ENCRYPTION: csr(name, encryption), "durationYear": 1} | more
    return {name: value for name, value in body.items() if value is not None}


def issued(api: ApiClient, name: str, keys: Keys | None = None, **more: Any) -> dict[str, Any]:
    """The record of a pair that is issued now."""
    return record_of(api("POST", ISSUE, json=requests_for(name, keys, **more)))


def record_of(answer: httpx2.Response) -> dict[str, Any]:
    """The record of an answer that must be a success."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def refusal_of(answer: httpx2.Response, status: int, slug: str, field: str | None = None) -> dict[str, Any]:
    """The body of an answer that must be this refusal, in the form that every refusal has."""
    found: dict[str, Any] = answer.json()
    assert (answer.status_code, found["error"]) == (status, slug), answer.text
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert {"error", "description", "request_id"} <= set(found) <= {"error", "description", "request_id", "field"}
    assert found["request_id"] == answer.headers["X-Request-Id"]
    assert len(found["description"]) > 20
    assert found["description"].endswith(".")
    if field is not None:
        assert found.get("field") == field
    return found


def operator(live: LiveServer, *words: str) -> Any:
    """What an operator's command prints as JSON, run beside the server on its data folder."""
    done = _runner.invoke(app, [*words, "--json", "--data", str(live.data_dir)])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Standing:
    """What a refused request must leave as it was."""

    balance: int
    reserved: int
    records: int


def standing(live: LiveServer, api: ApiClient, account: str) -> Standing:
    """The account's money and the number of its records."""
    shown = operator(live, "account", "show", account)
    total = api("GET", QUERY, params={"limit": "1"}).json()["query"]["totalCount"]
    return Standing(shown["available_cents"], shown["reserved_cents"], total)


@contextlib.contextmanager
def nothing_changes(live: LiveServer, api: ApiClient, account: str) -> Iterator[None]:
    """Money and records are afterwards what they were, and the journal is whole."""
    before = standing(live, api, account)
    yield
    assert standing(live, api, account) == before
    assert operator(live, "journal", "verify")["rows"] > 0


@dataclass(frozen=True)
class Clinic:
    """An account of one's own: what is done to it disturbs no other test."""

    account: str
    organization: str
    legal_name: str
    access: SandboxAccount

    @property
    def domain(self) -> str:
        """The domain that is verified for it."""
        return self.access.direct_domain


def a_clinic(live: LiveServer, *, dollars: str = "10000.00") -> Clinic:
    """Open an account with one organization that may have everything, by the operator's commands."""
    word = secrets.token_hex(4)
    legal_name, domain, username = f"Clinic {word}", f"direct.clinic-{word}.example", f"manager.{word}"
    account = operator(live, "account", "open", legal_name)["id"]
    if dollars != "0":
        operator(live, "account", "deposit", account, dollars, "--reference", f"wire {word}")
    file = live.data_dir.parent / f"password-{word}"
    file.write_text(PASSWORD)
    operator(live, "account", "person", account, username, "--password-file", str(file))
    made = operator(live, "application", "create", account, "Portal", "--redirect-uri", live.first.redirect_uri)
    place = ("--state", "Vermont", "--locality", "Burlington", "--type", "HealthEntity", "--unit", "Cardiology")
    organization = operator(live, "organization", "register", account, legal_name, *place)["id"]
    proof(live, organization)
    operator(live, "organization", "agreement", organization, "--by", "Ann Lee", "--version", AGREEMENT)
    operator(live, "organization", "approve", organization)
    verify_domain(live, organization, domain)
    operator(live, "domain", "authorize-mailbox", organization, domain, "*")
    access = SandboxAccount(
        base_url=live.base_url,
        client_id=made["client_id"],
        client_secret=made["client_secret"],
        redirect_uri=live.first.redirect_uri,
        username=username,
        password=PASSWORD,
        direct_domain=domain,
        organization=legal_name,
        root_pem=live.first.root_pem,
        chain_pem=live.first.chain_pem,
    )
    return Clinic(account, organization, legal_name, access)


def proof(live: LiveServer, organization: str) -> None:
    """Record that a representative was proofed now."""
    who = ("--representative", "Ann Lee", "--verifier", "Vera Fied", "--method", "in_person")
    shown = ("--evidence-type", "passport", "--evidence-number", "123456789")
    declared = ("--declared-by-representative", "--declared-by-verifier")
    operator(live, "organization", "proof", organization, *who, *shown, *declared)


def verify_domain(live: LiveServer, organization: str, domain: str) -> None:
    """Record that control of a domain was shown now."""
    operator(live, "domain", "verify", organization, domain, "--method", "dns_txt", "--evidence", "TXT seen")


def raw(live: LiveServer, sent: bytes, *more: bytes, seconds: float = 10) -> bytes:
    """Send bytes as they are, and answer everything until the server hangs up."""
    host, port = live.base_url.removeprefix("http://").split(":")
    got = b""
    with socket.create_connection((host, int(port)), timeout=seconds) as connection:
        for piece in (sent, *more):
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has heard enough; its answer counts
                connection.sendall(piece)
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                got += piece
    return got
