"""Clients that issue, renew, reissue, revoke, refresh tokens, query, and ask for status, through all nodes, as good clients do.

A purchase is repeated with its Idempotency-Key, at whatever node answers, until it is answered for good. Everything that is sent,
and everything that comes back, is in the diary.
"""

import random
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import quote

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import ocsp

from faults.diary import NO_ANSWER, Diary
from faults.subscriber_keys import Keys, request_for, spki
from tests.browser import Browser, location, query_of
from tests.live import SandboxAccount, authorize_url

_TIMEOUT = httpx2.Timeout(25, connect=3)
_LONGEST_PAUSE = 2.0
_TRIES_OF_READING = 3
_ROWS = 30
_REASONS = ("keyCompromise", "superseded", "cessationOfOperation")
_AGAIN = frozenset({NO_ANSWER, 429, 500, 502, 503, 504})

_TOUR = (
    *(
        "issue",
        "issue",
        "ocsp",
        "announce",
        "query",
        "renew",
        "upload",
        "retrieve",
        "token",
        "reissue",
        "upload",
        "revoke",
        "crl",
    ),
    "issue",
)
"""What each client does first, so that the shortest run has all of it."""

WEIGHTS = {
    "issue": 6,
    "renew": 4,
    "reissue": 2,
    "revoke": 3,
    "token": 3,
    "query": 4,
    "retrieve": 2,
    "ocsp": 4,
    "crl": 2,
    "announce": 1,
    "upload": 1,
}


@dataclass(frozen=True)
class Held:
    """A pair that a client was given."""

    identifier: str
    record: Mapping[str, Any]


@dataclass
class Traffic:
    """What all clients share. `over`: they begin nothing new; `patience`: they also give up what they began."""

    account: SandboxAccount
    nodes: tuple[str, ...]
    diary: Diary
    keys: Keys
    rest: float = 0.0
    announced: Callable[[str], object] = lambda _reference: None
    """Told the reference of each payment that was announced."""
    over: threading.Event = field(default_factory=threading.Event)
    patience: threading.Event = field(default_factory=threading.Event)


