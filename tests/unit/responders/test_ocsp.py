"""OCSP over HTTP, with a verb that says what the test wants: what is kept, what is forgotten, and what strangers are told."""

import asyncio
import base64
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest

from directca.pki.ocsp import ResponseStatus, refusal
from directca.pki.ocsp_request import OcspRequest
from directca.responders import ocsp as edge
from directca.responders.patience import Patience
from directca.revocation.ocsp_model import OcspAnswer, OcspRefusedError
from directca.signing.errors import SigningStopped
from tests.unit.responders.ocsp_asking import Answer, Desk, a_request, called, sent

TRY_LATER = refusal(ResponseStatus.TRY_LATER)
MALFORMED = refusal(ResponseStatus.MALFORMED_REQUEST)


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.edge.stop()


def base64_of(request: bytes) -> str:
    return base64.b64encode(request).decode()


def with_slash_and_plus() -> bytes:
    """A request whose base64 has every character that a path may be picky about."""
    for serial in (7**power for power in range(1, 50)):
        text = base64_of(a_request(serial))
        if "/" in text and "+" in text and text.endswith("="):
            return a_request(serial)
    raise AssertionError("none of them has")


def assert_later(answer: Answer) -> None:
    assert (answer.status, answer.body) == (200, TRY_LATER)
    assert answer.headers["cache-control"] == "no-store"
    assert int(answer.headers["retry-after"]) > 0


# --- forms of a request ----------------------------------------------------------------------------------------------------


def test_a_request_may_come_in_the_body_or_in_the_path(desk: Desk) -> None:
    request = with_slash_and_plus()
    text = base64_of(request)
    paths = [f"/ocsp/{text}", f"/ocsp/{text.rstrip('=')}", f"/ocsp//{text}"]
    answers = desk.ask(("POST", "/ocsp", request), ("POST", "/ocsp/", request), *(("GET", path, b"") for path in paths))
    assert {(one.status, one.headers["content-type"], one.body) for one in answers} == {
        (200, "application/ocsp-response", b"answer 1 certificate")
    }
    assert quote(text, safe="") != text  # the server in front decodes; e2e asks in this form


@pytest.mark.parametrize("path", ["/ocsp", "/ocsp/", "/ocsp/!", "/ocsp/MA==x", "/ocsp/é", "/ocsp/MA", "/ocsp/" + "A" * 60_000])
def test_what_is_no_request_is_malformed(desk: Desk, path: str) -> None:
    (answer,) = desk.ask(("GET", path, b""))
    assert (answer.status, answer.body, answer.headers["cache-control"]) == (200, MALFORMED, "no-store")


@pytest.mark.parametrize("body", [b"", b"0", b"\x30\x80", b"not der at all", b"\x30\x84\xff\xff\xff\xff", b"\x00" * 65_536])
def test_a_body_that_is_no_request_is_malformed(desk: Desk, body: bytes) -> None:
    assert desk.post(body).body == MALFORMED
    assert desk.calls == 0


def test_so_is_a_request_about_too_many(desk: Desk) -> None:
    assert desk.post(a_request(*range(1, 102))).body == MALFORMED
    assert desk.post(a_request(*range(1, 101))).body == b"answer 1 certificate"


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_other_methods_are_told_which_there_are(desk: Desk, method: str) -> None:
    (answer,) = desk.ask((method, "/ocsp", b""))
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD, POST")


@pytest.mark.parametrize("announced", [b"100000", b"99999999999999999999"])
def test_a_body_that_is_announced_to_be_too_large_is_not_read(desk: Desk, announced: bytes) -> None:
    answer = asyncio.run(sent(desk.edge, "POST", "/ocsp", [], [(b"content-length", announced)]))
    assert (answer.status, answer.headers["connection"]) == (413, "close")


