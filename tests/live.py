"""The real server, started as a user starts it, and the few things that every stranger to it does.

    with running(tmp_path) as live:
        with live.client() as api:                      # signed in, consented, token in hand
            api("POST", "/api/certificate/", json={...})

Nothing here imports the product: all that is known comes from `sandbox.json` and from the published contract.
"""

import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx2

from tests.browser import Browser, forms, location, query_of
from tests.preloaded import Child

ROOT = Path(__file__).resolve().parent.parent
# A first start makes two RSA-3072 keys and the database; on a busy machine that takes some seconds.
FIRST_START_SECONDS = 60
STOP_SECONDS = 15
FIRST_OF_CONNECTIONS = 32_768

Process = subprocess.Popen[bytes] | Child

CODES: dict[str, list[str]] = {}
"""By user name, of those who show a second factor: recovery codes that are good still, each once."""


@dataclass(frozen=True)
class SandboxAccount:
    """One of the two accounts that a first start makes, as `sandbox.json` tells it."""

    base_url: str
    client_id: str
    client_secret: str
    redirect_uri: str
    username: str
    password: str
    direct_domain: str
    organization: str
    root_pem: str
    chain_pem: str

    @classmethod
    def of(cls, facts: Mapping[str, Any]) -> Self:
        """From the JSON object; further keys are of no interest here."""
        return cls(**{name: facts[name] for name in cls.__dataclass_fields__})


@dataclass(frozen=True)
class Tokens:
    """What the token endpoint answered."""

    access_token: str
    refresh_token: str
    answer: dict[str, Any]


class ApiClient:
    """Calls of the certificate API with one access token."""

    def __init__(self, base_url: str, access_token: str) -> None:
        self.access_token = access_token
        self._client = httpx2.Client(
            base_url=base_url, headers={"Authorization": f"Bearer {access_token}"}, follow_redirects=False, timeout=60
        )

    def __call__(self, method: str, path: str, **request: Any) -> httpx2.Response:
        """One call; `request` is what the HTTP library takes (`json=`, `params=`, `headers=`, `content=`)."""
        return self._client.request(method, path, **request)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()


@dataclass(frozen=True)
class LiveServer:
    """A server process that answers."""

    base_url: str
    data_dir: Path
    log: Path
    process: Process

    @property
    def sandbox(self) -> dict[str, Any]:
        """The whole of `sandbox.json`."""
        facts: dict[str, Any] = json.loads((self.data_dir / "sandbox.json").read_text())
        return facts

    @property
    def first(self) -> SandboxAccount:
        """The account that the documentation speaks of."""
        return SandboxAccount.of(self.sandbox)

    @property
    def second(self) -> SandboxAccount:
        """The second, unrelated account."""
        return SandboxAccount.of(self.sandbox["second"])

    def authorize(self, account: SandboxAccount | None = None, **changed: str) -> dict[str, str]:
        """Sign in, grant, and answer the query of the redirect: `code`, `iss`, and `state` when one was sent."""
        who = account or self.first
        return query_of(self.redirect_after_consent(authorize_url(who, **changed), who))

    def redirect_after_consent(self, url: str, account: SandboxAccount | None = None, *, decision: str = "grant") -> str:
        """Open an authorization request as its user would, and answer the address that the browser was sent to."""
        who = account or self.first
        with Browser(who.base_url) as browser:
            page = browser.open(url)
            page = signed_in(browser, page, who)
            assert page.status_code == 200, f"no consent page but {page.status_code}: {page.text[:2000]}"
            answer = browser.submit(page, "decision", decision=decision)
        assert answer.is_redirect, f"no redirect but {answer.status_code}: {answer.text[:2000]}"
        return location(answer)

    def tokens(self, account: SandboxAccount | None = None, **changed: str) -> Tokens:
        """The whole authorization code flow, through the pages, as the seed's client does it: no PKCE, no redirect_uri."""
        who = account or self.first
        form = {
            "grant_type": "authorization_code",
            "client_id": who.client_id,
            "client_secret": who.client_secret,
            "code": self.authorize(who, **changed)["code"],
        }
        answer = httpx2.post(f"{self.base_url}/oauth/token", data=form, timeout=30)
        assert answer.status_code == 200, answer.text
        found = answer.json()
        return Tokens(found["access_token"], found["refresh_token"], found)

    def client(self, account: SandboxAccount | None = None, **changed: str) -> ApiClient:
        """A client of the certificate API with a fresh token."""
        return ApiClient(self.base_url, self.tokens(account, **changed).access_token)


