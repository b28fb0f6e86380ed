"""`make demo`: from nothing to a certificate, a secret mail, and a revocation, in under a minute.

A server is started in a temporary folder; from then on this script is a stranger to it. It knows what `sandbox.json`
says, speaks HTTP, and lets OpenSSL make the keys and judge what comes back. The exit code is 0 if every step held.
"""

import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote, urlencode

import httpx2
import openssl
import stage
import visitor

_MAIL = "Content-Type: text/plain\r\n\r\nThe patient is well. Second opinion attached.\r\n"
_TOLD_WITHIN = 10.0
_SIGNING, _ENCRYPTION = "signing", "encryption"
_PURPOSES = {_SIGNING: openssl.SIGN, _ENCRYPTION: openssl.ENCRYPT}
_REQUEST_FIELDS = {_SIGNING: "signingCertificatePkcs10Data", _ENCRYPTION: "encryptionCertificatePkcs10Data"}

Json = dict[str, Any]


@dataclass(frozen=True)
class Pair:
    """A record, and where its certificates and keys lie."""

    record: Json
    certificates: dict[str, Path]
    keys: dict[str, Path]

    def serials(self) -> set[str]:
        """Both serial numbers."""
        return {self.record["signing_cert_serial"], self.record["encryption_cert_serial"]}


class Subscriber:
    """Somebody with a folder, an access token, and a Direct address to certify."""

    def __init__(self, sandbox: Json, folder: Path) -> None:
        self.sandbox = sandbox
        self.folder = folder
        self.address = f"alice@{sandbox['direct_domain']}"
        self.anchor = folder / "root.pem"
        self.between = folder / "chain.pem"
        self.anchor.write_text(sandbox["root_pem"])
        self.http = httpx2.Client(base_url=sandbox["base_url"], timeout=30, trust_env=False)

    def authorize(self) -> str:
        """The authorization code flow as the API's documentation tells it. Returns for how long the token is good."""
        state = "demo-state"
        asked = {
            "client_id": self.sandbox["client_id"],
            "redirect_uri": self.sandbox["redirect_uri"],
            "scope": "tuser.account",
            "response_type": "code",
            "state": state,
        }
        with visitor.Visitor(self.sandbox["base_url"]) as person:
            person.open(f"{self.sandbox['base_url']}/oauth/authorize?{urlencode(asked)}")
            person.fill_in(username=self.sandbox["username"], password=self.sandbox["password"])
            returned = person.press("decision", "grant", back_to=self.sandbox["redirect_uri"])
        _expect(returned.get("state") == state and "code" in returned, f"the application received {sorted(returned)}")
        form = {
            "grant_type": "authorization_code",
            "client_id": self.sandbox["client_id"],
            "client_secret": self.sandbox["client_secret"],
            "code": returned["code"],
        }
        answer = _answer(self.http.post("/oauth/token", data=form))
        self.http.headers["Authorization"] = f"Bearer {answer['access_token']}"
        return f"{answer['token_type']} token for {answer['expires_in']} seconds"

    def make_keys(self, label: str) -> tuple[dict[str, Path], dict[str, str]]:
        """Two keys, which stay here, and two certification requests."""
        keys, requests = {}, {}
        for role in _PURPOSES:
            keys[role], request = self.folder / f"{label}-{role}.key", self.folder / f"{label}-{role}.csr"
            openssl.make_key_and_request(self.address, keys[role], request)
            requests[_REQUEST_FIELDS[role]] = request.read_text()
        return keys, requests

    def order(self, method: str, path: str, body: Json, label: str, keys: dict[str, Path]) -> Pair:
        """Issue, renew or reissue; store what comes back."""
        record = _answer(self.http.request(method, f"/api/certificate/{path}", json=body))
        certificates = {}
        for role in _PURPOSES:
            certificates[role] = self.folder / f"{label}-{role}.pem"
            certificates[role].write_text(record[f"{role}_cert"])
            _expect(openssl.serial(certificates[role]) == record[f"{role}_cert_serial"], f"the {role} serial differs")
        self.between.write_text(record["ca_chain"])
        return Pair(record, certificates, keys)

    def fetch_crls(self, pair: Pair) -> list[Path]:
        """Fetch each CRL from the address that the certificate itself names: the pair's, and those of the chain."""
        crls = []
        for at, certificate in enumerate((pair.certificates[_SIGNING], self._issuing_ca())):
            for address in openssl.distribution_points(certificate):
                response = httpx2.get(address, timeout=30, trust_env=False)
                _expect(response.status_code == 200, f"{address} answered {response.status_code}")
                crl = self.folder / f"crl-{at}.pem"
                openssl.crl_to_pem(response.content, crl)
                crls.append(crl)
        return crls

    def judge(self, pair: Pair) -> list[str]:
        """OpenSSL's verdict on both certificates, with fresh CRLs."""
        crls = self.fetch_crls(pair)
        for role, purpose in _PURPOSES.items():
            openssl.verify(pair.certificates[role], purpose, self.anchor, self.between, crls)
        return [f"{role}: OK for {purpose}, with chain and CRL" for role, purpose in _PURPOSES.items()]

    def ask(self, pair: Pair, expected: str) -> list[str]:
        """What OCSP says of both certificates, asked by OpenSSL."""
        told = []
        for role, certificate in pair.certificates.items():
            answer = openssl.ask_status(certificate, self._issuing_ca(), self.anchor)
            _expect(answer == expected, f"OCSP says that the {role} certificate is {answer}")
            told.append(f"{role}: {answer}, by OCSP")
        return told

    def _issuing_ca(self) -> Path:
        first = self.folder / "issuing.pem"
        end = "-----END CERTIFICATE-----"
        first.write_text(self.between.read_text().partition(end)[0] + end + "\n")
        return first