def test_a_body_that_becomes_too_large_is_not_read_to_its_end(desk: Desk) -> None:
    pieces = [{"type": "http.request", "body": b"0" * 1000, "more_body": True} for _ in range(1000)]
    answer = asyncio.run(sent(desk.edge, "POST", "/ocsp", pieces))
    assert answer.status == 413
    assert len(pieces) > 900
    assert asyncio.run(called(desk.edge, "POST", "/ocsp", b"0" * 65_537)).status == 413


def test_a_body_in_pieces_is_put_together(desk: Desk) -> None:
    request = a_request()
    pieces: list[dict[str, Any]] = [{"type": "http.request", "body": bytes((one,)), "more_body": True} for one in request]
    pieces.append({"type": "http.request", "body": b"", "more_body": False})
    assert asyncio.run(sent(desk.edge, "POST", "/ocsp", pieces)).body == b"answer 1 certificate"


def test_a_slow_sender_is_given_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.edge, "_patience", Patience(0.04))
    begun: list[dict[str, Any]] = [{"type": "http.request", "body": b"0", "more_body": True}]
    nothing: list[dict[str, Any]] = []
    for pieces in (nothing, begun):
        answer = asyncio.run(sent(desk.edge, "POST", "/ocsp", pieces))
        assert (answer.status, answer.headers["connection"]) == (408, "close")


def test_a_sender_who_has_gone_is_not_answered(desk: Desk) -> None:
    pieces = [{"type": "http.request", "body": b"0", "more_body": True}, {"type": "http.disconnect"}]
    assert asyncio.run(sent(desk.edge, "POST", "/ocsp", pieces)).status == 0


# --- kept answers ----------------------------------------------------------------------------------------------------------


def test_an_answer_is_kept_and_given_again(desk: Desk) -> None:
    first, second = desk.ask(("POST", "/ocsp", a_request()), ("POST", "/ocsp", a_request()))
    assert (first.headers, first.body) == (second.headers, second.body)
    assert desk.calls == 1
    assert desk.edge.counts == {"miss": 1, "hit": 1}


def test_both_hashes_and_every_certificate_have_answers_of_their_own(desk: Desk) -> None:
    bodies = {desk.post(one).body for one in (a_request(1), a_request(2), a_request(1, algorithm="sha256"))}
    assert len(bodies) == 3
    assert len(desk.kept) == 3


def test_what_is_kept_says_how_long(desk: Desk) -> None:
    headers = desk.post(a_request()).headers
    assert headers["cache-control"] == "max-age=45, public, no-transform, must-revalidate"
    assert headers["last-modified"] == "Tue, 24 Nov 2026 12:00:00 GMT"
    assert headers["expires"] == "Wed, 25 Nov 2026 00:00:00 GMT"
    desk.clock.advance(hours=12, seconds=-7)
    desk.says = lambda _: (_ for _ in ()).throw(SigningStopped("stopped"))
    assert desk.post(a_request()).headers["cache-control"].startswith("max-age=7,")
    desk.clock.advance(seconds=7)
    assert_later(desk.post(a_request()))


def test_a_cache_that_has_it_is_told_so(desk: Desk) -> None:
    path = f"/ocsp/{base64_of(a_request())}"
    (whole,) = desk.ask(("GET", path, b""))
    for sent_tag in (whole.headers["etag"], f'"other", W/{whole.headers["etag"]}'):
        known = asyncio.run(called(desk.edge, "GET", path, headers=[(b"if-none-match", sent_tag.encode())]))
        assert (known.status, known.body, known.headers["etag"]) == (304, b"", whole.headers["etag"])
        assert "content-length" not in known.headers
    other = asyncio.run(called(desk.edge, "GET", path, headers=[(b"if-none-match", b'"other"')]))
    assert (other.status, other.body) == (200, whole.body)


def test_a_change_is_forgotten_at_once_in_both_hashes_and_nothing_else_is(desk: Desk) -> None:
    asked = [a_request(0xA1), a_request(0xA1, algorithm="sha256"), a_request(0xB2)]
    before = [desk.post(one).body for one in asked]
    desk.hear("a1")
    after = [desk.post(one).body for one in asked]
    assert [old == new for old, new in zip(before, after, strict=True)] == [False, False, True]


