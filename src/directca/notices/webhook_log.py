"""What was sent to webhooks and what became of it; sent once more on demand, and for a try."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from directca.clock import rfc3339
from directca.db.engine import Tx
from directca.notices import delivery_store as store
from directca.notices import webhook_store
from directca.notices.context import Notices
from directca.notices.form import as_json
from directca.notices.model import Subscriber
from directca.notices.webhook_errors import NoSuchWebhook, WebhookNotReady
from directca.notices.webhook_model import Attempt, Delivery, DeliveryState, Webhook, WebhookState
from directca.notices.webhooks import journal, own

TEST = "webhook.test"
LIMIT, MOST = 50, 200


@dataclass(frozen=True)
class DeliveryPage:
    """A delivery with each of its tries."""

    delivery: Delivery
    attempts: tuple[Attempt, ...]


def deliveries(
    notices: Notices,
    who: Subscriber,
    webhook_id: str,
    *,
    state: DeliveryState | None = None,
    before: str | None = None,
    limit: int = LIMIT,
) -> tuple[Delivery, ...]:
    """The newest deliveries to a webhook, or those before one of them. Raises NoSuchWebhook."""
    with notices.database.read() as tx:
        found = own(tx, who, webhook_id)
        last = None if before is None else _own_delivery(tx, who, webhook_id, before)
        place = None if last is None else (last.made_at, last.id)
        return store.of_webhook(tx, found.id, state, place, limit)


def delivery(notices: Notices, who: Subscriber, webhook_id: str, delivery_id: str) -> DeliveryPage:
    """One delivery with its tries. Raises NoSuchWebhook."""
    with notices.database.read() as tx:
        found = _own_delivery(tx, who, webhook_id, delivery_id)
        return DeliveryPage(found, store.attempts(tx, found.id))


def replay(notices: Notices, who: Subscriber, webhook_id: str, delivery_id: str) -> Delivery:
    """Send a delivery once more, whatever became of it; the event keeps its identifier. Raises NoSuchWebhook, WebhookNotReady."""
    with notices.database.write() as tx:
        return _again(tx, notices, _own_delivery(tx, who, webhook_id, delivery_id), who.actor)


def replay_any(notices: Notices, delivery_id: str, *, actor: str) -> Delivery:
    """The same for an operator: a delivery of any account. Raises NoSuchWebhook, WebhookNotReady."""
    with notices.database.write() as tx:
        found = store.find(tx, delivery_id)
        if found is None:
            raise NoSuchWebhook(f"There is no delivery {delivery_id[:40]!r}. `directca webhook log` lists those of a webhook.")
        return _again(tx, notices, found, actor)


def try_out(notices: Notices, who: Subscriber, webhook_id: str) -> Delivery:
    """Send an event that means nothing, to see whether it arrives. Raises NoSuchWebhook, WebhookNotReady."""
    with notices.database.write() as tx:
        found = _active(own(tx, who, webhook_id))
        now, event_id = notices.clock.now(), notices.identifier("evt")
        values = {
            "id": event_id,
            "position": None,
            "type": TEST,
            "at_ts": rfc3339(now),
            "subject": f"webhook:{found.id}",
            "data": {"asked_by": who.actor.partition(":")[0]},
        }
        made = waiting(notices, found, event_id, TEST, as_json(values), now)
        store.add(tx, (made,))
        journal(tx, notices, found, "webhook.tested", who.actor)
    return made


def every(notices: Notices) -> tuple[Webhook, ...]:
    """The webhooks of all accounts, for an operator."""
    with notices.database.read() as tx:
        return webhook_store.every(tx)


def log_of(notices: Notices, webhook_id: str, limit: int) -> tuple[DeliveryPage, ...]:
    """The newest deliveries to a webhook, whoever's it is, for an operator. Raises NoSuchWebhook."""
    with notices.database.read() as tx:
        if webhook_store.find(tx, webhook_id) is None:
            raise NoSuchWebhook(f"There is no webhook {webhook_id[:40]!r}. `directca webhook list` shows every one.")
        found = store.of_webhook(tx, webhook_id, None, None, limit)
        return tuple(DeliveryPage(one, store.attempts(tx, one.id)) for one in found)


def waiting(notices: Notices, to: Webhook, event_id: str, kind: str, body: str, now: datetime) -> Delivery:
    """A delivery that waits for its first try."""
    ends_at = now + timedelta(hours=notices.config.retry_hours)
    identity = notices.identifier("dlv")
    return Delivery(identity, to.id, to.account_id, event_id, kind, body, DeliveryState.WAITING, 0, now, now, ends_at)


def _again(tx: Tx, notices: Notices, before: Delivery, actor: str) -> Delivery:
    to = webhook_store.find(tx, before.webhook_id)
    assert to is not None  # a webhook goes with its deliveries
    _active(to)
    now = notices.clock.now()
    ends_at = now + timedelta(hours=notices.config.retry_hours)
    changes = {"state": DeliveryState.WAITING, "next_at": now, "ends_at": ends_at, "settled_at": None}
    if not store.move(tx, before.id, before.state, **changes):
        raise WebhookNotReady("The delivery has just changed. Look at it again.")
    journal(tx, notices, to, "webhook.replayed", actor, delivery=before.id)
    return replace(before, state=DeliveryState.WAITING, next_at=now, ends_at=ends_at, settled_at=None)


def _active(found: Webhook) -> Webhook:
    if found.state is not WebhookState.ACTIVE:
        raise WebhookNotReady(f"The webhook is {found.state}. Verify it first.")
    return found


def _own_delivery(tx: Tx, who: Subscriber, webhook_id: str, delivery_id: str) -> Delivery:
    about = own(tx, who, webhook_id)
    found = store.find(tx, delivery_id)
    if found is None or found.webhook_id != about.id:
        raise NoSuchWebhook("There is no such delivery, or none of yours.")
    return found
