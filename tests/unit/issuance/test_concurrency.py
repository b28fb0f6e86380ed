"""Requests at the same moment, on threads and on processes: what may happen once happens once, and the books are whole."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from threading import Barrier, Event
from typing import Any

import pytest

from directca.certificates.model import Pair, State
from directca.errors import DirectCAError
from directca.issuance.issue import issue
from directca.issuance.model import Application
from directca.pki.reasons import RevocationReason as Reason
from directca.revocation import crl, upkeep
from directca.revocation.model import ListId
from directca.signing.authority import Authority
from tests.crash.inspection import Found, inspect
from tests.crash.nursery import House, Job, Nursery, Outcome
from tests.crash.points import SIGNATURES
from tests.engines import Engine
from tests.world import DOMAIN, PLENTY, START, World, made

EIGHT = 8
MINUTE = 60.0
PRICE = 3500
TAKEN = {"identifier_in_use", "state_changed"}


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


@pytest.fixture
def house(nursery: Nursery, engine: Engine, tmp_path: Path) -> House:
    return nursery.house(tmp_path / "house", engine)


def at_once(*jobs: Callable[[], Any]) -> list[Any]:
    """Each job on a thread of its own, begun at one moment: its answer, or the slug of its refusal."""
    barrier = Barrier(len(jobs))

    def begin(job: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return job()
        except DirectCAError as error:
            return error.slug

    with ThreadPoolExecutor(len(jobs)) as threads:
        return list(threads.map(begin, jobs))


def ask(world: World, application: Application) -> Pair:
    return made(issue(world.issuance, world.principal, application))


def refusals(outcomes: list[Outcome]) -> Counter[str]:
    return Counter(one.refused for one in outcomes if one.refused is not None)


def rest(house: House) -> Found:
    """What an inspector finds a minute later, when periodic work has been done."""
    house.do("keep", after=MINUTE)
    return found_in(house, MINUTE)


def found_in(house: House, after: float) -> Found:
    """What an inspector finds after so many seconds."""
    with closing(house.open()) as database:
        return inspect(database, house.folder / SIGNATURES, START + timedelta(seconds=after))


# --- threads of one process ------------------------------------------------------------------------------------------------


def test_one_name_on_eight_threads_is_issued_once(world: World) -> None:
    requests = [world.application(key=2 * number) for number in range(EIGHT)]  # keys and signatures are made before the race
    ended = at_once(*[partial(ask, world, one) for one in requests])
    assert len([one for one in ended if not isinstance(one, str)]) == 1
    assert {one for one in ended if isinstance(one, str)} <= TAKEN
    assert (world.balance().available, world.balance().reserved) == (PLENTY - PRICE, 0)
    world.check_books()


def test_one_order_sent_on_eight_threads_is_one_pair_and_one_charge(world: World) -> None:
    application = world.application(idempotency_key="order-1")
    ended = at_once(*[lambda: ask(world, application)] * EIGHT)
    assert len({one.record.id for one in ended if not isinstance(one, str)}) == 1
    assert {one for one in ended if isinstance(one, str)} <= {"in_progress"} | TAKEN
    assert ask(world, application).record.current
    assert len(world.history()) == 1
    assert (world.balance().available, world.balance().reserved) == (PLENTY - PRICE, 0)
    world.check_books()


def test_a_pair_gets_one_successor_on_eight_threads(world: World) -> None:
    old = world.issue()
    ended = at_once(*[world.renew, world.reissue] * (EIGHT // 2))
    won = [one.record for one in ended if not isinstance(one, str)]
    assert {one for one in ended if isinstance(one, str)} <= {"already_succeeded", "state_changed"}
    # A thread that came late may succeed the winner in its turn; no pair has two successors.
    assert won
    known = [one.record for one in world.history() if not one.record.settled]
    assert {one.id for one in known} == {old.record.id, *(one.id for one in won)}
    assert [one.supersedes for one in known] == [*(one.id for one in known[1:]), None]
    assert known[0].current
    assert world.balance().reserved == 0
    world.check_books()


def test_after_a_race_of_succession_and_revocation_nothing_of_the_name_is_good(world: World) -> None:
    world.issue()
    revoke = lambda: world.revoke(Reason.KEY_COMPROMISE)  # noqa: E731  (a job like the others)
    ended = at_once(world.renew, revoke, world.reissue, revoke)
    assert not isinstance(ended[1], str) or not isinstance(ended[3], str)
    left = {one.record.state for one in world.history() if not one.record.settled}
    # A successor that was recorded before the revocation was revoked with it; one that came later was refused.
    assert left == {State.REVOKED}
    upkeep.produce_due_crls(world.revocation)
    assert crl.published(world.revocation, ListId("issuing")).facts.entries == 2 * len(world.history())
    assert world.balance().reserved == 0
    world.check_books()


def test_a_list_that_knows_less_never_stands_in_for_one_that_knows_more(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.issue()
    crl.produce(world.revocation, ListId("issuing"), actor="system:test")
    world.clock.advance(hours=12)
    this_update, sign = crl._this_update, Authority.sign
    has_read, may_go_on = Event(), Event()

    def pausing(*arguments: Any) -> Any:  # the slow one has read the register and not yet looked at the clock
        monkeypatch.setattr(crl, "_this_update", this_update)
        has_read.set()
        may_go_on.wait(MINUTE)
        return this_update(*arguments)

    def while_the_slow_one_publishes(*arguments: Any) -> bytes:
        monkeypatch.setattr(Authority, "sign", sign)
        world.clock.advance(seconds=5)
        may_go_on.set()
        slow.result()
        return sign(*arguments)

    with ThreadPoolExecutor(1) as another:
        monkeypatch.setattr(crl, "_this_update", pausing)
        slow = another.submit(crl.produce, world.revocation, ListId("issuing"), actor="system:slow")
        has_read.wait(MINUTE)
        monkeypatch.setattr(Authority, "sign", while_the_slow_one_publishes)
        world.revoke(Reason.KEY_COMPROMISE)
    assert crl.published(world.revocation, ListId("issuing")).facts.entries == 2


# --- processes on one database ---------------------------------------------------------------------------------------------


def test_one_name_in_eight_processes_is_issued_once(house: House) -> None:
    ended = house.run(*[Job("issue", {"key": 2 * number}) for number in range(EIGHT)])
    assert len([one for one in ended if one.answer is not None]) == 1
    assert set(refusals(ended)) <= TAKEN
    found = rest(house)
    assert found.states() == ["issued"]
    assert found.spent == PRICE


def test_eight_names_in_eight_processes_are_all_issued(house: House) -> None:
    ended = house.run(*[Job("issue", {"name": f"n{number}@{DOMAIN}", "key": 2 * number}) for number in range(EIGHT)])
    assert refusals(ended) == Counter()
    found = rest(house)
    assert found.states() == ["issued"] * EIGHT
    assert found.spent == EIGHT * PRICE


def test_one_order_sent_to_eight_processes_is_one_pair_and_one_charge(house: House) -> None:
    job = Job("issue", {"idempotency_key": "order-1"})
    ended = house.run(*[job] * EIGHT)
    assert set(refusals(ended)) <= {"in_progress"} | TAKEN
    (answer,) = {one.answer for one in ended if one.answer is not None}
    assert house.do("issue", idempotency_key="order-1") == answer
    found = rest(house)
    assert found.states() == ["issued"]
    assert found.spent == PRICE


def test_succession_and_revocation_at_once_in_eight_processes(house: House) -> None:
    house.do("issue")
    jobs = [Job("renew"), Job("reissue"), Job("revoke", {"reason": "keyCompromise"}), Job("reissue", {"key": 2})]
    ended = house.run(*jobs, *jobs)
    assert set(refusals(ended)) <= {"already_succeeded", "state_changed", "not_renewable", "compromised_key", "facts_changed"}
    found = rest(house)
    assert {one["state"] for one in found.records} == {"revoked"}
    assert {one["revocation_reason"] for one in found.records if not one["settled"]} == {"keyCompromise"}


def test_lists_of_eight_processes_have_numbers_of_their_own_and_the_newest_is_published(house: House) -> None:
    house.do("issue")
    house.do("revoke", reason="certificateHold")
    ended = house.run(*[Job("produce", after=1)] * EIGHT)
    assert set(refusals(ended)) <= {"crl_stale"}  # each of its tries was overtaken
    numbers = [one.answer for one in ended if one.answer is not None]
    found = rest(house)
    assert found.states() == ["held"]
    assert house.do("produce", after=MINUTE) > max(numbers)


def test_a_revocation_among_lists_in_the_making_is_on_the_one_that_is_published(house: House) -> None:
    house.do("issue")
    (revoked, *_) = house.run(Job("revoke", {"reason": "superseded"}, 1), *[Job("produce", after=1)] * (EIGHT - 1))
    assert revoked.answer is not None
    found = found_in(house, 2)
    assert found.states() == ["revoked"]


def test_settling_beside_a_request_under_way_leaves_one_of_both(house: House) -> None:
    ended = house.run(Job("issue"), *[Job("begin", after=1)] * 3)
    found = rest(house)
    assert found.states() in (["issued"], ["revoked"])
    assert (ended[0].answer is None) == (found.states() == ["revoked"])
    assert ended[0].refused in (None, "state_changed")