def test_facts_that_were_read_before_a_change_are_not_kept_after_it(desk: Desk) -> None:
    def read_then_paused(request: OcspRequest) -> OcspAnswer:
        found = desk.answer(request)
        desk.hear("a1")  # the change is committed, and told, while the answer is being signed
        return found

    desk.says = read_then_paused
    assert desk.post(a_request(0xA1)).status == 200
    assert len(desk.kept) == 0
    desk.says = None
    assert desk.post(a_request(0xA1)).body == b"answer 2 certificate"
    assert len(desk.kept) == 1


@pytest.mark.parametrize("why", ["a gap in the feed", "a responder was revoked", "it slept for hours"])
def test_everything_is_forgotten_when_nobody_knows_what_is_still_true(desk: Desk, why: str) -> None:
    desk.post(a_request())
    desk.version += 1
    match why:
        case "a gap in the feed":
            desk.changed = None
        case "a responder was revoked":
            desk.revoked = frozenset({"f0"})
        case _:
            desk.seconds += 4000
    desk.feed.poll()
    assert len(desk.kept) == 0


def test_what_is_kept_is_bounded_and_the_oldest_goes_first() -> None:
    desk = Desk(most=3)
    for serial in (1, 2, 3, 1, 4, 5):
        desk.post(a_request(serial))
    assert len(desk.kept) == 3
    assert [desk.kept.find(a_request(serial)) is not None for serial in (1, 2, 3, 4, 5)] == [False, False, True, True, True]
    assert len(desk.kept._requests_of) == 3
    desk.edge.stop()


def test_after_half_its_life_an_answer_is_made_anew_in_the_background(desk: Desk) -> None:
    first = desk.post(a_request())
    desk.clock.advance(hours=6)
    assert desk.post(a_request()).body == first.body
    renewed = desk.post(a_request())
    assert renewed.body != first.body
    assert renewed.headers["expires"] == "Wed, 25 Nov 2026 06:00:00 GMT"


def test_a_failure_in_the_background_costs_no_answer_and_is_not_repeated_for_each(desk: Desk) -> None:
    first = desk.post(a_request())
    desk.clock.advance(hours=6)
    desk.says = lambda _: (_ for _ in ()).throw(SigningStopped("stopped"))
    answers = desk.ask(*[("POST", "/ocsp", a_request())] * 10)
    assert {one.body for one in answers} == {first.body}
    assert desk.calls == 2


def test_nothing_is_kept_of_what_differs_each_time_or_may_come_true(desk: Desk) -> None:
    nonce = [desk.post(a_request(nonce=b"n" * 32)) for _ in range(2)]
    assert nonce[0].body != nonce[1].body
    several = [desk.post(a_request(1, 2)) for _ in range(2)]
    assert several[0].body != several[1].body
    desk.says = lambda request: desk.answer(request, unknown=True)
    unknown = desk.post(a_request(5))
    assert {one.headers["cache-control"] for one in (*nonce, unknown)} == {"no-store"}
    assert not any(name in unknown.headers for name in ("etag", "expires", "last-modified"))
    assert len(desk.kept) == 0
    assert desk.edge.counts == {"nonce": 2, "miss": 2, "unknown": 1}


# --- silence ---------------------------------------------------------------------------------------------------------------


def test_who_hears_no_news_is_silent(desk: Desk) -> None:
    desk.post(a_request())
    desk.hears = RuntimeError("the disk is gone")
    for _ in range(11):
        desk.seconds += 1
        desk.feed.poll()
    assert desk.post(a_request()).body == b"answer 1 certificate"
    desk.seconds += 1
    assert_later(desk.post(a_request()))
    assert_later(desk.post(a_request(2)))
    desk.hears = None
    desk.feed.poll()
    assert desk.post(a_request()).body == b"answer 1 certificate"


