"""Every row that says something to an account becomes one event, in its place, whoever follows and whenever they die."""

import threading
from datetime import timedelta

import pytest

from directca.accounts import accounts
from directca.db import leases
from directca.db.engine import Database
from directca.db.errors import LeaseLost
from directca.errors import Rejected
from directca.issuance.issue import issue
from directca.journal import read
from directca.journal.model import Event as Row
from directca.journal.record import append
from directca.notices import event_store, feed
from directca.notices import follow as following
from directca.notices.context import Notices
from directca.notices.errors import BadEventPosition, NoticesRunning
from directca.notices.follow import follow, give_back
from directca.notices.model import MEANINGS, Event, EventKind, Feed, Subscriber
from directca.pki.reasons import RevocationReason
from tests.world import ALICE, World

HERE, THERE = "here:1", "there:2"


def follow_all(notices: Notices, holder: str = HERE, batch: int = 3) -> None:
    while follow(notices, holder, batch=batch):
        pass


def told(notices: Notices, world: World, **more: int) -> tuple[Event, ...]:
    return fetched(notices, world, **more).events


def fetched(notices: Notices, world: World, after: int | None = None, application: str = "console", limit: int = 500) -> Feed:
    return feed.fetch(notices, Subscriber("client:x", world.account_id, application), after, limit)


def kinds(events: tuple[Event, ...]) -> list[str]:
    return [one.kind.value for one in events]


def write(world: World, *rows: Row) -> None:
    with world.database.write() as tx:
        append(tx, *rows, at=world.clock.now())


def of_case(world: World, kind: str, **detail: str) -> Row:
    return Row(kind, "person:7 via client:staff", "case:1", account_id=world.account_id, detail={"number": 4, **detail})


def test_what_happens_to_a_pair_is_told_in_its_order(world: World, notices: Notices) -> None:
    pair = world.issue()
    world.revoke(RevocationReason.CERTIFICATE_HOLD)
    world.revoke(RevocationReason.REMOVE_FROM_CRL)
    world.revoke(RevocationReason.KEY_COMPROMISE)
    follow_all(notices)
    events = told(notices, world)
    assert kinds(events) == [
        "domain.verified",
        "certificate.issued",
        "certificate.held",
        "certificate.released",
        "certificate.revoked",
    ]
    assert [one.position for one in events] == [1, 2, 3, 4, 5]
    assert len({one.id for one in events}) == 5
    revoked = events[-1]
    assert revoked.subject == f"record:{pair.record.id}"
    assert revoked.data == {
        "identifier": ALICE,
        "signing_serial": pair.record.signing_serial,
        "encryption_serial": pair.record.encryption_serial,
        "reason": "keyCompromise",
    }


def test_a_decision_is_told_once_it_is_one(world: World, notices: Notices) -> None:
    write(
        world,
        of_case(world, "case.approved", state="submitted", reason="looks right"),
        of_case(world, "case.approved", state="approved", reason="agreed"),
        of_case(world, "case.rejected", state="rejected", reason="no licence"),
        of_case(world, "case.rejected", state="refused", reason="still none"),
        of_case(world, "case.sent_back", state="draft", reason="street?"),
        of_case(world, "case.noted", state="submitted", side="authority"),
        of_case(world, "case.noted", state="submitted", side="applicant"),
    )
    follow_all(notices)
    found = told(notices, world, after=1)
    assert [(one.kind.value, one.data.get("decision"), one.data.get("reason")) for one in found] == [
        ("case.decided", "approved", "agreed"),
        ("case.decided", "rejected", "no licence"),
        ("case.decided", "refused", "still none"),
        ("case.decided", "sent_back", "street?"),
        ("case.noted", None, None),
    ]


def test_an_account_is_told_what_is_its_own_and_no_more_than_that(world: World, notices: Notices) -> None:
    with world.database.write() as tx:
        other = accounts.open_account(tx, "Other", actor="operator:ann", at=world.clock.now(), random=lambda n: b"o" * n)
    secret = {"balance_cents": 5, "threshold_cents": 100, "currency": "USD", "internal_note": "watch them"}
    write(
        world,
        Row("account.balance_low", "system:billing", f"account:{other.id}", account_id=other.id, detail=secret),
        Row("account.balance_low", "system:billing", "account:x", outcome="refused", account_id=other.id, detail=secret),
        Row("account.balance_low", "system:billing", "account:x", detail=secret),
        Row("person.password_set", "operator:ann", "person:1", account_id=other.id),
    )
    follow_all(notices)
    (low,) = feed.fetch(notices, Subscriber("client:x", other.id, "console"), None).events
    assert (low.position, low.data) == (1, {"balance_cents": 5, "threshold_cents": 100, "currency": "USD"})
    assert kinds(told(notices, world)) == ["domain.verified"]


def test_a_refused_issue_is_no_event(world: World, notices: Notices) -> None:
    asked = world.application("bob@elsewhere.example")
    with pytest.raises(Rejected):
        issue(world.issuance, world.principal, asked)
    follow_all(notices)
    assert kinds(told(notices, world)) == ["domain.verified"]


