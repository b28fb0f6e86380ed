"""A webhook's life: made, challenged, changed, given another secret, switched off, deleted; and whose it is."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from directca.accounts import accounts
from directca.accounts.errors import AccountSuspended
from directca.notices import webhook_log, webhook_store, webhooks
from directca.notices.config import NoticeConfig
from directca.notices.context import Webhooks
from directca.notices.model import Subscriber
from directca.notices.webhook_errors import (
    BadWebhook,
    NoSuchWebhook,
    TooManyChallenges,
    TooManyWebhooks,
    WebhookNotReady,
    WebhookNotVerified,
)
from directca.notices.webhook_model import WebhookState
from directca.notices.webhook_policy import checked_url
from directca.notices.webhook_verify import verify
from tests.unit.notices.sending import happens, send, verified
from tests.webhook_receiver import Receiver
from tests.world import World

REAL = NoticeConfig()
PUBLIC = "https://hooks.example.org/events"


def test_nothing_is_sent_before_the_challenge_was_answered(
    world: World, hooks: Webhooks, who: Subscriber, there: Receiver
) -> None:
    made = webhooks.create(hooks, who, there.url, ())
    assert (made.webhook.state, there.messages) == (WebhookState.PENDING, [])
    happens(world)
    send(hooks)
    assert there.messages == []
    assert verify(hooks, who, made.webhook.id).state is WebhookState.ACTIVE
    (challenge,) = there.messages
    assert challenge.signed_with(made.secret)
    assert challenge.headers["directca-event"] == "webhook.challenge"
    happens(world)
    send(hooks)
    (event,) = there.events
    assert event.event["type"] == "organization.suspended"
    assert event.signed_with(made.secret)


@pytest.mark.parametrize("answer", [b"", b"ok", b'{"challenge": "another"}', b'["challenge"]', b"\xff\xfe", b"{" * 5000])
def test_whoever_does_not_answer_with_the_challenge_is_not_sent_to(
    world: World, hooks: Webhooks, who: Subscriber, there: Receiver, answer: bytes
) -> None:
    there.takes_challenges, there.body = False, answer
    made = webhooks.create(hooks, who, there.url, ()).webhook
    with pytest.raises(WebhookNotVerified):
        verify(hooks, who, made.id)
    happens(world)
    send(hooks)
    assert there.events == []
    assert webhooks.shown(hooks.notices, who, made.id).state is WebhookState.PENDING


def test_an_answer_with_the_challenge_and_another_status_does_not_count(
    hooks: Webhooks, who: Subscriber, there: Receiver
) -> None:
    made = webhooks.create(hooks, who, there.url, ()).webhook
    there.answers = 403
    with pytest.raises(WebhookNotVerified, match="403"):
        verify(hooks, who, made.id)


def test_challenges_cannot_be_used_to_knock_at_a_door(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    there.answers = 500
    made = webhooks.create(hooks, who, there.url, ()).webhook
    with pytest.raises(WebhookNotVerified):
        verify(hooks, who, made.id)
    with pytest.raises(TooManyChallenges):
        verify(hooks, who, made.id)
    assert len(there.messages) == 1
    world.clock.advance(seconds=11)
    there.answers = 200
    assert verify(hooks, who, made.id).state is WebhookState.ACTIVE


def test_what_was_changed_while_it_was_challenged_is_not_verified(hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    made = webhooks.create(hooks, who, there.url, ()).webhook
    poster = hooks.poster

    class Meanwhile:
        def post(self, *sent: object) -> object:
            webhooks.change(hooks, who, made.id, url="http://127.0.0.1:4999/other")
            return poster.post(*sent)  # type: ignore[arg-type]  # handed on as they are

    with pytest.raises(WebhookNotReady):
        verify(replace(hooks, poster=Meanwhile()), who, made.id)  # type: ignore[arg-type]  # a poster in all that matters
    assert webhooks.shown(hooks.notices, who, made.id).state is WebhookState.PENDING


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.org/",
        "ftp://hooks.example.org/",
        "https://",
        "https:///path",
        "https://user@hooks.example.org/",
        "https://user:word@hooks.example.org/",
        "https://hooks.example.org/#part",
        "https://hooks.example.org:22/",
        "https://hooks.example.org:25/",
        "https://hooks.example.org:0/",
        "https://hooks.example.org:99999/",
        "https://hooks.example.org/a b",
        "https://hooks.example.org/\r\nHost: evil",
        "https://hooks..example.org/",
        "https://-/",
        "https://hööks.example.org/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://017700000001/",
        "https://10.0.0.1/",
        "https://192.168.1.1/",
        "https://169.254.169.254/latest/meta-data/",
        "https://100.64.0.1/",
        "https://100.100.100.200/",
        "https://168.63.129.16/",
        "https://[::ffff:a83f:8110]/",
        "https://224.0.0.1/",
        "https://0.0.0.0/",
        "https://[::1]/",
        "https://[::]/",
        "https://[fe80::1]/",
        "https://[fd00::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[2002:7f00:1::]/",
        "https://hooks.example.org\\@evil.example/",
        "https://hooks.example.org/" + "a" * 500,
    ],
)
def test_an_address_that_cannot_be_a_webhook(url: str) -> None:
    with pytest.raises(BadWebhook):
        checked_url(url, REAL)


@pytest.mark.parametrize(
    "url",
    [
        PUBLIC,
        "https://hooks.example.org",
        "https://hooks.example.org:8443/a?b=c&d=%20",
        "https://192.0.43.8/",
        "https://[2001:500:88::8]:443/",
    ],
)
def test_an_address_that_can(url: str) -> None:
    assert checked_url(url, REAL) == url


def test_another_address_must_be_verified_anew(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    made = verified(hooks, who, there.url).webhook
    same = webhooks.change(hooks, who, made.id, kinds=("domain.verified",))
    assert same.state is WebhookState.ACTIVE
    world.verify_domain()
    happens(world)
    send(hooks)
    assert [one.event["type"] for one in there.events] == ["domain.verified"]
    other = webhooks.change(hooks, who, made.id, url=there.url + "/other")
    assert other.state is WebhookState.PENDING
    world.verify_domain()
    send(hooks)
    assert len(there.events) == 1


def test_two_secrets_sign_for_a_day(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    made = verified(hooks, who, there.url)
    fresh = webhooks.rotate(hooks, who, made.webhook.id)
    assert fresh.secret != made.secret
    happens(world)
    send(hooks)
    assert there.events[-1].signed_with(made.secret)
    assert there.events[-1].signed_with(fresh.secret)
    world.clock.advance(hours=25)
    happens(world)
    send(hooks)
    assert not there.events[-1].signed_with(made.secret)
    assert there.events[-1].signed_with(fresh.secret)


def test_the_signature_covers_time_and_body(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    made = verified(hooks, who, there.url)
    happens(world)
    send(hooks)
    event = there.events[-1]
    assert not replace(event, body=event.body + b" ").signed_with(made.secret)
    later = event.headers["directca-signature"].replace("t=", "t=1")
    assert not replace(event, headers=event.headers | {"directca-signature": later}).signed_with(made.secret)
    assert not event.signed_with("whsec_other")


def test_secrets_are_kept_sealed_and_bound_to_their_webhook(hooks: Webhooks, who: Subscriber, world: World) -> None:
    one, other = (webhooks.create(hooks, who, PUBLIC, ()) for _ in range(2))
    with world.database.read() as tx:
        rows = tx.execute(select(webhook_store.webhook)).mappings().all()
    assert all(one.secret.encode() not in bytes(row["sealed"]) for row in rows)
    assert hooks.sealer.open(one.webhook.sealed, one.webhook.place).decode() == one.secret
    with pytest.raises(Exception, match="passphrase"):
        hooks.sealer.open(one.webhook.sealed, other.webhook.place)


def test_one_that_is_switched_off_is_sent_nothing_until_it_is_verified(
    world: World, hooks: Webhooks, who: Subscriber, there: Receiver
) -> None:
    made = verified(hooks, who, there.url).webhook
    assert webhooks.switch_off(hooks.notices, who, made.id).disabled_why == "switched_off"
    happens(world)
    send(hooks)
    with pytest.raises(WebhookNotReady):
        webhook_log.try_out(hooks.notices, who, made.id)
    world.clock.advance(seconds=11)
    verify(hooks, who, made.id)
    webhook_log.try_out(hooks.notices, who, made.id)
    send(hooks)
    assert [one.event["type"] for one in there.events] == ["webhook.test"]


def test_deleting_takes_the_log_along(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    made = verified(hooks, who, there.url).webhook
    happens(world)
    send(hooks)
    webhooks.delete(hooks.notices, who, made.id)
    happens(world)
    send(hooks)
    assert len(there.events) == 1
    assert webhooks.listed(hooks.notices, who) == ()
    with pytest.raises(NoSuchWebhook):
        webhooks.shown(hooks.notices, who, made.id)
    assert [kind for kind in world.journal_kinds() if kind.startswith("webhook.")] == [
        "webhook.created",
        "webhook.verified",
        "webhook.deleted",
    ]
    world.check_books()


def test_nobody_reaches_another_accounts(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    made = verified(hooks, who, there.url).webhook
    happens(world)
    send(hooks)
    (mine,) = webhook_log.deliveries(hooks.notices, who, made.id)
    with world.database.write() as tx:
        now, random = world.clock.now(), hooks.notices.random
        other = accounts.open_account(tx, "Other", actor="operator:ann", at=now, random=random)
    stranger = Subscriber("client:console", other.id, "console")
    own = webhooks.create(hooks, stranger, PUBLIC, ()).webhook
    notices = hooks.notices
    for call in (
        lambda: webhooks.shown(notices, stranger, made.id),
        lambda: webhooks.change(hooks, stranger, made.id, kinds=()),
        lambda: webhooks.rotate(hooks, stranger, made.id),
        lambda: webhooks.switch_off(notices, stranger, made.id),
        lambda: webhooks.delete(notices, stranger, made.id),
        lambda: verify(hooks, stranger, made.id),
        lambda: webhook_log.try_out(notices, stranger, made.id),
        lambda: webhook_log.deliveries(notices, stranger, made.id),
        lambda: webhook_log.deliveries(notices, stranger, own.id, before=mine.id),
        lambda: webhook_log.delivery(notices, stranger, made.id, mine.id),
        lambda: webhook_log.delivery(notices, stranger, own.id, mine.id),
        lambda: webhook_log.replay(notices, stranger, made.id, mine.id),
        lambda: webhook_log.replay(notices, stranger, own.id, mine.id),
        lambda: webhooks.shown(notices, stranger, "a\0b"),
    ):
        with pytest.raises(NoSuchWebhook):
            call()
    assert webhooks.listed(notices, who)[0].state is WebhookState.ACTIVE


def test_an_account_has_so_many_and_a_suspended_one_makes_none(world: World, hooks: Webhooks, who: Subscriber) -> None:
    for _ in range(3):
        webhooks.create(hooks, who, PUBLIC, ())
    with pytest.raises(TooManyWebhooks):
        webhooks.create(hooks, who, PUBLIC, ())
    first = webhooks.listed(hooks.notices, who)[0]
    webhooks.delete(hooks.notices, who, first.id)
    with world.database.write() as tx:
        accounts.suspend(tx, world.account_id, actor="operator:ann", reason="unpaid", at=world.clock.now())
    with pytest.raises(AccountSuspended):
        webhooks.create(hooks, who, PUBLIC, ())
    with pytest.raises(BadWebhook):
        webhooks.create(hooks, who, PUBLIC, ("no.such",))


def test_what_waits_is_given_up_with_the_address(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    made = verified(hooks, who, there.url).webhook
    there.answers = 500
    happens(world)
    send(hooks)
    webhooks.change(hooks, who, made.id, url=there.url + "/other")
    (left,) = webhook_log.deliveries(hooks.notices, who, made.id)
    assert left.state == "failed"
    world.clock.advance(hours=1)
    there.answers = 200
    send(hooks)
    assert len(there.events) == 1
    assert timedelta(hours=1) == world.clock.now() - left.made_at
