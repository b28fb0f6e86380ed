"""Writing down what became of tries to send something to webhooks, in the caller's transaction."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from directca.db.engine import Tx
from directca.notices import delivery_store as store
from directca.notices import webhook_store
from directca.notices.context import Notices
from directca.notices.webhook_model import Answered, Attempt, Delivery, DeliveryState, Outcome, WebhookState
from directca.notices.webhook_policy import has_failed_for_long, pause, seen
from directca.notices.webhooks import disable

ACTOR = "system:notices"
FAILING = "failing"
WAY = "webhook"


@dataclass(frozen=True)
class Tried:
    """A try that has ended: of what, when it began, and how it ended."""

    delivery: Delivery
    at: datetime
    answered: Answered

    @property
    def arrived(self) -> bool:
        """Whether the webhook took it."""
        return self.answered.outcome is Outcome.DELIVERED


def record(tx: Tx, notices: Notices, tried: Sequence[Tried]) -> None:
    """Write down some tries, and how the webhooks stand now. What was deleted meanwhile is left out."""
    there = store.existing(tx, (one.delivery.id for one in tried))
    made = [one for one in tried if one.delivery.id in there]
    if not made:
        return
    now = notices.clock.now()
    store.add_attempts(tx, [(one.delivery.id, _attempt(one)) for one in made])
    arrived = [one for one in made if one.arrived]
    if arrived:
        store.settle_delivered(
            tx,
            [
                {"delivery": one.delivery.id, "made": one.delivery.tries + 1, "code": one.answered.status, "when": now}
                for one in arrived
            ],
        )
    for one in made:
        if not one.arrived:
            _put_off(tx, notices, one, now)
    good = {one.delivery.webhook_id for one in arrived}
    for webhook_id in sorted({one.delivery.webhook_id for one in made}):
        _note(tx, notices, webhook_id, now, arrived=webhook_id in good)
    store.count(tx, WAY, Counter(one.answered.outcome.value for one in made))


def _attempt(one: Tried) -> Attempt:
    answered = one.answered
    number = one.delivery.tries + 1
    return Attempt(number, one.at, answered.outcome, answered.status, seen(answered), answered.milliseconds)


def _put_off(tx: Tx, notices: Notices, one: Tried, now: datetime) -> None:
    """Try again later, or give up when it has been tried for long enough."""
    delivery, tries = one.delivery, one.delivery.tries + 1
    next_at = now + pause(tries, notices.config, notices.random(1)[0])
    facts = {"tries": tries, "outcome": one.answered.outcome, "status": one.answered.status}
    if next_at < delivery.ends_at:
        store.move(tx, delivery.id, DeliveryState.WAITING, next_at=next_at, **facts)
    else:
        store.move(tx, delivery.id, DeliveryState.WAITING, state=DeliveryState.FAILED, settled_at=now, **facts)


def _note(tx: Tx, notices: Notices, webhook_id: str, now: datetime, *, arrived: bool) -> None:
    """After a failure nothing is sent to a webhook for a while; after a long time of nothing else, nothing more at all."""
    found = webhook_store.find(tx, webhook_id)
    if found is None or found.state is not WebhookState.ACTIVE:
        return
    if arrived:
        if found.failures:
            webhook_store.change(tx, found, failures=0, failing_since=None, wait_until=None)
        return
    if has_failed_for_long(found, now, notices.config):
        disable(tx, notices, found, FAILING, ACTOR)
        return
    failures, since = found.failures + 1, found.failing_since or now
    wait_until = now + pause(failures, notices.config, notices.random(1)[0])
    webhook_store.change(tx, found, failures=failures, failing_since=since, wait_until=wait_until)
