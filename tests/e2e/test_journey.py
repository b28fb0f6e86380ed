"""The whole way in a real browser: invited, applied, decided, shown, paid, certified, revoked, audited. Every server is real."""

import datetime as dt
import json
import os
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

import httpx2
import pytest
from aiosmtpd.controller import Controller
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from pyotp import TOTP

from directca.web.console.routes import PAGES
from directca.web.console.user_pages import USERS
from tests.e2e.serving import SECONDS, command, eventually, serving
from tests.e2e.test_pages import NODE_MODULES, chromium
from tests.live import ROOT, free_port
from tests.name_servers import OTHER_SERVER, SERVER, NameServers, name_servers
from tests.website import token_of

SCRIPT = ROOT / "tests" / "e2e" / "journey.mjs"
DOMAIN, MAILED = "journey.example", "mailed.example"
NAME = f"alice@{DOMAIN}"
PASSWORD = "correct horse battery staple"
PASSPHRASE = "a long enough passphrase"
MARKUP = "\"'><img src=x onerror=alert(1)>"
COLLEAGUE = "hana@clinic.example"
STAFF = ("/console/cases", "/console/authority", "/console/journal")
NOTHING = frozenset({403, 404})
EVERYTHING = {"step": "withdraw", "confirmed": "yes", "reason": "superseded", "kind": "review", "text": "mine"}
"""What forms send: accepted, these would change something."""
SETTINGS = """
[server]
relying_party_url = "http://pki.authority.example"
[revocation]
verify_minutes = 0
[passwords]
memory_kib = 8192
passes = 1
[billing]
wire = ["Bank of Springfield, account 4711"]
[mail]
host = "127.0.0.1"
port = {mail}
security = "none"
sender = "ca@authority.example"
"""


class Letters:
    """What a mail server was given."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, str]] = []

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802  (the library's name for it)
        text = message_from_bytes(envelope.content, policy=policy.default)
        self.kept += [(to, f"{text['Subject']}\n{text.get_content()}") for to in envelope.rcpt_tos]
        return "250 OK"

    def to(self, address: str, said: str) -> str:
        """The first to somebody that says something, when it has arrived."""
        found: list[str] = []

        def arrived() -> bool:
            found[:] = [text for to, text in self.kept if to == address and said in text]
            return bool(found)

        eventually(arrived)
        return found[0]


@dataclass
class Authority:
    """One that an operator has just made, with what is outside of it: mail, name servers, commands, authenticator apps."""

    data: Path
    folder: Path
    letters: Letters
    dns: NameServers
    base: str = ""
    told: dict[str, Any] = field(default_factory=dict)

    def run(self, *words: str) -> Any:
        """A command of the operator."""
        done = command(self.data, *words, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def person(self, account: str, username: str, role: str = "", *options: str) -> None:
        file = self.folder / "password"
        file.write_text(PASSWORD)
        self.run("account", "person", account, username, "--password-file", str(file), *options)
        if role:
            self.run("role", "grant", username, role)

    def answer(self, what: str, *given: str) -> Any:
        """Do what the browser cannot."""
        return getattr(self, f"_{what}")(*given)

    def _mail(self, to: str, said: str) -> str:
        return self.letters.to(to, said)

    def _code(self, key: str) -> str:
        return TOTP(key).now()

    def _publish(self, domain: str, record: str) -> None:
        for server in (SERVER, OTHER_SERVER):
            self.dns.publish(server, domain, record)

    def _confirm(self, reference: str) -> None:
        self.run("billing", "confirm", reference.lower())

    def _represent(self, username: str, organization: str) -> None:
        self.run("organization", "agreement", organization, "--by", "Alice Adams", "--version", "1.0")
        self.run("role", "grant", username, "representative")

    def _wait(self, username: str) -> None:
        """A quarter of an hour passes, for the second factor that somebody has shown."""
        then = f"{dt.datetime.now(dt.UTC) - dt.timedelta(minutes=15):%Y-%m-%d %H:%M:%S.%f}"
        said = "UPDATE person_session SET second_factor_at = ? WHERE person_id = (SELECT id FROM person WHERE username = ?)"
        with closing(self._books()) as books, books:
            assert books.execute(said, (then, username)).rowcount >= 1

    def _person(self, username: str) -> str:
        with closing(self._books()) as books:
            found: str = books.execute("SELECT id FROM person WHERE username = ?", (username,)).fetchone()[0]
        return found

    def _done(self, told: dict[str, Any]) -> None:
        self.told = told

    def _books(self) -> sqlite3.Connection:
        return sqlite3.connect(self.data / "directca.sqlite", timeout=SECONDS)


def opened(file: Path) -> int:
    """The serial number of the certificate in a PKCS #12 file, whose key it must hold."""
    text = openssl("pkcs12", "-in", str(file), "-passin", f"pass:{PASSPHRASE}", "-nodes")
    key = load_pem_private_key(text[text.index(b"-----BEGIN PRIVATE") :], None)
    certificate = x509.load_pem_x509_certificates(text)[0]
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)
    return certificate.serial_number


