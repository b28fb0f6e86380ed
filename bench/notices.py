"""Telling customers: events made of the journal and sent to a webhook on this machine, all at once and at a steady pace."""

import asyncio
import json
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx2

from bench import machine, visit
from bench.results import Result, Table, milliseconds, percentile
from bench.server import Failed, Server
from directca.db.engine import Database
from directca.desk import open_desk
from directca.journal.model import Event
from directca.journal.record import append

_SETTINGS = "[notices]\nallow_loopback = true\n[sandbox]\nenabled = true\n"
_WITHIN = 300.0
_BATCH = 200


@dataclass(frozen=True)
class Plan:
    """How many events come at once, and then how many a second for how long."""

    at_once: int
    a_second: int
    seconds: float


FULL, QUICK = Plan(10_000, 50, 20.0), Plan(1_000, 20, 5.0)


@dataclass
class _Receiver:
    """Answers every message with 200, and keeps when which event came."""

    url: str = ""
    came: dict[str, float] = field(default_factory=dict)
    messages: int = 0

    def take(self, body: bytes) -> bytes:
        """The answer to a message."""
        said: dict[str, Any] = json.loads(body)
        if said["type"] == "webhook.challenge":
            return json.dumps({"challenge": said["challenge"]}).encode()
        self.messages += 1
        self.came.setdefault(said["subject"], time.time())
        return b""


@dataclass(frozen=True)
class _Told:
    """What came of some events: how long from the commit of a row to its arrival, by row; and from the first to the last."""

    lags: tuple[float, ...]
    seconds: float
    messages: int
    cpu: float

    @property
    def rate(self) -> float:
        """Events a second."""
        return len(self.lags) / self.seconds


def measure(folder: Path, *, quick: bool) -> Result:
    """A burst, then a steady pace."""
    plan = QUICK if quick else FULL
    with Server(folder / "notices", settings=_SETTINGS) as server, _receiving() as there:
        account = _webhook(server, there)
        database = open_desk(server.data).database
        try:
            burst = _burst(server, database, there, account, plan.at_once)
            steady = _steady(server, database, there, account, plan)
        finally:
            database.close()
    return _result(burst, steady, plan)


class _Line(asyncio.Protocol):
    """One connection to the receiver."""

    def __init__(self, there: _Receiver) -> None:
        self._there = there
        self._octets = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The other side is there."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer each message that has come whole."""
        self._octets += data
        while (end := self._octets.find(b"\r\n\r\n") + 4) > 3:
            head = self._octets[:end].lower()
            length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
            if len(self._octets) < end + length:
                return
            body = self._there.take(self._octets[end : end + length])
            self._octets = self._octets[end + length :]
            self._transport.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


@contextmanager
def _receiving() -> Iterator[_Receiver]:
    """A receiver on loopback, in a thread of its own."""
    there, loop = _Receiver(), asyncio.new_event_loop()
    server = loop.run_until_complete(loop.create_server(lambda: _Line(there), "127.0.0.1", 0))
    there.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield there
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
        loop.close()


def _webhook(server: Server, there: _Receiver) -> str:
    """Make and verify one; whose account it is."""
    headers = {"Authorization": f"Bearer {visit.access_token(server.sandbox)}"}
    with httpx2.Client(base_url=server.base_url, headers=headers, timeout=30) as api:
        made = api.post("/api/webhook", json={"url": there.url, "types": ["certificate.issued"]}).json()
        verified = api.post(f"/api/webhook/{made['id']}/verify").json()
    if verified.get("state") != "active":
        raise Failed(f"The webhook is not verified: {verified}")
    with open_desk(server.data).database.read() as tx:
        found: str = tx.exec_driver_sql("SELECT account_id FROM webhook").scalar_one()
    return found


def _write(database: Database, account: str, names: list[str]) -> None:
    rows = [
        Event("certificate.issued", "client:bench", name, account_id=account, detail={"identifier": "a@direct.example.org"})
        for name in names
    ]
    with database.write() as tx:
        append(tx, *rows, at=datetime.now(UTC))


def _burst(server: Server, database: Database, there: _Receiver, account: str, count: int) -> _Told:
    """All of them at once, as revoking many does: a few hundred rows a commit."""
    names = [f"record:burst-{number}" for number in range(count)]
    before, began = _cpu(server), time.time()
    committed: dict[str, float] = {}
    for start in range(0, count, _BATCH):
        some = names[start : start + _BATCH]
        _write(database, account, some)
        committed |= dict.fromkeys(some, time.time())
    return _told(server, there, committed, began, before)


def _steady(server: Server, database: Database, there: _Receiver, account: str, plan: Plan) -> _Told:
    """One after the other, at a pace."""
    before, began = _cpu(server), time.time()
    committed: dict[str, float] = {}
    following = time.perf_counter()
    for number in range(int(plan.a_second * plan.seconds)):
        name = f"record:steady-{number}"
        _write(database, account, [name])
        committed[name] = time.time()
        following += 1 / plan.a_second
        time.sleep(max(0.0, following - time.perf_counter()))
    return _told(server, there, committed, began, before)


def _told(server: Server, there: _Receiver, committed: Mapping[str, float], began: float, before: float) -> _Told:
    deadline = time.time() + _WITHIN
    while any(name not in there.came for name in committed):
        if time.time() > deadline:
            missing = sum(name not in there.came for name in committed)
            raise Failed(f"Of {len(committed):,} events {missing:,} have not arrived.")
        time.sleep(0.05)
    came = [there.came[name] for name in committed]
    messages, there.messages = there.messages, 0
    lags = tuple(there.came[name] - at for name, at in committed.items())
    return _Told(lags, max(came) - began, messages, _cpu(server) - before)


def _cpu(server: Server) -> float:
    """What the server's processes have taken of the cores; the one that sends is among them."""
    return machine.family_time(server.parent)


def _result(burst: _Told, steady: _Told, plan: Plan) -> Result:
    cases = {f"{plan.at_once:,} at once": burst, f"{plan.a_second} a second": steady}
    table = Table(
        "Events to a webhook on this machine, from the commit of the journal's row to the receiver",
        ("", "events", "events/s", "lag p50, ms", "lag p99, ms", "lag max, ms", "sent twice", "core-ms an event"),
        tuple(
            (
                name,
                f"{len(one.lags):,}",
                f"{one.rate:,.0f}",
                *(milliseconds(percentile(one.lags, share)) for share in (0.5, 0.99, 1.0)),
                f"{one.messages - len(one.lags):,}",
                f"{one.cpu / len(one.lags) * 1000:.2f}",
            )
            for name, one in cases.items()
        ),
    )
    figures = {
        name: {
            "events": len(one.lags),
            "events_per_second": round(one.rate, 1),
            "lag_ms": {f"p{int(share * 100)}": round(percentile(one.lags, share) * 1000, 1) for share in (0.5, 0.99)},
            "core_ms_per_event": round(one.cpu / len(one.lags) * 1000, 3),
        }
        for name, one in cases.items()
    }
    note = (
        "The journal's rows are written by the bench, as the verbs write them; everything else is the running server's. The "
        "lag of a burst has the five seconds after which a server looks, and the start of the process that sends."
    )
    return Result("notices", (table,), figures, {}, (note,))
