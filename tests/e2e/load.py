"""Load of every kind on a server, while something is done to it: every answer is counted, and whatever was no success is kept.

with load.of(live) as told:
    ...
assert told.failures == []
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field

import httpx2
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.ocsp import OCSPResponseStatus, load_der_ocsp_response

from tests.e2e.api_tools import a_name, issued
from tests.live import ApiClient, LiveServer
from tests.status_requests import status_request

_PAUSE_SECONDS = 0.03


@dataclass
class Told:
    """What was answered, by kind, and what went wrong."""

    answers: "Counter[str]" = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


@contextmanager
def of(live: LiveServer) -> Iterator[Told]:
    """One thread for each kind of request, each on connections that it keeps as long as it may, while the block lasts."""
    told, ended, connections = Told(), threading.Event(), ExitStack()
    kinds = _kinds(live, connections)
    told.answers.update(dict.fromkeys(kinds, 0))
    threads = [threading.Thread(target=_work, args=(kind, ask, told, ended)) for kind, ask in kinds.items()]
    for one in threads:
        one.start()
    try:
        yield told
    finally:
        ended.set()
        for one in threads:
            one.join()
        connections.close()


def _work(kind: str, ask: Callable[[], None], told: Told, ended: threading.Event) -> None:
    while not ended.wait(_PAUSE_SECONDS):
        try:
            ask()
        except Exception as error:  # noqa: BLE001  (whatever it was, it is what the test asks about)
            told.failures.append(f"{kind}: {type(error).__name__}: {error}")
        else:
            told.answers[kind] += 1


def _kinds(live: LiveServer, connections: ExitStack) -> dict[str, Callable[[], None]]:
    account, tokens = live.first, live.tokens()
    api = [connections.enter_context(ApiClient(live.base_url, tokens.access_token)) for _ in range(2)]
    plain = [connections.enter_context(httpx2.Client(base_url=live.base_url, timeout=60)) for _ in range(3)]
    record = issued(api[0], a_name(account.direct_domain))
    refresh = [tokens.refresh_token]
    issuer = x509.load_pem_x509_certificates(account.chain_pem.encode())[0].public_bytes(Encoding.DER)
    question = status_request(issuer, int(record["signing_cert_serial"], 16))

    def issue() -> None:
        # With the keys that there are, so that making keys is no part of the load.
        answer = api[0]("PATCH", f"/api/certificate/{record['identifier']}", json={})
        assert answer.status_code == 200, answer.text

    def query() -> None:
        answer = api[1]("GET", "/api/certificate/query")
        assert answer.status_code == 200, answer.text

    def grant() -> None:
        form = {"client_id": account.client_id, "client_secret": account.client_secret, "refresh_token": refresh[0]}
        answer = plain[0].post("/oauth/token", data={"grant_type": "refresh_token", **form})
        assert answer.status_code == 200, answer.text
        refresh[0] = answer.json()["refresh_token"]

    def ask_status() -> None:
        answer = plain[1].post("/ocsp", content=question, headers={"Content-Type": "application/ocsp-request"})
        assert answer.status_code == 200, answer.text
        assert load_der_ocsp_response(answer.content).response_status is OCSPResponseStatus.SUCCESSFUL

    def fetch_list() -> None:
        answer = plain[2].get("/crl/issuing.crl")
        assert answer.status_code == 200, answer.text

    return {"issue": issue, "query": query, "token": grant, "ocsp": ask_status, "crl": fetch_list}