def openssl(*words: str) -> bytes:
    ran = subprocess.run(["openssl", *words], capture_output=True, check=False)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def journal(authority: Authority) -> list[Any]:
    """All rows."""
    with closing(sqlite3.connect(authority.data / "directca.sqlite")) as books:
        return books.execute("SELECT position FROM journal").fetchall()


def _plain(text: str) -> str:
    return " ".join(text.split())


@contextmanager
def mail_server() -> Iterator[tuple[Letters, int]]:
    letters = Letters()
    controller = Controller(letters, hostname="127.0.0.1", port=free_port())
    controller.start()
    try:
        yield letters, controller.port
    finally:
        controller.stop()


@pytest.fixture(scope="module")
def journey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """The authority after the whole way, still serving."""
    if shutil.which("node") is None or not (NODE_MODULES / "playwright-core").is_dir() or chromium() is None:
        pytest.skip("node, its packages or Chromium are missing: see test_pages.py")
    folder = tmp_path_factory.mktemp("journey")
    data = folder / "var"
    data.mkdir(mode=0o700)
    with name_servers() as dns, mail_server() as (letters, mail):
        dns.zone(DOMAIN, (SERVER, OTHER_SERVER))
        (data / "directca.toml").write_text(SETTINGS.format(mail=mail) + dns.settings())
        authority = Authority(data, folder, letters, dns)
        authority.run("init", "--organization", "Example Authority")
        clinic, own, other = (authority.run("account", "open", name)["id"] for name in ("Clinic", "Authority", "Other"))
        authority.person(clinic, "maria", "", "--administrator")
        for username, role in (("olga", "officer"), ("oskar", "officer"), ("kim", "auditor")):
            authority.person(own, username, role)
        authority.person(other, "steve")
        with serving(data) as live:
            authority.base = live.base_url
            _walk(authority)
            yield authority


