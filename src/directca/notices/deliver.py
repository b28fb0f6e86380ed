"""Send to webhooks what waits for them. `docs/flows/notify.md` tells the same steps.

At least once: that something arrived is written down after it has arrived, and not a moment before. So a crash between the two
sends it again, with the same identifiers and the same octets, signed anew. No transaction is open while anything is sent.
"""

import queue
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from directca.db import leases
from directca.notices import delivery_store as store
from directca.notices import webhook_store
from directca.notices.context import Notices, Webhooks
from directca.notices.delivery_record import Tried, record
from directca.notices.errors import NoticesRunning
from directca.notices.webhook_model import Answered, Delivery, Outcome, Webhook
from directca.notices.webhook_verify import DELIVERY, EVENT, message

LEASE = "deliveries"
_DURATION = timedelta(seconds=20)
"""So long nothing is sent after the process that sends has died. A try may take longer: the lease is prolonged meanwhile."""
_PROLONG = timedelta(seconds=5)
_JOIN_SECONDS = 1.0
_EACH = 4
"""So many threads send to one webhook at a time, each some deliveries in turn; to one that failed, one sends one."""
_RUN = 16
_RUN_SECONDS = 5.0
_AHEAD = 256
_READ = 1024
_GATHER_SECONDS = 0.02
"""What ends within so long is written down together."""
_CHOOSE_SECONDS = 0.5
"""A webhook that was changed or deleted is sent nothing more after so long, but for what is on its way."""

Broke = Callable[[Exception, Delivery], None]
"""Told of what nobody foresaw in sending a delivery: it counts as a failed try."""

_Untried = tuple[str]
"""The identifier of a delivery that was handed out and not tried."""


