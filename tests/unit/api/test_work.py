"""Work in the pool: counted by how it ended, and told as a story to who follows the request."""

import asyncio
import re
import threading
import time
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry
from starlette.requests import Request

from directca import watch
from directca.api import (
    applications,
    cases,
    certificates,
    domains,
    events,
    mailboxes,
    money,
    oauth,
    organizations,
    proposals,
    revocations,
    users,
    webhooks,
)
from directca.api.queue import Overloaded, Queue
from directca.api.work import OUTCOMES, TOGETHER, Work, family, of_status
from directca.api.work_metrics import SIGNERS, VERBS, WorkMetrics
from directca.db.engine import STANDBY, STANDBY_OUTCOMES
from directca.errors import Conflict, DirectCAError, RateLimited, Rejected, Unavailable
from directca.watch import STORY, Timed, step
from tests.house.sources import PACKAGE

Value = Callable[..., float | None]
ASKED = Request({"type": "http"})


class Followed:
    """A story that is written down."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def begin(self, verb: str) -> None:
        self.told.append(verb)

    def step(self, number: int, name: str) -> None:
        self.told.append((number, name))

    def end(self, outcome: str) -> None:
        self.told.append(outcome)


@pytest.fixture
def registry() -> CollectorRegistry:
    return CollectorRegistry()


@pytest.fixture
def work(registry: CollectorRegistry) -> Work:
    return Work(WorkMetrics(registry), Queue(2, 10, lambda: None))


def ended(registry: CollectorRegistry, verb: str, outcome: str) -> float | None:
    return registry.get_sample_value("directca_verb_outcomes_total", {"verb": verb, "outcome": outcome})


def refuse(error: Exception) -> Callable[[], None]:
    def work() -> None:
        raise error

    return work


def test_verbs_that_write_share_a_thread_and_others_have_their_own(work: Work) -> None:
    async def threads(*verbs: str) -> list[str]:
        return [await work.do(verb, ASKED, lambda: threading.current_thread().name) for verb in verbs]

    assert set(asyncio.run(threads("issue", "renew", "reissue", "token"))) == {"directca lane"}
    assert set(asyncio.run(threads("revoke", "query", "retrieve"))) == {"directca work"}
    assert set(VERBS) >= TOGETHER  # no verb that nobody calls by this name


def test_a_verb_is_counted_by_how_it_ended(work: Work, registry: CollectorRegistry) -> None:
    assert asyncio.run(work.do("issue", ASKED, lambda: "a pair")) == "a pair"
    for error in (Conflict("It is not so."), ZeroDivisionError()):
        with pytest.raises(type(error)):
            asyncio.run(work.do("issue", ASKED, refuse(error)))
    assert [ended(registry, "issue", one) for one in ("success", "conflict", "bug", "rejected")] == [1, 1, 1, 0]
    assert registry.get_sample_value("directca_verb_seconds_count", {"verb": "issue"}) == 3
    assert registry.get_sample_value("directca_work_wait_seconds_count") == 3
    assert registry.get_sample_value("directca_work_waiting") == 0


def test_an_answer_may_be_a_refusal(work: Work, registry: CollectorRegistry) -> None:
    for status in (200, 400, 401, 403, 404, 429, 503):
        asyncio.run(work.do("token", ASKED, lambda status=status: status, of_status))  # type: ignore[misc]
    outcomes = ("success", "malformed", "unauthenticated", "rejected", "not_found", "rate_limited", "unavailable")
    assert [ended(registry, "token", one) for one in outcomes] == [1] * 7


def test_every_family_has_its_word() -> None:
    errors = {
        one: one("…", retry_after=1) if issubclass(one, RateLimited) else one("…") for one in DirectCAError.__subclasses__()
    }
    words = {family(error) for error in errors.values()}
    assert words | {"success", "bug"} == set(OUTCOMES)
    assert family(DirectCAError("…")) == "bug"
    assert family(type("Locked", (Rejected,), {})("…")) == "rejected"


def test_who_follows_the_request_is_told(work: Work) -> None:
    def a_verb() -> None:
        step(1, "authorise")
        step(2, "vet")
        raise Unavailable("Later.")

    async def a_request() -> list[object]:
        story = Followed()
        STORY.set(story)
        with pytest.raises(Unavailable):
            await work.do("issue", ASKED, a_verb)
        return story.told

    assert asyncio.run(a_request()) == ["issue", (1, "authorise"), (2, "vet"), "unavailable"]


def test_nobody_is_told_of_a_request_that_nobody_follows(work: Work) -> None:
    asyncio.run(work.do("issue", ASKED, lambda: step(1, "authorise")))
    assert STORY.get() is None


def test_a_request_that_is_given_up_waits_no_more(work: Work, registry: CollectorRegistry) -> None:
    async def given_up() -> None:
        task = asyncio.ensure_future(work.do("issue", ASKED, lambda: None))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(given_up())
    until = time.monotonic() + 10
    while registry.get_sample_value("directca_work_waiting") and time.monotonic() < until:
        time.sleep(0.001)  # a thread that had just begun it counts it itself
    assert registry.get_sample_value("directca_work_waiting") == 0


def test_a_request_that_is_refused_is_no_verb_and_waits_no_more(registry: CollectorRegistry) -> None:
    async def overload() -> None:
        work = Work(WorkMetrics(registry), Queue(1, 0.0, lambda: None))
        first = asyncio.ensure_future(work.do("issue", ASKED, lambda: time.sleep(0.05)))
        await asyncio.sleep(0.01)
        with pytest.raises(Overloaded):
            await work.do("revoke", ASKED, lambda: pytest.fail("it was begun"))
        await first

    asyncio.run(overload())
    assert registry.get_sample_value("directca_work_waiting") == 0
    assert registry.get_sample_value("directca_work_wait_seconds_count") == 1
    assert {ended(registry, "revoke", one) for one in OUTCOMES} == {0}


def test_every_verb_and_outcome_is_there_from_the_start(work: Work, registry: CollectorRegistry) -> None:
    assert {ended(registry, verb, outcome) for verb in VERBS for outcome in OUTCOMES} == {0}
    for signer in SIGNERS:
        assert registry.get_sample_value("directca_signature_failures_total", {"signer": signer}) == 0


EDGES = (
    *(applications, cases, certificates, domains, events, mailboxes, money),
    *(organizations, proposals, revocations, users, webhooks),
)


def test_every_verb_of_the_api_is_counted() -> None:
    text = "".join((PACKAGE / "api" / f"{one.__name__.rpartition('.')[2]}.py").read_text() for one in EDGES)
    named = set(re.findall(r'(?:work\.do\(|_step\(request, )"(\w+)"', text)) | {one.name for one in oauth._ENDPOINTS}
    assert named == set(VERBS)


def test_what_rooms_time_is_counted(registry: CollectorRegistry) -> None:
    before = list(watch._listener)
    watch.tell(WorkMetrics(registry).told)
    try:
        with Timed("signature", "authority"), Timed("commit"), Timed("write turn"):
            pass
        with pytest.raises(ZeroDivisionError), Timed("signature", "responder"):
            raise ZeroDivisionError
        watch.happened(STANDBY, "behind")
    finally:
        watch._listener[:] = before
    for signer, failures in (("authority", 0), ("responder", 1)):
        assert registry.get_sample_value("directca_signature_seconds_count", {"signer": signer}) == 1
        assert registry.get_sample_value("directca_signature_failures_total", {"signer": signer}) == failures
    assert registry.get_sample_value("directca_commit_seconds_count") == 1
    for outcome in STANDBY_OUTCOMES:
        questions = registry.get_sample_value("directca_standby_questions_total", {"outcome": outcome})
        assert questions == (outcome == "behind")
    assert registry.get_sample_value("directca_write_turn_seconds_count") == 1
