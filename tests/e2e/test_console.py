"""A real browser in the console: pages looked at, a pair made wholly in it and opened by OpenSSL, no mouse, no script."""

import json
import os
import shutil
import subprocess
from base64 import b64decode
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

from directca.accounts import invitations, people, roles, top_ups
from directca.accounts.member import Member
from directca.accounts.person import Role
from directca.accounts.roles import AtCommand
from directca.accounts.top_up_model import PaymentMethod
from directca.accounts.top_ups import Payment
from directca.db.engine import Database
from directca.oauth import own_applications
from tests.console import Desk, a_desk
from tests.e2e.test_pages import NODE_MODULES, chromium
from tests.live import ROOT, free_port
from tests.people import OPERATOR, PASSWORD, USERNAME
from tests.website import served
from tests.world import ALICE, DOMAIN, PLENTY

SCRIPT = ROOT / "tests" / "e2e" / "console.mjs"
PASSPHRASE = "a long enough passphrase"
NEW, FIXED = f"browser@{DOMAIN}", f"fixed@{DOMAIN}"


@dataclass(frozen=True)
class Told:
    """What the browser tells, where its files are, and the authority behind it."""

    answer: dict[str, Any]
    folder: Path
    desk: Desk

    def files(self) -> dict[str, Path]:
        return {use: self.folder / f"{NEW}-{use}.p12" for use in ("signing", "encryption")}


def account_pages(desk: Desk, order_id: str) -> dict[str, str]:
    """What an administrator of the account sees of its money, its users and its applications, by a name for each page."""
    roles.grant(desk.console.web.people, USERNAME, Role.ACCOUNT_ADMINISTRATOR, by=AtCommand(OPERATOR))
    maria = people.people_of(desk.console.web.people, desk.world.account_id)[0]
    member = Member(maria.account_id, maria.id)
    top_up, _ = top_ups.ask(desk.console.billing, member, Payment(250_00, PaymentMethod.WIRE))
    invitations.invite(desk.console.joining, member, "nina@clinic.example", administrator=True)
    wanted = own_applications.Wanted("Gateway", ("https://gateway.example/back",))
    client = own_applications.create(desk.console.web.oauth, member, wanted).client
    return {
        "billing": "/console/billing",
        "top-up": f"/console/billing/top-ups/{top_up.id}",
        "bought": f"/console/billing/orders/{order_id}",
        "invoice": "/console/billing/invoices/INV-2026-000001",
        "statement": "/console/billing/statement",
        "users": "/console/users",
        "api-application-new": "/console/api-applications/new",
        "api-application": f"/console/api-applications/{client.client_id}",
    }


@pytest.fixture
def told(database: Database, tmp_path: Path) -> Told:
    if shutil.which("node") is None or not (NODE_MODULES / "playwright-core").is_dir() or chromium() is None:
        pytest.skip("node, its packages or Chromium are missing: see test_pages.py")
    port = free_port()
    base = f"http://localhost:{port}"
    desk = a_desk(database, base=base)
    record = desk.world.issue().record
    desk.world.issue(FIXED, key=2)
    asked = {
        "base_url": base,
        "username": USERNAME,
        "password": PASSWORD,
        "record": record.id,
        "new_name": NEW,
        "fixed": FIXED,
        "account_pages": account_pages(desk, record.order_id),
        "folder": str(tmp_path),
        "shots": os.environ.get("DIRECTCA_SHOTS"),
        "chromium": chromium(),
    }
    with served(desk.app, port):
        ran = subprocess.run(
            ["node", str(SCRIPT)], input=json.dumps(asked), capture_output=True, text=True, timeout=120, check=False
        )
    assert ran.returncode == 0, ran.stderr[-4000:]
    return Told(json.loads(ran.stdout), tmp_path, desk)


def test_the_console_in_a_browser(told: Told) -> None:
    assert {name: found for name, found in told.answer["seen"].items() if found} == {}
    assert told.answer["complaints"] == []
    pages, plain, keyboard = told.answer["pages"], told.answer["plain"], told.answer["keyboard"]
    assert "This cannot be undone." in pages["asks"]
    assert (pages["focus"], pages["field"]) == ("error-summary", "signing")
    assert "$35.00" in plain["review"]
    assert plain["renewed"] == f"/console/certificates/{told.desk.world.history(ALICE)[0].record.id}"
    assert (plain["says"], plain["form"]) == (True, False)
    assert keyboard == {"state": "held", "ringless": []}
    _made_in_the_browser(told)
    # The pair made here, the two of the fixture, and one renewal without script: each charged once.
    assert told.desk.world.balance().available == PLENTY - 4 * 3500
    told.desk.world.check_books()


def _made_in_the_browser(told: Told) -> None:
    """The files open with OpenSSL, their keys are those of the register's certificates, and no key was ever sent."""
    made, pair = told.answer["made"], told.desk.world.history(NEW)[0]
    assert made["files"] == [f"{NEW}-signing.p12", f"{NEW}-encryption.p12"]
    assert made["page"] == f"/console/certificates/{pair.record.id}"
    assert made["mistake"] == "problems"
    sent = "\n".join(made["sent"])
    assert PASSPHRASE not in sent
    assert PASSPHRASE.replace(" ", "+") not in sent
    posted = [parse_qs(one.rpartition(" ")[2]) for one in made["sent"] if one.startswith("POST")]
    allowed = {"csrf_token", "keys", "signing", "encryption", "years", "category"}
    assert [set(one) - {"category"} for one in posted] == [allowed - {"category"}, allowed - {"category"} | {"key", "confirmed"}]
    for use, certificate in (("signing", pair.signing), ("encryption", pair.encryption)):
        key, certificates = _opened(told.files()[use])
        assert certificates[0].public_bytes(Encoding.DER) == certificate.der
        assert [one.public_bytes(Encoding.DER) for one in certificates[1:]] == [*told.desk.console.chains["issuing"]]
        assert _public(key.public_key()) == _public(certificates[0].public_key())
        request = x509.load_der_x509_csr(b64decode(posted[-1][use][0]))
        assert request.is_signature_valid
        assert _public(request.public_key()) == _public(key.public_key())
        # All that was sent of the key is the request that was just read, and that holds its public half alone.
        assert posted[0][use] == posted[-1][use]


def _opened(file: Path) -> tuple[RSAPrivateKey, list[x509.Certificate]]:
    ran = subprocess.run(
        ["openssl", "pkcs12", "-in", str(file), "-passin", f"pass:{PASSPHRASE}", "-nodes"], capture_output=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    key = load_pem_private_key(ran.stdout[ran.stdout.index(b"-----BEGIN PRIVATE") :], None)
    assert isinstance(key, RSAPrivateKey)
    return key, x509.load_pem_x509_certificates(ran.stdout)


def _public(key: Any) -> bytes:
    encoded: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return encoded