def signed_in(browser: Browser, page: httpx2.Response, who: SandboxAccount) -> httpx2.Response:
    """What follows the sign-in page: the password, and a second factor where one is asked for."""
    page = browser.submit(page, "password", username=who.username, password=who.password)
    if any("code" in form.names() for form in forms(page.text)):
        page = browser.submit(page, "code", code=CODES[who.username].pop())
    return page


def authorize_url(account: SandboxAccount, **changed: str) -> str:
    """The link of the seed's page for an account's application; `changed` adds or replaces parameters."""
    asked = {
        "client_id": account.client_id,
        "redirect_uri": account.redirect_uri,
        "scope": "tuser.account",
        "response_type": "code",
    } | changed
    return str(httpx2.URL(f"{account.base_url}/oauth/authorize", params=asked))


UNASKED = "[revocation]\nverify_minutes = 0\n"
"""Settings of a server that does not look at its own addresses half a minute after its start: for tests of all else."""


def without_looks(data_dir: Path, **storage: str) -> Path:
    """A data folder, before its first start, with the settings `UNASKED`, and perhaps some of `[storage]`."""
    data_dir.mkdir(mode=0o700)
    lines = "".join(f'{name} = "{value}"\n' for name, value in storage.items())
    (data_dir / "directca.toml").write_text((f"[storage]\n{lines}\n" if storage else "") + UNASKED)
    return data_dir


@contextlib.contextmanager
def running(data_dir: Path, **environment: str) -> Iterator[LiveServer]:
    """Start `directca serve` on a free port with `data_dir`, wait until it is ready, and end it by its process id."""
    port = free_port()
    log = data_dir.parent / f"{data_dir.name}.log"
    variables = os.environ | {"PORT": str(port), "DIRECTCA_DATA": str(data_dir), "PYTHONPATH": str(ROOT / "src")} | environment
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "directca", "serve"], cwd=ROOT, env=variables, stdout=output, stderr=output
        )
    try:
        base_url = f"http://127.0.0.1:{port}"
        wait_until_ready(base_url, process, log)
        yield LiveServer(base_url, data_dir, log, process)
    finally:
        stop(process)


def wait_until_ready(base_url: str, process: Process, log: Path, seconds: float = FIRST_START_SECONDS) -> None:
    """Return once /health/ready answers 200; a server that ends or stays silent fails with the end of its log."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(f"{base_url}/health/ready", timeout=5).status_code == 200:
                return
        time.sleep(0.1)
    state = "is not ready" if process.poll() is None else f"ended with {process.returncode}"
    raise AssertionError(f"the server {state}; the end of its log:\n{log.read_text(errors='replace')[-4000:]}")


def stop(process: Process) -> None:
    """End a server that was started here, kindly first."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def free_port() -> int:
    """A port of the loopback interface that nobody holds at this moment, and whose next (the metrics') is free as well.

    Below those that the system gives to connections: a server that is started again later finds its port free still. Above the
    last that browsers refuse (10080).
    """
    for _ in range(200):
        port = random.randrange(11_000, FIRST_OF_CONNECTIONS - 1)
        with socket.socket() as probe, socket.socket() as next_one, contextlib.suppress(OSError):
            for one, number in ((probe, port), (next_one, port + 1)):
                one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                one.bind(("127.0.0.1", number))
            return port
    raise AssertionError("no two free ports in a row")