def test_what_waits_for_an_officer_is_told_and_other_refusals_are_not(world: World, notices: Notices) -> None:
    detail = {"verb": "issue", "identifier": ALICE, "field": None}
    subject = f"account:{world.account_id}"
    for outcome in ("awaits_approval", "domain_not_verified"):
        write(world, Row("certificate.refused", "client:x", subject, outcome, world.account_id, detail))
    follow_all(notices)
    (waiting,) = told(notices, world, after=1)
    assert (waiting.kind, waiting.data) == ("order.waiting", {"identifier": ALICE, "reason": "awaits_approval"})


def test_a_crash_before_the_mark_moves_leaves_nothing_behind(
    world: World, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.issue()

    def dies(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(event_store, "move_mark", dies)
        with pytest.raises(KeyboardInterrupt):
            follow(notices, HERE)
    assert told(notices, world) == ()
    give_back(notices, HERE)
    follow_all(notices, THERE)
    first = told(notices, world)
    assert kinds(first) == ["domain.verified", "certificate.issued"]
    follow_all(notices, THERE)
    assert told(notices, world) == first


def test_the_identifier_is_that_of_the_row(world: World, notices: Notices) -> None:
    world.issue()
    follow_all(notices)
    with world.database.read() as tx:
        digests = {row.position: row.digest for row in read.latest(tx, limit=1000)}
    assert all(one.id == f"evt_{digests[one.journal_position][:24]}" for one in told(notices, world))


def test_one_follows_at_a_time_and_a_sleeper_does_nothing_more(
    world: World, notices: Notices, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.issue()
    assert follow(notices, HERE, batch=2) == 2
    with pytest.raises(NoticesRunning):
        follow(notices, THERE)
    world.clock.advance(minutes=2)
    # It took its lease, slept, and somebody else has the lease by the time it wakes.
    taken = following.take_lease

    def sleeps(notices: Notices, holder: str) -> None:
        taken(notices, holder)
        with world.database.write() as tx:
            later = world.clock.now() + timedelta(hours=1)
            assert leases.take(tx, following.LEASE, THERE, now=later, duration=timedelta(seconds=60))

    monkeypatch.setattr(following, "take_lease", sleeps)
    with pytest.raises(LeaseLost):
        follow(notices, HERE)
    assert len(told(notices, world)) < 2


def test_nothing_is_skipped_while_many_write(world: World, notices: Notices) -> None:
    rows = [Row("organization.suspended", "operator:ann", f"organization:{n}", account_id=world.account_id) for n in range(60)]
    ended = threading.Event()

    def write_some(start: int) -> None:
        for row in rows[start::3]:
            write(world, row)

    writers = [threading.Thread(target=write_some, args=(start,)) for start in range(3)]
    follower = threading.Thread(target=lambda: [follow(notices, HERE, batch=7) for _ in iter(lambda: not ended.is_set(), False)])
    for one in (*writers, follower):
        one.start()
    seen: list[Event] = []
    while any(one.is_alive() for one in writers):
        seen.extend(told(notices, world, after=seen[-1].position if seen else 0, limit=5))
    ended.set()
    follower.join()
    follow_all(notices)
    seen.extend(told(notices, world, after=seen[-1].position if seen else 0))
    assert [one.position for one in seen] == list(range(1, 62))
    assert sorted(one.subject for one in seen[1:]) == sorted(row.subject for row in rows) or len(seen) == 61
    assert {row.subject for row in rows} <= {one.subject for one in seen}


def test_each_application_acknowledges_for_itself(world: World, notices: Notices) -> None:
    for number in range(4):
        write(world, Row("organization.suspended", "operator:ann", f"organization:{number}", account_id=world.account_id))
    follow_all(notices)
    who = Subscriber("client:x", world.account_id, "console")
    answer = feed.acknowledge(notices, who, 3)
    assert (answer.acknowledged, answer.more) == (3, True), "whoever fetches while there is more must not stop here"
    assert feed.acknowledge(notices, who, 2).acknowledged == 3, "an acknowledgement takes nothing back"
    assert [one.position for one in told(notices, world)] == [4, 5]
    assert [one.position for one in told(notices, world, after=1, limit=2)] == [2, 3]
    page = fetched(notices, world, limit=1)
    assert (page.acknowledged, page.first, page.last, page.more) == (3, 1, 5, True)
    assert len(fetched(notices, world, application="another").events) == 5
    with pytest.raises(BadEventPosition):
        feed.acknowledge(notices, who, 6)
    assert not feed.acknowledge(notices, who, 5).more
    assert not fetched(notices, world, after=6).more


def test_what_was_written_before_there_were_events_is_not_told(database: Database, notices: Notices, world: World) -> None:
    with database.write() as tx:
        assert event_store.move_mark(tx, event_store.mark(tx), read.length(tx))
    follow_all(notices)
    assert told(notices, world) == ()
    world.issue()
    follow_all(notices)
    assert kinds(told(notices, world)) == ["certificate.issued"]


def test_every_kind_has_its_meaning() -> None:
    assert set(MEANINGS) == set(EventKind)