def main() -> int:
    """Play the demonstration. Returns the exit code."""
    signal.signal(signal.SIGTERM, _end)
    if not openssl.installed():
        print("The demonstration needs the openssl command. Install the package openssl.", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="directca-demo-") as name:
        server = stage.Server(Path(name))
        try:
            _play(stage.Steps(), server, Path(name))
        except (stage.Failed, visitor.Lost, openssl.Refused, httpx2.HTTPError, OSError, KeyError) as error:
            print(f"\nIt failed: {error}", file=sys.stderr)
            print(f"The server's last words:\n{server.last_words()}", file=sys.stderr)
            return 1
        finally:
            server.stop()
    print("\nEvery step held. The server is stopped and its folder removed.")
    return 0


def _play(steps: stage.Steps, server: stage.Server, folder: Path) -> None:
    with steps.step("Start the authority in an empty folder: root CA, issuing CA, a vetted clinic") as told:
        sandbox = server.start()
        told.append(f"{sandbox['base_url']} · {sandbox['organization']} · {sandbox['direct_domain']}")
    alice = Subscriber(sandbox, folder)
    with alice.http:
        with steps.step("Sign in, grant access, and exchange the code for a token") as told:
            told.append(alice.authorize())
        first = _obtain(steps, alice)
        _exchange_mail(steps, alice, first)
        last = _replace(steps, alice, first)
        _revoke(steps, alice, last)


def _obtain(steps: stage.Steps, alice: Subscriber) -> Pair:
    with steps.step("Make two RSA-3072 keys and their requests with openssl") as told:
        keys, requests = alice.make_keys("first")
        told.append("The keys stay here; only the requests are sent.")
    with steps.step(f"Issue a signing and an encryption certificate for {alice.address}, one year") as told:
        first = alice.order("POST", "", {**requests, "durationYear": 1}, "first", keys)
        told.extend(_described(first))
    with steps.step("Let openssl verify both, with the CRLs and by the OCSP that the certificates name") as told:
        told.extend([*alice.judge(first), *alice.ask(first, "good")])
    return first


