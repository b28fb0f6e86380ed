"""What is sent to strangers: to the very address that was looked at, with its name in TLS, bounded in time and octets."""

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import dns.message
import pytest
from dns.message import Message as Question

from directca.api.webhook_poster import WebhookPoster
from directca.notices.config import NoticeConfig
from directca.notices.webhook_model import Answered, Message, Outcome
from tests.name_servers import RESOLVER, NameServers, name_servers
from tests.unit.notices.conftest import CONFIG
from tests.webhook_receiver import Receiver, certificate_for, receiver

REAL = replace(CONFIG, allow_loopback=False)
BODY = b'{"type": "webhook.test"}'


@pytest.fixture(scope="module")
def names() -> Iterator[NameServers]:
    with name_servers() as made:
        made.host(RESOLVER)
        yield made


def poster(names: NameServers | None = None, config: NoticeConfig = CONFIG, **more: Any) -> WebhookPoster:
    places = () if names is None else ((RESOLVER, names.port),)
    return WebhookPoster(config, Path("/nowhere"), places, **more)


def posted(by: WebhookPoster, url: str, most: int = 1024) -> Answered:
    with contextlib.closing(by):
        return by.post(Message(url, {"X-One": "two"}, BODY), most)


def named(url: str, name: str) -> str:
    return url.replace("127.0.0.1", name)


def test_it_arrives_as_it_is(there: Receiver) -> None:
    answered = posted(poster(), there.url + "?a=b")
    (received,) = there.messages
    assert (answered.outcome, answered.status, answered.body) == (Outcome.DELIVERED, 200, b"thank you")
    assert (received.path, received.body) == ("/hook?a=b", BODY)
    assert received.headers["host"] == there.url.split("/")[2]
    assert received.headers["x-one"] == "two"
    assert "cookie" not in received.headers
    assert "authorization" not in received.headers


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.0.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.251",
        "240.0.0.1",
    ],
)
def test_a_name_that_leads_to_no_public_address_is_refused(names: NameServers, there: Receiver, address: str) -> None:
    names.host(RESOLVER).records["hooks.example.org", "A"] = [address]
    names.host(RESOLVER).records.pop(("hooks.example.org", "AAAA"), None)
    port = there.url.rpartition(":")[2]
    assert posted(poster(names, REAL), f"https://hooks.example.org:{port}").outcome is Outcome.ADDRESS_REFUSED
    assert there.messages == []


@pytest.mark.parametrize(
    "address",
    [
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "2002:7f00:1::1",
    ],
)
def test_nor_is_one_by_ipv6(names: NameServers, address: str) -> None:
    names.host(RESOLVER).records.pop(("hooks.example.org", "A"), None)
    names.host(RESOLVER).records["hooks.example.org", "AAAA"] = [address]
    assert posted(poster(names, REAL), "https://hooks.example.org/").outcome is Outcome.ADDRESS_REFUSED


def test_one_bad_address_among_good_ones_is_one_too_many(names: NameServers) -> None:
    names.host(RESOLVER).records["mixed.example.org", "A"] = ["192.0.43.8", "10.0.0.1"]
    assert posted(poster(names, REAL), "https://mixed.example.org/").outcome is Outcome.ADDRESS_REFUSED


def test_an_alias_is_followed_and_looked_at(names: NameServers) -> None:
    def lies(question: Question, _tcp: bool) -> Question:
        answer = dns.message.make_response(question, recursion_available=True)
        asked = question.question[0]
        answer.answer.append(dns.rrset.from_text(asked.name, 60, "IN", "CNAME", "inside.example.org."))
        if asked.rdtype == dns.rdatatype.A:
            answer.answer.append(dns.rrset.from_text("inside.example.org.", 60, "IN", "A", "10.0.0.1"))
        return answer

    host = names.host(RESOLVER)
    host.behaves = lies
    try:
        assert posted(poster(names, REAL), "https://alias.example.org/").outcome is Outcome.ADDRESS_REFUSED
    finally:
        host.behaves = None


