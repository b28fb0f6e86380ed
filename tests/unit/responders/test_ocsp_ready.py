"""Kept answers as the protocol writes them: the same ones that go the usual way, and none that may not be given any more."""

import asyncio
import base64
from collections.abc import Iterator
from urllib.parse import quote

import pytest

from directca.pki.ocsp_request import OcspRequest
from directca.responders.ocsp_kept import MAX_AGE
from directca.revocation.ocsp_model import OcspAnswer
from directca.signing.errors import SigningStopped
from tests.unit.responders.ocsp_asking import HOURS, Answer, Desk, a_request


@pytest.fixture
def desk() -> Iterator[Desk]:
    made = Desk()
    yield made
    made.edge.stop()


def ready(desk: Desk, method: str = "POST", target: str = "/ocsp", body: bytes | None = None) -> Answer | None:
    """What is found in the process that answers, read as HTTP."""

    async def find() -> tuple[bytes, ...] | None:
        found = desk.edge.ready(method.encode(), target.encode(), a_request() if body is None else body)
        await asyncio.gather(*desk.edge._making.values())
        return found

    found = asyncio.run(find())
    if found is None:
        return None
    head, *content = found
    assert head.endswith(b"\r\n")
    lines = [line.split(": ", 1) for line in head.decode().split("\r\n")[:-1]]
    return Answer(200, dict(lines), b"".join(content))


def stopped(_request: OcspRequest) -> OcspAnswer:
    """Nothing younger is made."""
    raise SigningStopped("stopped by a test")


def in_path(request: bytes) -> str:
    return "/ocsp/" + base64.b64encode(request).decode()


def test_nothing_is_ready_before_it_was_asked_for(desk: Desk) -> None:
    assert ready(desk) is None
    assert desk.calls == 0


def test_it_is_the_answer_that_goes_the_usual_way(desk: Desk) -> None:
    desk.post(a_request())
    assert ready(desk) == desk.post(a_request())
    assert desk.calls == 1
    assert desk.edge.counts["hit"] == 2


@pytest.mark.parametrize("serial", [0xA1, 7**31, 7**33, 7**37])
def test_each_way_to_write_it_in_a_path_is_understood(desk: Desk, serial: int) -> None:
    request = a_request(serial)
    desk.post(request)
    plain = in_path(request)
    for target in (plain, plain.rstrip("="), "/ocsp/" + quote(plain[6:], safe=""), plain.replace("/ocsp/", "/ocsp//")):
        found = ready(desk, "GET", target, b"")
        assert found is not None, target
        assert found == desk.ask(("GET", plain, b""))[0]


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/ocsp/"),
        ("POST", "/ocsp?a=b"),
        ("POST", "/ocspx"),
        ("HEAD", "PATH"),
        ("GET", "PATH?a=b"),
        ("GET", "PATH#a"),
        ("GET", "PATH%"),
        ("GET", "PATH%zz"),
        ("GET", "/ocsp/%00%ff"),
        ("GET", "/ocsp"),
        ("PUT", "/ocsp"),
        ("QUERY", "/ocsp"),
    ],
)
def test_what_is_out_of_the_ordinary_goes_the_usual_way(desk: Desk, method: str, target: str) -> None:
    desk.post(a_request())
    body = a_request() if method in ("POST", "PUT", "QUERY") else b""
    assert ready(desk, method, target.replace("PATH", in_path(a_request())), body) is None


def test_a_get_with_a_body_does_too(desk: Desk) -> None:
    desk.post(a_request())
    assert ready(desk, "GET", in_path(a_request()), b"x") is None


def test_a_change_ends_it_at_once(desk: Desk) -> None:
    desk.post(a_request())
    desk.hear("a1")
    assert ready(desk) is None


def test_it_is_silent_when_no_news_is_heard(desk: Desk) -> None:
    desk.post(a_request())
    desk.seconds += 13
    assert ready(desk) is None


def test_a_clock_that_stands_before_the_newest_list_says_nothing(desk: Desk) -> None:
    desk.post(a_request())
    desk.clock.advance(hours=-2)
    assert ready(desk) is None


def test_who_may_repeat_it_for_less_than_its_full_age_is_told_so_the_usual_way(desk: Desk) -> None:
    desk.post(a_request())
    desk.says = stopped
    desk.clock.advance(hours=HOURS, seconds=-MAX_AGE)
    assert ready(desk) is not None
    desk.clock.advance(seconds=1)
    assert ready(desk) is None


def test_after_half_its_life_it_is_made_anew_in_the_background(desk: Desk) -> None:
    first = desk.post(a_request())
    desk.clock.advance(hours=HOURS / 2)
    assert ready(desk) == first
    assert desk.calls == 2
    again = ready(desk)
    assert again is not None
    assert again.body != first.body


def test_an_answer_with_a_nonce_is_never_ready(desk: Desk) -> None:
    request = a_request(nonce=b"0" * 16)
    desk.post(request)
    assert ready(desk, body=request) is None