def _exchange_mail(steps: stage.Steps, alice: Subscriber, pair: Pair) -> None:
    with steps.step("Sign and encrypt a mail with openssl, then open it again") as told:
        mail, message = alice.folder / "mail.txt", alice.folder / "mail.eml"
        mail.write_bytes(_MAIL.encode())
        sender = pair.certificates[_SIGNING], pair.keys[_SIGNING]
        recipient = pair.certificates[_ENCRYPTION], pair.keys[_ENCRYPTION]
        openssl.sign_and_encrypt(mail, sender, alice.between, recipient[0], message)
        sent = message.read_text()
        _expect("patient" not in sent, "the mail can be read on its way")
        read = openssl.decrypt_and_verify(message, recipient, alice.anchor)
        _expect(_lines(read) == _lines(_MAIL), "the mail that was read is not the mail that was sent")
        told.append(f"{len(sent):,} bytes on the way; read back: “{_lines(read)[-1]}”")


def _replace(steps: stage.Steps, alice: Subscriber, first: Pair) -> Pair:
    path = quote(alice.address)
    with steps.step("Renew for two years, with the same keys") as told:
        renewed = alice.order("POST", f"renew/{path}", {"durationYear": 2}, "renewed", first.keys)
        _expect(not renewed.serials() & first.serials(), "the renewed pair has an old serial number")
        told.extend([*_described(renewed), *alice.judge(renewed)])
    with steps.step("Reissue with new keys; the end of the term stays") as told:
        keys, requests = alice.make_keys("reissued")
        reissued = alice.order("PATCH", path, requests, "reissued", keys)
        kept = reissued.record["not_after_ts"] == renewed.record["not_after_ts"]
        _expect(kept, f"the term changed to {reissued.record['not_after_ts']}")
        told.extend([*_described(reissued), *alice.judge(reissued)])
    return reissued


def _revoke(steps: stage.Steps, alice: Subscriber, pair: Pair) -> None:
    path = quote(alice.address)
    with steps.step("Revoke both certificates: keyCompromise") as told:
        record = _answer(alice.http.post(f"/api/certificate/revoke/{path}/keyCompromise"))
        _expect(record["status"] == "revoked", f"the state is {record['status']}")
        told.append(f"{record['status']} · {record['revocation_reason']} · {record['revoked_ts']}")
    with steps.step("Ask again: OCSP says revoked, the CRL lists both") as told:
        told.extend(_until_told(alice, pair))
        listed = openssl.revoked(alice.fetch_crls(pair)[0])
        _expect(pair.serials() <= listed, f"the CRL lists {sorted(listed)}")
        told.extend(f"{_grouped(serial)}" for serial in sorted(pair.serials()))
    with steps.step("Let openssl verify again: it must refuse") as told:
        crls = alice.fetch_crls(pair)
        for role, purpose in _PURPOSES.items():
            told.append(f"{role}: {_refusal(alice, pair.certificates[role], purpose, crls)}")


def _until_told(alice: Subscriber, pair: Pair) -> list[str]:
    """Every process of the server tells of a revocation within two seconds."""
    deadline = time.monotonic() + _TOLD_WITHIN
    while True:
        try:
            return alice.ask(pair, "revoked")
        except stage.Failed:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _refusal(alice: Subscriber, certificate: Path, purpose: str, crls: list[Path]) -> str:
    try:
        openssl.verify(certificate, purpose, alice.anchor, alice.between, crls)
    except openssl.Refused as refused:
        _expect("revoked" in str(refused), f"openssl refuses for another reason: {refused}")
        return f"refused, “{refused}”"
    raise stage.Failed(f"openssl still trusts {certificate.name}.")


def _answer(response: httpx2.Response) -> Json:
    if response.status_code != 200:
        raise stage.Failed(f"{response.request.method} {response.url} answered {response.status_code}: {response.text[:500]}")
    found: Json = response.json()
    return found


def _described(pair: Pair) -> list[str]:
    record = pair.record
    serials = [f"{role:<10} {_grouped(record[f'{role}_cert_serial'])}" for role in _PURPOSES]
    return [*serials, f"{record['status']} until {record['not_after_ts']}"]


def _grouped(serial: str) -> str:
    head = len(serial) % 4
    groups = [serial[:head]] if head else []
    return " ".join(groups + [serial[at : at + 4] for at in range(head, len(serial), 4)])


def _lines(text: str) -> list[str]:
    return text.strip().splitlines()


def _expect(held: bool, otherwise: str) -> None:
    if not held:
        raise stage.Failed(f"Not as promised: {otherwise}.")


def _end(number: int, _frame: object) -> NoReturn:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