def _walk(authority: Authority) -> None:
    asked = {
        "base_url": authority.base,
        "password": PASSWORD,
        "domain": DOMAIN,
        "mailed": MAILED,
        "name": NAME,
        "markup": MARKUP,
        "today": f"{dt.datetime.now(dt.UTC):%Y-%m-%d}",
        "folder": str(authority.folder),
        "shots": os.environ.get("DIRECTCA_SHOTS"),
        "chromium": chromium(),
    }
    with subprocess.Popen(
        ["node", str(SCRIPT)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as browser:
        watch = threading.Timer(120, browser.kill)
        watch.start()
        assert browser.stdin is not None
        assert browser.stdout is not None
        assert browser.stderr is not None
        answer: Any = asked
        try:
            print(json.dumps(answer), file=browser.stdin, flush=True)
            for line in browser.stdout:
                said = json.loads(line)
                answer = authority.answer(said["ask"], *said["with"])
                print(json.dumps(answer), file=browser.stdin, flush=True)
                if authority.told:
                    break
            browser.stdin.close()
            failed = browser.stderr.read()
        finally:
            watch.cancel()
            browser.kill()
    assert authority.told, failed[-4000:]


def test_the_pages_are_sound(journey: Authority) -> None:
    """axe, sideways scrolling, small targets, complaints of the browser, markup of somebody's: none on any page of the way."""
    assert {name: found for name, found in journey.told["seen"].items() if found} == {}
    assert journey.told["complaints"] == []


def test_people_were_told_what_they_did(journey: Authority) -> None:
    told = journey.told
    assert f"{COLLEAGUE} waiting" in _plain(told["invitations"])
    assert told["again"] == 404
    assert told["masked"] is True
    assert "olga sent it back Which street?" in _plain(told["sentBack"].partition("Facts")[0])
    assert MARKUP in told["sentBack"]
    assert told["cameBack"] is True
    assert "1 of 2 needed approvals given" in _plain(told["first"])
    assert "It stands." in told["approved"]
    assert "You are none here" in told["notYet"]
    assert told["noForm"] is True
    assert "verified" in told["verified"]
    assert "verified" in told["confirmed"]
    assert told["endedSession"] == "/sign-in"
    assert "$100.00 arrived" in _plain(told["paid"])
    assert "This cannot be undone." in told["asks"]
    assert "Nobody should trust" in told["revoked"]
    assert "case.approved" in told["cases"]
    assert "case.sent_back" in told["cases"]
    assert "whole" in told["walked"]


def test_each_file_opens_with_openssl_and_holds_the_key_of_its_certificate(journey: Authority) -> None:
    made = journey.told["pair"]["made"]
    assert [len(files) for files in made] == [2, 2]
    prints = {journey.folder / name: opened(journey.folder / name) for files in made for name in files}
    assert len(set(prints.values())) == 4
    signing = x509.load_pem_x509_certificate((journey.folder / "signing.pem").read_bytes())
    assert signing == x509.load_der_x509_certificate((journey.folder / "signing.cer").read_bytes())
    assert prints[Path(made[0][0])] == signing.serial_number
    for name, number in (("pair.p7c", 4), ("signing.p7c", 3), ("chain.p7c", 2)):
        ran = openssl("pkcs7", "-inform", "DER", "-print_certs", "-in", str(journey.folder / name))
        assert ran.count(b"BEGIN CERTIFICATE") == number, name


def test_what_was_revoked_is_on_the_list_and_in_the_mail(journey: Authority) -> None:
    serials = {opened(Path(name)) for files in journey.told["pair"]["made"] for name in files}
    signing = x509.load_pem_x509_certificate((journey.folder / "signing.pem").read_bytes())
    named = signing.extensions.get_extension_for_class(x509.CRLDistributionPoints).value[0].full_name[0].value
    where = journey.base + named.removeprefix("http://pki.authority.example")
    eventually(lambda: serials <= {one.serial_number for one in x509.load_der_x509_crl(httpx2.get(where).content)})
    for said in ("issued", "revoked"):
        assert NAME in journey.letters.to(COLLEAGUE, f"Certificates {said}: {NAME}")


def test_the_auditor_took_along_what_verifies(journey: Authority) -> None:
    rows = [json.loads(line) for line in Path(journey.told["copy"]).read_text().splitlines()]
    kinds = [row["kind"] for row in rows]
    for kind in ("person.invited", "case.sent_back", "case.approved", "domain.verified", "certificate.revoked"):
        assert kind in kinds
    assert journey.run("journal", "verify")["rows"] >= len(rows)
    assert journey.run("account", "check")["available"] == 6500


def test_no_link_leads_elsewhere(journey: Authority) -> None:
    assert set(journey.told["arrived"].values()) == {f"{journey.base}/console"}


Addresses = list[tuple[str, bool]]


def addresses(journey: Authority) -> Addresses:
    """Every page of the console with an object of the clinic's in its address, and whether it has a form."""
    known = journey.told["objects"]
    found = [(f"/console/certificates/{known['record']}/signing.pem", False)]
    for path, _, submit in PAGES:
        names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
        if names and set(names) <= set(known):
            people = {"person": known["user"]} if path.startswith(USERS) else {}
            found.append((path.format(**known | people), submit is not None))
    return found


def visiting(journey: Authority, who: str) -> httpx2.Client:
    """The browser of somebody of the way, taken on."""
    return httpx2.Client(base_url=journey.base, cookies={"directca_session": journey.told["secrets"][who]}, timeout=SECONDS)


def test_somebody_of_another_account_finds_nothing(journey: Authority) -> None:
    """Not one page, not one form: with their own token, and as if there were no such thing."""
    tried = addresses(journey)
    assert len(tried) > 20
    with visiting(journey, "stranger") as browser, visiting(journey, "hana") as owner:
        token = token_of(browser.get("/account/sessions").text)
        for path, has_form in tried:
            if not path.startswith(STAFF):
                assert owner.get(path).status_code not in NOTHING, path
            assert browser.get(path).status_code in NOTHING, path
            if has_form:
                sent = browser.post(path, data={"csrf_token": token, **EVERYTHING})
                assert sent.status_code in NOTHING, (path, sent.status_code, sent.text)


def test_no_form_is_taken_without_the_token_of_its_own_browser(journey: Authority) -> None:
    forms = [path for path, _, submit in PAGES if submit is not None and "{" not in path]
    forms += [path for path, has_form in addresses(journey) if has_form]
    rows = len(journal(journey))
    with visiting(journey, "stranger") as stranger:
        theirs = token_of(stranger.get("/account/sessions").text)
    for who in ("hana", "olga"):
        with visiting(journey, who) as browser:
            for path in forms:
                for token in ({}, {"csrf_token": theirs}, {"csrf_token": ""}):
                    assert browser.post(path, data={**EVERYTHING, **token}).status_code == 403, (who, path, token)
    assert len(journal(journey)) == rows