class Dispatcher:
    """Sends, under a lease, with as many threads as the settings say. Its methods are for one thread.

    A webhook that is slow has its own few threads and keeps nobody else waiting.
    """

    def __init__(self, hooks: Webhooks, holder: str, broke: Broke, steady: Callable[[], float] = time.monotonic) -> None:
        self._hooks = hooks
        self._holder = holder
        self._broke = broke
        self._steady = steady
        self._known: dict[str, Webhook] = {}
        self._todo: dict[str, deque[Delivery]] = {}
        self._flying: set[str] = set()
        self._busy: Counter[str] = Counter()
        self._chosen = float("-inf")
        self._held_until: datetime | None = None
        self._work: queue.SimpleQueue[tuple[Webhook, Sequence[Delivery]] | None] = queue.SimpleQueue()
        self._done: queue.SimpleQueue[Tried | _Untried | Webhook] = queue.SimpleQueue()
        threads = range(hooks.notices.config.at_once)
        self._threads = [threading.Thread(target=self._send_runs, daemon=True) for _ in threads]
        for one in self._threads:
            one.start()

    def turn(self, wait: float) -> bool:
        """Begin what is due, and write down what has ended, for which a little is waited; whether anything was due or on its way.

        Raises NoticesRunning while another process sends, LeaseLost if one has begun meanwhile.
        """
        if not self._flying and not is_due(self._hooks.notices):
            return False

        # 5 take the lease
        self._take_lease()

        # 6 choose
        self._choose()

        # 7 send
        self._begin()
        tried = self._ended(wait)
        # A crash here leaves what has arrived waiting still: it is sent once more.

        # 8 record
        self._record(tried)
        return True

    def stop(self) -> None:
        """Begin nothing more, wait for what is on its way, and let another process send at once. Raises LeaseLost."""
        for _ in self._threads:
            self._work.put(None)
        for one in self._threads:
            while one.is_alive():
                one.join(_JOIN_SECONDS)
                self._keep_lease()
        self._record(self._ended(0.0))
        if self._held_until is not None:
            notices = self._hooks.notices
            with notices.database.write() as tx:
                leases.give_back(tx, LEASE, self._holder, now=notices.clock.now())

    def _take_lease(self) -> None:
        notices = self._hooks.notices
        now = notices.clock.now()
        if self._held_until is not None and now < self._held_until - _DURATION + _PROLONG:
            return
        with notices.database.write() as tx:
            if not leases.take(tx, LEASE, self._holder, now=now, duration=_DURATION):
                raise NoticesRunning("Another process sends to webhooks; it goes on by itself.")
        self._held_until = now + _DURATION

    def _keep_lease(self) -> None:
        """Prolong it for what is on its way; who has lost it is told by what is recorded."""
        if self._held_until is not None:
            with suppress(NoticesRunning):
                self._take_lease()

    def _choose(self) -> None:
        """Look for what is due, of each webhook a stretch ahead. What was changed or deleted meanwhile is not sent."""
        if self._steady() < self._chosen + _CHOOSE_SECONDS and all(self._todo.values()):
            return
        self._chosen = self._steady()
        notices = self._hooks.notices
        now = notices.clock.now()
        with notices.database.read() as tx:
            due = store.due_webhooks(tx, now)
            self._todo = {one: todo for one, todo in self._todo.items() if one in due}
            for webhook_id in due:
                found = webhook_store.find(tx, webhook_id)
                assert found is not None  # it was, a statement ago
                if found != self._known.get(webhook_id):
                    self._todo.pop(webhook_id, None)
                self._known[webhook_id] = found
                if not self._todo.get(webhook_id):
                    rows = store.due(tx, webhook_id, now, _AHEAD)
                    self._todo[webhook_id] = deque(one for one in rows if one.id not in self._flying)

    def _begin(self) -> None:
        """Hand out turn by turn, so that each webhook has its share of the threads."""
        waiting = deque(one for one, todo in self._todo.items() if todo)
        while waiting and self._busy.total() < len(self._threads):
            webhook_id = waiting.popleft()
            to, todo = self._known[webhook_id], self._todo[webhook_id]
            if self._busy[webhook_id] >= (1 if to.failures else _EACH):
                continue
            run = [todo.popleft() for _ in range(min(len(todo), 1 if to.failures else _RUN))]
            self._flying.update(one.id for one in run)
            self._busy[webhook_id] += 1
            self._work.put((to, run))
            if todo:
                waiting.append(webhook_id)

    def _send_runs(self) -> None:
        while (work := self._work.get()) is not None:
            to, run = work
            ends, failed = self._steady() + _RUN_SECONDS, False
            for one in run:
                if failed or self._steady() > ends:
                    self._done.put((one.id,))
                    continue
                at = self._hooks.notices.clock.now()
                tried = Tried(one, at, self._sent(to, one, at))
                failed = not tried.arrived
                self._done.put(tried)
            self._done.put(to)

    def _sent(self, to: Webhook, one: Delivery, at: datetime) -> Answered:
        try:
            headers = {EVENT: one.kind, DELIVERY: one.id}
            return self._hooks.poster.post(message(self._hooks, to, one.body.encode(), headers, at), _READ)
        except Exception as error:  # noqa: BLE001  (what nobody foresaw of one delivery must not end the thread)
            self._broke(error, one)
            return Answered(Outcome.BROKEN)

    def _ended(self, wait: float) -> list[Tried]:
        """What has ended by now; with a wait, what ends first, and what ends with it."""
        tried: list[Tried] = []
        until = self._steady() + wait
        while self._busy.total():
            left = until - self._steady()
            try:
                done = self._done.get(timeout=left) if left > 0 else self._done.get_nowait()
            except queue.Empty:
                break
            if isinstance(done, Webhook):
                self._busy[done.id] -= 1
            elif isinstance(done, Tried):
                until = min(until, self._steady() + _GATHER_SECONDS) if not tried else until
                tried.append(done)
            else:
                self._flying.discard(done[0])
        return tried

    def _record(self, tried: Sequence[Tried]) -> None:
        if not tried:
            return
        notices = self._hooks.notices
        with notices.database.write() as tx:
            leases.require(tx, LEASE, self._holder)
            record(tx, notices, tried)
        self._flying.difference_update(one.delivery.id for one in tried)


@dataclass(frozen=True)
class Standing:
    """How many deliveries wait, for how many seconds the oldest does, and how many tries there were, by how they ended."""

    waiting: int
    oldest: float
    tries: tuple[tuple[str, str, int], ...]


def is_due(notices: Notices) -> bool:
    """Whether anything is to be sent now."""
    with notices.database.read() as tx:
        return bool(store.due_webhooks(tx, notices.clock.now()))


def standing(notices: Notices) -> Standing:
    """How it stands, for whoever watches."""
    with notices.database.read() as tx:
        number, oldest = store.waiting(tx)
        seconds = 0.0 if oldest is None else max(0.0, (notices.clock.now() - oldest).total_seconds())
        return Standing(number, seconds, store.counts(tx))