class Client(threading.Thread):
    """One subscriber's software."""

    def __init__(self, traffic: Traffic, number: int, seed: int) -> None:
        super().__init__(name=f"client-{number}", daemon=True)
        self._traffic = traffic
        self._chance = random.Random(f"{seed}:{number}")
        self._http = [httpx2.Client(base_url=url, timeout=_TIMEOUT) for url in traffic.nodes]
        self._node = number % len(self._http)
        self._access = self._refresh = ""
        self._count = 0
        self._held: list[Held] = []
        self._issuer: x509.Certificate | None = None
        self._name = f"c{number}-{uuid.UUID(int=self._chance.getrandbits(128)).hex[:6]}"
        self.failure: BaseException | None = None

    def run(self) -> None:
        """Work until it is over."""
        actions: dict[str, Callable[[], object]] = {name: getattr(self, f"_{name}") for name in WEIGHTS}
        try:
            self._sign_in()
            for name in _TOUR:
                actions[name]()
            while not self._traffic.over.wait(self._traffic.rest):
                actions[self._chance.choices(list(WEIGHTS), list(WEIGHTS.values()))[0]]()
        except BaseException as failure:  # noqa: BLE001  (the run raises it, in its own thread)
            self.failure = failure
        finally:
            for one in self._http:
                one.close()

    # --- what a client wants -----------------------------------------------------------------------------------------------

    def _issue(self) -> None:
        self._count += 1
        name = f"{self._name}-{self._count}@{self._traffic.account.direct_domain}"
        keys = self._traffic.keys.pair()
        requests = [request_for(name, one) for one in keys]
        body = {
            "signingCertificatePkcs10Data": requests[0],
            "encryptionCertificatePkcs10Data": requests[1],
            "durationYear": self._chance.choice((1, 2)),
        }
        facts = {"requests": [_digest(one.encode()) for one in requests], "spki": [_digest(spki(one)) for one in keys]}
        self._buy("issue", "POST", "/api/certificate/", name, body, **facts)

    def _renew(self) -> None:
        if held := self._somebody():
            path = f"/api/certificate/renew/{quote(held.identifier)}"
            self._buy("renew", "POST", path, held.identifier, {"durationYear": 1})

    def _reissue(self) -> None:
        if held := self._somebody():
            self._buy("reissue", "PATCH", f"/api/certificate/{quote(held.identifier)}", held.identifier, {})

    def _revoke(self) -> None:
        if held := self._somebody():
            self._held = [one for one in self._held if one.identifier != held.identifier]
            reason = self._chance.choice(_REASONS)
            path = f"/api/certificate/revoke/{quote(held.identifier)}/{reason}"
            self._api("revoke", "POST", path, until_answered=True, identifier=held.identifier, reason=reason)

    def _retrieve(self) -> None:
        if held := self._somebody():
            self._api("retrieve", "GET", f"/api/certificate/{quote(held.identifier)}", identifier=held.identifier)

    def _query(self) -> None:
        if held := self._somebody():
            wanted = {"commonNameIs": held.identifier, "limit": "1000"}
            self._api("query", "GET", "/api/certificate/query", params=wanted, expected=held.record["id"])

    def _token(self) -> None:
        account = self._traffic.account
        form = {
            "grant_type": "refresh_token",
            "client_id": account.client_id,
            "client_secret": account.client_secret,
            "refresh_token": self._refresh,
        }
        answer = self._ask("token", "POST", "/oauth/token", data=form, until_answered=True)
        if answer is None:
            return
        if answer.status_code == 200:
            self._keep(answer)
        else:
            self._sign_in()  # the answer to an earlier try came too late: the old token has no grace left

    def _ocsp(self) -> None:
        held = self._somebody()
        if held is None or self._issuer is None:
            return
        serial = held.record[self._chance.choice(("signing_cert_serial", "encryption_cert_serial"))]
        headers = {"Content-Type": "application/ocsp-request"}
        self._ask("ocsp", "POST", "/ocsp", content=status_request(self._issuer, serial), headers=headers, serial=serial)

    def _crl(self) -> None:
        self._ask("crl", "GET", "/crl/issuing.crl")

    def _announce(self) -> None:
        """Say that money is on its way. Whoever has to wait for others' money, or was not answered in time, goes on."""
        key, amount = uuid.UUID(int=self._chance.getrandbits(128)).hex, self._chance.randrange(1_000, 100_000)
        answer = self._api(
            "announce",
            "POST",
            "/api/account/top-up",
            json={"amount_cents": amount, "method": "wire"},
            headers={"Idempotency-Key": key},
            until_answered=True,
            key=key,
            amount=amount,
        )
        if answer is not None and answer.status_code == 200:
            self._traffic.announced(answer.json()["reference"])

    def _upload(self) -> None:
        """Bring a file of addresses, of which every other has one row that is another's domain."""
        self._count += 1
        ours = [f"{self._name}-{self._count}-{row}@{self._traffic.account.direct_domain}" for row in range(_ROWS)]
        wrong = self._count % 2 == 0
        text = "\n".join(("address", *ours, *(("somebody@elsewhere.example",) if wrong else ())))
        facts = {"addresses": ours, "wrong": wrong}
        headers = {"Content-Type": "text/csv"}
        self._api("upload", "POST", "/api/address/upload", content=text.encode(), headers=headers, until_answered=True, **facts)

    # --- how it goes about it ----------------------------------------------------------------------------------------------

    def _buy(self, what: str, method: str, path: str, name: str, body: Mapping[str, Any], **facts: Any) -> None:
        key = uuid.UUID(int=self._chance.getrandbits(128)).hex
        answer = self._api(
            what,
            method,
            path,
            json=body,
            until_answered=True,
            headers={"Idempotency-Key": key},
            key=key,
            identifier=name,
            **facts,
        )
        if answer is None or answer.status_code != 200:
            return
        record = answer.json()
        if self._issuer is None:
            self._issuer = x509.load_pem_x509_certificates(record["ca_chain"].encode())[0]
        self._held = [one for one in self._held if one.identifier != name] + [Held(name, record)]
        if self._chance.random() < 0.2:  # a client whose own records were lost asks once more
            again = {"headers": {"Idempotency-Key": key}, "key": key, "identifier": name, "json": body}
            self._api(what, method, path, again=True, **again, **facts)

    def _api(self, what: str, method: str, path: str, **more: Any) -> httpx2.Response | None:
        headers = more.pop("headers", {})
        while True:
            answer = self._ask(what, method, path, headers={**headers, "Authorization": f"Bearer {self._access}"}, **more)
            if answer is None or answer.status_code != 401:
                return answer
            self._token()

    def _ask(self, what: str, method: str, path: str, *, until_answered: bool = False, **more: Any) -> httpx2.Response | None:
        """The answer that is one for good; None when the client gave up."""
        request = {name: more.pop(name) for name in ("json", "data", "content", "params", "headers") if name in more}
        tries = 0
        while not self._traffic.patience.is_set():
            tries += 1
            number = self._traffic.diary.sent(what, node=self._node, attempt=tries, **more)
            answer: httpx2.Response | None = None
            try:
                answer = self._http[self._node].request(method, path, **request)
            except httpx2.TransportError as error:
                self._traffic.diary.answered(number, what, NO_ANSWER, because=type(error).__name__)
            else:
                self._traffic.diary.answered(number, what, answer.status_code, **told(what, answer))
            if answer is not None and answer.status_code not in _AGAIN:
                return answer
            if not until_answered and (tries >= _TRIES_OF_READING or self._traffic.over.is_set()):
                return None
            self._node = (self._node + 1) % len(self._http)
            self._traffic.patience.wait(_pause(answer) * (0.5 + self._chance.random()))
        return None

    def _sign_in(self) -> None:
        account = self._traffic.account
        while not self._traffic.patience.is_set():
            number = self._traffic.diary.sent("sign-in")
            try:
                answer = authorize(account)
            except (httpx2.TransportError, AssertionError, LookupError) as error:
                self._traffic.diary.answered(number, "sign-in", NO_ANSWER, because=type(error).__name__)
                time.sleep(0.5)
                continue
            self._traffic.diary.answered(number, "sign-in", answer.status_code, **told("token", answer))
            if answer.status_code == 200:
                self._keep(answer)
                return

    def _keep(self, answer: httpx2.Response) -> None:
        found = answer.json()
        self._access, self._refresh = found["access_token"], found["refresh_token"]

    def _somebody(self) -> Held | None:
        return self._chance.choice(self._held) if self._held else None


