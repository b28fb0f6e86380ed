"""Webhooks of an account: made, changed, given another secret, switched off, deleted. Each act has its row in the journal."""

from dataclasses import replace
from datetime import timedelta

from directca.accounts import accounts
from directca.db.engine import Tx
from directca.journal.model import Event, Fact
from directca.journal.record import append
from directca.notices import delivery_store, webhook_store
from directca.notices.context import Notices, Webhooks
from directca.notices.model import Subscriber
from directca.notices.webhook_errors import NoSuchWebhook, TooManyWebhooks, WebhookNotReady
from directca.notices.webhook_model import NewSecret, Webhook, WebhookState
from directca.notices.webhook_policy import checked_kinds, checked_url, new_secret

_SECRET_BYTES = 32
SWITCHED_OFF = "switched_off"


def create(hooks: Webhooks, who: Subscriber, url: str, kinds: tuple[str, ...]) -> NewSecret:
    """Make a webhook, to which nothing is sent before it has answered a challenge. The secret is shown here and never again.

    Raises BadWebhook, TooManyWebhooks, AccountSuspended.
    """
    notices = hooks.notices
    wanted, named = checked_url(url, notices.config), checked_kinds(kinds)
    secret = new_secret(notices.random(_SECRET_BYTES))
    now = notices.clock.now()
    made = Webhook(notices.identifier("hook"), who.account_id, wanted, named, WebhookState.PENDING, b"", now)
    made = replace(made, sealed=_sealed(hooks, secret, made))
    with notices.database.write() as tx:
        accounts.require_active(tx, who.account_id)
        if webhook_store.count(tx, who.account_id) >= notices.config.webhooks:
            raise TooManyWebhooks(f"An account has at most {notices.config.webhooks} webhooks. Delete one that is not used.")
        webhook_store.add(tx, made)
        journal(tx, notices, made, "webhook.created", who.actor, url=made.url, types=list(made.kinds))
    return NewSecret(made, secret)


def change(
    hooks: Webhooks, who: Subscriber, webhook_id: str, *, url: str | None = None, kinds: tuple[str, ...] | None = None
) -> Webhook:
    """Change what is wanted, or where. At another address it must answer a challenge before anything is sent.

    Raises NoSuchWebhook, BadWebhook.
    """
    notices = hooks.notices
    wanted = None if url is None else checked_url(url, notices.config)
    named = None if kinds is None else checked_kinds(kinds)
    with notices.database.write() as tx:
        before = own(tx, who, webhook_id)
        after = replace(before, url=wanted or before.url, kinds=before.kinds if named is None else named)
        values: dict[str, object] = {"url": after.url, "kinds": list(after.kinds)}
        if after.url != before.url:
            after = replace(after, state=WebhookState.PENDING, failures=0, failing_since=None, wait_until=None, tried_at=None)
            values |= {"state": after.state, "failures": 0, "failing_since": None, "wait_until": None, "tried_at": None}
            delivery_store.give_up(tx, before.id, notices.clock.now())
        _changed(webhook_store.change(tx, before, **values))
        journal(tx, notices, before, "webhook.changed", who.actor, url=after.url, types=list(after.kinds))
    return after


def rotate(hooks: Webhooks, who: Subscriber, webhook_id: str) -> NewSecret:
    """Give a webhook another secret. For a while both sign, so that the receiver can be changed meanwhile.

    Raises NoSuchWebhook, WebhookNotReady.
    """
    notices = hooks.notices
    with notices.database.read() as tx:
        before = own(tx, who, webhook_id)
    secret = new_secret(notices.random(_SECRET_BYTES))
    sealed = _sealed(hooks, secret, before)
    ends_at = notices.clock.now() + timedelta(hours=notices.config.secret_overlap_hours)
    with notices.database.write() as tx:
        before = own(tx, who, webhook_id)
        after = replace(before, sealed=sealed, sealed_before=before.sealed, before_ends_at=ends_at)
        _changed(webhook_store.change(tx, before, sealed=sealed, sealed_before=before.sealed, before_ends_at=ends_at))
        journal(tx, notices, before, "webhook.secret_rotated", who.actor)
    return NewSecret(after, secret)


def switch_off(notices: Notices, who: Subscriber, webhook_id: str) -> Webhook:
    """Send nothing more to a webhook until it answers a challenge again. What waits is given up. Raises NoSuchWebhook."""
    with notices.database.write() as tx:
        before = own(tx, who, webhook_id)
        disable(tx, notices, before, SWITCHED_OFF, who.actor)
    return replace(before, state=WebhookState.DISABLED, disabled_why=SWITCHED_OFF)


def delete(notices: Notices, who: Subscriber, webhook_id: str) -> None:
    """Take a webhook away, with the log of its deliveries. Raises NoSuchWebhook."""
    with notices.database.write() as tx:
        before = own(tx, who, webhook_id)
        delivery_store.remove(tx, before.id)
        webhook_store.remove(tx, before.id)
        journal(tx, notices, before, "webhook.deleted", who.actor, url=before.url)


def listed(notices: Notices, who: Subscriber) -> tuple[Webhook, ...]:
    """The webhooks of the account, oldest first."""
    with notices.database.read() as tx:
        return webhook_store.of_account(tx, who.account_id)


def shown(notices: Notices, who: Subscriber, webhook_id: str) -> Webhook:
    """One of them. Raises NoSuchWebhook."""
    with notices.database.read() as tx:
        return own(tx, who, webhook_id)


def own(tx: Tx, who: Subscriber, webhook_id: str) -> Webhook:
    """A webhook of the account. Raises NoSuchWebhook for any other, as for one that does not exist."""
    found = webhook_store.find(tx, webhook_id)
    if found is None or found.account_id != who.account_id:
        raise NoSuchWebhook("There is no such webhook, or none of yours.")
    return found


def disable(tx: Tx, notices: Notices, before: Webhook, why: str, actor: str) -> None:
    """Send nothing more to a webhook, and give up what waits for it, in the caller's transaction."""
    _changed(webhook_store.change(tx, before, state=WebhookState.DISABLED, disabled_why=why))
    delivery_store.give_up(tx, before.id, notices.clock.now())
    kind = "webhook.switched_off" if why == SWITCHED_OFF else "webhook.disabled"
    journal(tx, notices, before, kind, actor, url=before.url, why=why)


def journal(tx: Tx, notices: Notices, about: Webhook, kind: str, actor: str, **detail: Fact) -> None:
    """Write down what was done to a webhook."""
    row = Event(kind, actor, f"webhook:{about.id}", account_id=about.account_id, detail=detail)
    append(tx, row, at=notices.clock.now())


def _sealed(hooks: Webhooks, secret: str, about: Webhook) -> bytes:
    with hooks.notices.database.read() as tx:
        like = webhook_store.some_sealed(tx)
    return hooks.sealer.seal(secret.encode(), about.place, like)


def _changed(was: bool) -> None:
    if not was:
        raise WebhookNotReady("Somebody else changed the webhook at this moment. Look at it again.")
