"""What waits is sent, at least once, to each webhook by itself; what fails is tried again, and given up in time."""

import threading
import time
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from directca.api.webhook_poster import WebhookPoster
from directca.db import leases
from directca.db.errors import LeaseLost
from directca.notices import deliver, feed, webhook_log, webhooks
from directca.notices.context import Webhooks
from directca.notices.deliver import LEASE, Dispatcher, is_due, standing
from directca.notices.errors import NoticesRunning
from directca.notices.model import Subscriber
from directca.notices.webhook_model import Answered, Message, Outcome
from directca.notices.webhook_policy import pause
from tests.unit.notices.conftest import CONFIG
from tests.unit.notices.sending import HERE, THERE, broke, happens, send, told, verified
from tests.webhook_receiver import Receiver, receiver
from tests.world import World


def test_each_event_arrives_once_and_in_the_order_of_its_position(
    world: World, hooks: Webhooks, who: Subscriber, there: Receiver
) -> None:
    verified(hooks, who, there.url)
    happens(world, 60)
    send(hooks)
    events = [one.event for one in there.events]
    assert sorted(one["position"] for one in events) == list(range(2, 62))
    assert {one["id"] for one in events} == {one.id for one in feed.fetch(hooks.notices, who, 1, 500).events}
    assert len(events) == 60
    assert not is_due(hooks.notices)
    assert standing(hooks.notices).tries == (("webhook", "delivered", 60),)