def test_nothing_is_said_before_the_first_news() -> None:
    desk = Desk(hears=RuntimeError("not yet"))
    assert_later(desk.post(a_request()))
    assert desk.calls == 0
    desk.edge.stop()


def test_a_clock_that_stands_before_the_newest_list_says_nothing(desk: Desk) -> None:
    desk.post(a_request())
    desk.clock.advance(hours=-1, seconds=-1)
    assert_later(desk.post(a_request()))
    assert_later(desk.post(a_request(2)))
    assert desk.calls == 1


def test_an_answer_of_the_future_is_not_given(desk: Desk) -> None:
    first = desk.post(a_request())
    desk.clock.advance(seconds=-1)
    assert desk.post(a_request()).body != first.body


@pytest.mark.parametrize(
    ("raised", "status", "outcome"),
    [
        (OcspRefusedError(ResponseStatus.UNAUTHORIZED, "not ours"), ResponseStatus.UNAUTHORIZED, "unauthorized"),
        (OcspRefusedError(ResponseStatus.TRY_LATER, "undecided"), ResponseStatus.TRY_LATER, "trylater"),
        (SigningStopped("stopped"), ResponseStatus.TRY_LATER, "trylater"),
        (ValueError("a bug"), ResponseStatus.INTERNAL_ERROR, "error"),
    ],
)
def test_each_refusal_is_said_in_the_protocol(desk: Desk, raised: Exception, status: ResponseStatus, outcome: str) -> None:
    def refuse(_: OcspRequest) -> OcspAnswer:
        raise raised

    desk.says = refuse
    answer = desk.post(a_request())
    assert (answer.status, answer.body, answer.headers["cache-control"]) == (200, refusal(status), "no-store")
    assert answer.headers["content-type"] == "application/ocsp-response"
    assert desk.edge.counts == {outcome: 1}
    assert len(desk.kept) == 0


# --- many at once ----------------------------------------------------------------------------------------------------------


def test_those_who_ask_the_same_at_once_share_a_signature(desk: Desk) -> None:
    async def crowd() -> list[Answer]:
        return list(await asyncio.gather(*(called(desk.edge, "POST", "/ocsp", a_request()) for _ in range(50))))

    assert len({one.body for one in asyncio.run(crowd())}) == 1
    assert desk.calls == 1


def test_only_so_many_wait_for_a_signature(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge, "MOST_WAITING", 5)
    gate = threading.Event()

    def slowly(request: OcspRequest) -> OcspAnswer:
        gate.wait(10)
        return desk.answer(request)

    async def crowd() -> list[Answer]:
        asking = [called(desk.edge, "POST", "/ocsp", a_request(nonce=bytes((n, n)))) for n in range(1, 21)]
        tasks = [asyncio.ensure_future(one) for one in asking]
        await asyncio.sleep(0.05)
        gate.set()
        return list(await asyncio.gather(*tasks))

    desk.says = slowly
    answers = asyncio.run(crowd())
    assert sum(one.body == TRY_LATER for one in answers) == 15
    assert desk.calls == 5


def test_strange_things_are_logged_once_a_minute(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[object] = []
    monkeypatch.setattr(edge._LOG, "error", lambda _, **facts: said.append(facts["exc_info"]), raising=False)

    def break_down(_: OcspRequest) -> OcspAnswer:
        raise ValueError

    desk.says = break_down
    desk.ask(*[("POST", "/ocsp", a_request(serial)) for serial in range(1, 21)])
    assert [type(one) for one in said] == [ValueError]  # with where it was raised
    assert desk.edge.counts["error"] == 20


def test_the_time_of_what_is_made_is_told_and_of_what_is_kept_is_not(desk: Desk) -> None:
    body = a_request(1)
    desk.post(body)
    assert len(desk.made) == 1
    assert 0 < desk.made[0] < 60
    desk.post(body)
    assert len(desk.made) == 1
    desk.post(b"no request")
    assert len(desk.made) == 2