def test_a_name_that_is_answered_otherwise_the_next_time_changes_nothing(names: NameServers, there: Receiver) -> None:
    """DNS rebinding: whoever looks the name up again, between the look at its address and the connection, is led elsewhere."""
    host = names.host(RESOLVER)
    asked: list[str] = []

    def rebinds(question: Question, _tcp: bool) -> Question:
        answer = dns.message.make_response(question, recursion_available=True)
        one = question.question[0]
        if one.rdtype == dns.rdatatype.A:
            asked.append(one.name.to_text())
            address = "127.0.0.1" if len(asked) == 1 else "127.0.0.99"
            answer.answer.append(dns.rrset.from_text(one.name, 0, "IN", "A", address))
        return answer

    host.behaves = rebinds
    try:
        assert posted(poster(names), named(there.url, "rebind.example.org")).outcome is Outcome.DELIVERED
    finally:
        host.behaves = None
    assert len(asked) == 1, "the name is looked up once, and what was looked at is what is connected to"
    assert there.messages[0].headers["host"].startswith("rebind.example.org:")


@pytest.mark.parametrize("how", ["nothing", "nonsense", "silence", "loop"])
def test_name_servers_that_fail_are_waited_for_no_longer_than_anybody(names: NameServers, how: str) -> None:
    def loops(question: Question, _tcp: bool) -> Question:
        answer = dns.message.make_response(question, recursion_available=True)
        name = question.question[0].name
        answer.answer.append(dns.rrset.from_text(name, 60, "IN", "CNAME", name.to_text()))
        return answer

    answers: dict[str, Any] = {
        "nothing": None,
        "nonsense": lambda question, _tcp: b"\0\1",
        "silence": lambda question, _tcp: None,
        "loop": loops,
    }
    host = names.host(RESOLVER)
    host.behaves = answers[how]
    began = time.monotonic()
    try:
        outcome = posted(poster(names, replace(CONFIG, webhook_seconds=1)), "https://nowhere.example.org/").outcome
    finally:
        host.behaves = None
    assert outcome in (Outcome.NO_ADDRESS, Outcome.TIMEOUT)
    assert time.monotonic() - began < 2.5


def test_without_tls_only_this_machine_is_sent_to(names: NameServers) -> None:
    names.host(RESOLVER).records["plain.example.org", "A"] = ["192.0.43.8"]
    assert posted(poster(names), "http://plain.example.org/").outcome is Outcome.ADDRESS_REFUSED


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(there: Receiver, status: int) -> None:
    with receiver() as elsewhere:
        there.answers, there.location = status, elsewhere.url
        answered = posted(poster(), there.url)
        assert (answered.outcome, answered.status) == (Outcome.REDIRECTED, status)
        assert elsewhere.messages == []


def test_tls_is_for_the_name_and_trusted(names: NameServers, tmp_path: Path) -> None:
    trust, context = certificate_for(tmp_path, "hooks.example.org")
    for name in ("hooks.example.org", "other.example.org"):
        names.host(RESOLVER).records[name, "A"] = ["127.0.0.1"]
        names.host(RESOLVER).records.pop((name, "AAAA"), None)
    asked: list[str | None] = []
    context.sni_callback = lambda _socket, name, _context: asked.append(name)
    config = replace(CONFIG, trust_file=str(trust))
    with receiver(tls=context) as there:
        good = named(there.url, "hooks.example.org")
        assert posted(poster(names, config), good).outcome is Outcome.DELIVERED
        assert asked == ["hooks.example.org"]
        assert posted(poster(names, config), named(there.url, "other.example.org")).outcome is Outcome.TLS_FAILED
        assert posted(poster(names, config), there.url).outcome is Outcome.TLS_FAILED
        assert posted(poster(names, CONFIG), good).outcome is Outcome.TLS_FAILED
        assert len(there.messages) == 1


def test_a_certificate_that_has_ended_is_not_trusted(names: NameServers, tmp_path: Path) -> None:
    trust, context = certificate_for(tmp_path, "127.0.0.1", days=-1)
    with receiver(tls=context) as there:
        outcome = posted(poster(None, replace(CONFIG, trust_file=str(trust))), there.url).outcome
    assert outcome is Outcome.TLS_FAILED


def test_a_server_that_speaks_no_tls(there: Receiver) -> None:
    assert posted(poster(), there.url.replace("http:", "https:")).outcome is Outcome.TLS_FAILED