def test_a_crash_between_sending_and_recording_sends_the_same_again(
    world: World, hooks: Webhooks, who: Subscriber, there: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = verified(hooks, who, there.url)
    happens(world)
    told(hooks.notices)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(deliver, "record", dies)
    dispatcher = Dispatcher(hooks, HERE, broke)
    with pytest.raises(KeyboardInterrupt):
        dispatcher.turn(2.0)
    monkeypatch.undo()
    with pytest.raises(NoticesRunning):
        send(hooks, THERE)
    world.clock.advance(seconds=20)  # its lease has ended
    send(hooks, THERE)
    first, second = there.events
    assert (first.body, first.headers["directca-delivery"]) == (second.body, second.headers["directca-delivery"])
    assert second.signed_with(made.secret)
    assert first.headers["directca-signature"] != second.headers["directca-signature"]
    (left,) = webhook_log.deliveries(hooks.notices, who, made.webhook.id)
    assert (left.state, left.tries) == ("delivered", 1)


def test_who_lost_the_lease_records_nothing(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    verified(hooks, who, there.url)
    happens(world)
    told(hooks.notices)
    there.waits = 0.3
    dispatcher = Dispatcher(hooks, HERE, broke)
    dispatcher.turn(0.0)
    with world.database.write() as tx:
        later = world.clock.now() + timedelta(hours=1)
        assert leases.take(tx, LEASE, THERE, now=later, duration=timedelta(seconds=120))
    with pytest.raises(LeaseLost):
        dispatcher.turn(2.0)
    assert is_due(hooks.notices)


class Slow:
    """A webhook that answers when it is told to."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()

    def post(self, _message: Message, _most: int) -> Answered:
        assert self.may_answer.wait(60)
        return Answered(Outcome.DELIVERED, 200)


@pytest.mark.parametrize("ends", [False, True], ids=["goes on", "was asked to end"])
def test_a_try_that_takes_longer_than_the_lease_loses_it_to_nobody(
    world: World, hooks: Webhooks, who: Subscriber, there: Receiver, monkeypatch: pytest.MonkeyPatch, ends: bool
) -> None:
    monkeypatch.setattr(deliver, "_JOIN_SECONDS", 0.01)
    verified(hooks, who, there.url)
    happens(world)
    told(hooks.notices)
    slow = Slow()
    dispatcher = Dispatcher(Webhooks(hooks.notices, hooks.sealer, slow), HERE, broke)
    dispatcher.turn(0.0)
    ending = threading.Thread(target=dispatcher.stop)
    if ends:
        ending.start()
    for _ in range(10):  # a minute, three leases long
        world.clock.advance(seconds=6)
        until = time.monotonic() + 10
        while _lease_ends(world) < world.clock.now() + timedelta(seconds=14) and time.monotonic() < until:
            time.sleep(0.01) if ends else dispatcher.turn(0.0)
        with world.database.write() as tx:
            assert not leases.take(tx, LEASE, THERE, now=world.clock.now(), duration=timedelta(seconds=20))
    slow.may_answer.set()
    if ends:
        ending.join()
    else:
        dispatcher.turn(10.0)
        dispatcher.stop()
    assert standing(hooks.notices).waiting == 0


def _lease_ends(world: World) -> datetime:
    with world.database.read() as tx:
        return tx.execute(select(leases.lease.c.expires_at).where(leases.lease.c.name == LEASE)).scalar_one()


def test_what_fails_is_tried_again_after_longer_and_longer(
    world: World, hooks: Webhooks, who: Subscriber, there: Receiver
) -> None:
    made = verified(hooks, who, there.url).webhook
    there.answers, there.body = 503, b"later\x00<script>"
    happens(world)
    waits = []
    for _ in range(5):
        send(hooks)
        (left,) = webhook_log.deliveries(hooks.notices, who, made.id)
        waits.append((left.next_at - world.clock.now()).total_seconds())
        send(hooks)  # not before its time
        world.clock.moment = max(left.next_at, webhooks.shown(hooks.notices, who, made.id).wait_until or left.next_at)
    assert len(there.events) == 5
    assert all(30 * 2**n * 0.79 < wait < 30 * 2**n * 1.21 for n, wait in enumerate(waits))
    there.answers = 200
    send(hooks)
    page = webhook_log.delivery(hooks.notices, who, made.id, left.id)
    assert (page.delivery.state, page.delivery.tries) == ("delivered", 6)
    assert [one.status for one in page.attempts] == [503] * 5 + [200]
    assert page.attempts[0].seen == "later\N{REPLACEMENT CHARACTER}<script>"
    assert webhooks.shown(hooks.notices, who, made.id).failing_since is None


def test_a_webhook_that_fails_is_asked_by_one_delivery_at_a_time(
    world: World, hooks: Webhooks, who: Subscriber, there: Receiver
) -> None:
    verified(hooks, who, there.url)
    there.answers = 500
    happens(world)
    send(hooks)
    happens(world, 50)
    world.clock.advance(minutes=5)
    send(hooks)
    assert len(there.events) == 2
    there.answers = 200
    world.clock.advance(minutes=5)
    send(hooks)
    assert len({one.event["id"] for one in there.events}) == 51
    assert not is_due(hooks.notices)


def test_it_is_given_up_in_time_and_can_be_replayed(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    made = verified(hooks, who, there.url).webhook
    there.answers = 500
    happens(world)
    for _ in range(16):
        send(hooks)
        world.clock.advance(hours=6)
    (left,) = webhook_log.deliveries(hooks.notices, who, made.id, state=webhook_log.DeliveryState.FAILED)
    there.answers = 200
    send(hooks)
    before = len(there.events)
    webhook_log.replay(hooks.notices, who, made.id, left.id)
    send(hooks)
    assert len(there.events) == before + 1
    assert there.events[-1].body == there.events[0].body
    webhook_log.replay_any(hooks.notices, left.id, actor="operator:ann")
    send(hooks)
    assert len(there.events) == before + 2
    assert world.journal_kinds().count("webhook.replayed") == 2


def test_after_long_it_is_switched_off_and_the_account_is_told(
    world: World, hooks: Webhooks, who: Subscriber, there: Receiver
) -> None:
    made = verified(hooks, who, there.url).webhook
    there.answers = 500
    for _ in range(24):
        happens(world)
        send(hooks)
        world.clock.advance(hours=6)
    found = webhooks.shown(hooks.notices, who, made.id)
    assert (found.state, found.disabled_why) == ("disabled", "failing")
    send(hooks)
    last = feed.fetch(hooks.notices, who, 0, 500).events
    told_of = [one for one in last if one.kind == "webhook.disabled"]
    assert [one.data for one in told_of] == [{"url": there.url, "why": "failing"}]
    sent = len(there.events)
    happens(world)
    send(hooks)
    assert len(there.events) == sent
    assert not [one for one in webhook_log.deliveries(hooks.notices, who, made.id) if one.state == "waiting"]


def test_a_slow_webhook_holds_up_no_other(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    verified(hooks, who, there.url)
    with receiver() as slow:
        verified(hooks, who, slow.url)
        slow.waits = 1.0
        happens(world, 20)
        told(hooks.notices)
        dispatcher = Dispatcher(hooks, HERE, broke)
        began = time.monotonic()
        while len(there.events) < 20:
            dispatcher.turn(0.1)
        assert time.monotonic() - began < 0.9
        slow.waits = 0.0
        while dispatcher.turn(0.5):
            pass
        dispatcher.stop()
        assert len({one.event["id"] for one in slow.events}) == 20


def test_two_accounts_are_told_of_their_own(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    verified(hooks, who, there.url, "domain.verified")
    happens(world, 3)
    world.verify_domain()
    send(hooks)
    assert [one.event["type"] for one in there.events] == ["domain.verified"]


def test_what_nobody_foresaw_counts_as_a_failed_try(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    made = verified(hooks, who, there.url).webhook

    class Breaks:
        def post(self, _message: Message, _most: int) -> Answered:
            raise ZeroDivisionError

    heard: list[str] = []
    happens(world)
    told(hooks.notices)
    breaking = Webhooks(hooks.notices, hooks.sealer, Breaks())
    dispatcher = Dispatcher(breaking, HERE, lambda error, one: heard.append(f"{type(error).__name__} {one.webhook_id}"))
    while dispatcher.turn(1.0):
        pass
    dispatcher.stop()
    assert heard == [f"ZeroDivisionError {made.id}"]
    (left,) = webhook_log.deliveries(hooks.notices, who, made.id)
    assert (left.outcome, left.state) == (Outcome.BROKEN, "waiting")


def test_a_webhook_deleted_while_it_is_sent_to_leaves_nothing(
    world: World, hooks: Webhooks, who: Subscriber, there: Receiver
) -> None:
    made = verified(hooks, who, there.url).webhook
    happens(world, 3)
    told(hooks.notices)
    there.waits = 0.2
    dispatcher = Dispatcher(hooks, HERE, broke)
    dispatcher.turn(0.0)
    webhooks.delete(hooks.notices, who, made.id)
    while dispatcher.turn(1.0):
        pass
    dispatcher.stop()
    assert webhooks.listed(hooks.notices, who) == ()


def test_it_is_sent_while_others_write(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    verified(hooks, who, there.url)
    writer = threading.Thread(target=lambda: [happens(world) for _ in range(30)])
    writer.start()
    while writer.is_alive():
        send(hooks)
    send(hooks)
    assert sorted(one.event["position"] for one in there.events) == list(range(2, 32))


@pytest.mark.parametrize("tries", [1, 2, 5, 10, 100, 10_000])
def test_the_pause_has_a_lot_and_a_longest(tries: int) -> None:
    longest = CONFIG.retry_longest_minutes * 60
    short, long = (pause(tries, CONFIG, lot).total_seconds() for lot in (0, 255))
    assert short < long <= longest * 1.2
    assert short == pytest.approx(min(longest, 30 * 2 ** (tries - 1)) * 0.8)


def test_a_kept_connection_that_was_ended_is_opened_anew(world: World, hooks: Webhooks, who: Subscriber, there: Receiver) -> None:
    verified(hooks, who, there.url)
    assert isinstance(hooks.poster, WebhookPoster)
    for lines in hooks.poster._idle.values():
        for line in lines:
            line.plain.shutdown(2)
    happens(world)
    send(hooks)
    assert len(there.events) == 1