def authorize(account: SandboxAccount) -> httpx2.Response:
    """Sign in, let the application in, and ask for its tokens; the token endpoint's answer."""
    with Browser(account.base_url) as browser:
        page = browser.submit(
            browser.open(authorize_url(account)), "password", username=account.username, password=account.password
        )
        code = query_of(location(browser.submit(page, "decision", decision="grant")))["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": account.client_id,
        "client_secret": account.client_secret,
        "code": code,
    }
    return httpx2.post(f"{account.base_url}/oauth/token", data=form, timeout=_TIMEOUT)


def status_request(issuer: x509.Certificate, serial: str) -> bytes:
    """An OCSP request for a serial number, in hex, of an issuer."""
    builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        sha256(issuer.subject.public_bytes()).digest(),
        sha256(_key_bits(issuer)).digest(),
        int(serial, 16),
        hashes.SHA256(),
    )
    return builder.build().public_bytes(Encoding.DER)


def told(what: str, answer: httpx2.Response) -> dict[str, Any]:
    """What of an answer is to be held against the books."""
    if answer.status_code != 200:
        kind = answer.headers.get("Content-Type", "")
        return {"error": answer.json().get("error")} if kind.startswith("application/json") else {}
    return _READ.get(what, _of_octets)(answer)


def _of_query(answer: httpx2.Response) -> dict[str, Any]:
    return {"ids": [one["id"] for one in answer.json()["records"]]}


def _of_tokens(answer: httpx2.Response) -> dict[str, Any]:
    found = answer.json()
    return {"tokens": [_digest(found[name].encode()) for name in ("access_token", "refresh_token")]}


def _of_errand(answer: httpx2.Response) -> dict[str, Any]:
    return {name: value for name, value in answer.json().items() if name in ("id", "reference")}


def _of_status(answer: httpx2.Response) -> dict[str, Any]:
    said = ocsp.load_der_ocsp_response(answer.content)
    is_answer = said.response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    return {"said": said.certificate_status.name if is_answer else said.response_status.name}


def _of_octets(answer: httpx2.Response) -> dict[str, Any]:
    return {"sha256": _digest(answer.content)}


def _of_record(answer: httpx2.Response) -> dict[str, Any]:
    record = answer.json()
    certificates = [x509.load_pem_x509_certificate(record[name].encode()) for name in ("signing_cert", "encryption_cert")]
    return {
        "id": record["id"],
        "order": record["order_id"],
        "serials": [record["signing_cert_serial"], record["encryption_cert_serial"]],
        "certificates": [_digest(one.public_bytes(Encoding.DER)) for one in certificates],
        "state": record["status"],
        "because": record["revocation_reason"],
    }


_READ: Mapping[str, Callable[[httpx2.Response], dict[str, Any]]] = {
    **dict.fromkeys(("issue", "renew", "reissue", "revoke", "retrieve"), _of_record),
    **dict.fromkeys(("announce", "upload"), _of_errand),
    "query": _of_query,
    "token": _of_tokens,
    "ocsp": _of_status,
}
"""How the answers of each kind are read; all others are octets."""


def _pause(answer: httpx2.Response | None) -> float:
    asked = "" if answer is None else answer.headers.get("Retry-After", "")
    return min(float(asked), _LONGEST_PAUSE) if asked.isdigit() else 0.3


def _key_bits(issuer: x509.Certificate) -> bytes:
    """The octets that an issuer's key identifier is the SHA-1 of (RFC 5280 4.2.1.2, method 1), and OCSP's issuerKeyHash."""
    from_key = issuer.public_key()
    return from_key.public_bytes(Encoding.DER, PublicFormat.PKCS1)


def _digest(content: bytes) -> str:
    return sha256(content).hexdigest()
