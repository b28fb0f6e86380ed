"""What the tests of the API over HTTP share: names, requests, records, an operator, and a look at the books.

    with live.client() as api:
        record = issued(api, a_name(live.first.direct_domain))

Keys are never used twice unless a test wants it: the authority refuses a key that another name has.
"""

import contextlib
import dataclasses
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

from directca.accounts import accounts, ledger, people
from directca.accounts.people import NewPerson
from directca.cli.root import app as commands
from directca.db.engine import Database, Tx
from directca.db.opening import open_database
from directca.desk import open_desk
from directca.direct.oids import OrganizationType
from directca.journal.verify import verify
from directca.oauth import applications
from directca.oauth.applications import NewApplication
from directca.settings import load
from directca.vetting import evidence, organizations
from directca.vetting.evidence import Recording
from directca.vetting.model import EVERY_MAILBOX, DomainMethod, OrganizationFacts, ProofingFacts, ProofingMethod
from tests.live import ApiClient, LiveServer, SandboxAccount
from tests.material import csr, rsa_key

ISSUE = "/api/certificate/"
QUERY = "/api/certificate/query"
SIGNING = "signingCertificatePkcs10Data"
ENCRYPTION = "encryptionCertificatePkcs10Data"
OPERATOR = "operator:ann"
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
    done = _runner.invoke(commands, [*words, "--json", "--data", str(live.data_dir)])
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


@dataclass(frozen=True)
class Standing:
    """What a refused request must leave as it was."""

    balance: int
    reserved: int
    records: int


@contextlib.contextmanager
def books(live: LiveServer) -> Iterator[Tx]:
    """The server's database, to be read beside it."""
    with contextlib.closing(database_of(live)) as database, database.read() as tx:
        yield tx


def database_of(live: LiveServer) -> Database:
    """The server's database, opened beside it."""
    settings = load(live.data_dir)
    return open_database(settings.database, settings.database_password())


def standing(live: LiveServer, api: ApiClient, account: str) -> Standing:
    """The account's money and the number of its records."""
    with books(live) as tx:
        balance = ledger.balance(tx, account)
    total = api("GET", QUERY, params={"limit": "1"}).json()["query"]["totalCount"]
    return Standing(balance.available, balance.reserved, total)


@contextlib.contextmanager
def nothing_changes(live: LiveServer, api: ApiClient, account: str) -> Iterator[None]:
    """Money and records are afterwards what they were, and the journal is whole."""
    before = standing(live, api, account)
    yield
    assert standing(live, api, account) == before
    with books(live) as tx:
        assert verify(tx).problems == ()
        assert ledger.trial_balance(tx).problems == ()


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


def a_clinic(live: LiveServer, *, dollars: int = 10_000) -> Clinic:
    """An account with one organization that may have everything, as the operator's commands would make it one by one."""
    word = secrets.token_hex(4)
    legal_name, domain, username = f"Clinic {word}", f"direct.clinic-{word}.example", f"manager.{word}"
    desk = open_desk(live.data_dir)
    by = Recording(OPERATOR, desk.clock.now(), desk.policy.rules, secrets.token_bytes, desk.registration.seal)
    with contextlib.closing(desk.database):
        with desk.database.write() as tx:
            account = accounts.open_account(tx, legal_name, actor=OPERATOR, at=by.at, random=by.random).id
            ledger.deposit(tx, account, dollars * 100, reference=f"wire {word}", actor=OPERATOR, at=by.at)
            facts = OrganizationFacts(
                legal_name, "US", "Vermont", "Burlington", ("Cardiology",), (OrganizationType.HEALTH_ENTITY,)
            )
            organization = organizations.register(tx, account, facts, actor=OPERATOR, at=by.at, random=by.random).id
            evidence.accept_agreement(tx, organization, by.rules.agreement_version, "Ann Lee", by)
            evidence.record_proofing(tx, organization, _proofing(by), by)
            organizations.approve(tx, organization, actor=OPERATOR, at=by.at)
            evidence.verify_domain(tx, organization, domain, DomainMethod.DNS_TXT, "TXT seen", by)
            evidence.authorize_mailbox(tx, organization, domain, EVERY_MAILBOX, None, by)
        people.create(desk.people, NewPerson(account, username, "Manager", PASSWORD), actor=OPERATOR)
        new = NewApplication("Portal", legal_name, (live.first.redirect_uri,), account_id=account)
        registered = applications.register(desk.oauth, new, actor=OPERATOR)
    access = dataclasses.replace(
        live.first,
        client_id=registered.client.client_id,
        client_secret=str(registered.secret),
        username=username,
        password=PASSWORD,
        direct_domain=domain,
        organization=legal_name,
    )
    return Clinic(account, organization, legal_name, access)


def _proofing(by: Recording) -> ProofingFacts:
    return ProofingFacts("Ann Lee", ProofingMethod.IN_PERSON, "passport", "123456789", "Vera Fied", by.at, True, True)


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