def test_old_tls_is_refused(tmp_path: Path) -> None:
    trust, context = certificate_for(tmp_path, "127.0.0.1")
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with receiver(tls=context) as there:
        assert posted(poster(None, replace(CONFIG, trust_file=str(trust))), there.url).outcome is Outcome.TLS_FAILED


def drops(stream: Any) -> None:
    """One octet after another, for as long as anybody waits."""
    with contextlib.suppress(OSError):
        for octet in b"HTTP/1.1 200 OK\r\nX-Long: " + b"a" * 500:
            stream.write(bytes([octet]))
            stream.flush()
            time.sleep(0.05)


def endless(stream: Any) -> None:
    """A body without an end."""
    with contextlib.suppress(OSError):
        stream.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            stream.write(b"x" * 65_536)


def heads(stream: Any) -> None:
    """Headers without an end."""
    with contextlib.suppress(OSError):
        stream.write(b"HTTP/1.1 200 OK\r\n")
        while True:
            stream.write(b"X-More: " + b"y" * 1000 + b"\r\n")


@pytest.mark.parametrize(
    ("behaves", "outcome"),
    [
        (drops, Outcome.TIMEOUT),
        (endless, Outcome.DELIVERED),
        (heads, Outcome.BAD_ANSWER),
        (lambda stream: stream.write(b"SSH-2.0-OpenSSH_9.9\r\n"), Outcome.BAD_ANSWER),
        (lambda stream: None, Outcome.BAD_ANSWER),
        (lambda stream: stream.write(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort"), Outcome.BAD_ANSWER),
        (lambda stream: stream.write(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"), Outcome.DELIVERED),
        (lambda stream: stream.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"), Outcome.BAD_ANSWER),
    ],
)
def test_whatever_comes_back_it_is_bounded(there: Receiver, behaves: Any, outcome: Outcome) -> None:
    there.behaves = behaves
    began = time.monotonic()
    answered = posted(poster(None, replace(CONFIG, webhook_seconds=1)), there.url, most=512)
    assert answered.outcome is outcome
    assert len(answered.body) <= 512
    assert time.monotonic() - began < 1.5


def test_one_that_never_answers_is_waited_for_so_long(there: Receiver) -> None:
    there.waits = 5.0
    began = time.monotonic()
    answered = posted(poster(None, replace(CONFIG, webhook_seconds=1)), there.url)
    assert answered.outcome is Outcome.TIMEOUT
    assert 0.9 < time.monotonic() - began < 1.5
    there.waits = 0.0


def test_one_that_is_not_there() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert posted(poster(), f"http://127.0.0.1:{port}/").outcome is Outcome.UNREACHABLE


def test_a_name_without_an_address(names: NameServers) -> None:
    assert posted(poster(names), "https://absent.example.org/").outcome is Outcome.NO_ADDRESS


def test_a_connection_is_used_again_and_the_name_looked_at_again_after_a_while(names: NameServers, there: Receiver) -> None:
    host = names.host(RESOLVER)
    host.records["again.example.org", "A"] = ["127.0.0.1"]
    now = [1000.0]
    by = poster(names, steady=lambda: now[0])
    url = named(there.url, "again.example.org")
    message = Message(url, {}, BODY)

    def looks() -> int:
        return sum(1 for name, kind, _ in host.asked if (name, kind) == ("again.example.org", "A"))

    assert [by.post(message, 1024).outcome for _ in range(5)] == [Outcome.DELIVERED] * 5
    assert looks() == 1
    now[0] += 30
    host.records["again.example.org", "A"] = ["10.0.0.1"]
    assert by.post(message, 1024).outcome is Outcome.ADDRESS_REFUSED
    assert looks() == 2
    by.close()


def test_many_threads_may_send(there: Receiver) -> None:
    by = poster()
    outcomes: list[Outcome] = []

    def some() -> None:
        outcomes.extend(by.post(Message(there.url, {}, BODY), 64).outcome for _ in range(10))

    threads = [threading.Thread(target=some) for _ in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    by.close()
    assert outcomes == [Outcome.DELIVERED] * 80
    assert len(there.messages) == 80
