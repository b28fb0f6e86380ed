"""An OCSP edge without a server: a verb that the test tells what to say, and requests as ASGI messages."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from directca.pki.ocsp_request import OcspRequest
from directca.responders.ocsp import OcspEdge
from directca.responders.ocsp_feed import Feed
from directca.responders.ocsp_kept import KeptAnswers
from directca.revocation.ocsp_model import OcspAnswer, OcspNews
from tests.authority import issuing_ca
from tests.clocks import MovableClock
from tests.status_requests import status_request
from tests.world import START

HOURS = 12


@dataclass(frozen=True)
class Answer:
    """One HTTP answer."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Desk:
    """What the edge is built of. `says` is what the verb does, `news` what the feed is told."""

    clock: MovableClock = field(default_factory=MovableClock)
    seconds: float = 1000.0
    calls: int = 0
    version: int = 1
    changed: tuple[str, ...] | None = ()
    revoked: frozenset[str] = frozenset()
    says: Callable[[OcspRequest], OcspAnswer] | None = None
    hears: Exception | None = None
    most: int = 1000

    def __post_init__(self) -> None:
        self.kept = KeptAnswers(self.most)
        self.made: list[float] = []
        self.feed = Feed(self._news, self.kept, lambda: None, lambda: self.seconds)
        self.edge = OcspEdge(self._verb, self.kept, self.feed, self.clock, threads=2, made=self.made.append)
        self.feed.poll()

    def hear(self, *changed: str) -> None:
        """Some certificates change, and the feed is asked."""
        self.version += 1
        self.changed = changed
        self.feed.poll()
        self.changed = ()

    def ask(self, *requests: tuple[str, str, bytes]) -> list[Answer]:
        """Ask one after the other, on one event loop: method, path, body."""
        return asyncio.run(self._ask_all(requests))

    def post(self, body: bytes) -> Answer:
        (answer,) = self.ask(("POST", "/ocsp", body))
        return answer

    def answer(self, request: OcspRequest, **changes: Any) -> OcspAnswer:
        """What the verb says unless a test has something better."""
        facts = {
            "own": f"answer {self.calls}".encode(),
            "shared": b" certificate",
            "authority_id": "issuing",
            "version": self.version,
            "serial": f"{request.certificates[0].serial:x}" if len(request.certificates) == 1 else None,
            "this_update": self.clock.now(),
            "next_update": self.clock.now() + timedelta(hours=HOURS),
            "unknown": False,
            "nonce": request.nonce is not None,
        }
        return OcspAnswer(**{**facts, **changes})

    async def _ask_all(self, requests: Iterable[tuple[str, str, bytes]]) -> list[Answer]:
        answers = [await called(self.edge, *one) for one in requests]
        await asyncio.gather(*self.edge._making.values())  # what goes on in the background
        return answers

    def _verb(self, request: OcspRequest) -> OcspAnswer:
        self.calls += 1
        return self.answer(request) if self.says is None else self.says(request)

    def _news(self, since: Any) -> OcspNews:
        if self.hears is not None:
            raise self.hears
        return OcspNews({"issuing": (self.version, self.changed)}, START - timedelta(hours=1), self.revoked, usable=True)


async def called(edge: Any, method: str, path: str, body: bytes = b"", headers: Iterable[tuple[bytes, bytes]] = ()) -> Answer:
    """One request whose body has arrived."""
    return await sent(edge, method, path, [{"type": "http.request", "body": body, "more_body": False}], headers)


async def sent(
    edge: Any, method: str, path: str, messages: list[dict[str, Any]], headers: Iterable[tuple[bytes, bytes]] = ()
) -> Answer:
    """One request in pieces; who asks for more than there are waits for ever."""
    given: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0) if messages else await asyncio.Future()

    async def send(message: dict[str, Any]) -> None:
        given.append(message)

    await edge({"type": "http", "method": method, "path": path, "headers": list(headers)}, receive, send)
    if not given:
        return Answer(0, {}, b"")
    found = {name.decode(): value.decode() for name, value in given[0]["headers"]}
    return Answer(given[0]["status"], found, b"".join(one.get("body", b"") for one in given[1:]))


def a_request(*serials: int, nonce: bytes | None = None, algorithm: str = "sha1") -> bytes:
    """A request about certificates of the issuing CA."""
    return status_request(issuing_ca().issuer.certificate_der or b"", *(serials or (0xA1,)), nonce=nonce, algorithm=algorithm)
